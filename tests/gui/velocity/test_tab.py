"""The Velocity tab in real windows; what layers hold against the maps' numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.gui.velocity.picture import cell_at
from napari_icenet.gui.velocity.search import NO_MAP
from napari_icenet.gui.widgets.run_bar import CANCEL
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.dask_array import lazy_array
from napari_icenet.tracking.caution import Caution
from napari_icenet.velocity.settings import VelocitySettings
from tests.gui.ice import moving_ice
from tests.gui.velocity.ready import LOST, Desk, kept_viewer, known_map

NAMES = ["velocity · speed, m/yr", "velocity · NCC", "velocity · validity", "velocity · arrows"]


@pytest.fixture(scope="module")
def window(qapp):
    viewer = kept_viewer()
    yield Desk(viewer, None)
    viewer.close()


@pytest.fixture
def desk(window, qtbot):
    window.qtbot = qtbot
    window.begin()
    return window


def test_mapping_makes_four_layers_over_the_picture_and_keeps_the_selection(desk):
    picture = desk.session.image
    desk.map()
    assert desk.names() == NAMES
    assert desk.viewer.layers[0] is picture
    assert desk.viewer.layers.selection.active is picture
    assert [desk.layer(kind).visible for kind in ("speed", "ncc", "validity", "arrows")] == [True, False, False, True]
    assert desk.layer("speed").colorbar.visible
    assert desk.layer("speed").contrast_limits[0] == 0
    assert tuple(desk.layer("ncc").contrast_limits) == (-1, 1)


@pytest.mark.parametrize("spacing", [16, 10])
def test_cells_lie_exactly_on_the_pixels_they_stand_for(desk, spacing):
    desk.tab.form.editors["spacing"].widget.setValue(spacing)
    desk.map()
    layer, found = desk.layer("speed"), desk.control.shown
    assert layer.data.shape == found.shape
    for i, j in [(0, 0), (3, 7), (found.shape[0] - 1, found.shape[1] - 1)]:
        centre = desk.session.world_to_pixel(*layer.data_to_world((i, j))[-2:])
        np.testing.assert_allclose(centre, (found.rows[i], found.cols[j]), atol=1e-6)
        corner = desk.session.world_to_pixel(*layer.data_to_world((i - 0.5, j - 0.5))[-2:])
        np.testing.assert_allclose(corner, (i * spacing - 0.5, j * spacing - 0.5), atol=1e-6)


def test_layers_hold_what_the_map_holds(desk):
    desk.map()
    found = desk.control.shown
    expected = np.where(found.valid, found.v, np.nan)
    np.testing.assert_array_equal(desk.layer("speed").data, expected)
    np.testing.assert_array_equal(desk.layer("ncc").data, found.ncc)
    np.testing.assert_array_equal(desk.layer("validity").data, found.reason)
    assert np.isnan(desk.layer("speed").data[1, 2])


def test_invalid_cells_are_clear_and_reasons_have_colours_of_their_own(desk):
    desk.map()
    speed, validity = desk.layer("speed"), desk.layer("validity")
    assert speed.colormap.nan_color[3] == 0
    colours = [tuple(validity.get_color(reason_code(reason))) for reason in LostReason]
    assert len(set(colours)) == len(colours)
    assert validity.get_color(0) is None or validity.get_color(0)[3] == 0
    for reason in LOST.values():
        assert reason.value in desk.tab.result.reasons.text


def test_arrows_point_and_grow_as_the_ice_flows(desk):
    desk.map()
    found, arrows = desk.control.shown, desk.layer("arrows")
    start, step = arrows.data[:, 0], arrows.data[:, 1]
    np.testing.assert_allclose(step[:, 0] / step[:, 1], -0.5, rtol=1e-5)
    at = [cell_at(found, row, col) for row, col in start]
    speed = np.array([found.v[i] for i in at])
    ratio = np.hypot(*step.T) / speed
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    assert not set(at) & set(LOST)
    world = arrows.data_to_world(start[3])[-2:]
    np.testing.assert_allclose(desk.session.world_to_pixel(*world), start[3], atol=1e-6)
    legend = desk.tab.result.arrow
    zoom = float(desk.viewer.scene.camera.zoom) * arrows.scale[-1]
    np.testing.assert_allclose(legend.length, legend.speed * ratio[0] * zoom, rtol=1e-4)
    assert legend.text.endswith("m/yr")


def test_the_line_below_says_what_the_map_says(desk):
    desk.map()
    text = desk.session.readout.text(8, 16 * 3 + 8)
    found = desk.control.shown
    assert f"{found.v[0, 3]:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}") in text
    assert "m/yr toward" in text
    assert "NCC .50 · ratio 2.4 · chip 32" in text
    assert "no velocity: another place matches nearly as well" in desk.session.readout.text(16 + 3, 32 + 15)
    assert "velocity" not in desk.session.readout.text(199, 239)  # beyond the last whole cell


def test_mapping_again_updates_in_place_and_keeps_what_the_user_chose(desk):
    desk.map()
    before = {kind: desk.layer(kind) for kind in ("speed", "ncc", "validity", "arrows")}
    before["speed"].contrast_limits = (100, 700)
    before["speed"].colormap = "magma"
    before["ncc"].visible = True
    before["arrows"].edge_width = 3.5
    desk.tab.form.editors["spacing"].widget.setValue(20)
    desk.tab.form.boxes["second"].setCurrentIndex(4)
    desk.map()
    assert {kind: desk.layer(kind) for kind in before} == before
    assert desk.names() == NAMES
    assert tuple(before["speed"].contrast_limits) == (100, 700)
    assert before["speed"].colormap.name == "magma"
    assert before["ncc"].visible
    assert before["arrows"].edge_width == 3.5
    np.testing.assert_array_equal(before["speed"].data.shape, (10, 12))


def test_contrast_follows_the_map_until_the_user_sets_it(desk):
    desk.map()
    slow = desk.layer("speed").contrast_limits[1]
    desk.tab.form.boxes["first"].setCurrentIndex(1)  # one date of cloud more or less: the known map knows none
    desk.tab.form.boxes["second"].setCurrentIndex(0)
    desk.map()
    assert desk.layer("speed").contrast_limits[1] == pytest.approx(slow)
    desk.tab.form.editors["spacing"].widget.setValue(50)
    desk.map()
    assert desk.layer("speed").contrast_limits[1] < slow


def test_a_removed_layer_stays_away_until_it_is_asked_for(desk):
    desk.map()
    desk.viewer.layers.remove(desk.layer("arrows"))
    desk.viewer.layers.remove(desk.layer("ncc"))
    desk.map()
    assert desk.names() == ["velocity · speed, m/yr", "velocity · validity"]
    assert desk.tab.result.arrow.speed is None
    desk.tab.options.restore.click()
    desk.settle()
    assert desk.names() == NAMES


def test_cancel_keeps_the_old_map(desk):
    desk.map()
    old, data = desk.control.shown, desk.layer("speed").data
    desk.workshop.go.clear()
    desk.tab.form.editors["spacing"].widget.setValue(20)
    desk.tab.run.button.click()
    desk.qtbot.waitUntil(lambda: desk.tab.run.progress.value() == 500)
    assert desk.tab.run.button.text() == CANCEL
    assert "tile 1 of 2" in desk.tab.run.line.text()
    desk.tab.run.button.click()
    desk.settle()
    assert desk.control.shown is old
    assert desk.layer("speed").data is data
    assert not desk.tab.message.text()


def test_another_stack_cancels_and_has_maps_of_its_own(desk):
    desk.map()
    first, old = desk.session.stack, desk.control.shown
    desk.workshop.go.clear()
    desk.tab.run.button.click()
    other = moving_ice(name="other", seed=2)
    desk.session.add_stack(other)
    desk.settle()
    assert desk.control.shown is None
    assert np.isnan(desk.layer("speed").data).all()
    assert not desk.tab.result.isVisible()
    desk.session.show(first)
    assert desk.control.shown is old
    assert desk.layer("speed").data.shape == old.shape


def test_maps_of_many_pairs_follow_the_slider_and_the_chooser(desk):
    desk.tab.form.boxes["pairs"].setCurrentIndex(1)
    desk.map()
    assert desk.workshop.asked[-1]["pairs"] == [(i, i + 1) for i in range(5)]
    assert desk.tab.result.pair.count() == 5
    limits = tuple(desk.layer("speed").contrast_limits)
    desk.session.time = 3
    assert desk.control.index == 3
    found = desk.control.maps[3]
    np.testing.assert_array_equal(desk.layer("speed").data, np.where(found.valid, found.v, np.nan))
    np.testing.assert_array_equal(desk.layer("validity").data, found.reason)
    assert tuple(desk.layer("speed").contrast_limits) == limits  # colours of all pairs can be compared
    assert desk.layer("ncc").data is not found.ncc
    assert desk.tab.result.pair.currentIndex() == 3
    assert desk.tab.result.pair.currentText() == "2020-02-18 → 2020-03-05"
    desk.tab.result.before.click()
    assert (desk.control.index, desk.session.time) == (2, 2)
    desk.session.time = 5  # nothing starts there: the pair that ends there
    assert desk.control.index == 4
    desk.tab.form.boxes["pairs"].setCurrentIndex(2)
    desk.map()
    assert desk.tab.result.pair.count() == 15
    assert desk.control.series is not None
    # All that there can be still fits 1280 × 800, of which napari leaves about 700 of the height.
    for part in (desk.tab.more.expand, lambda: desk.tab.lines.set_open(True)):
        part()
        desk.qtbot.wait(50)
        hint = desk.tab.minimumSizeHint()
        assert hint.height() <= 700
        assert hint.width() <= 420
    desk.tab.lines.set_open(False)


def test_errors_are_said_in_the_tab_and_change_nothing(desk):
    desk.map()
    old = desk.control.shown
    desk.workshop.error = "the pair shows nothing but cloud; choose other dates."
    desk.map()
    assert desk.tab.message.isVisible()
    assert desk.tab.message.text() == "The pair shows nothing but cloud; choose other dates."
    assert desk.control.shown is old
    desk.workshop.error = ""
    desk.map()
    assert not desk.tab.message.isVisible()


def test_what_cannot_be_mapped_is_said_before(desk):
    desk.tab.form.editors["chip"].widget.setValue(256)
    desk.qtbot.waitUntil(lambda: "larger than the frame" in desk.tab.run.line.text(), timeout=60_000)
    assert not desk.tab.run.button.isEnabled()
    desk.tab.form.editors["chip"].widget.setValue(32)
    desk.qtbot.waitUntil(desk.tab.run.button.isEnabled)
    assert "180 points" in desk.tab.run.line.text()
    assert "windows 82 – 178 px" in desk.tab.run.line.text()


def test_the_search_says_the_same_in_other_units(desk):
    search = desk.tab.form.search
    search.unit.setCurrentIndex(1)
    assert search.values() == {"scale": pytest.approx(1 + 2 * 25 / 32, abs=0.01)}
    search.unit.setCurrentIndex(2)
    days = 16
    assert search.values()["max_speed"] == pytest.approx(25 * 30 * 365.25 / days, rel=0.01)
    search.unit.setCurrentIndex(0)
    assert search.values() == {"radius": 25}


def test_a_speed_needs_a_map(desk):
    desk.tab.form.search.unit.setCurrentIndex(2)
    desk.session.add_stack(moving_ice(georeferenced=False))
    unit = desk.tab.form.search.unit
    assert unit.currentData() == "radius"
    item = unit.model().item(2)
    assert not item.isEnabled()
    assert item.toolTip() == NO_MAP
    assert NO_MAP in unit.toolTip()
    desk.map()
    assert desk.names()[0] == "velocity · speed, px/day"
    assert "px/day toward 63°" in desk.session.readout.text(8, 8 + 16 * 5)


def test_what_cannot_be_right_is_said_before_and_after(desk):
    assert "m/yr" not in desk.tab.run.line.text()
    ice = moving_ice()
    pictures = [lazy_array(ice)[i].compute() for i in (0, 1)]
    times = [ice.times[0].item(), ice.times[0].item() + timedelta(days=336)]
    desk.session.add_stack(type(ice).from_array(np.stack(pictures), times, name="a year", grid=ice.grid))
    line = desk.tab.run.line.text()
    assert "The search of ±25 px in 336 days reaches" in line
    assert desk.tab.run.button.isEnabled()
    edge = Caution("edge", "ice lies at the edge.")
    made = replace(known_map(desk.session.stack, 0, 1, VelocitySettings()), cautions=(edge,))
    desk.control.mapper.take([made])
    assert desk.tab.caution.text() == "Ice lies at the edge."
    desk.control.mapper.take([])
    assert desk.tab.caution.isHidden()


def test_one_date_is_not_enough(desk):
    one = moving_ice(name="one date")
    one = type(one).from_array(lazy_array(one)[:1].compute(), [one.times[0].item()], name="one", grid=one.grid)
    desk.session.add_stack(one)
    assert "no two dates" in desk.tab.run.line.text()
    assert not desk.tab.run.button.isEnabled()


def test_stable_ground_that_is_drawn_becomes_a_mask(desk):
    desk.tab.options.draw.click()
    layer = desk.viewer.layers["stable ground"]
    assert layer.mode == "add_polygon"
    corners = np.array([(20.5, 30.5), (20.5, 90.5), (60.5, 90.5), (60.5, 30.5)])
    layer.add(corners, shape_type="polygon")
    desk.tab.options.refresh()
    assert desk.tab.options.ground.currentText() == "stable ground"
    desk.map()
    mask = desk.workshop.asked[-1]["stable"]
    expected = np.zeros(mask.shape, bool)
    expected[21:61, 31:91] = True
    np.testing.assert_array_equal(mask, expected)
    layer.data = []
    desk.tab.run.button.click()
    assert "no area of stable ground" in desk.tab.message.text()
