import numpy as np
import pytest
import torch

from napari_icenet.errors import UsageError
from napari_icenet.matching.template import Past
from napari_icenet.predictors import svg_lp
from napari_icenet.predictors.batching import BatchPredictor
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.predictors.registry import predictor
from napari_icenet.predictors.svg_lp import unit_range
from tests.models.sequences import SIDE, drifting, network


@pytest.fixture(scope="module")
def made():
    return network(past=8)


def past(chips, steps=1, valid=None):
    chips = np.asarray(chips, np.float32)
    days = 16.0 * np.arange(1 - len(chips), 1)
    return Past(chips, days, np.ones(len(chips), bool) if valid is None else np.array(valid), 16.0 * steps, steps)


def generated(made, chips, steps, samples, seed=0):
    frames = torch.from_numpy(unit_range(np.asarray(chips))[0])[None]
    with torch.no_grad():
        return made.eval().generate(frames, steps, samples, torch.Generator().manual_seed(seed))[0].double().numpy()


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_mean_and_spread_of_samples_at_the_level_of_t0(made, steps):
    chips = 30 * drifting(1, 8)[0] + 1000
    found = predictor_of(made, samples=5, seed=7)(past(chips, steps))
    frames = generated(made, chips, steps, 5, 7)[:, -1]
    last = chips[-1].astype(float)
    np.testing.assert_allclose(found.template, last.mean() + 6 * last.std() * (frames.mean(0) - 0.5), rtol=1e-4)
    np.testing.assert_allclose(found.spread, 6 * last.std() * frames.std(0, ddof=1), rtol=1e-3, atol=1e-2)
    assert found.template.dtype == found.spread.dtype == np.float32
    assert predictor_of(made)(past(chips, steps)).spread is None


def test_further_frames_look_like_the_fourth(made):
    chips = drifting(1, 8)[0]
    one = predictor_of(made)
    np.testing.assert_array_equal(one(past(chips, 9)).template, one(past(chips, 4)).template)
    assert not np.array_equal(one(past(chips, 3)).template, one(past(chips, 4)).template)


def test_the_eight_frames_before_or_as_many_as_there_are(made):
    chips = drifting(1, 10)[0]
    one = predictor_of(made)
    np.testing.assert_array_equal(one(past(chips)).template, one(past(chips[2:])).template)
    few = one(past(chips[-3:], 2)).template
    last = chips[-1].astype(float)
    expected = last.mean() + 6 * last.std() * (generated(made, chips[-3:], 2, 1)[0, 1] - 0.5)
    np.testing.assert_allclose(few, expected, rtol=1e-4)
    assert np.isfinite(one(past(chips[-1:])).template).all()


def test_frames_without_anything_are_passed_over(made):
    chips = drifting(1, 8)[0]
    one = predictor_of(made)
    gaps = chips.copy()
    gaps[2], gaps[5] = np.nan, 7
    np.testing.assert_array_equal(one(past(gaps, 2)).template, one(past(np.delete(chips, [2, 5], 0), 2)).template)
    # Without t0 the frame before it stands last, and the target lies one further.
    gaps = chips.copy()
    gaps[7] = np.nan
    np.testing.assert_array_equal(one(past(gaps, 1)).template, one(past(chips[:7], 2)).template)
    assert one(past(np.full((3, SIDE, SIDE), np.nan))) is None
    assert one(past(np.full((3, SIDE, SIDE), 5.0))) is None


def test_frames_that_were_lost_stay(made):
    chips = drifting(1, 8)[0]
    one = predictor_of(made)
    lost = one(past(chips, valid=[True, False] * 4)).template
    np.testing.assert_array_equal(lost, one(past(chips)).template)


def test_frames_that_were_lost_are_skipped_where_the_network_learned_so():
    chips, one = drifting(1, 8)[0], predictor_of(network(past=8, lost="skipped"))
    lost = one(past(chips, 2, valid=[True] * 6 + [False] * 2)).template
    alone = one(past(chips[:6], 2)).template
    # The same picture, at the level of t0.
    last, before = chips[7].astype(float), chips[5].astype(float)
    np.testing.assert_allclose(
        (lost - last.mean()) / last.std(), (alone - before.mean()) / before.std(), rtol=1e-3, atol=1e-4
    )
    np.testing.assert_array_equal(one(past(chips, valid=[False] * 8)).template, one(past(chips)).template)


