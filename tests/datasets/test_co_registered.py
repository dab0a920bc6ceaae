"""Datasets of stacks whose dates are shifted by a known amount: chips where the matches are, displacements without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.cut import cut
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.data.subset import subset
from tests.valley import FLOW, PATHS, SHIFTS, known_shifts, valley

#: Reaches 8 px: less than the ice moves with the shift to the other path.
SETTINGS = DatasetSettings(chip=32, frames=6, scale=1.5, stride=16, block=2, gap=8, min_valid=1.0)


@pytest.fixture(scope="module")
def pictures():
    return valley(paths=PATHS)[0]


def stack_of(pictures, *, shifts=True, unknown=(), name="valley"):
    stack = SceneStack(pictures.scenes, pictures.bands, pictures.grid, name=name)
    stack.shifts = known_shifts(stack, unknown=unknown) if shifts else None
    return stack


def on_ice(found):
    """Sequences whose chips lie on the ice, well inside of the picture."""
    return (np.abs(found.rows[:, 0] - 160) <= 24) & (np.abs(found.cols[:, 0] - 150) <= 100)


def off_the_ice(found, start=0):
    """How far chips are cut from the ice of their first frame, px, (n, T)."""
    t = np.arange(found.rows.shape[1])
    moved = t[:, None] * FLOW + SHIFTS[start : start + len(t)] - SHIFTS[start]
    rows, cols = found.rows - found.rows[:, :1] - moved[:, 0], found.cols - found.cols[:, :1] - moved[:, 1]
    return np.hypot(rows, cols)


def displacements(found):
    return np.diff(found.track_rows, axis=1), np.diff(found.track_cols, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "within", "apart"), [("chain", 0.8, 2.0), ("robust", 0.3, 1.0)])
@pytest.mark.parametrize("start", [0, 1])
def test_displacements_are_true_and_chips_show_the_same_ice(pictures, mode, within, apart, start):
    settings = SETTINGS.model_copy(update={"tracking": mode})
    found = cut(stack_of(pictures), settings, band=1, start=start)
    ice = on_ice(found)
    assert ice.sum() >= 30
    assert found.valid[ice].mean() > 0.95
    assert off_the_ice(found, start)[ice].max() <= apart
    for moved, true in zip(displacements(found), FLOW, strict=True):
        assert np.abs(moved[ice] - true).max() < within
        # In the chain each match begins at a whole pixel.
        assert np.median(moved[ice]) == pytest.approx(true, abs=0.1 if mode == "robust" else 0.3)
    # Without, the jump between the paths is taken for motion, or leaves the window.
    plain = cut(stack_of(pictures, shifts=False), settings, band=1, start=start)
    wrong = np.abs(displacements(plain)[1][on_ice(plain)] - FLOW[1])
    assert np.median(wrong) > 2 or plain.valid[on_ice(plain)].mean() < 0.7


def test_rock_stands_still(pictures):
    found = cut(stack_of(pictures), SETTINGS, band=1, start=0)
    rock = (found.rows[:, 0] < 80) & (found.rows[:, 0] > 24) & (np.abs(found.cols[:, 0] - 160) < 120)
    assert np.abs(np.stack(displacements(found))[:, rock]).max() < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["chain", "robust"])
@pytest.mark.parametrize("unknown", [2, 0])
def test_a_date_of_unknown_shift_has_chips_and_no_displacement(pictures, mode, unknown):
    settings = SETTINGS.model_copy(update={"tracking": mode})
    found = cut(stack_of(pictures, unknown=[unknown]), settings, band=1, start=0)
    ice = on_ice(found)
    assert np.isnan(found.track_rows[:, unknown]).all()
    assert np.isnan(found.track_cols[:, unknown]).all()
    others = np.delete(np.arange(6), unknown)
    assert np.isfinite(found.track_rows[:, others]).all()
    assert off_the_ice(found)[ice].max() <= (2.0 if mode == "chain" else 1.0)
    assert found.valid[ice].mean() > 0.9
    moved = np.diff(found.track_cols[ice][:, others], axis=1) / np.diff(others)
    assert np.abs(moved - FLOW[1]).max() < 0.8


def test_the_record_tells_the_shift_of_each_scene(pictures, tmp_path):
    stack = stack_of(pictures, unknown=[3])
    record = build_dataset([stack], tmp_path / "a.zarr", SETTINGS)
    assert record.settings.coregister
    made = open_dataset(tmp_path / "a.zarr")
    assert "co-registered by mask, shift known on 7 of 8 dates" in repr(made)
    scenes = made.record.stacks[0].scenes
    assert scenes[3].shift is None
    assert scenes[1].shift == (6.0, -5.3, 0.05)
    assert made.record.stacks[0].shifts_from == "mask"
    assert json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())["attributes"]["version"] == 3
    window = cut(stack, SETTINGS, band=1, start=0)
    np.testing.assert_array_equal(made.read(slice(0, len(window))).track_cols, window.track_cols)


def test_without_shifts_nothing_is_said_of_them(pictures, tmp_path):
    build_dataset([stack_of(pictures, shifts=False)], tmp_path / "a.zarr", SETTINGS)
    attributes = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())["attributes"]
    assert attributes["version"] == 1
    told = json.dumps(attributes)
    assert "shift" not in told.replace("shuffle", "")
    assert "coregister" not in told


def test_parts_made_by_other_shifts_are_not_used_again(pictures, tmp_path):
    keys = []
    for unknown in ((), (), (7,)):
        record = build_dataset([stack_of(pictures, unknown=unknown)], tmp_path / "a.zarr", SETTINGS, force=True)
        keys.append([part.key for part in record.parts])
    assert keys[0] == keys[1]
    # The last of the three windows alone holds the last date.
    assert [a == b for a, b in zip(keys[0], keys[2], strict=True)] == [True, True, False]


def test_all_stacks_are_co_registered_or_none(pictures, tmp_path):
    both = [stack_of(pictures), stack_of(pictures, shifts=False, name="other")]
    with pytest.raises(UsageError, match="other has no shifts of its dates"):
        build_dataset(both, tmp_path / "a.zarr", SETTINGS)
    asked = SETTINGS.model_copy(update={"coregister": True})
    with pytest.raises(UsageError, match="valley has no shifts of its dates"):
        build_dataset([stack_of(pictures, shifts=False)], tmp_path / "a.zarr", asked)
    build_dataset([stack_of(pictures)], tmp_path / "a.zarr", asked)
    with pytest.raises(DatasetError, match="made with coregister True, not False"):
        build_dataset([stack_of(pictures, shifts=False)], tmp_path / "a.zarr", SETTINGS)


def test_dates_that_are_chosen_keep_their_shifts(pictures):
    some = subset(stack_of(pictures), [1, 2, 5], None)
    assert some.shifts.labels == some.labels
    np.testing.assert_allclose(some.shifts.dcol, SHIFTS[[1, 2, 5], 1] - SHIFTS[1, 1])
