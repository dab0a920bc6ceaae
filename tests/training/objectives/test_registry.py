"""A network of another package, trained by the objective that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_icenet import predictors
from napari_icenet.errors import UsageError
from napari_icenet.models.card import read_card
from napari_icenet.training.objectives.registry import objective_class
from napari_icenet.training.train import train
from tests.training import tiny
from tests.training.runs import small

SOURCE = """
from typing import ClassVar
from tests.training.tiny import Tiny, TinyObjective, TinyPredictor

class Net(Tiny):
    name, title, objective_type = "net", "Net", TinyObjective
    limits = ("It knows the last chip alone.",)

class Mute(Tiny):
    name = "mute"

class Lame(Tiny):
    name, objective_type = "lame", dict

class NetPredictor(TinyPredictor):
    name: ClassVar[str] = "net"
    title: ClassVar[str] = "Net"
"""
MODELS = "[napari_icenet.models]\nnet = net_of_ice:Net\nmute = net_of_ice:Mute\nlame = net_of_ice:Lame\n"
PREDICTORS = "[napari_icenet.predictors]\nnet = net_of_ice:NetPredictor\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as pip lays it, on the path of modules; its folder."""
    about = tmp_path / "site" / "net_of_ice-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: net-of-ice\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(MODELS + PREDICTORS)
    (tmp_path / "site" / "net_of_ice.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return about


@pytest.mark.slow
def test_a_network_of_another_package_is_trained_judged_and_predicts(package, dataset, tmp_path):
    settings = small(dataset, model="net", optimisation={"steps": 4}, validation={"every": 4, "sequences": 4})
    result = train(settings, tmp_path / "run")
    assert (result.state, result.step) == ("finished", 4)
    assert result.t2 is not None
    assert read_card(tmp_path / "run" / "best.json").limits == ("It knows the last chip alone.",)
    assert predictors.get("net", weights=result.weights).card().model == "net"


def test_the_network_names_what_it_is_trained_by(package):
    assert objective_class("net") is tiny.TinyObjective
    with pytest.raises(UsageError, match="model mute names no objective_type and cannot be trained"):
        objective_class("mute")
    with pytest.raises(UsageError, match="dict, by which the model lame is trained, lacks wants_positions"):
        objective_class("lame")


@pytest.mark.slow
def test_a_network_that_nothing_can_judge_is_refused_before_its_first_step(package, dataset, tmp_path):
    (package / "entry_points.txt").write_text(MODELS)
    with pytest.raises(UsageError, match=r"no predictor net .* or set validation\.every=0"):
        train(small(dataset, model="net", validation={"every": 4}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    settings = small(dataset, model="net", optimisation={"steps": 2}, validation={"every": 0})
    assert train(settings, tmp_path / "run").step == 2
