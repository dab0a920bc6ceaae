import numpy as np
import pytest
import torch
from torch.distributions import Normal as TorchNormal
from torch.distributions import kl_divergence

from napari_icenet.errors import UsageError
from napari_icenet.models.svg_lp.network import SvgLp, _in_time
from napari_icenet.models.svg_lp.recurrent import Normal
from napari_icenet.models.svg_lp.settings import SvgLpSettings
from tests.models.sequences import SIDE, frames, network

KINDS = ["vector", "convolutional"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_learns(kind):
    made = network(recurrent=kind)
    shown = frames()
    out = made(shown, seeded())
    ((out.frames - shown[:, 1:]).square().mean() + 1e-3 * out.divergence.mean()).backward()
    silent = [name for name, weights in made.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert silent == []


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_range(kind):
    made = network(recurrent=kind)
    out = made(frames(3, 6), seeded())
    assert out.frames.shape == (3, 5, SIDE, SIDE)
    assert out.divergence.shape == (3, 5)
    assert (out.divergence > 0).all()
    more = made.generate(frames(3, 4), 3, 2, seeded())
    assert more.shape == (3, 2, 3, SIDE, SIDE)
    for values in (out.frames, more):
        assert (values > 0).all()
        assert (values < 1).all()
    assert made(frames(1, 2)).frames.shape == (1, 1, SIDE, SIDE)
    assert made.generate(frames(1, 1), 1).shape == (1, 1, 1, SIDE, SIDE)


def test_the_papers_size():
    made = SvgLp(SvgLpSettings(channels=64))
    # As the authors' code counts at 128 px, but for the normalisation's own.
    assert sum(weights.numel() for weights in made.parameters()) / 1e6 == pytest.approx(23.9, abs=0.1)
    assert made.settings.widths == (64, 128, 256, 512, 512)
    assert SvgLpSettings(chip=32).widths == (32, 64, 128)
    assert SvgLpSettings(chip=256).widths == (32, 64, 128, 256, 256, 256)


def test_fresh_weights_are_those_of_the_authors():
    made = network(channels=32)
    weights = made.encoder.scales[1][0].weight
    assert weights.std().item() == pytest.approx(0.02, rel=0.05)
    assert not made.encoder.scales[1][0].bias.any()
    factors = torch.cat([m.weight for m in made.modules() if isinstance(m, torch.nn.GroupNorm)])
    assert factors.mean().item() == pytest.approx(1, abs=0.01)
    assert factors.std().item() == pytest.approx(0.02, rel=0.2)


@pytest.mark.slow
def test_the_divergence_is_that_of_two_normals():
    values = torch.randn(4, 3, 2, 5, generator=seeded(1))
    one, other = Normal(values[0], values[1]), Normal(values[2], values[3])
    plain = [TorchNormal(n.mean, torch.exp(0.5 * n.log_variance)) for n in (one, other)]
    torch.testing.assert_close(one.divergence(other), kl_divergence(*plain).sum(-1))
    assert not one.divergence(one).any()


@pytest.mark.slow
def test_the_network_hands_over_posterior_and_prior_in_that_order():
    made, shown = network(), frames()
    with torch.no_grad():
        features = made.encoder(shown.flatten(0, 1)[:, None])[0].view(3, 6, -1).transpose(0, 1)
        posterior, prior = made.posterior(features[1:])[0], made.prior(features[:-1])[0]
        plain = [TorchNormal(n.mean, torch.exp(0.5 * n.log_variance)) for n in (posterior, prior)]
        torch.testing.assert_close(
            made(shown).divergence, kl_divergence(*plain).sum(-1).transpose(0, 1), rtol=1e-3, atol=1e-8
        )


def without_features(made):
    """The same network, whose features say nothing: what a frame gives passes by the skip connections alone."""
    torch.nn.init.zeros_(made.encoder.head[0].weight)
    return made


@pytest.mark.parametrize("past", [1, 3, 5])
def test_training_skips_from_the_frame_before_or_the_last_observed(past):
    made = without_features(network(past=past))
    shown = frames(1, 6).requires_grad_()
    out = made(shown, seeded()).frames
    for i in range(1, 6):
        (slope,) = torch.autograd.grad(out[0, i - 1].sum(), shown, retain_graph=True)
        assert slope[0].abs().amax((1, 2)).nonzero().ravel().tolist() == [min(i - 1, past - 1)]


def test_blind_sequences_are_decoded_from_features_alone():
    made = without_features(network())
    shown = frames(40, 5).requires_grad_()
    out = made(shown, seeded(), blind=0.5).frames
    (slope,) = torch.autograd.grad(out.sum(), shown)
    blind = ~slope.flatten(1).any(1)
    assert 10 < blind.sum() < 30
    plain = made(shown, seeded()).frames
    torch.testing.assert_close(out[~blind], plain[~blind])
    assert (out[blind] != plain[blind]).any()


def test_prediction_skips_from_the_last_observed_frame_at_every_step():
    made = without_features(network()).eval()
    shown = frames(1, 4)
    plain = made.generate(shown, 3, 1, seeded())
    for changed in range(4):
        other = shown.clone()
        other[:, changed] = 1 - other[:, changed]
        same = torch.equal(made.generate(other, 3, 1, seeded()), plain)
        assert same == (changed != 3)


def test_earlier_frames_count_through_what_is_remembered():
    made = network().eval()
    shown = frames(1, 4)
    other = shown.clone()
    other[:, 0] = 1 - other[:, 0]
    assert not torch.equal(made.generate(other, 1, 1, seeded()), made.generate(shown, 1, 1, seeded()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_the_same_alone_and_among_others(kind, training):
    made = network(recurrent=kind).train(training)
    shown = frames(5, 4)
    together = made.generate(shown, 3, 2, seeded())
    for i in range(5):
        alone = made.generate(shown[i : i + 1], 3, 2, seeded())
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(kind):
    made = network(recurrent=kind).eval()
    shown = frames(2, 4)
    first, same, other = (made.generate(shown, 2, 3, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    # Samples differ, and torch's own random state plays no part.
    assert not torch.equal(first[:, 0], first[:, 1])
    before = torch.get_rng_state()
    made.generate(shown, 2, 3, seeded(1))
    made(shown, seeded(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_generation_is_one_step_after_the_other():
    """The same as written out: one sample, a frame at a time, transposed convolutions over maps laid together."""
    made = network().eval()
    shown = frames(2, 4)
    noise = torch.randn(5, 1, 1, 16, generator=seeded(3))[:, 0].expand(-1, 2, -1)
    states = {"posterior": None, "prior": None, "predictor": None}
    with torch.no_grad():
        picture, (_, skips) = None, made.encoder(shown[:, 3][:, None])
        for i in range(1, 6):
            now = shown[:, i - 1] if i <= 4 else picture
            h = made.encoder(now[:, None])[0][None]
            prior, states["prior"] = made.prior(h, states["prior"])
            if i < 4:
                after = made.encoder(shown[:, i][:, None])[0][None]
                source, states["posterior"] = made.posterior(after, states["posterior"])
            else:
                source = prior
            z = source.mean + noise[i - 1][None] * (0.5 * source.log_variance).exp()
            g, states["predictor"] = made.predictor(h, z, states["predictor"])
            picture = decoded(made.decoder, g[0], skips)
        torch.testing.assert_close(made.generate(shown, 2, 1, seeded(3))[:, 0, 1], picture)


def decoded(decoder, features, skips):
    maps = decoder.enter(features[:, :, None, None])
    for k, skip in enumerate(reversed(skips)):
        weights = torch.cat([decoder.own[k].weight, decoder.skip[k].weight])
        maps = torch.nn.functional.conv_transpose2d(torch.cat([maps, skip], 1), weights, decoder.skip[k].bias, 2, 1)
        if k < len(decoder.norms):
            maps = torch.nn.functional.leaky_relu(decoder.norms[k](maps), 0.2)
    return torch.sigmoid(maps)[:, 0]


def test_half_precision_changes_little():
    made = network().eval()
    shown = frames(2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        half = made.generate(shown, 2, 1, seeded())
        out = made(shown, seeded())
    assert out.divergence.dtype == torch.float32
    torch.testing.assert_close(half.float(), made.generate(shown, 2, 1, seeded()), rtol=0, atol=0.02)


@pytest.mark.parametrize(
    "shape",
    [(2, 4, SIDE, 2 * SIDE), (2, 4, 2 * SIDE, 2 * SIDE), (4, SIDE, SIDE), (0, 4, SIDE, SIDE), (2, 0, SIDE, SIDE)],
)
def test_frames_that_do_not_fit(shape):
    with pytest.raises(UsageError, match=rf"hand over \(b, n, {SIDE}, {SIDE}\)"):
        network().generate(torch.zeros(shape))
    with pytest.raises(UsageError, match="at least 2"):
        network()(torch.zeros(shape))


def test_a_single_frame_cannot_be_learned_from():
    with pytest.raises(UsageError, match="n of at least 2"):
        network()(frames(2, 1))
    with pytest.raises(UsageError, match="0 steps"):
        network().generate(frames(2, 1), 0)


def test_a_missing_value_stays_in_its_sequence():
    made = network().eval()
    shown = frames(2, 4)
    plain = made.generate(shown, 1, 1, seeded())
    shown[0, 2, 5, 5] = np.nan
    torch.testing.assert_close(made.generate(shown, 1, 1, seeded())[1], plain[1], rtol=0, atol=1e-5)


def test_frames_seen_at_once_are_the_newest_in_order():
    shown = frames(2, 6)
    beside = _in_time(shown, 3).unflatten(0, (6, 2))
    assert torch.equal(beside[5, 1], shown[1, 3:6])
    assert torch.equal(beside[1, 0], shown[0, [0, 0, 1]])
    assert torch.equal(_in_time(shown, 1).unflatten(0, (6, 2))[:, :, 0].transpose(0, 1), shown)


def test_skip_connections_carry_the_frames_seen_at_once():
    made = without_features(network(seen=3)).eval()
    shown = frames(1, 6)
    plain = made.generate(shown, 1, generator=seeded())
    for k, matters in ((5, True), (4, True), (3, True), (2, False)):
        other = shown.clone()
        other[0, k] = 1 - other[0, k]
        assert torch.equal(made.generate(other, 1, generator=seeded()), plain) is not matters, k


def test_what_is_fed_back_takes_its_place_beside_the_frames_before(monkeypatch):
    made = network(seen=3).eval()
    seen = []
    encode = made.encoder.forward
    monkeypatch.setattr(made.encoder, "forward", lambda frames: seen.append(frames) or encode(frames))
    shown = frames(1, 4)
    predicted = made.generate(shown, 3, 2, seeded())
    for sample in range(2):
        assert torch.equal(seen[1][sample, :2], shown[0, 2:4])
        assert torch.allclose(seen[2][sample], torch.stack([shown[0, 3], *predicted[0, sample, :2]]))
