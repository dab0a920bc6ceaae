"""The data of a run in a few words."""

from __future__ import annotations

import json

import pytest

from napari_icenet.training.results.summary import data_words
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import make_run_settings


def use(path, train, simulated=False):
    return {"path": path, "fingerprint": "f", "sequences": {"train": train, "test": 1}, "simulated": simulated}


@pytest.mark.parametrize(
    ("uses", "data", "words", "simulated"),
    [
        (None, {"datasets": ["/x/a.zarr"]}, "a.zarr", False),
        (None, {"datasets": ["a.zarr", "b.zarr"], "bands": ["B1", "B4"]}, "a.zarr, b.zarr, B1, B4", False),
        ([use("/x/a.zarr", 12)], {"datasets": ["a.zarr"]}, "a.zarr (12)", False),
        ([use("a.zarr", 12, True)], {"datasets": ["a.zarr"]}, "a.zarr (12)", True),
        (
            [use("a.zarr", 12, True), use("b.zarr", 0)],
            {"datasets": ["a.zarr", "b.zarr"], "simulated": 8},
            "a.zarr (12), b.zarr (0), simulated ice (8)",
            False,
        ),
        ([use("a.zarr", 3, True)], {"datasets": ["a.zarr"], "simulated": 8}, "a.zarr (3), simulated ice (8)", True),
        (None, {"simulated": 8}, "simulated ice (8)", True),
        ([], {"simulated": 8, "bands": ["B1"]}, "simulated ice (8)", True),
    ],
)
def test_datasets_counts_bands_and_simulated_ice(tmp_path, uses, data, words, simulated):
    run = RunFolder(tmp_path)
    if uses is not None:
        run.data.write_text(json.dumps({"datasets": uses, "simulated": data.get("simulated", 0)}))
    assert data_words(run, make_run_settings({"data": data})) == (words, simulated)


def test_a_damaged_record_is_none(tmp_path):
    run = RunFolder(tmp_path)
    run.data.write_text("{")
    assert data_words(run, make_run_settings({"data": {"datasets": ["a.zarr"]}})) == ("a.zarr", False)
