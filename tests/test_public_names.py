"""The names that ``import napari_icenet`` offers."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import napari_icenet as icenet


@pytest.mark.parametrize("name", icenet.__all__)
def test_every_name_of_the_stub_is_there(name: str) -> None:
    assert getattr(icenet, name) is not None


@pytest.mark.parametrize("name", ["assess", "summarize", "pairs_of"])
def test_old_names_are_gone(name: str) -> None:
    assert not hasattr(icenet, name)


@pytest.mark.parametrize(
    "module", ["datasets.builder", "datasets.dataset", "evaluation.evaluate", "training.train", "predictors.registry"]
)
@pytest.mark.parametrize(
    "function", ["datasets.build", "datasets.open", "evaluate", "train", "predictors.get", "predictors.names"]
)
def test_a_function_stays_one_whatever_was_imported_before(module: str, function: str) -> None:
    importlib.import_module(f"napari_icenet.{module}")
    found = icenet
    for part in function.split("."):
        found = getattr(found, part)
    assert callable(found)


def test_rooms_cost_nothing_until_a_function_of_theirs_is_called() -> None:
    code = (
        "import sys, napari_icenet as icenet; icenet.datasets, icenet.predictors, icenet.samples; "
        "print([m for m in ('numpy', 'torch', 'zarr', 'pydantic', 'rasterio') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
