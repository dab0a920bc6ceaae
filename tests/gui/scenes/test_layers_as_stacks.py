"""Layers of others used as stacks: they lie where they lay, or one sentence refuses them."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_icenet.gui.scenes.dates_dialog import DatesDialog
from napari_icenet.gui.scenes.tab import ScenesTab
from tests.gui.ice import DATES, STEP, moving_ice
from tests.gui.track.ready import AT, CHIP, Desk

DATES_TYPED = "2020-01-01 2020-01-17 2020-02-02 2020-02-18 2020-03-05 2020-03-21"
#: Rows at the top of the canvas in which the date is written.
TITLE_PX = 60
ANGLE = np.radians(25)
TURNED = [[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]]


def affine(plane, shift=(0.0, 0.0)):
    """Of (time, y, x), all but the plane left as it is."""
    whole = np.eye(4)
    whole[1:3, 1:3], whole[1:3, 3] = plane, shift
    return whole


LIES = {
    "rotated": {"rotate": 25, "scale": (1, 10, 10), "translate": (0, 500, -80)},
    "rotated by an affine": {"affine": affine(TURNED, (30, 40)), "scale": (1, 10, 12)},
    "by a quarter": {"rotate": 90},
    "mirrored": {"scale": (1, 10, -10), "translate": (0, 5, 70)},
    "south up": {"scale": (1, -10, 10)},
    "upside down by an affine": {"affine": affine(np.diag([-30.0, 30.0]), (9000, 100))},
    "sheared": {"shear": [0, 0, 0.4], "scale": (1, 2, 2)},
    "all of it": {"affine": affine(np.array([[-3, 1], [0.5, 2]]), (7, -9)), "rotate": -10, "translate": (0, 3, 4)},
}


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    yield desk
    desk.control.close()


@pytest.fixture
def pictures():
    stack = moving_ice(georeferenced=False)
    return np.stack([stack.read(time, 1) for time in range(DATES)])


def use(desk) -> DatesDialog:
    """Use the one layer as stack, by the dialog's keys."""
    dialog = DatesDialog(desk.session, desk.tab)
    dialog.dates.setPlainText(DATES_TYPED)
    dialog.use.click()
    return dialog


def canvas(desk) -> np.ndarray:
    desk.qtbot.wait(50)
    return desk.viewer.screenshot(canvas_only=True, flash=False)[..., 0].astype(int)


@pytest.mark.parametrize("how", LIES)
def test_it_is_drawn_and_clicked_where_it_lies(desk, pictures, how):
    layer = desk.viewer.add_image(pictures, name="movie", colormap="gray", interpolation2d="nearest", **LIES[how])
    desk.viewer.dims.set_current_step(0, 0)
    desk.viewer.reset_view()
    camera = desk.viewer.scene.camera
    limits, seen = (800, 1200), (camera.center, camera.zoom)
    layer.contrast_limits = limits
    desk.viewer.canvas.background_color_override = "black"
    before = canvas(desk)
    assert before.std() > 20
    use(desk)
    image = desk.session.image
    assert not layer.visible
    image.contrast_limits = limits
    camera.center, camera.zoom = seen
    np.testing.assert_allclose(canvas(desk)[TITLE_PX:], before[TITLE_PX:], atol=3)
    for pixel in ((0, 0), (17, 3), (150, 200)):
        np.testing.assert_allclose(desk.session.pixel_to_world(*pixel), layer.data_to_world((0, *pixel))[1:])
        world = layer.data_to_world((0, *pixel))[1:]
        np.testing.assert_allclose(desk.session.world_to_pixel(*world), pixel, atol=1e-9)
    desk.control.change(chip=CHIP, scale=2.0)
    track = desk.place()
    assert (track.origin_row, track.origin_col) == pytest.approx(AT, abs=1.5)  # a screen pixel
    assert (track.rows[1] - track.rows[0], track.cols[1] - track.cols[0]) == pytest.approx(STEP, abs=0.05)
    corner = desk.layer("chip").data[-8, 0]
    np.testing.assert_allclose(
        desk.layer("chip").data_to_world(corner), layer.data_to_world((0, *corner))[1:], atol=1e-6
    )
    surface = desk.layer("surface")
    found = desk.tracker.surface(track.number, desk.session.time)
    if found is not None:
        np.testing.assert_allclose(
            surface.data_to_world((0, 0)), layer.data_to_world((0, found.row0, found.col0))[1:], atol=1e-6
        )
    desk.session.time = 1
    desk.settle()
    found = desk.tracker.surface(track.number, 1)
    np.testing.assert_allclose(
        surface.data_to_world((0, 0)), layer.data_to_world((0, found.row0, found.col0))[1:], atol=1e-6
    )


