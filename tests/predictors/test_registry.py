import numpy as np
import pytest

from napari_icenet.common.palette import PREDICTOR
from napari_icenet.errors import UsageError
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import Past, Prediction, Predictor
from napari_icenet.models import weights
from napari_icenet.predictors import registry
from napari_icenet.predictors.as_templates import template_predictor, template_predictors, template_titles
from napari_icenet.predictors.batching import predict_many
from napari_icenet.predictors.registry import fitting, names, predictor, title
from tests.predictors.ice import SIDE, ice, overcast, past

ALL = names()
#: Those without a network: they predict chips of any size.
BASELINES = ALL[:5]
STILL = np.zeros((8, 2))


def test_the_order_of_a_drop_down():
    assert BASELINES == ("persistence", "high-pass", "blurred", "median", "consensus")
    assert [title(name) for name in BASELINES] == ["Persistence", "High-pass", "Blurred", "Aligned median", "Consensus"]
    assert list(template_titles())[:6] == ["persistence", "first", "high-pass", "blurred", "median", "consensus"]


@pytest.mark.parametrize("name", ALL)
def test_each_keeps_the_protocol(name):
    made = predictor(name)
    assert isinstance(made, Predictor)
    assert made.name == name
    assert made.title == title(name)
    assert prefilter(made.prefilter).name == made.prefilter
    assert name in PREDICTOR


@pytest.mark.parametrize("name", BASELINES)
def test_each_shows_the_ice_in_its_own_numbers(name):
    chips = ice(STILL)
    kept = chips.copy()
    made = predictor(name)(past(chips))
    assert made.template.shape == (SIDE, SIDE)
    assert made.template.dtype == np.float32
    compared = prefilter(predictor(name).prefilter)(chips[-1])
    assert np.corrcoef(made.template.ravel(), compared.ravel())[0, 1] > 0.85
    assert abs(made.template.mean() - compared.mean()) < 1
    assert 0.7 < made.template.std() / compared.std() < 1.1
    np.testing.assert_array_equal(chips, kept)


@pytest.mark.parametrize("name", BASELINES)
def test_what_cannot_be_predicted(name):
    nothing = np.full((3, SIDE, SIDE), np.nan, np.float32)
    assert predictor(name)(past(nothing)) is None
    assert predictor(name)(past(nothing[:1])) is None
    one = predictor(name)(past(ice(STILL[:1])))
    assert np.isfinite(one.template).all()
    assert one.spread is None


@pytest.mark.parametrize("name", ["median", "consensus"])
def test_flat_and_empty_frames_take_no_part(name):
    chips = ice(STILL)
    chips[2] = 7
    chips[5] = np.nan
    made = predictor(name)(past(chips))
    expected = predictor(name)(past(np.delete(chips, [2, 5], axis=0)))
    np.testing.assert_allclose(made.template, expected.template, atol=0.2)
    assert predictor(name)(past(np.full((2, SIDE, SIDE), 3.0))) is None


@pytest.mark.parametrize("name", ["median", "consensus"])
def test_without_a_valid_frame_all_count(name):
    chips = ice(STILL)
    made = predictor(name)(past(chips, valid=[False] * 8))
    np.testing.assert_array_equal(made.template, predictor(name)(past(chips)).template)


@pytest.mark.parametrize("name", BASELINES)
def test_missing_pixels_are_missing_and_never_zero(name):
    chips = ice(STILL)
    chips[:, :10] = np.nan
    chips[-1, 30:34, 30:34] = np.nan
    made = predictor(name)(past(chips)).template
    assert np.isnan(made[:8]).all()
    filled = np.isfinite(made[30:34, 30:34])
    assert filled.all() if name in ("median", "consensus") else not filled.any()
    known = made[np.isfinite(made)]
    compared = prefilter(predictor(name).prefilter)(chips[-1])
    assert np.nanmin(compared) - 20 < known.min()
    assert known.max() < np.nanmax(compared) + 20


