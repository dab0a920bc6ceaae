"""Two runs side by side."""

from __future__ import annotations

import json

import pytest

from napari_icenet.errors import TrainingError
from napari_icenet.training.results.diff import compare_runs
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import RunStatus
from napari_icenet.training.settings import make_run_settings


def run(folder, fingerprints=("f",), **values):
    """A folder as a run leaves it."""
    made = RunFolder(folder)
    folder.mkdir()
    made.config.write_text(make_run_settings({"data": {"datasets": ["a.zarr"]}, **values}).model_dump_json())
    if fingerprints is not None:
        uses = [{"path": "a.zarr", "fingerprint": f, "sequences": {"train": 4}} for f in fingerprints]
        made.data.write_text(json.dumps({"datasets": uses, "simulated": 0}))
    return folder


def test_settings_that_differ_are_named_as_set_names_them(tmp_path):
    one = run(tmp_path / "one", optimisation={"steps": 10}, model_settings={"width": 16})
    other = run(tmp_path / "other", optimisation={"steps": 20}, model_settings={"depth": 2}, seed=1)
    found = {d.key: (d.first, d.second) for d in compare_runs(one, str(other)).settings}
    assert found == {
        "optimisation.steps": (10, 20),
        "model_settings.width": (16, None),
        "model_settings.depth": (None, 2),
        "seed": (0, 1),
    }


def test_the_same_run_twice_differs_in_nothing(tmp_path):
    one = run(tmp_path / "one", seed=3)
    found = compare_runs(one, one)
    assert found.settings == ()
    assert found.same_ice
    assert (found.first.name, found.second.name) == ("one", "one")


@pytest.mark.parametrize(
    ("values", "prints", "same"),
    [
        ({}, ("f",), True),
        ({"optimisation": {"steps": 3}}, ("f",), True),
        ({}, ("g",), False),
        ({}, ("f", "g"), False),
        ({"seed": 1}, ("f",), False),
        ({"validation": {"sequences": 7}}, ("f",), False),
        ({"data": {"datasets": ["a.zarr"], "bands": ["B1"]}}, ("f",), False),
        ({"data": {"datasets": ["elsewhere/b.zarr"]}}, ("f",), True),
    ],
)
def test_the_same_ice_is_that_of_the_same_data_seed_and_sample(tmp_path, values, prints, same):
    assert compare_runs(run(tmp_path / "one"), run(tmp_path / "other", prints, **values)).same_ice is same


@pytest.mark.parametrize("content", [None, "{", "[]", '{"datasets": [{}]}'])
def test_without_a_record_the_names_of_the_datasets_decide(tmp_path, content):
    folders = [run(tmp_path / name, None) for name in ("one", "other")]
    for folder in folders:
        if content is not None:
            RunFolder(folder).data.write_text(content)
    assert compare_runs(*folders).same_ice
    third = run(tmp_path / "third", None, data={"datasets": ["b.zarr"]})
    assert not compare_runs(folders[0], third).same_ice


def test_what_each_came_to(tmp_path):
    one, other = run(tmp_path / "one"), run(tmp_path / "other")
    RunFolder(one).write_status(RunStatus(state="finished", step=9, of=9, t2=0.5, persistence_t2=0.3))
    found = compare_runs(one, other)
    assert (found.first.state, found.first.gain) == ("finished", pytest.approx(0.2))
    assert (found.second.state, found.second.gain) == ("new", None)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(TrainingError):
        compare_runs(run(tmp_path / "one"), tmp_path / "none")
    broken = run(tmp_path / "broken")
    RunFolder(broken).config.write_text("{")
    with pytest.raises(TrainingError):
        compare_runs(broken, tmp_path / "one")
