"""What the map page is asked for: areas, dates, predictors, files, and all that makes no sense."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from napari_icenet.errors import WeightsError
from napari_icenet.gui.correlation_map import area as map_area
from napari_icenet.gui.correlation_map import export as map_export
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.widgets.run_bar import CANCEL
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.dask_array import lazy_array
from tests.gui.correlation_map.maps import LINE_UP, STRIDE, MapDesk
from tests.gui.ice import DATES, moving_ice
from tests.gui.velocity.ready import kept_viewer


@pytest.fixture(scope="module")
def window(qapp):
    viewer = kept_viewer()
    yield MapDesk(viewer, None)
    viewer.close()


@pytest.fixture
def desk(window, qtbot):
    window.qtbot = qtbot
    window.begin()
    return window


def ahead(desk):
    """What the line under the button says of the map to come."""
    desk.page._ahead.now()
    return desk.page.run.line.text()


def draw(desk, corners):
    desk.page.form.draw.click()
    layer = desk.viewer.layers[map_area.DRAWN]
    layer.add(np.array(corners, float), shape_type="polygon")
    layer.mode = "pan_zoom"
    return layer


# Where and when


def test_a_drawn_area_is_mapped_to_the_pixel(desk):
    layer = draw(desk, [(40, 50), (40, 130), (120, 130), (120, 50)])
    assert desk.page.form.where.currentText() == map_area.DRAWN
    desk.qtbot.waitUntil(desk.page.run.button.isEnabled)
    desk.map()
    mask = desk.tool.asked[-1][3]
    expected = np.zeros((200, 240), bool)
    expected[40:121, 50:131] = True
    assert (mask != expected).sum() <= 2 * (81 + 81)  # whether the edge itself is inside
    np.testing.assert_array_equal(mask[42:119, 52:129], True)
    assert not mask[:39].any()
    maps = desk.control.maps
    asked = (maps.rows[:, None] >= 41) & (maps.rows[:, None] <= 119) & (maps.cols >= 51) & (maps.cols <= 129)
    np.testing.assert_array_equal(maps.state_of(2)[asked] > 0, True)
    layer.name = "my glacier"
    assert desk.page.form.where.findText("my glacier") > 0
    desk.viewer.layers.remove(layer)
    assert desk.page.form.where.currentText() == drawn_areas.VIEW


def test_what_is_in_view_is_mapped(desk):
    desk.page.form.where.setCurrentText(drawn_areas.VIEW)
    assert drawn_areas.in_view(desk.session) is None
    camera = desk.viewer.scene.camera
    camera.zoom *= 4
    mask = drawn_areas.in_view(desk.session)
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    canvas = np.array(desk.viewer.canvas.size) / camera.zoom / 30  # 30 m to a pixel
    assert len(rows) == pytest.approx(min(200, canvas[0]), abs=2)
    assert len(cols) == pytest.approx(min(240, canvas[1]), abs=2)
    middle = desk.session.world_to_pixel(*camera.center[-2:])
    assert rows.mean() == pytest.approx(middle[0], abs=1.5)
    camera.center = (0, 1e6, 1e6)
    assert "nothing of the picture is in view" in ahead(desk).lower()
    desk.viewer.reset_view()


def test_an_area_without_a_cell_is_said_before(desk):
    layer = draw(desk, [(40, 50), (40, 53), (43, 53), (43, 50)])
    assert "no chip of 32 px has its centre in this area" in ahead(desk).lower()
    assert not desk.page.run.button.isEnabled()
    layer.data = []
    assert "shows no area" in ahead(desk)
    desk.viewer.layers.remove(layer)
    assert desk.tool.asked == []


def test_the_date_shown_is_t0_or_every_date_is(desk):
    desk.session.time = 1
    assert "t0 2020-01-17 → t1 2020-02-02, t2 2020-02-18" in ahead(desk)
    desk.map()
    assert desk.tool.asked[-1][1].t0 == 1
    desk.page.form.date.setCurrentIndex(1)
    assert "1 t0" in ahead(desk)  # there are fewer than twelve dates: they are one window
    desk.map()
    assert desk.tool.asked[-1][1].t0 is None
    desk.page.form.date.setCurrentIndex(0)
    desk.session.time = DATES - 1
    assert "is the last date" in ahead(desk)
    assert not desk.page.run.button.isEnabled()
    desk.session.time = DATES - 2
    assert ahead(desk).endswith("no t2")


def test_who_stays_on_the_page_finds_networks_ready(desk):
    desk.qtbot.waitUntil(lambda: bool(desk.tool.prepared), timeout=60_000)
    assert desk.tool.prepared == [(desk.session.stack, LINE_UP)]
    desk.predictor_set = PredictorSet.of_names("blurred")
    desk.page.refresh()
    desk.qtbot.waitUntil(lambda: len(desk.tool.prepared) == 2, timeout=60_000)
    assert desk.tool.asked == []


# What makes no sense


def test_without_a_stack_the_page_leads_to_the_scenes(desk):
    desk.session.close_stack(desk.session.stack)
    asked = []
    desk.page.scenes_wanted.connect(lambda: asked.append(True))
    assert desk.page.pages.currentIndex() == 0
    desk.page.open_scenes.click()
    assert asked == [True]


def test_one_date_is_not_enough(desk):
    whole = moving_ice(name="one date")
    one = type(whole).from_array(lazy_array(whole)[:1].compute(), [whole.times[0].item()], name="one", grid=whole.grid)
    desk.session.add_stack(one)
    assert "only one date" in ahead(desk)
    assert not desk.page.run.button.isEnabled()


def test_predictors_are_needed_and_weights_have_to_fit(desk):
    desk.predictor_set = PredictorSet(entries=())
    assert ahead(desk) == "No predictor is chosen; choose at least one."
    assert not desk.page.run.button.isEnabled()
    desk.predictor_set = PredictorSet.of_names("svg-lp")
    assert "SVG-LP: no weights for chips of 32 px" in ahead(desk)
    assert not desk.page.run.button.isEnabled()
    desk.predictor_set = PredictorSet.of_names("persistence", "svg-lp")
    assert "SVG-LP is left out" in ahead(desk)
    desk.map()
    assert desk.tool.asked[-1][2].keys == ("persistence",)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            WeightsError("the device cuda gave up; choose the device cpu."),
            "The device cuda gave up; choose the device cpu.",
        ),
        (MemoryError(), "There is not enough memory for this map"),
        (RuntimeError("driver"), "what was done is kept"),
    ],
)
def test_what_fails_on_the_way_is_said_and_what_is_done_stays(desk, error, said):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.5)
    desk.tool.fail(error)
    desk.settle()
    assert said in desk.page.said.text()
    assert desk.page.said.isVisible()
    assert desk.control.maps.done > 0.4
    assert np.isfinite(desk.layer("median").data).any()
    desk.tool.at_once = True
    desk.map()
    assert not desk.page.said.isVisible()
    assert desk.control.maps.done == 1


def test_closing_the_stack_stops_the_map_and_the_next_stack_starts_empty(desk):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.3)
    assert desk.page.run.button.text() == CANCEL
    desk.session.close_stack(desk.session.stack)
    assert desk.tool.cancelled == 1
    assert desk.page.pages.currentIndex() == 0
    desk.tool.maps_changed.emit(desk.tool_maps(0.6))  # a tile that was on its way
    desk.session.add_stack(moving_ice())
    assert desk.control.maps is None
    assert not desk.page.result.isVisible()
    assert not desk.control.busy


def test_layers_that_are_renamed_hidden_or_removed_meanwhile_do_no_harm(desk):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.3)
    desk.qtbot.waitUntil(lambda: desk.control.layers.settled and len(desk.control.layers.layers) == 5, timeout=60_000)
    desk.layer("median").name = "x"
    desk.layer("persistence").visible = True
    for layer in [one for kind, one in desk.control.layers.layers.items() if kind != "median"]:
        desk.viewer.layers.remove(layer)
    desk.tool.finish()
    desk.settle()
    assert list(desk.control.layers.layers) == ["median"]
    assert np.isfinite(desk.layer("median").data[-1]).all()
    assert not desk.page.said.isVisible()


# Files


def test_maps_are_written_and_opened_again(desk, tmp_path):
    desk.map()
    maps = desk.control.maps
    for kind in ("geotiff", "figure", "csv", "maps"):
        path = tmp_path / f"made{map_export.EXPORTS[kind].suffix}"
        desk.page.write_to(kind, path)
        desk.qtbot.waitUntil(lambda: desk.session.job is None, timeout=60_000)
        assert path.exists()
        assert desk.page.said.text() == f"Wrote {path.name}."
    with rasterio.open(tmp_path / "made.tif") as file:
        assert (file.height, file.width) == (len(maps.rows), len(maps.cols))
        assert file.transform.a == STRIDE * 30
    desk.page.form.editors["stride"].widget.setValue(24)
    desk.map()
    desk.page.open_maps(tmp_path / "made.npz")
    desk.qtbot.waitUntil(lambda: desk.session.job is None, timeout=60_000)
    desk.settle()
    for key in LINE_UP.keys:
        np.testing.assert_array_equal(desk.control.maps.values[key], maps.values[key])
        # A hidden map is filled when it is shown.
        desk.layer(key).visible = True
        np.testing.assert_array_equal(desk.layer(key).data, maps.values[key][1])
    assert desk.page.result.table.item(0, 6).text() == str(maps.table()["t2"]["persistence"]["n"])


def test_maps_of_another_frame_are_refused(desk, tmp_path):
    desk.map()
    desk.page.write_to("maps", tmp_path / "made.npz")
    desk.qtbot.waitUntil(lambda: desk.session.job is None, timeout=60_000)
    desk.session.add_stack(moving_ice(name="other", georeferenced=False))
    desk.page.open_maps(tmp_path / "made.npz")
    desk.qtbot.waitUntil(lambda: desk.session.job is None, timeout=60_000)
    assert "on another grid than other" in desk.page.said.text()
    assert desk.control.maps is None
