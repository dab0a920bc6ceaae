import torch

from napari_icenet.models.svg_lp.recurrent import ConvolutionalRecurrent, VectorRecurrent


def test_maps_without_neighbours_are_vectors():
    """A convolutional LSTM whose kernels see their own pixel alone is torch's LSTM in each pixel."""
    torch.manual_seed(0)
    vector, maps = VectorRecurrent(3, 5, 2), ConvolutionalRecurrent(3, 5, 2)
    own = slice(None), slice(None), 1, 1
    with torch.no_grad():
        for weights in maps.parameters():
            weights.zero_()
        maps.enter.weight[own] = vector.enter.weight
        maps.enter.bias[:] = vector.enter.bias
        for layer, gates in enumerate(maps.gates):
            # torch's gates are in, forget, new, out; ours forget, in, out, new.
            parts = [getattr(vector.lstm, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh")]
            write, keep, new, show = torch.cat(parts, 1).chunk(4)
            gates.weight[own] = torch.cat([keep, write, show, new])
            bias = getattr(vector.lstm, f"bias_ih_l{layer}") + getattr(vector.lstm, f"bias_hh_l{layer}")
            write, keep, new, show = bias.chunk(4)
            gates.bias[:] = torch.cat([keep, write, show, new])
    inputs = torch.randn(6, 2, 3, 4, 4)
    out, (hidden, cell) = maps(inputs)
    pixels = inputs.permute(0, 1, 3, 4, 2).reshape(6, 32, 3)
    expected, (last, state) = vector(pixels)
    torch.testing.assert_close(out.permute(0, 1, 3, 4, 2).reshape(6, 32, 5), expected)
    torch.testing.assert_close(hidden.permute(0, 1, 3, 4, 2).reshape(2, 32, 5), last)
    torch.testing.assert_close(cell.permute(0, 1, 3, 4, 2).reshape(2, 32, 5), state)


def test_a_sequence_in_two_parts():
    torch.manual_seed(0)
    for kind, shape in ((VectorRecurrent, (6, 2, 3)), (ConvolutionalRecurrent, (6, 2, 3, 4, 4))):
        made, inputs = kind(3, 5, 2), torch.randn(shape)
        whole, _ = made(inputs)
        first, state = made(inputs[:4])
        second, _ = made(inputs[4:], state)
        torch.testing.assert_close(torch.cat([first, second]), whole)
