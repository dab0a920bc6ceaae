"""The whole state of a session goes to a file and comes back."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import UsageError
from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.app.reader import get_reader
from napari_icenet.gui.session.session_file import SessionFile
from napari_icenet.scenes import Grid, SceneStack, open_stack
from napari_icenet.scenes.store.zarr_store import save_stack
from napari_icenet.velocity.settings import VelocitySettings
from tests.gui.ice import Hand, moving_ice

AT = (100.0, 140.0)
CHIP = 32


@pytest.fixture
def stored(tmp_path) -> Path:
    save_stack(moving_ice(), tmp_path / "data" / "ice.zarr")
    return tmp_path / "data" / "ice.zarr"


@pytest.fixture
def make_dock(make_napari_viewer, qtbot):
    docks = []

    def make() -> IceNetDock:
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1500, 900)
        dock = IceNetDock(viewer)
        viewer.window.add_dock_widget(dock, name="IceNet", area="right")
        docks.append(dock)
        return dock

    yield make
    for dock in docks:
        dock.track.control.close()


def idle(dock, qtbot):
    qtbot.waitUntil(lambda: dock.session.job is None, timeout=60_000)


def tracked(dock, qtbot):
    control = dock.track.control
    qtbot.waitUntil(
        lambda: (
            control.tracker is not None
            and not control.tracker.busy
            and len(control.tracker.tracks) == len(control.tracker.marks) > 0
        ),
        timeout=60_000,
    )
    return control.tracker


@pytest.fixture
def worked(make_dock, qtbot, stored):
    """A window in which something was done."""
    dock = make_dock()
    dock.session.open(stored)
    idle(dock, qtbot)
    qtbot.waitUntil(lambda: dock.session.stack is not None)
    dock.track.control.change(chip=CHIP, scale=2.0)
    dock.session.viewer.reset_view()
    dock.tabs.setCurrentWidget(dock.track)
    dock.track.control.tool.enabled = True
    hand = Hand(dock.session.viewer, dock.session)
    hand.click(*AT)
    hand.click(60, 80)
    tracked(dock, qtbot)
    dock.session.time = 2
    dock.session.image.contrast_limits = (900, 1100)
    dock.velocity.form.show_settings(VelocitySettings(chip=24, max_chip=24, spacing=24))
    dock.velocity.map()
    qtbot.waitUntil(lambda: bool(dock.velocity.control.maps) and not dock.velocity.control.busy, timeout=60000)
    dock.compare.chooser.buttons["blurred"].setChecked(True)
    dock.compare.chip.overlays.buttons["surface"].setChecked(True)
    dock.tabs.setCurrentWidget(dock.compare)
    return dock


def save(dock, qtbot, path):
    dock.save_session(path)
    idle(dock, qtbot)
    assert path.exists()


def test_everything_comes_back(worked, make_dock, qtbot, tmp_path):
    path = tmp_path / "work.icenet"
    save(worked, qtbot, path)
    before = worked.track.control.tracker
    camera = worked.session.viewer.scene.camera
    other = make_dock()
    other.open_session(path)
    idle(other, qtbot)
    after = tracked(other, qtbot)
    assert after.settings == before.settings
    assert after.selected == before.selected
    for number, track in before.tracks.items():
        # Until the compiled engine is ready OpenCV matches, which rounds otherwise.
        np.testing.assert_allclose(after.tracks[number].rows, track.rows, atol=1e-5)
        np.testing.assert_allclose(after.tracks[number].cols, track.cols, atol=1e-5)
    (old,), (new,) = worked.velocity.control.maps, other.velocity.control.maps
    np.testing.assert_array_equal(new.drow, old.drow)
    assert new.settings == old.settings
    assert other.session.time == 2
    assert tuple(other.session.image.contrast_limits) == (900, 1100)
    assert other.compare.chooser.predictor_set == worked.compare.chooser.predictor_set
    assert other.compare.chip.overlays.buttons["surface"].isChecked()
    assert other.tabs.currentWidget() is other.compare
    assert other.velocity.form.settings().spacing == 24
    assert other.session.viewer.scene.camera.zoom == pytest.approx(camera.zoom)


def test_a_moved_folder_is_found_again(worked, make_dock, qtbot, tmp_path):
    path = tmp_path / "work.icenet"
    save(worked, qtbot, path)
    there = tmp_path / "elsewhere"
    there.mkdir()
    shutil.move(path, there / "work.icenet")
    shutil.move(tmp_path / "data", there / "data")
    other = make_dock()
    other.open_session(there / "work.icenet")
    idle(other, qtbot)
    assert other.session.stack.origin.path == there / "data" / "ice.zarr"
    assert len(tracked(other, qtbot).marks) == 2


def test_a_stack_that_is_gone_is_told(worked, make_dock, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "work.icenet"
    save(worked, qtbot, path)
    shutil.rmtree(tmp_path / "data")
    other, said = make_dock(), []
    monkeypatch.setattr(other.session, "report", lambda error: said.append(str(error)))
    other.open_session(path)
    idle(other, qtbot)
    assert other.session.stack is None
    assert "ice.zarr does not exist" in said[0]


def test_what_was_chosen_of_a_stack_is_chosen_again(make_dock, qtbot, stored, tmp_path):
    ice = moving_ice()
    plain = SceneStack(
        [replace(scene, grid=Grid(*ice.grid.shape)) for scene in ice.scenes], ice.bands, Grid(*ice.grid.shape)
    )
    save_stack(plain, tmp_path / "plain.zarr")
    dock, other, path = make_dock(), make_dock(), tmp_path / "work.icenet"
    dock.session.open(tmp_path / "plain.zarr", exclude=[ice.labels[1]], pixel_size="12.5")
    idle(dock, qtbot)
    save(dock, qtbot, path)
    other.open_session(path)
    idle(other, qtbot)
    assert other.session.stack.labels == (ice.labels[0], *ice.labels[2:])
    assert other.session.stack.grid.pixel_size_note == "pixel size of 12.5 m as given"
    assert other.session.stack.origin == dock.session.stack.origin


def test_what_cannot_be_read_any_more_keeps_nothing_else_away(worked, make_dock, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "work.icenet"
    save(worked, qtbot, path)
    broken = tmp_path / "broken.icenet"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"spoilt" if name.endswith(".nc") else old.read(name))
    other, said = make_dock(), []
    monkeypatch.setattr(other.session, "report", lambda error: said.append(str(error)))
    other.open_session(broken)
    idle(other, qtbot)
    assert len(tracked(other, qtbot).marks) == 2
    assert other.velocity.control.maps == ()
    assert "Not everything came back" in said[0]


def test_a_stack_in_memory_alone_cannot_be_saved(make_dock, tmp_path, monkeypatch):
    dock, said = make_dock(), []
    monkeypatch.setattr(dock.session, "report", lambda error: said.append(str(error)))
    dock.save_session(tmp_path / "none.icenet")
    dock.session.add_stack(moving_ice())
    dock.save_session(tmp_path / "memory.icenet")
    assert "nothing to save yet" in said[0]
    assert "lives in this window alone" in said[1]
    assert not list(tmp_path.glob("*.icenet"))


@pytest.mark.parametrize("content", [b"", b"no zip", json.dumps({"format": "other"}).encode()])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "bad.icenet"
    if content.startswith(b"{"):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("session.json", content)
    else:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="is no session"):
        SessionFile(path)
    with pytest.raises(UsageError, match="does not exist"):
        SessionFile(tmp_path / "missing.icenet")


def test_napari_s_own_menu_opens_a_session(tmp_path):
    path = tmp_path / "work.icenet"
    path.write_bytes(b"")
    assert get_reader(str(path)) is not None


def test_stacks_know_where_they_come_from(stored):
    assert open_stack(stored).origin.path == stored
    assert moving_ice().origin is None
