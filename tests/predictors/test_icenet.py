"""The predictor icenet: what it is shown, and what it gives back."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_icenet.errors import SceneWarning, UsageError
from napari_icenet.matching.template import Past
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.predictors import icenet_inputs
from napari_icenet.predictors.icenet import past_inputs
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.predictors.normalise import normalised
from napari_icenet.predictors.registration import aligned, every_aligned, moved
from napari_icenet.predictors.registry import predictor
from napari_icenet.training.objectives.icenet import IceNetObjective, IceNetObjectiveSettings
from tests.predictors.ice import SIDE, ice, ncc, overcast, past

STILL = [(0.0, 0.0)] * 8


@pytest.fixture(scope="module")
def icenet():
    """Untrained: a consensus scale by scale."""
    torch.manual_seed(0)
    return predictor_of(IceNetwork(IceNetSettings(width=8, depth=1, residual=4)))


def test_it_shows_the_ice_though_t0_is_cloud(icenet):
    chips = ice(STILL, noise=2.0)
    chips[-2:] = overcast(1), overcast(2)
    made = icenet(past(chips)).template
    truth = ice([(0.0, 0.0)], noise=0)[0]
    assert made.dtype == np.float32
    assert made.shape == (SIDE, SIDE)
    assert ncc(made, truth) > 0.9 > ncc(chips[-1], truth)


def test_frames_are_laid_on_t0():
    moves = [(0.3 * k, -0.2 * k) for k in range(-7, 1)]
    given = past_inputs(past(ice(moves, noise=0.5)))
    apart = [ncc(given["frames"][k], given["frames"][-1]) for k in range(7)]
    raw = ice(moves, noise=0.5)
    assert min(apart) > 0.9 > ncc(raw[0], raw[-1])


def test_days_count_to_the_target_and_a_short_past_is_padded_in_front():
    given = past_inputs(past(ice(STILL[:3]), horizon=5.0))
    np.testing.assert_array_equal(given["days"], [0, 0, 0, 0, 0, 37, 21, 5])
    np.testing.assert_array_equal(given["present"], [False] * 5 + [True] * 3)
    assert np.isnan(given["cloud"][-3:]).all()
    assert {len(values) for values in given.values()} == {8}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_short_past_will_do(icenet, count):
    chips = ice(STILL[:count])
    made = icenet(past(chips, horizon=300.0))
    assert np.isfinite(made.template).all()
    assert np.isfinite(made.spread).all()
    assert ncc(made.template, ice([(0.0, 0.0)], noise=0)[0]) > 0.9


@pytest.mark.parametrize("side", [30, 50, 64])
def test_any_even_chip_will_do(icenet, side):
    chips = ice(STILL, side=side)
    chips[:, :4] = np.nan
    made = icenet(past(chips)).template
    assert made.shape == (side, side)
    assert np.isnan(made[:1]).all()
    assert np.isfinite(made[8:]).all()
    assert ncc(made, ice([(0.0, 0.0)], noise=0, side=side)[0]) > 0.85


def test_unit_and_level_are_those_of_t0(icenet):
    chips = ice(STILL)
    plain = icenet(past(chips))
    louder = icenet(past(300 * chips + 4000))
    np.testing.assert_allclose(louder.template, 300 * plain.template + 4000, rtol=1e-3)
    np.testing.assert_allclose(louder.spread, 300 * plain.spread, rtol=1e-3)
    assert np.mean(plain.template) == pytest.approx(np.mean(chips[-1]), abs=1e-3)
    assert np.std(plain.template) == pytest.approx(np.std(chips[-1]), rel=1e-3)


def test_many_give_what_each_gives(icenet):
    pasts = [past(ice(STILL, seed=k)) for k in range(3)]
    pasts += [past(ice(STILL[:4], seed=5, side=32)), past(np.full((8, SIDE, SIDE), np.nan))]
    together = icenet.predict_many(pasts)
    assert together[-1] is None
    for one, made in zip(pasts[:-1], together[:-1], strict=True):
        np.testing.assert_allclose(made.template, icenet(one).template, atol=1e-4)


def test_nothing_known_gives_nothing(icenet):
    assert icenet(past(np.full((8, SIDE, SIDE), np.nan))) is None
    assert icenet(past(np.full((8, SIDE, SIDE), 3.0))) is None
    assert icenet.predict_many([]) == []


def test_cloud_shares_are_handed_on():
    chips, cloud = ice(STILL), np.linspace(0, 0.7, 8)
    known = past(chips)
    given = past_inputs(Past(known.chips, known.days, known.valid, known.horizon, cloud=cloud))
    np.testing.assert_allclose(given["cloud"], cloud, rtol=1e-6)


#: What the bundled weights of this checksum gave for the past below: every twentieth pixel of template and spread.
STORED_FOR = "dcf40b1f55e5cf15e39c0b4dc473d2d504deee3341346cfc037a0e237eba016f"
TEMPLATE = [[90.2988, 78.2963, 72.2688], [73.8190, 126.1551, 111.5992], [130.6540, 108.8794, 87.6343]]
SPREAD = [[16.3118, 15.5329, 16.0152], [16.1960, 15.3787, 15.4412], [18.3933, 16.3625, 15.8636]]


def test_bundled_weights_give_what_they_gave():
    chips = ice([(0.3 * k, -0.2 * k) for k in range(-7, 1)], noise=2.0)
    chips[2] = overcast(2)
    chips[5, :, :20] = np.nan
    known = past(chips, valid=[True] * 2 + [False] + [True] * 5)
    bundled = predictor("icenet", device="cpu")
    if bundled.card().sha256 != STORED_FOR:
        pytest.skip("the bundled weights are others than those whose numbers are stored")
    made = bundled(Past(known.chips, known.days, known.valid, 32.0, 2, np.linspace(0, 0.5, 8)))
    np.testing.assert_allclose(made.template[10::20, 10::20], TEMPLATE, atol=0.01)
    np.testing.assert_allclose(made.spread[10::20, 10::20], SPREAD, atol=0.01)


def test_every_frame_is_laid_on_t0_as_the_usable_ones_are():
    chips = ice([(0.3 * k, -0.2 * k) for k in range(-5, 1)], noise=1.0)
    chips[1] = np.nan
    chips[4] = 7.0
    given = past(chips, valid=[True, True, False, True, True, True])
    laid = every_aligned(given)
    wanted = normalised(moved(given.chips, aligned(given).registration.positions))
    np.testing.assert_array_equal(laid, wanted)
    assert np.isnan(laid[[1, 4]]).all()
    assert np.isfinite(laid[2, 8:-8, 8:-8]).all()


def test_training_and_prediction_show_the_same(icenet):
    chips = ice(STILL[:5], noise=1.0)
    chips[1, :20] = np.nan
    given = past(chips, valid=[True, True, False, True, True], horizon=12.0)
    examples = SimpleNamespace(
        chips=np.concatenate([chips, chips[-1:]])[None],
        days=np.append(given.days, 12.0)[None],
        valid=np.append(given.valid, True)[None],
        cloud=np.full((1, 6), np.nan, np.float32),
        positions=np.append(aligned(given).registration.positions, [[0, 0]], axis=0)[None],
    )
    plain = {"consecutive": 0, "reversed_time": 0, "crops": 0, "drop_poor": 0, "drop_any": 0}
    objective = IceNetObjective(icenet.network()[0], IceNetObjectiveSettings(**plain))
    # A draw that neither turns nor flips.
    draws = (objective.prepare(examples, np.random.default_rng(seed)) for seed in range(50))
    wanted = past_inputs(given)
    same = [one for one in draws if np.array_equal(one["frames"][0], wanted["frames"])]
    assert same
    for name, values in wanted.items():
        np.testing.assert_array_equal(same[0][name][0], values)


def windy(names=("wind (m/s)", "aerosol"), scales=((5.0, 2.0), (0.1, 0.05))):
    """A network that listens to covariates, as one that was trained does."""
    torch.manual_seed(0)
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=0, covariates=names, covariate_scales=scales))
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.2 * torch.randn(p.shape))
    return predictor_of(network)


def told(chips, values, names):
    known = past(chips)
    return Past(known.chips, known.days, known.valid, known.horizon, covariates=values, covariate_names=names)


def test_covariates_are_found_by_name_and_standardised():
    values = np.array([[0.2, 7.0, 1.0], [np.nan, 5.0, 1.0]])
    given = told(ice(STILL[:2]), values, ("aerosol", "wind (m/s)", "rain (mm)"))
    made = past_inputs(given, windy().network()[0].settings)
    assert made["covariates"].dtype == np.float32
    np.testing.assert_allclose(made["covariates"][-2:], [[1, 2], [0, np.nan]], atol=1e-6)
    assert "covariates" not in past_inputs(given, IceNetSettings())


def test_covariates_change_a_template_that_was_trained_with_them_alone(icenet):
    chips, names = ice(STILL, noise=20.0), ("wind (m/s)", "aerosol")
    calm, storm = np.tile([5.0, 0.1], (8, 1)), np.tile([5.0, 0.1], (8, 1))
    storm[3] = 12.0, 0.3
    made = windy()
    assert not np.allclose(made(told(chips, calm, names)).template, made(told(chips, storm, names)).template)
    plain, others = icenet(past(chips)), icenet(told(chips, storm, names))
    np.testing.assert_array_equal(plain.template, others.template)


def test_covariates_that_are_not_given_count_as_missing_and_are_said_once(monkeypatch):
    monkeypatch.setattr(icenet_inputs, "_said", set())
    made, chips = windy(), ice(STILL)
    with pytest.warns(SceneWarning, match=r"IceNet was trained with wind \(m/s\), aerosol of each date") as said:
        first, _ = (made(past(one)) for one in (chips, ice(STILL, seed=1)))
    assert len(said) == 1
    nothing = told(chips, np.full((8, 2), np.nan), ("wind (m/s)", "aerosol"))
    np.testing.assert_array_equal(first.template, made(nothing).template)


def test_covariates_and_their_names_belong_together():
    with pytest.raises(UsageError, match=r"8 past chips and 1 names of covariates came with values of shape \(8, 2\)"):
        told(ice(STILL), np.zeros((8, 2)), ("wind",))
