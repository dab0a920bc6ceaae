"""Weights of a run given away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import torch

from napari_icenet.errors import TrainingError, WeightsError
from napari_icenet.models.card import Card
from napari_icenet.models.weights import load_weights, save_weights
from napari_icenet.training.results.export import export_weights
from napari_icenet.training.run_folder.folder import RunFolder
from tests.training.tiny import Tiny, TinySettings


def save(path, seed):
    torch.manual_seed(seed)
    network = Tiny(TinySettings(width=2))
    settings = network.settings.model_dump()
    card = Card(model="tiny", settings=settings, version="0", created=datetime.now(UTC), steps=seed)
    save_weights(path, network, card)
    return network


@pytest.mark.parametrize(
    ("there", "which", "given"),
    [
        (("best", "last"), "best", "best"),
        (("best", "last"), "last", "last"),
        (("last",), "best", "last"),
        (("best",), "last", None),
        ((), "best", None),
    ],
)
@pytest.mark.parametrize("name", ["mine", "mine.safetensors"])
def test_the_weights_that_are_asked_for_with_their_card(tmp_path, there, which, given, name):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    saved = {kind: save(getattr(run, kind), seed) for seed, kind in enumerate(there, 1)}
    if given is None:
        with pytest.raises(TrainingError, match="run"):
            export_weights(run.path, tmp_path / name, which=which)
        assert not (tmp_path / "mine.safetensors").exists()
        return
    made = export_weights(run.path, tmp_path / name, which=which)
    assert made == tmp_path / "mine.safetensors"
    # The one file is enough.
    for beside in tmp_path.glob("mine.*"):
        if beside != made:
            beside.unlink()
    network, card = load_weights(made, "tiny")
    assert card.steps == there.index(given) + 1
    for key, tensor in saved[given].state_dict().items():
        assert torch.equal(network.state_dict()[key], tensor)


def test_damaged_weights_are_not_given_away(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.best.write_bytes(b"no")
    with pytest.raises(WeightsError):
        export_weights(run.path, tmp_path / "mine")
    assert not list(tmp_path.glob("mine*"))
