"""Which rows of a table flatter: weights that know the stacks that are evaluated."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import torch

from napari_icenet.evaluation.data_leakage import seen_ice, trained_here
from napari_icenet.models.card import Card, CardData, CardDataset
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec
from napari_icenet.predictors.registry import predictor
from napari_icenet.scenes.origin import Origin

AREA = {"by": "area", "block_px": 384, "seed": 0}
TIME = {"by": "time", "train_until": "2020-01-01T00:00:00+00:00"}


def source(split, *names, split_by=AREA):
    return SimpleNamespace(settings=SimpleNamespace(split=split), grids=dict.fromkeys(names), split_by=split_by)


def icenet(*datasets, split=None):
    torch.manual_seed(0)
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=0))
    told = {"name": "d", "fingerprint": "0", "sequences": {}, "split": split}
    data = CardData(datasets=tuple(CardDataset(**told, stacks=stacks) for stacks in datasets))
    card = Card(model="icenet", version="0", created=datetime.now(UTC), data=data)
    return predictor_of(network, card)


@pytest.mark.parametrize("split", [None, "train", "validation"])
def test_ice_that_was_trained_on_flatters(split):
    (told,) = trained_here(source(split, "byrd", "perito"), [predictor("persistence"), icenet(("perito",), ("sun",))])
    assert (told.name, told.stacks, told.flatters) == ("icenet", ("perito",), True)
    assert told.sentence.startswith("IceNet was trained on parts of perito, so its row flatters it; ")


def test_the_test_split_says_that_it_shares_dates():
    (told,) = trained_here(source("test", "perito"), [icenet(("perito",))])
    assert not told.flatters
    assert "other blocks of ground of perito, seen on the same dates" in told.sentence


def test_a_test_by_time_says_that_it_shares_the_ground():
    (told,) = trained_here(source("test", "perito", split_by=TIME), [icenet(("perito",), split=TIME)])
    assert not told.flatters
    assert "same ground of perito on earlier dates" in told.sentence


@pytest.mark.parametrize(
    ("trained", "judged"), [(AREA, TIME), (TIME, AREA), (AREA | {"seed": 1}, AREA), (AREA, AREA | {"block_px": 256})]
)
def test_ice_that_was_held_out_in_another_way_may_have_been_seen(trained, judged):
    (told,) = trained_here(source("test", "perito", split_by=judged), [icenet(("perito",), split=trained)])
    assert told.flatters
    # What was learned from other stacks does not matter.
    (same,) = trained_here(source("test", "byrd", split_by=AREA), [icenet(("byrd",), split=AREA)])
    assert not same.flatters


def test_others_say_nothing():
    assert trained_here(source(None, "byrd"), [icenet(("perito",)), predictor("median")]) == ()
    without = predictor_of(icenet(("byrd",)).network()[0])
    assert trained_here(source(None, "byrd"), [without]) == ()


def test_a_line_up_says_which_of_it_have_seen_a_stack(tmp_path):
    predictor_set = PredictorSet.of_names("persistence", "svg-lp", "icenet")
    one = SimpleNamespace(name="perito_moreno", origin=None)
    sentence = "Trained on parts of this ice: SVG-LP, IceNet; their numbers here flatter them."
    assert seen_ice(one, predictor_set) == sentence
    # A sample has a title of its own.
    sample = SimpleNamespace(name="Perito Moreno (Sentinel-2)", origin=Origin(path=tmp_path / "perito_moreno"))
    assert seen_ice(sample, predictor_set) == sentence
    assert seen_ice(SimpleNamespace(name="byrd", origin=None), predictor_set) == ""
    gone = predictor_set.only(
        PredictorSpec(name="icenet", weights=tmp_path / "gone.safetensors"), predictor_set.entries[1]
    )
    assert seen_ice(one, gone) == "Trained on parts of this ice: SVG-LP; its numbers here flatter it."
