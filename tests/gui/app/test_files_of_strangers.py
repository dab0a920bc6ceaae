"""Files as strangers bring them, dropped or opened by the dock: what the library says is what the window says."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import rasterio
from affine import Affine
from qtpy.QtWidgets import QMessageBox

from napari_icenet.errors import IceNetError
from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.session.session import Session
from napari_icenet.scenes import open_stack
from tests.gui.app.test_reader import drop
from tests.gui.ice import DATES, moving_ice

DAYS = ("20200101", "20200117", "20200202")
PLACE = Affine(30, 0, 365685, 0, -30, 8143815)
LOCAL = 'LOCAL_CS["Local Coordinates (m)",UNIT["metre",1]]'
MARS = "+proj=eqc +R=3396190 +units=m +no_defs"


def write(path, picture, **place):
    options = {"driver": "GTiff", "count": 1, "dtype": "uint16", "height": picture.shape[0], "width": picture.shape[1]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **options, **place) as file:
            file.write(picture, 1)


#: By case: the name of each file after its date, what places it, and what is told or refused.
CASES = {
    "no_transform": ("{day}.tif", {"crs": "EPSG:32624"}, "no transform, so positions are in pixels"),
    "local": ("{day}.tif", {"crs": LOCAL, "transform": Affine(0.1, 0, 100, 0, -0.1, 200)}, ""),
    "mars": ("{day}.tif", {"crs": MARS, "transform": PLACE}, ""),
    "no_such_date": ("{back}.tif", {"crs": "EPSG:32624", "transform": PLACE}, "bears a date that does not exist"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    ice, root = moving_ice(), tmp_path_factory.mktemp("strangers")
    for name, (pattern, place, _) in CASES.items():
        for i, day in enumerate(DAYS):
            picture = np.clip(np.round(ice.read(i % DATES, 1)), 1, None).astype(np.uint16)
            back = day[6:] + day[4:6] + day[:4]
            write(root / name / pattern.format(day=day, back=back), picture, **place)
    return root


def by_the_dock(dock, _window, folder):
    dock.scenes.open_folder(str(folder))


def by_a_drop(_dock, window, folder):
    assert drop(window._qt_viewer, folder).isAccepted()


@pytest.mark.parametrize("how", [by_the_dock, by_a_drop])
def test_notices_and_refusals_are_the_librarys_and_the_window_stays_usable(make_napari_viewer, qtbot, folders, how):
    viewer = make_napari_viewer(show=True)
    session, dock = Session.of(viewer), IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet", area="right")
    for name, (_, _, told) in CASES.items():
        refusal, notices = "", []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                notices = [notice.message for notice in open_stack(folders / name).notices]
            except IceNetError as error:
                refusal = str(error)
        assert told in " ".join([refusal, *notices])
        how(dock, viewer.window, folders / name)
        qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
        qtbot.wait(50)
        boxes = [box for box in viewer.window._qt_window.findChildren(QMessageBox) if box.isVisible()]
        assert [box.text() for box in boxes] == ([refusal] if refusal else [])
        for box in boxes:
            box.close()
        if refusal:
            assert refusal.startswith(str(folders / name))
            assert not session.stacks or session.stack.name != name
            continue
        assert [stack.name for stack in session.stacks][-1:] == [name]
        assert session.stack.shape == (3, 1, 200, 240)
        listed = dock.scenes.notices
        assert [listed.item(i).text() for i in range(listed.count())] == notices
        assert session.readout.text(100, 100).startswith("2020-01-01 · ")
        dock.track.control.change(chip=32, scale=2.0)
        assert dock.track.control.tracker.add(100, 100)
    dock.track.control.close()
