"""What another package adds by entry points: a real one, beside the tests, that importlib.metadata finds."""

from __future__ import annotations

import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from napari_icenet import open_stack, predictors
from napari_icenet.common.extensions import extensions
from napari_icenet.errors import ExtensionWarning, StackError, UsageError
from napari_icenet.matching.template import Past
from napari_icenet.models import registry as models
from napari_icenet.predictors import registry
from napari_icenet.scenes.summary import describe

SOURCE = """
from typing import ClassVar
import numpy as np
from pydantic import BaseModel
from napari_icenet.matching.template import Prediction
from napari_icenet.predictors.base import Options
from napari_icenet.scenes.stack import SceneStack
from datetime import datetime

class Twice(Options):
    name: ClassVar[str] = "twice"
    title: ClassVar[str] = "Twice the last chip"
    factor: float = 2.0

    def __call__(self, past):
        return Prediction(self.factor * past.chips[-1])

class Settings(BaseModel):
    width: int = 3

class Net:
    name, title, settings_type = "net", "Net", Settings

    def __init__(self, settings):
        self.settings = settings

nameless = len

def read(path):
    if path.suffix != ".ice":
        return None
    values = np.fromfile(path, np.float32).reshape(2, 8, 8)
    return SceneStack.from_array(values, [datetime(2020, 1, 1), datetime(2020, 2, 1)], bands=["ice"], name=path.stem)

def fails(path):
    raise ZeroDivisionError("no ice")
"""
ENTRIES = """
[napari_icenet.predictors]
twice = tiny_ice:Twice
median = tiny_ice:Twice
gone = tiny_ice:Nothing
nameless = tiny_ice:nameless

[napari_icenet.models]
net = tiny_ice:Net

[napari_icenet.readers]
ice = tiny_ice:read
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as pip lays it, on the path of modules."""
    site = tmp_path / "site"
    about = site / "tiny_ice-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-ice\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRIES)
    (site / "tiny_ice.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(site)
    return site


@pytest.mark.filterwarnings("ignore::napari_icenet.errors.ExtensionWarning")
def test_a_predictor_of_another_package_comes_after_ours_and_predicts(tiny: Path) -> None:
    assert predictors.names() == (*registry.PREDICTORS, "twice")
    assert registry.fitting(64)[-1] == "twice"
    assert registry.title("twice") == "Twice the last chip"
    chips = np.ones((2, 16, 16), np.float32)
    past = Past(chips, np.array([-16.0, 0.0]), np.ones(2, bool), 16.0)
    assert (predictors.get("twice", factor=3)(past).template == 3).all()


def test_ours_win_and_what_is_broken_is_told_once_with_its_package(tiny: Path) -> None:
    with pytest.warns(ExtensionWarning) as told:
        predictors.names()
    words = sorted(str(one.message) for one in told)
    assert len(words) == 3
    assert all("of tiny-ice" in text for text in words)
    assert "predictor gone" in words[0]
    assert "cannot be loaded (AttributeError" in words[0]
    assert "predictor median" in words[1]
    assert "one of this name already" in words[1]
    assert "predictor nameless" in words[2]
    assert "lacks title" in words[2] or "lacks name, title" in words[2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictors.names()
        assert registry.title("median") == "Aligned median"
    with pytest.raises(UsageError, match="no predictor gone"):
        predictors.get("gone")


def test_a_network_of_another_package_is_built_with_its_settings(tiny: Path) -> None:
    assert models.build("net", {"width": 5}).settings.width == 5
    with pytest.raises(UsageError, match="net"):
        models.network_class("nothing")


def test_a_reader_of_another_package_opens_what_ours_do_not_know(tiny: Path, tmp_path: Path) -> None:
    values = np.arange(128, dtype=np.float32)
    values.tofile(tmp_path / "glacier.ice")
    stack = open_stack(tmp_path / "glacier.ice")
    assert (stack.name, stack.bands, stack.shape) == ("glacier", ("ice",), (2, 1, 8, 8))
    assert stack.scenes[1].time == datetime(2020, 2, 1)
    assert np.array_equal(stack.read(1, "ice").ravel(), values[64:])
    assert describe(tmp_path / "glacier.ice").shape == (2, 1, 8, 8)
    with pytest.raises(UsageError, match="B9"):
        open_stack(tmp_path / "glacier.ice", bands=["B9"])


def test_what_no_reader_knows_stays_our_error(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no ice")
    with pytest.raises(StackError, match="is no stack"):
        open_stack(tmp_path / "notes.txt")


def test_a_reader_that_fails_is_told_and_passed_over(tiny: Path, tmp_path: Path) -> None:
    (tiny / "tiny_ice-1.0.dist-info" / "entry_points.txt").write_text(
        "[napari_icenet.readers]\na = tiny_ice:fails\nb = tiny_ice:read\n"
    )
    np.zeros(128, np.float32).tofile(tmp_path / "glacier.ice")
    with pytest.warns(ExtensionWarning, match="reader a failed .*ZeroDivisionError: no ice"):
        assert open_stack(tmp_path / "glacier.ice").name == "glacier"


def test_without_other_packages_nothing_is_added() -> None:
    assert extensions("napari_icenet.nothing") == {}


def test_what_calls_itself_otherwise_than_its_entry_point_is_left_out(tiny: Path) -> None:
    (tiny / "tiny_ice-1.0.dist-info" / "entry_points.txt").write_text("[napari_icenet.predictors]\nb = tiny_ice:Twice")
    with pytest.warns(ExtensionWarning, match="predictor b of tiny-ice calls itself twice and is left out"):
        assert predictors.names() == tuple(registry.PREDICTORS)