def test_an_upright_stack_shown_after_a_turned_one_has_its_overlays_upright(desk, pictures):
    desk.viewer.add_image(pictures, name="movie", rotate=25)
    use(desk)
    desk.control.change(chip=CHIP, scale=2.0)
    desk.place()
    desk.open(moving_ice())
    desk.place()
    for layer in desk.control.layers.layers.values():
        np.testing.assert_array_equal(layer.affine.affine_matrix, np.eye(3))


def test_one_that_is_turned_out_of_its_plane_is_refused_in_one_sentence(desk, pictures):
    desk.viewer.add_image(pictures, name="movie", rotate=(0, 30, 0))
    dialog = use(desk)
    assert dialog.problem.text() == (
        "movie is turned or sheared out of the plane of its pictures, so that none is seen by itself; "
        "reset its transform."
    )
    assert desk.session.stack is None
    dialog.reject()


def test_keys_still_step_through_the_dates_of_a_turned_one(desk, pictures):
    desk.viewer.add_image(pictures, name="movie", rotate=25)
    use(desk)
    desk.viewer.dims.set_current_step(0, 0)
    QTest.keyClick(desk.hand.native, Qt.Key.Key_Right)
    desk.qtbot.wait(50)
    assert desk.session.time == 1
    np.testing.assert_array_equal(desk.session.image._slice.image.raw, pictures[1])


def test_zeros_inside_integers_are_missing_as_in_files_and_that_is_told(desk, pictures, qtbot):
    inside = np.round(pictures).astype(np.uint16)
    y, x = np.mgrid[: inside.shape[1], : inside.shape[2]]
    black = x + y // 3 < 90
    inside[:, black] = 0
    tab = ScenesTab(desk.viewer, desk.session)
    qtbot.addWidget(tab)
    desk.viewer.add_image(inside, name="movie")
    use(desk)
    stack = desk.session.stack
    np.testing.assert_array_equal(np.isnan(stack.read(0, 1)), black)
    (notice,) = [tab.notices.item(i).text() for i in range(tab.notices.count())]
    assert "connected zeros and the like are taken for missing, " in notice
    share = round(100 * black.mean())
    assert f"{share} % of 2020-01-01" in notice
    desk.viewer.reset_view()
    assert desk.session.readout.value(100, 20) == "B1 fill"
    assert desk.session.readout.value(100, 140).endswith("DN")
    desk.control.change(chip=CHIP, scale=2.0)
    desk.hand.click(100, 20)
    desk.settle()
    desk.qtbot.waitUntil(lambda: desk.tab.message.text() != "", timeout=60_000)
    assert "holds no pixel with a measurement" in desk.tab.message.text()
    assert not any(track.valid.any() for track in desk.tracker.tracks.values())


@pytest.mark.parametrize("kind", ["dask", "zarr", "multiscale"])
def test_layers_over_arrays_that_are_read_when_sliced(desk, pictures, kind, tmp_path):
    data = pictures
    if kind == "dask":
        data = pytest.importorskip("dask.array").from_array(pictures, chunks=(1, 100, 100))
    elif kind == "zarr":
        data = pytest.importorskip("zarr").open_array(tmp_path / "a.zarr", mode="w", shape=pictures.shape, dtype="f4")
        data[...] = pictures
    layer = desk.viewer.add_image([pictures, pictures[:, ::2, ::2]] if kind == "multiscale" else data, name="movie")
    desk.viewer.dims.set_current_step(0, 0)
    dialog = use(desk)
    assert not dialog.isVisible()
    np.testing.assert_array_equal(desk.session.stack.read(3, 1), pictures[3])
    assert not layer.visible