@pytest.mark.parametrize("name", BASELINES)
def test_many_at_once_is_one_by_one(name):
    pasts = [past(ice(STILL, seed=seed)) for seed in range(3)]
    pasts[1] = past(np.full((2, SIDE, SIDE), np.nan))
    told = []
    made = predict_many(predictor(name), pasts, threads=2, progress=lambda share, text: told.append((share, text)))
    assert made[1] is None
    for index in (0, 2):
        np.testing.assert_array_equal(made[index].template, predictor(name)(pasts[index]).template)
    assert told[-1] == (1.0, title(name))


def test_one_with_its_own_way_for_many_is_asked_for_all():
    class Batch:
        name, title, prefilter = "batch", "Batch", "none"

        def __call__(self, past):
            raise AssertionError("asked one by one")

        def predict_many(self, pasts):
            return [Prediction(p.chips[0]) for p in pasts]

    first = past(ice(STILL[:2]))
    np.testing.assert_array_equal(predict_many(Batch(), [first])[0].template, first.chips[0])
    assert predict_many(predictor("median"), []) == []


def test_without_weights_in_the_package_a_learned_predictor_fits_no_chip(monkeypatch):
    monkeypatch.setattr(weights, "bundled", dict)
    assert fitting(128) == fitting(48) == BASELINES


def test_a_new_predictor_is_one_line(monkeypatch):
    monkeypatch.setitem(registry.PREDICTORS, "mine", "tests.predictors.test_registry:Mine")
    assert predictor("mine").title == title("mine") == "My own"
    assert template_titles()["mine"] == "My own"
    assert isinstance(template_predictors()["mine"], Mine)


class Mine:
    name, title, prefilter = "mine", "My own", "none"

    def __call__(self, past):
        return Prediction(past.chips[0])


def test_bad_names_and_options():
    with pytest.raises(UsageError, match=r"no predictor magic; choose persistence, high-pass, blurred"):
        predictor("magic")
    with pytest.raises(UsageError, match="magic"):
        title("magic")
    with pytest.raises(UsageError, match=r"blurred: sigma -1 cannot be used: input should be greater than 0"):
        predictor("blurred", sigma=-1)
    with pytest.raises(UsageError, match="median: there is no setting colour"):
        predictor("median", colour="red")
    with pytest.raises(UsageError, match=r"no template magic; choose persistence, first, .*consensus"):
        template_predictor("magic")
    assert template_predictor("first") is None
    assert template_predictor("median").name == "median"


@pytest.mark.parametrize(
    ("chips", "days", "valid", "horizon", "words"),
    [
        (np.zeros((2, 8, 9)), [-1, 0], [True] * 2, 1, "(2, 8, 9)"),
        (np.zeros((8, 8)), [0], [True], 1, "(8, 8)"),
        (np.zeros((0, 8, 8)), [], [], 1, "(0, 8, 8)"),
        (np.zeros((2, 8, 8)), [0], [True] * 2, 1, "1 days"),
        (np.zeros((2, 8, 8)), [-1, 0], [True], 1, "1 marks"),
        (np.zeros((2, 8, 8)), [-1, 0], [True] * 2, np.nan, "no date"),
    ],
    ids=range(6),
)
def test_a_past_that_makes_no_sense(chips, days, valid, horizon, words):
    with pytest.raises(UsageError) as caught:
        Past(chips.astype(np.float32), np.array(days, float), np.array(valid, bool), horizon)
    assert words in str(caught.value)


def test_cloud_of_one_frame_does_not_show():
    chips = ice(STILL, noise=4)
    chips[3] = overcast(1)
    clean = ice(STILL[:1], noise=0)[0]
    for name in ("median", "consensus"):
        marked = predictor(name)(past(chips, valid=[True] * 3 + [False] + [True] * 4)).template
        unmarked = predictor(name)(past(chips)).template
        assert np.corrcoef(clean.ravel(), marked.ravel())[0, 1] > 0.99
        assert np.corrcoef(clean.ravel(), unmarked.ravel())[0, 1] > 0.98
