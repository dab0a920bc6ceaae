"""Real napari windows, and small stacks whose every value is known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train import closing as train_closing
from napari_icenet.gui.widgets import preferences as settings
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from tests.scenes.products import write_product

HEIGHT, WIDTH = 60, 80
#: Corner of pixel (0, 0) near Byrd Glacier.
ORIGIN = (400_000.0, -1_000_000.0)
TIMES = tuple(datetime(2020, month, 15) for month in (1, 2, 3, 4))
PRODUCTS = (
    "LC08_L1TP_005009_20150710_20200908_02_T1",
    "LC08_L1TP_005009_20150726_20200908_02_T1",
    "LC08_L1TP_006009_20150802_20200908_02_T1",
)


@pytest.fixture(autouse=True)
def choices_of_their_own(monkeypatch, tmp_path):
    """No test reads or writes the user's own choices."""
    monkeypatch.setattr(settings, "location", lambda: tmp_path / "choices" / "settings.json")


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


@pytest.fixture
def session(viewer):
    return Session.of(viewer)


def make_stack(name: str = "ramp", *, georeferenced: bool = True, bands: int = 3) -> SceneStack:
    """A stack whose value is 1000 · (date + 1) + 100 · band + row + col / 100; its first 4 rows are fill."""
    time, band, row, col = np.meshgrid(*map(np.arange, (len(TIMES), bands, HEIGHT, WIDTH)), indexing="ij")
    values = (1000 * (time + 1) + 100 * band + row + col / 100).astype(np.float32)
    values[:, :, :4] = np.nan
    grid = Grid(HEIGHT, WIDTH, Affine(30, 0, ORIGIN[0], 0, -30, ORIGIN[1]), CRS.from_epsg(3031))
    return SceneStack.from_array(values, TIMES, name=name, grid=grid if georeferenced else None)


@pytest.fixture
def stack():
    return make_stack()


@pytest.fixture
def archive(tmp_path) -> Path:
    """A folder of three Landsat 8 products; the last is seen from another path."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for product in PRODUCTS:
        write_product(folder, product, bands=("B1", "B2", "B4"))
    return folder


# Of the Train tab. What they import loads torch, which tests of the other tabs need not wait for.


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """A dataset for the tiny network; not to be written to."""
    from tests.training import tiny

    return tiny.make_dataset(tmp_path_factory.mktemp("data") / "ice.zarr")


@pytest.fixture
def own_home(tmp_path):
    """The tiny network is known, and the lists of runs are the test's own; those that it has left are ended.

    A monkeypatch: what else is changed of the same things is changed through it, so that all is undone in order.
    """
    from tests.gui.train.windows import kept_home

    with kept_home(tmp_path) as changed:
        yield changed


@pytest.fixture
def new_desk(own_home, make_napari_viewer, qtbot):
    """Opens a window with the Train tab, as often as it is asked to; it closes without a question."""
    from tests.gui.train.ready import Desk

    own_home.setattr(train_closing, "ask", lambda *_: train_closing.KEEP)
    return lambda: Desk(make_napari_viewer(show=True), qtbot)


@pytest.fixture(scope="module")
def window(qapp, tmp_path_factory):
    """One window with the Train tab for all tests of a module."""
    from tests.gui.train.windows import kept_desk

    with kept_desk(tmp_path_factory.mktemp("window")) as desk:
        yield desk


@pytest.fixture
def desk(window, qtbot):
    """That window, as after a start."""
    from tests.gui.train.windows import begin_anew

    begin_anew(window, qtbot)
    return window


def pytest_collection_modifyitems(items):
    """Mark all tests of windows."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gui)
