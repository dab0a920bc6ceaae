"""Which rows of a table flatter: weights that know the stacks that are evaluated."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import torch

from napari_icenet.evaluation.trained_here import trained_here
from napari_icenet.models.card import Card, CardData, CardDataset
from napari_icenet.models.icenet import IceNetSettings, IceNetwork
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.predictors.registry import predictor


def source(split, *names, split_by="area"):
    return SimpleNamespace(settings=SimpleNamespace(split=split), grids=dict.fromkeys(names), split_by=split_by)


def icenet(*datasets, **how):
    torch.manual_seed(0)
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=0))
    data = CardData(
        datasets=tuple(CardDataset(name="d", fingerprint="0", sequences={}, stacks=d) for d in datasets), **how
    )
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
    by_time = icenet(("perito",), splits="what came after a day is held out")
    (told,) = trained_here(source("test", "perito", split_by="time"), [by_time])
    assert not told.flatters
    assert "same ground of perito on earlier dates" in told.sentence
    # Trained on blocks on all dates, and judged by dates; and the other way round.
    assert trained_here(source("test", "perito", split_by="time"), [icenet(("perito",))])[0].flatters
    assert trained_here(source("test", "perito"), [by_time])[0].flatters


def test_others_say_nothing():
    assert trained_here(source(None, "byrd"), [icenet(("perito",)), predictor("median")]) == ()
    without = predictor_of(icenet(("byrd",)).network()[0])
    assert trained_here(source(None, "byrd"), [without]) == ()
