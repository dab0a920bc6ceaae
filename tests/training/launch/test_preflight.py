"""What is found before a start."""

from __future__ import annotations

import shutil

import pytest

from napari_icenet.training.launch import preflight as module
from napari_icenet.training.launch.preflight import preflight
from napari_icenet.training.presets import merged
from napari_icenet.training.settings import make_run_settings
from tests.training.runs import small

pytestmark = pytest.mark.process


def with_(settings, **values):
    return make_run_settings(merged(settings.model_dump(mode="json"), values))


@pytest.fixture
def settings(dataset):
    return small(dataset)


def test_nothing(settings, tmp_path):
    assert preflight(settings, tmp_path / "run") == ()


def test_batch_larger_than_the_dataset(settings, tmp_path):
    (said,) = preflight(with_(settings, optimisation={"batch": 1000}), tmp_path / "run")
    assert said.startswith("a batch of 1000 is larger than the ")


def test_no_data(settings, tmp_path):
    nothing = with_(settings, data={"datasets": []})
    assert preflight(nothing, tmp_path / "run") == (
        "there is nothing to learn from; choose a dataset, or simulated ice.",
    )
    gone = with_(settings, data={"datasets": [str(tmp_path / "gone.zarr")]})
    (said,) = preflight(gone, tmp_path / "run")
    assert "gone.zarr does not exist" in said
    (said,) = preflight(with_(settings, data={"bands": ["B9"]}), tmp_path / "run")
    assert "has none of the bands B9" in said


def test_weights(settings, tmp_path):
    assert "does not exist" in preflight(with_(settings, weights=str(tmp_path / "none")), tmp_path / "run")[0]
    (said,) = preflight(with_(settings, weights="icenet"), tmp_path / "run")
    assert {"icenet", "tiny"} <= set(said.replace(",", "").replace(";", "").split())
    (said,) = preflight(with_(settings, model="svg-lp", weights="svg-lp"), tmp_path / "run")
    assert said == (
        "the weights to start from are for chips of 128 px, and these are of 32 px; "
        "choose other weights, or data with that chip."
    )


def test_a_full_disk_and_a_folder_of_something_else(settings, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage._replace(free=3_000_000))
    (said,) = preflight(settings, tmp_path / "run")
    assert said.startswith("3 MB are free on the disk of")
    monkeypatch.undo()
    (tmp_path / "thesis.doc").write_text("")
    (said,) = preflight(settings, tmp_path)
    assert said.endswith("holds something else; choose another name.")