def test_what_no_frame_knows_is_missing(made):
    chips = drifting(1, 8)[0]
    chips[:, :4] = np.nan
    chips[-1, 20:23] = np.nan
    found = predictor_of(made, samples=2)(past(chips))
    for values in (found.template,):
        assert np.isnan(values[:4]).all()
        assert np.isfinite(values[4:]).all()


def test_many_at_once_are_one_by_one(made):
    chips = drifting(6, 8)
    shown = [past(c[-n:], steps) for c, n, steps in zip(chips, [8, 8, 3, 8, 1, 8], [1, 2, 2, 1, 1, 1], strict=True)]
    shown[3] = past(np.full((2, SIDE, SIDE), np.nan))
    one = predictor_of(made, samples=3)
    assert isinstance(one, BatchPredictor)
    together = one.predict_many(shown)
    assert together[3] is None
    for i in (0, 1, 2, 4, 5):
        alone = one(shown[i])
        np.testing.assert_allclose(together[i].template, alone.template, atol=2e-3)
        np.testing.assert_allclose(together[i].spread, alone.spread, atol=2e-3)
    assert one.predict_many([]) == []


def test_targets_of_one_past_come_from_one_run(made, monkeypatch):
    runs = []
    generate = type(made).generate
    monkeypatch.setattr(
        type(made),
        "generate",
        lambda self, frames, steps, *rest: runs.append(steps) or generate(self, frames, steps, *rest),
    )
    chips, others = drifting(2, 8)
    pasts = [past(chips, 1), past(others, 1), past(chips, 2), past(chips, 4)]
    one = predictor_of(made, samples=3)
    together = one.predict_many(pasts)
    assert sorted(runs) == [1, 4]
    for alone, found in zip(map(one, pasts), together, strict=True):
        np.testing.assert_allclose(found.template, alone.template, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found.spread, alone.spread, rtol=1e-4, atol=1e-5)


def test_a_network_that_is_being_trained_stays_so(made):
    made.train()
    predictor_of(made)(past(drifting(1, 4)[0]))
    assert made.training
    assert torch.is_grad_enabled()


def test_a_gpu_without_room_takes_fewer_at_a_time(made, monkeypatch):
    chips, batches, plain = drifting(5, 4), [], svg_lp.SvgLpPredictor._predicted

    def cramped(self, steps, lot):
        if len(lot) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        batches.append(len(lot))
        return plain(self, steps, lot)

    monkeypatch.setattr(svg_lp.SvgLpPredictor, "_predicted", cramped)
    with pytest.warns(UserWarning, match="2 chips are predicted at a time") as said:
        found = predictor_of(made).predict_many([past(c) for c in chips])
    assert batches == [2, 2, 1]
    assert len(said) == 1
    np.testing.assert_allclose(found[4].template, predictor_of(made)(past(chips[4])).template, atol=2e-3)


def test_chips_of_another_size(made):
    with pytest.raises(UsageError, match=f"chips of {SIDE} px and cannot predict one of 48"):
        predictor_of(made)(past(np.random.default_rng(0).normal(size=(8, 48, 48))))


@pytest.mark.parametrize("options", [{"samples": 0}, {"seed": -1}, {"colour": "red"}], ids=str)
def test_options_that_make_no_sense(options):
    with pytest.raises(UsageError, match=rf"svg-lp: .*{next(iter(options))}"):
        predictor("svg-lp", **options)


def test_each_frame_by_its_own_mean_and_deviation():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(3, 32, 32)).astype(np.float32)
    frames[1] = 500 + 40 * frames[1]
    frames[0, 0, 0] = 1e3
    made, known = unit_range(frames)
    assert made.dtype == np.float32
    assert known.all()
    expected = 0.5 + (frames - frames.mean((1, 2), keepdims=True)) / frames.std((1, 2), keepdims=True) / 6
    np.testing.assert_allclose(made, np.clip(expected, 0, 1), atol=1e-5)
    assert made[0, 0, 0] == 1


def test_missing_and_flat_are_in_the_middle_and_unknown():
    frames = np.random.default_rng(0).normal(size=(3, 32, 32)).astype(np.float32)
    frames[0, :8] = np.nan
    frames[1] = 7
    frames[2] = np.nan
    made, known = unit_range(frames)
    np.testing.assert_array_equal(known.mean((1, 2)), [0.75, 0, 0])
    assert (made[~known] == 0.5).all()
    part, _ = unit_range(frames[:1, 8:])
    np.testing.assert_allclose(made[0, 8:], part[0], atol=1e-6)
