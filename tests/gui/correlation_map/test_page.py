"""The map page in real windows: what layers, table and histogram hold against the maps' numbers."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_icenet.evaluation.correlation_map.maps import CellState
from napari_icenet.gui.correlation_map.layer_kinds import BEST, CELLS, FIRST_PREDICTOR
from napari_icenet.gui.widgets.run_bar import CANCEL
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.gui.correlation_map.maps import LINE_UP, LOST, NO_TEMPLATE, STRIDE, WITHOUT, MapDesk, known_values
from tests.gui.ice import Hand, moving_ice
from tests.gui.velocity.ready import kept_viewer

NAMES = ["map · cells", *(f"map · {title}" for title in LINE_UP.titles), "map · best predictor"]


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


def names(desk):
    return [layer.name for layer in desk.viewer.layers if layer.name.startswith("map ·")]


def expected(maps, p, k):
    values = known_values((len(maps.rows), len(maps.cols)), p)[k]
    for at in (LOST, NO_TEMPLATE) + ((WITHOUT,) if LINE_UP.keys[p] == "high-pass" else ()):
        values[at] = np.nan
    return values


def test_a_map_makes_a_layer_for_each_predictor_and_keeps_the_selection(desk):
    picture = desk.session.image
    desk.map()
    assert names(desk) == NAMES
    assert desk.viewer.layers[0] is picture
    assert desk.viewer.layers.selection.active is picture
    assert [kind for kind, layer in desk.control.layers.layers.items() if layer.visible] == ["median", CELLS]
    for key in LINE_UP.keys:
        assert tuple(desk.layer(key).contrast_limits) == (-1, 1)
        assert desk.layer(key).colormap.name == "NCC"
        assert desk.layer(key).units == desk.session.image.units[-2:]


def test_layers_hold_the_maps_numbers_at_both_targets(desk):
    desk.map()
    for target in (2, 1):
        desk.page.result.chooser.targets[target].click()
        for p, key in enumerate(LINE_UP.keys):
            desk.control.choose(key, target)  # a hidden map waits until it is shown
            np.testing.assert_array_equal(desk.layer(key).data, expected(desk.control.maps, p, target - 1))
            assert desk.layer(key).metadata["target"] == f"t{target}"
    meta = desk.layer("high-pass").metadata
    assert meta["settings"]["stride"] == STRIDE
    assert [entry["name"] for entry in meta["predictor_set"]["entries"]] == list(LINE_UP.keys)
    assert meta["software"].startswith("napari-icenet")


def test_cells_lie_on_the_pixels_they_stand_for(desk):
    desk.map()
    maps, layer = desk.control.maps, desk.layer("median")
    for r, c in ((0, 0), (3, 5), (len(maps.rows) - 1, len(maps.cols) - 1)):
        middle = desk.session.world_to_pixel(*layer.data_to_world((r, c))[-2:])
        # The centre of a chip of 32 px at row 16 lies between rows 15 and 16.
        np.testing.assert_allclose(middle, (maps.rows[r] - 0.5, maps.cols[c] - 0.5), atol=1e-6)
        corner = desk.session.world_to_pixel(*layer.data_to_world((r + 0.5, c - 0.5))[-2:])
        assert np.subtract(corner, middle) == pytest.approx((STRIDE / 2, -STRIDE / 2))
        assert maps.cell_at(*middle) == (r, c)


def test_cells_without_a_number_are_coloured_by_why(desk):
    desk.map()
    desk.page.result.chooser.buttons["high-pass"].click()
    states = desk.layer(CELLS).data
    assert states[LOST] == CellState.LOST
    assert states[NO_TEMPLATE] == states[WITHOUT] == CellState.NO_TEMPLATE
    desk.page.result.chooser.buttons["persistence"].click()
    assert desk.layer(CELLS).data[WITHOUT] == 0
    table = desk.layer(CELLS).colormap
    low, high = desk.layer(CELLS).contrast_limits
    shades = [tuple(np.ravel(table.map((float(state) - low) / (high - low))).round(3)) for state in CellState]
    assert len({shades[s] for s in (CellState.WAITING, CellState.LOST, CellState.NO_TEMPLATE)}) == 3
    assert shades[CellState.OUTSIDE][3] == shades[CellState.SCORED][3] == 0
    assert "lost" in desk.page.result.legend.text
    assert "no&nbsp;template" in desk.page.result.legend.text


def test_the_best_predictor_of_each_place_has_its_colour(desk):
    desk.map()
    desk.page.result.chooser.buttons[BEST].click()
    assert [kind for kind, layer in desk.control.layers.layers.items() if layer.visible] == [BEST]
    stacked = np.stack([expected(desk.control.maps, p, 1) for p in range(3)])
    best = np.where(np.isnan(stacked), -9, stacked).argmax(0) + FIRST_PREDICTOR
    best[LOST], best[NO_TEMPLATE] = CellState.LOST, CellState.NO_TEMPLATE
    np.testing.assert_array_equal(desk.layer(BEST).data, best)
    assert set(np.unique(best)) >= {FIRST_PREDICTOR, FIRST_PREDICTOR + 1, FIRST_PREDICTOR + 2}
    low, high = desk.layer(BEST).contrast_limits
    for p, entry in enumerate(LINE_UP.entries):
        shade = np.ravel(desk.layer(BEST).colormap.map((FIRST_PREDICTOR + p - low) / (high - low)))
        assert "#" + "".join(f"{round(255 * v):02X}" for v in shade[:3]) == entry.colour.upper()
        words = entry.title.replace(" ", "&nbsp;").replace("-", "\N{NON-BREAKING HYPHEN}")
        assert words in desk.page.result.legend.text


def test_maps_grow_in_place_and_what_waits_is_told_from_what_is_lost(desk):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.5)
    desk.qtbot.waitUntil(lambda: desk.control.maps.done > 0.4 and desk.control.layers.settled, timeout=60_000)
    desk.qtbot.waitUntil(lambda: not desk.control._draw_soon.waiting)
    layers, half = desk.control.layers.layers, desk.layer("median").data
    assert desk.page.run.button.text() == CANCEL
    assert "50% of the cells" in desk.page.run.line.text()
    assert np.isnan(half[-1]).all()
    assert (desk.layer(CELLS).data[-1] == CellState.WAITING).all()
    assert np.isfinite(half[0, 2:]).all()
    desk.tool.finish()
    desk.settle()
    assert desk.control.layers.layers == layers
    assert desk.layer("median").data is half
    np.testing.assert_array_equal(half, expected(desk.control.maps, 2, 1))


def test_cancel_keeps_what_is_done(desk):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.5)
    desk.page.run.button.click()
    desk.settle()
    assert desk.tool.cancelled == 1
    assert 0.4 < desk.control.maps.done < 0.6
    assert np.isfinite(desk.layer("median").data).any()


def test_the_table_says_what_the_core_says(desk):
    desk.map()
    rows = desk.control.maps.table()["t2"]
    table = desk.page.result.table
    for p, entry in enumerate(LINE_UP.entries):
        values = expected(desk.control.maps, p, 1)[desk.control.maps.state == CellState.SCORED]
        values = np.nan_to_num(values)
        shown = [table.item(p, c).text() for c in range(7)]
        assert shown[0] == entry.title
        low, high = rows[entry.key]["interval"]
        mean, half = (float(part.replace("−", "-")) for part in shown[1].split(" ± "))
        assert mean == pytest.approx(values.mean(), abs=0.0051)
        assert half == pytest.approx((high - low) / 2, abs=0.0051)
        assert float(shown[2].rstrip(" %")) == pytest.approx(100 * (values < 0.3).mean(), abs=0.51)
        assert float(shown[3].rstrip(" %")) == pytest.approx(100 * (values > 0.7).mean(), abs=0.51)
        assert shown[4:] == ["2.5", "0.25", str(len(values))]
    assert "against persistence on the same chips" in table.item(1, 0).toolTip()
    assert sum(desk.page.result.histogram.shares["median"]) == pytest.approx(1)


def test_a_row_or_an_arrow_key_chooses_the_map(desk):
    desk.map()
    desk.page.result.table.setFocus()
    desk.page.result.table.selectRow(0)
    assert desk.control.kind == "persistence"
    assert desk.layer("persistence").visible
    assert not desk.layer("median").visible
    button = desk.page.result.chooser.buttons["persistence"]
    button.setFocus()
    desk.qtbot.keyClick(button, Qt.Key.Key_Right)
    assert desk.control.kind == "high-pass"
    assert desk.page.result.table.currentRow() == 1
    desk.qtbot.keyClick(desk.page.result.chooser.buttons["high-pass"], Qt.Key.Key_Left)
    assert desk.control.kind == "persistence"


def test_a_click_on_a_cell_asks_for_its_chip_at_t0(desk):
    desk.session.time = 2
    desk.map()
    desk.clicked.clear()
    maps, hand = desk.control.maps, Hand(desk.viewer, desk.session)
    r, c = 5, 6
    hand.click(maps.rows[r] + 3, maps.cols[c] - 4)
    place = maps.chip_of(r, c)
    assert desk.clicked == [(place.row, place.col, 2)]
    # Chips are followed from the first date, two dates before t0.
    assert (place.row, place.col) == (maps.rows[r] + 2 * 2, maps.cols[c] - 2 * 3)
    hand.drag((100, 100), (120, 110))
    hand.click(2, 2)  # beside the cells
    assert len(desk.clicked) == 1
    hand.click(maps.rows[LOST[0]], maps.cols[LOST[1]])
    assert len(desk.clicked) == 1
    assert "has not been followed" in desk.said[-1]


def test_no_click_is_taken_while_the_page_is_hidden(desk):
    desk.map()
    desk.dock.hide()
    Hand(desk.viewer, desk.session).click(100, 100)
    assert desk.clicked == []
    desk.dock.show()
    desk.qtbot.wait(50)
    Hand(desk.viewer, desk.session).click(100, 100)
    assert len(desk.clicked) == 1


def test_pointing_at_a_cell_reads_all_predictors(desk):
    desk.map()
    maps = desk.control.maps
    r, c = WITHOUT
    desk.page.pointer.hovered.emit(float(maps.rows[r]), float(maps.cols[c]))
    text = desk.page.result.place.text()
    values = [expected(maps, p, 1)[WITHOUT] for p in (0, 2)]
    assert text.startswith(f"row {maps.rows[r]} col {maps.cols[c]}")
    assert "High-pass no template" in text
    for title, value in zip(("Persistence", "Aligned median"), values, strict=True):
        assert f"{title} {value:.2f}".replace("0.", ".").replace("-", "−") in text
    assert "NCC at t2: lost" in desk.session.readout.text(float(maps.rows[0]), float(maps.cols[1]))


def test_mapping_again_keeps_what_the_user_chose(desk):
    desk.map()
    before = desk.control.layers.layers
    before["median"].contrast_limits = (0, 1)
    before["median"].colormap = "magma"
    before["median"].name = "mine"
    desk.page.form.editors["stride"].widget.setValue(24)
    desk.map()
    assert desk.control.layers.layers == before
    assert tuple(before["median"].contrast_limits) == (0, 1)
    assert before["median"].colormap.name == "magma"
    assert before["median"].name == "mine"
    assert before["median"].data.shape == (len(desk.control.maps.rows), len(desk.control.maps.cols)) == (8, 9)
    desk.viewer.layers.remove(before["median"])  # for the next test: made anew


def test_a_removed_layer_stays_away_until_it_is_asked_for(desk):
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.tool.grow(0.3)
    desk.qtbot.waitUntil(lambda: desk.control.layers.settled and "high-pass" in desk.control.layers.layers)
    desk.viewer.layers.remove(desk.layer("high-pass"))
    desk.tool.finish()
    desk.settle()
    assert "map · High-pass" not in names(desk)
    assert desk.page.restore.isVisibleTo(desk.page.more.content())
    desk.page.restore.click()
    desk.settle()
    assert names(desk) == NAMES
    np.testing.assert_array_equal(desk.layer("high-pass").data, expected(desk.control.maps, 1, 1))


def test_side_by_side_gives_each_map_a_view_and_takes_it_back(desk):
    desk.map()
    zoom = desk.viewer.scene.camera.zoom
    desk.page.result.chooser.grid.click()
    shown = [layer.name for layer in desk.viewer.layers if layer.visible]
    assert shown == ["ice · B1", *NAMES[1:]]
    grid = desk.viewer.canvas.grid
    assert grid.enabled
    places = [grid.position(desk.viewer.layers.index(name), desk.viewer.layers) for name in shown]
    assert places == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    desk.page.result.chooser.grid.click()
    assert not grid.enabled
    assert [layer.name for layer in desk.viewer.layers if layer.visible] == [
        "ice · B1",
        "map · cells",
        "map · Aligned median",
    ]
    assert desk.viewer.scene.camera.zoom == pytest.approx(zoom)
    desk.page.result.chooser.grid.click()
    grid.enabled = False  # by napari's own button
    assert not desk.page.result.chooser.grid.isChecked()
    assert not desk.layer("persistence").visible


def test_other_predictors_replace_the_maps_of_those_before(desk):
    desk.map()
    kept = desk.layer("persistence")
    desk.predictor_set = PredictorSet.of_names("persistence", "blurred")
    desk.map()
    assert names(desk) == ["map · cells", "map · Persistence", "map · Blurred", "map · best predictor"]
    assert desk.layer("persistence") is kept
    assert list(desk.page.result.chooser.buttons) == ["persistence", "blurred", BEST]
    assert not desk.control.layers.removed


def test_another_stack_cancels_and_each_keeps_its_maps(desk):
    desk.map()
    first, old = desk.session.stack, desk.control.maps
    desk.tool.at_once = False
    desk.page.run.button.click()
    desk.session.add_stack(moving_ice(name="other", seed=2))
    assert desk.tool.cancelled == 1
    assert desk.control.maps is None
    assert not desk.page.result.isVisible()
    assert not np.isfinite(desk.layer("median").data).any()
    desk.session.show(first)
    assert desk.control.maps is not None
    assert desk.control.maps.ground == old.ground


def test_it_fits_the_dock(desk):
    desk.predictor_set = PredictorSet.of_names("persistence", "high-pass", "blurred", "median", "consensus")
    desk.map()
    desk.page.more.expand()
    desk.qtbot.wait(50)
    hint = desk.page.minimumSizeHint()
    desk.page.more.collapse()
    assert hint.width() <= 380
    assert hint.height() <= 700
