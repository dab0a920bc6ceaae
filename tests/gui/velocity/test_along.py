"""Lines and GPS points beside a map, files of maps, in a real window."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
import shapely

from napari_icenet.velocity.along.flowline import along
from napari_icenet.velocity.io.netcdf import read_netcdf
from tests.gui.velocity.ready import Desk, kept_viewer, known_map

#: A line across cells that are all valid.
LINE = np.array([(120.0, 30.0), (118.0, 120.0), (130.0, 200.0)])


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


def profile(desk):
    desk.qtbot.waitUntil(lambda: not desk.tab.along.model.busy, timeout=60_000)
    desk.qtbot.wait(50)
    return desk.tab.along.plot.profile


def test_a_drawn_line_shows_the_speed_along_it_and_follows_the_maps(desk):
    desk.map()
    desk.tab.along.draw.click()
    layer = desk.viewer.layers["flowline"]
    assert layer.mode == "add_polyline"
    assert profile(desk) is None
    layer.add(LINE, shape_type="path")
    found = profile(desk)
    expected = along(desk.control.shown, LINE)
    np.testing.assert_allclose(found.v, expected.v)
    assert found.unit == "m/yr"
    assert desk.tab.lines.is_open
    desk.tab.form.boxes["pairs"].setCurrentIndex(1)
    desk.map()
    assert len(profile(desk).times) == 5
    layer.data = [LINE + 10]
    np.testing.assert_allclose(profile(desk).rows[0], 130)
    desk.viewer.layers.remove(layer)
    assert profile(desk) is None


def test_the_outline_of_the_area_of_interest_is_no_flowline(desk):
    desk.map()
    layers = desk.session.layers
    layers.stack.area = np.zeros(layers.stack.grid.shape, bool)
    layers.stack.area[20:50, 20:80] = True
    layers.draw("area")
    area = layers.layers["area"]
    desk.viewer.layers.selection.active = area
    area.data = [LINE + 1]
    assert profile(desk) is None
    layers.take_away("area")
    layers.stack.area = None


def test_lines_of_a_file_are_drawn_and_followed(desk, tmp_path):
    desk.map()
    path, grid = tmp_path / "lines.gpkg", desk.session.stack.grid
    line = shapely.linestrings(np.stack(grid.xy(*LINE.T), axis=1))
    geopandas.GeoDataFrame(geometry=[line], crs=grid.crs.to_wkt()).to_file(path)
    desk.tab.along.model.read(path)
    desk.qtbot.waitUntil(lambda: any("lines" in layer.name for layer in desk.viewer.layers), timeout=60_000)
    np.testing.assert_allclose(profile(desk).v, along(desk.control.shown, LINE).v, rtol=2e-2)
    layer = next(layer for layer in desk.viewer.layers if "lines" in layer.name)
    desk.viewer.layers.remove(layer)


def test_gps_points_are_compared_with_the_map_in_a_table(desk, tmp_path):
    desk.map()
    found, grid = desk.control.shown, desk.session.stack.grid
    cells = [(7, 2), (7, 5)]
    rows = []
    for cell in cells:
        x, y = (float(v) for v in grid.xy(found.rows[cell[0]], found.cols[cell[1]]))
        rows.append((x, y, float(found.vx[cell]) + 20, float(found.vy[cell])))
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(map(float, grid.lonlat(*map(float, grid.rowcol(x, y)))))},
            "properties": {"name": f"G{i}", "vx": vx, "vy": vy, "start": "2020-01-01", "end": "2020-01-17"},
        }
        for i, (x, y, vx, vy) in enumerate(rows)
    ]
    path = tmp_path / "gps.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    panel = desk.tab.along
    panel.model.read(path)
    desk.qtbot.waitUntil(lambda: panel.comparison is not None or desk.tab.message.text() != "", timeout=60_000)
    assert not desk.tab.message.text()
    assert panel.table.rowCount() == 2
    assert panel.table.item(0, 0).text() == "G0"
    assert panel.table.item(1, 2).text().endswith("m/yr")
    expected = [found.v[cell] - np.hypot(vx, vy) for cell, (_x, _y, vx, vy) in zip(cells, rows, strict=True)]
    np.testing.assert_allclose(panel.comparison.dv[0], expected, atol=1)
    assert "RMSE" in panel.sentence.text()
    desk.viewer.layers.remove(next(layer for layer in desk.viewer.layers if "GPS" in layer.name))


def test_maps_are_saved_and_opened_again(desk, tmp_path):
    desk.tab.form.boxes["pairs"].setCurrentIndex(1)
    desk.map()
    path = tmp_path / "v.nc"
    desk.tab.save_to(path)
    desk.qtbot.waitUntil(lambda: "Wrote v.nc" in desk.tab.message.text(), timeout=60_000)
    saved = desk.control.maps
    assert [found.labels for found in read_netcdf(path)] == [found.labels for found in saved]
    desk.control.mapper.take([])
    desk.qtbot.wait(50)
    assert desk.control.shown is None
    desk.tab.open_map(path)
    desk.qtbot.waitUntil(lambda: desk.control.shown is not None, timeout=60_000)
    assert desk.tab.result.pair.count() == 5
    np.testing.assert_allclose(desk.layer("speed").data, np.where(saved[0].valid, saved[0].v, np.nan), rtol=1e-4)
    desk.session.time = 3
    assert desk.control.shown.labels == saved[3].labels


def test_a_report_is_written_as_numbers_and_a_figure(desk, tmp_path):
    desk.map()
    from napari_icenet.velocity.quality.assess import quality_report

    desk.control.mapper.take(desk.control.maps, quality_report(desk.control.maps))
    desk.qtbot.wait(50)
    path = tmp_path / "quality.json"
    desk.tab.report_to(path)
    desk.qtbot.waitUntil(lambda: "Wrote quality.json and quality.png" in desk.tab.message.text(), timeout=60_000)
    assert json.loads(path.read_text())["maps"][0]["valid"] == int(desk.control.shown.valid.sum())
    assert (tmp_path / "quality.png").stat().st_size > 10_000
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["quality.json", "quality.png"]


def test_a_file_that_is_no_map_is_told_in_a_sentence(desk, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(desk.session, "report", lambda error: said.append(str(error)))
    path = tmp_path / "notes.nc"
    path.write_text("no map")
    desk.tab.open_map(path)
    desk.qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    assert "notes.nc" in said[0]
    assert desk.control.shown is None


def test_a_map_of_another_place_is_refused(desk):
    desk.map()
    old = desk.control.shown
    from tests.gui.ice import moving_ice

    other = known_map(moving_ice(georeferenced=False), 0, 1, old.settings)
    desk.control.take([other])
    assert "another map grid" in desk.tab.message.text()
    assert desk.control.shown is old
