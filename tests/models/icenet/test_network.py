"""The network that weighs past frames."""

import numpy as np
import pytest
import torch

from napari_icenet.errors import UsageError
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.models.registry import build


def scene(seed=0, b=2, n=8, side=64, cloudy=(6, 7)):
    """Frames of one ice with noise, the last ones cloud; and the ice."""
    g = torch.Generator().manual_seed(seed)
    ice = torch.randn(b, 1, side, side, generator=g)
    frames = ice + 0.3 * torch.randn(b, n, side, side, generator=g)
    for k in cloudy:
        frames[:, k] = torch.randn(b, side, side, generator=g)
    frames = (frames - frames.mean((2, 3), keepdim=True)) / frames.std((2, 3), keepdim=True)
    days = torch.arange(n, 0, -1, dtype=torch.float32).expand(b, n) * 5
    valid = torch.ones(b, n, dtype=torch.bool)
    return (frames, torch.ones_like(frames), days, valid, torch.full((b, n), torch.nan), valid.clone()), ice[:, 0]


@pytest.fixture(scope="module")
def network():
    """A network whose silent layers speak."""
    torch.manual_seed(0)
    made = IceNetwork(IceNetSettings(width=16, depth=2, residual=8))
    with torch.no_grad():
        for p in made.parameters():
            p.add_(0.05 * torch.randn(p.shape))
    return made.eval()


def ncc(a, b):
    return float(np.corrcoef(a.flatten().numpy(), b.flatten().numpy())[0, 1])


def test_before_training_it_is_a_consensus_that_leaves_cloud_out():
    inputs, ice = scene()
    with torch.inference_mode():
        made = IceNetwork()(*inputs)
    plain = inputs[0].mean(1)
    assert made.weights.shape == (2, 8, 16, 16)
    assert torch.allclose(made.weights.sum(1), torch.ones(2, 16, 16))
    assert float(made.weights[:, 6:].max()) < 0.02
    for i in range(2):
        assert ncc(made.template[i], ice[i]) > max(0.97, ncc(plain[i], ice[i]))


def test_a_sample_does_not_depend_on_its_batch(network):
    inputs, _ = scene(b=4)
    with torch.inference_mode():
        together = network(*inputs).template
        alone = torch.cat([network(*(x[i : i + 1] for x in inputs)).template for i in range(4)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_frames_that_are_not_there_do_not_count(network):
    inputs, _ = scene()
    frames, known, days, valid, cloud, present = (x.clone() for x in inputs)
    present[:, :3] = False
    with torch.inference_mode():
        first = network(frames, known, days, valid, cloud, present).template
        frames[:, :3], days[:, :3], valid[:, :3] = 5.0, 900.0, False
        second = network(frames, known, days, valid, cloud, present).template
        fewer = network(*(x[:, 3:] for x in (frames, known, days, valid, cloud, present))).template
    assert torch.allclose(first, second, atol=1e-5)
    assert torch.allclose(first, fewer, atol=1e-4)


def test_pixels_that_are_missing_do_not_count(network):
    inputs, _ = scene(cloudy=())
    frames, known, *rest = (x.clone() for x in inputs)
    known[:, 2, 10:20, 10:20] = 0
    with torch.inference_mode():
        weights = network(frames * known, known, *rest)
        frames[:, 2, 10:20, 10:20] = 50
        other = network(frames * known, known, *rest)
    assert torch.allclose(weights.template, other.template)
    assert torch.isfinite(weights.template).all()


def test_days_cloud_and_validity_are_heeded(network):
    (frames, known, days, valid, cloud, present), _ = scene()
    with torch.inference_mode():
        plain = network(frames, known, days, valid, cloud, present).template
        for changed in (
            (frames, known, days * 4, valid, cloud, present),
            (frames, known, days, ~valid, cloud, present),
            (frames, known, days, valid, torch.full_like(cloud, 0.7), present),
        ):
            assert not torch.allclose(network(*changed).template, plain, atol=1e-5)


@pytest.mark.slow
def test_every_parameter_learns():
    inputs, ice = scene()
    torch.manual_seed(1)
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=4))
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(3):
        made = network(*inputs)
        loss = (made.template - ice).square().mean() + (made.log_spread - 1).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    lazy = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not lazy


def windy(**more):
    return IceNetSettings(width=8, depth=1, covariates=("wind (m/s)", "pressure (Pa)"), **more)


def test_covariates_are_told_standardised_and_what_is_missing_is_told_as_such():
    inputs, _ = scene()
    torch.manual_seed(0)
    network = IceNetwork(windy())
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.05 * torch.randn(p.shape))
    missing = torch.full((2, 8, 2), torch.nan)
    mean = torch.zeros(2, 8, 2)
    with torch.inference_mode():
        none, all_missing, at_mean, above = (
            network(*inputs, given).template for given in (None, missing, mean, mean + 1)
        )
    assert torch.equal(none, all_missing)
    assert torch.isfinite(none).all()
    # Missing is not the mean, and the mean is not more.
    assert not torch.allclose(none, at_mean)
    assert not torch.allclose(at_mean, above)


def test_networks_without_covariates_ignore_them(network):
    inputs, _ = scene()
    with torch.inference_mode():
        plain, told = network(*inputs), network(*inputs, torch.ones(2, 8, 3))
    assert torch.equal(plain.template, told.template)


def test_covariates_are_standardised_in_double_precision_and_kept_in_reach():
    settings = windy(covariate_scales=((5.0, 2.0), (101325.0, 0.01)))
    made = settings.standardised(np.array([[7.0, 101325.02], [np.nan, 101324.99], [1e9, 101325.0]]))
    np.testing.assert_allclose(made, [[1, 2], [np.nan, -1], [8, 0]], atol=1e-4)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(windy().standardised(np.array([3.0, -2.0])), [3, -2])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"covariates": ["wind", "wind"]}, "two covariates have the same name"),
        ({"covariates": [""]}, "covariates.0"),
        ({"covariates": ["w" * 500]}, "covariates.0"),
        ({"covariates": [f"c{k}" for k in range(65)]}, "covariates"),
        ({"covariates": ["wind"], "covariate_scales": [[0, 1], [0, 1]]}, "2 scales for 1 covariates"),
        ({"covariates": ["wind"], "covariate_scales": [[0, 0]]}, "covariate_scales.0.1 0 cannot be used"),
        ({"covariates": ["wind"], "covariate_scales": [[float("inf"), 1]]}, "covariate_scales.0.0 inf cannot be used"),
    ],
    ids=str,
)
def test_covariates_that_make_no_sense(settings, words):
    with pytest.raises(UsageError, match="(?i)" + words):
        build("icenet", settings)
