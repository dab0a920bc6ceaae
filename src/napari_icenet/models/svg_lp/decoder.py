"""From features back to a frame, with skip connections from the last observed one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import fold, leaky_relu_

from napari_icenet.models.svg_lp.encoder import LEAK, norm
from napari_icenet.models.svg_lp.settings import COARSEST, SvgLpSettings


class Decoder(nn.Module):
    """Doubles features up to a frame; at each scale those of the encoder are put beside them.

    A transposed convolution of two stacks of maps is the sum of one over each, so there are two: ``own`` over what
    is decoded, ``skip`` over the encoder's maps, which :meth:`skipped` works out once for all frames and samples
    that share them.
    """

    def __init__(self, settings: SvgLpSettings) -> None:
        super().__init__()
        widths = settings.widths[::-1]
        self.flat = settings.recurrent == "vector"
        first = (
            nn.ConvTranspose2d(settings.features, widths[0], COARSEST)
            if self.flat
            else nn.Conv2d(settings.features, widths[0], 3, padding=1)
        )
        self.enter = nn.Sequential(first, norm(widths[0]), nn.LeakyReLU(LEAK, inplace=True))
        outs = (*widths[1:], 1)
        self.own = nn.ModuleList(Doubling(width, out, bias=False) for width, out in zip(widths, outs, strict=True))
        self.skip = nn.ModuleList(Doubling(width, out, bias=True) for width, out in zip(widths, outs, strict=True))
        self.norms = nn.ModuleList(norm(out) for out in outs[:-1])

    def skipped(self, skips: Sequence[Tensor]) -> list[Tensor]:
        """The share of the skip connections in each transposed convolution, the coarsest first.

        Parameters
        ----------
        skips : sequence of Tensor
            As the encoder returns them, of b frames.
        """
        return [layer(skip) for layer, skip in zip(self.skip, reversed(skips), strict=True)]

    def forward(self, features: Tensor, skipped: Sequence[Tensor]) -> Tensor:
        """Decode.

        Parameters
        ----------
        features : Tensor, (k·b, f) or (k·b, f, 4, 4)
            k batches, each in the order of the frames of ``skipped``.
        skipped : sequence of Tensor
            What :meth:`skipped` made of b frames.

        Returns
        -------
        Tensor, (k·b, 1, C, C)
            From 0 to 1.
        """
        maps: Tensor = self.enter(features[:, :, None, None] if self.flat else features)
        for k, (layer, share) in enumerate(zip(self.own, skipped, strict=True)):
            maps = layer(maps)
            batches = maps.view(-1, *share.shape)
            if len(batches) == 1:
                maps = maps.add_(share)
            else:
                maps = (batches + share if torch.is_grad_enabled() else batches.add_(share)).flatten(0, 1)
            if k < len(self.norms):
                maps = leaky_relu_(self.norms[k](maps), LEAK)
        return torch.sigmoid(maps)


class Doubling(nn.ConvTranspose2d):
    """A transposed convolution of kernel 4 and stride 2 to maps of twice the side.

    Parameters
    ----------
    into, out : int
        Maps.
    bias : bool
    """

    def __init__(self, into: int, out: int, *, bias: bool) -> None:
        super().__init__(into, out, 4, 2, 1, bias=bias)

    def forward(self, maps: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Double maps (b, into, s, s)."""
        if self.out_channels > 1 or maps.device.type != "cpu":
            return super().forward(maps, output_size)
        # To a single map it is a small product, which processors are thrice as quick with: what each pixel adds
        # to the 4 × 4 around it, laid over each other.
        side = 2 * maps.shape[-1]
        made = fold(self.weight.flatten(1).t() @ maps.flatten(2), (side, side), 4, padding=1, stride=2)
        return made if self.bias is None else made + self.bias
