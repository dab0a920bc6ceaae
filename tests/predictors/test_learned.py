import os
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from napari_icenet.errors import UsageError, WeightsError
from napari_icenet.models import weights as weights_module
from napari_icenet.models.card import Card
from napari_icenet.models.weights import save_weights
from napari_icenet.predictors.learned import LearnedOptions, network_of, predictor_of
from napari_icenet.predictors.registry import fitting, predictor
from tests.models.sequences import SIDE, drifting, network
from tests.predictors.ice import past


def card(made):
    settings = made.settings.model_dump(mode="json")
    return Card(model=made.name, settings=settings, version="0", created=datetime.now(UTC))


@pytest.fixture
def saved(tmp_path):
    return save_weights(tmp_path / "mine", network(3), card(network(3)))


def test_weights_from_a_file_predict_as_the_network_did(saved):
    chips = past(drifting(1, 8)[0])
    from_file, in_memory = predictor("svg-lp", weights=saved), predictor_of(network(3), card(network(3)))
    np.testing.assert_array_equal(from_file(chips).template, in_memory(chips).template)
    assert from_file.card().model == in_memory.card().model == "svg-lp"
    assert predictor_of(network(3)).card() is None


def test_weights_are_read_once_until_the_file_changes(saved, monkeypatch):
    read, load = [], weights_module.load_weights
    monkeypatch.setattr(weights_module, "load_weights", lambda *what: read.append(what) or load(*what))
    first = network_of("svg-lp", saved, "cpu")
    assert network_of("svg-lp", str(saved), "cpu") is first
    assert predictor("svg-lp", weights=saved).network()[0] is first
    assert len(read) == 1
    save_weights(saved, network(4), card(network(4)))
    os.utime(saved, (1, 1))
    second = network_of("svg-lp", saved, "cpu")
    assert len(read) == 2
    assert not torch.equal(first.prior.mean.weight, second.prior.mean.weight)


def test_nothing_is_read_before_a_template_is_made(tmp_path):
    made = predictor("svg-lp", weights=tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        made(past(drifting(1, 8)[0]))


def test_weights_in_the_package_decide_what_fits(saved, monkeypatch):
    monkeypatch.setattr(weights_module, "bundled", lambda: {"svg-lp": saved})
    assert "svg-lp" in fitting(SIDE)
    assert "svg-lp" not in fitting(128)
    assert np.isfinite(predictor("svg-lp")(past(drifting(1, 8)[0])).template).all()
    monkeypatch.setattr(weights_module, "bundled", dict)
    with pytest.raises(WeightsError, match="no weights of svg-lp come with this installation"):
        predictor("svg-lp")(past(drifting(1, 8)[0]))


def test_devices_that_are_not_there(saved):
    shown = past(drifting(1, 8)[0])
    with pytest.raises(UsageError, match="there is no device quantum"):
        predictor("svg-lp", weights=saved, device="quantum")(shown)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="the device cuda cannot be used here"):
            predictor("svg-lp", weights=saved, device="cuda")(shown)


def test_a_network_handed_over_is_no_option(saved):
    made = predictor_of(network(), samples=2)
    assert isinstance(made, LearnedOptions)
    assert made.model_dump() == {"weights": None, "device": "auto", "precision": "fp32", "samples": 2, "seed": 0}
    with pytest.raises(UsageError, match="svg-lp: there is no setting colour"):
        predictor_of(network(), colour="red")
