"""Weights that a run starts from."""

from __future__ import annotations

import shutil

import pytest

from napari_icenet.errors import WeightsError
from napari_icenet.models.card import card_path, read_card
from napari_icenet.models.weights import find_weights
from napari_icenet.training.data import start_weights as module
from napari_icenet.training.data.start_weights import start_card, start_trouble
from napari_icenet.training.settings import make_run_settings


def write(path, card):
    card_path(path).write_text(card.model_dump_json())


@pytest.fixture
def reads(monkeypatch):
    """Which cards are read, one after the other."""
    found = []
    module._read.cache_clear()
    monkeypatch.setattr(module, "read_card", lambda path: found.append(path) or read_card(path))
    yield found
    module._read.cache_clear()


@pytest.fixture
def weights(tmp_path):
    """The bundled weights, somewhere else."""
    path = tmp_path / "mine.safetensors"
    shutil.copy(find_weights("icenet"), path)
    shutil.copy(card_path(find_weights("icenet")), card_path(path))
    return path


def settings(weights, model="icenet"):
    return make_run_settings({"model": model, "weights": None if weights is None else str(weights)})


def test_a_card_is_read_again_where_its_file_has_changed_only(weights, reads):
    before = start_card(weights)
    assert start_trouble(settings(weights)) == ""
    assert start_trouble(settings(weights, "svg-lp")) == (
        "the weights to start from are of icenet, not of svg-lp; choose others."
    )
    assert reads == [card_path(weights)]
    write(weights, before.model_copy(update={"steps": before.steps + 1}))
    assert start_card(weights).steps == before.steps + 1
    assert len(reads) == 2
    card_path(weights).unlink()
    with pytest.raises(WeightsError, match="weights need their card beside them"):
        start_card(weights)


def test_chips_count_where_both_are_known(weights):
    assert start_trouble(settings(weights), 64) == ""
    card = start_card(weights)
    write(weights, card.model_copy(update={"settings": dict(card.settings) | {"chip": 128}}))
    assert start_trouble(settings(weights)) == start_trouble(settings(weights), 128) == ""
    assert "are for chips of 128 px, and these are of 64 px" in start_trouble(settings(weights), 64)


def test_weights_that_are_not_there(weights):
    assert start_trouble(settings(None)) == ""
    weights.unlink()
    assert "mine.safetensors does not exist" in start_trouble(settings(weights))
