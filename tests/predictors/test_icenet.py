"""The predictor icenet: what it is shown, and what it gives back."""

import numpy as np
import pytest
import torch

from napari_icenet.models.icenet import IceNetSettings, IceNetwork
from napari_icenet.predictors.icenet import past_inputs
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.tracking.templates import Past
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
    shown = past_inputs(past(ice(moves, noise=0.5)))
    apart = [ncc(shown["frames"][k], shown["frames"][-1]) for k in range(7)]
    raw = ice(moves, noise=0.5)
    assert min(apart) > 0.9 > ncc(raw[0], raw[-1])


def test_days_count_to_the_target_and_a_short_past_is_padded_in_front():
    shown = past_inputs(past(ice(STILL[:3]), ahead=5.0))
    np.testing.assert_array_equal(shown["days"], [0, 0, 0, 0, 0, 37, 21, 5])
    np.testing.assert_array_equal(shown["present"], [False] * 5 + [True] * 3)
    assert np.isnan(shown["cloud"][-3:]).all()
    assert {len(values) for values in shown.values()} == {8}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_short_past_will_do(icenet, count):
    chips = ice(STILL[:count])
    made = icenet(past(chips, ahead=300.0))
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
    shown = past_inputs(Past(known.chips, known.days, known.valid, known.ahead, cloud=cloud))
    np.testing.assert_allclose(shown["cloud"], cloud, rtol=1e-6)
