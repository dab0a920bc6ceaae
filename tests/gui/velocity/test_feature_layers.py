"""Features in a real napari window, where they lie in the world."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
from napari.layers import Shapes
from shapely.geometry import LineString, Polygon

from napari_icenet.errors import UsageError
from napari_icenet.gui.velocity.feature_layers import FLOWLINE, FeatureLayers, add_features, line_of
from napari_icenet.gui.velocity.feature_shapes import seen
from napari_icenet.velocity.vectors.features import corners, read_features
from tests.gui.conftest import HEIGHT, ORIGIN, WIDTH, make_stack


def place(row: float, col: float) -> tuple[float, float]:
    return ORIGIN[0] + 30 * (col + 0.5), ORIGIN[1] - 30 * (row + 0.5)


@pytest.fixture
def path(tmp_path):
    """An outline with a hole, and two lines."""
    ring = [place(r, c) for r, c in ((10, 10), (10, 40), (30, 40), (30, 10))]
    hole = [place(r, c) for r, c in ((15, 15), (15, 20), (20, 20), (20, 15))]
    found = tmp_path / "byrd.gpkg"
    geopandas.GeoDataFrame({"name": ["rock"]}, geometry=[Polygon(ring, [hole])], crs=3031).to_file(
        found, layer="outlines"
    )
    lines = [LineString([place(5, 5), place(50, 70)]), LineString([place(6, 60), place(40, 10)])]
    geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=lines, crs=3031).to_file(found, layer="lines")
    return found


@pytest.fixture
def layers(session):
    session.add_stack(make_stack())
    layers = FeatureLayers.of(session)
    yield layers
    layers.close()


def test_features_lie_on_their_ground(session, layers, path):
    outlines, lines = add_features(session, read_features(path, session.stack.grid))
    assert [outlines.name, lines.name] == ["byrd · outlines", "byrd · flowlines"]
    assert list(outlines.shape_type) == ["polygon", "polygon"]
    assert list(lines.shape_type) == ["path", "path"]
    assert list(lines.features["name"]) == ["a", "b"]
    world = outlines.data_to_world(outlines.data[0][0])
    np.testing.assert_allclose(world[-2:], session.pixel_to_world(10, 10), atol=1e-3)
    assert outlines.face_color[0][3] == 0
    zoom = session.viewer.scene.camera.zoom * outlines.scale[-1]
    np.testing.assert_allclose(np.array(outlines.edge_width) * zoom, 1.5, rtol=0.1)
    # The line asked for is the selected one, or the last.
    np.testing.assert_allclose(line_of(lines, session), [(6, 60), (40, 10)], atol=1e-3)
    lines.selected_data = {0}
    np.testing.assert_allclose(line_of(lines, session), [(5, 5), (50, 70)], atol=1e-3)


def test_a_file_read_again_keeps_its_layers_and_the_users_colour(session, layers, path):
    first = add_features(session, read_features(path, session.stack.grid))
    first[1].edge_color = "#00ff00"
    selected = session.image
    session.viewer.layers.selection = {selected}
    count = len(session.viewer.layers)
    again = add_features(session, read_features(path, session.stack.grid))
    assert again == first
    assert len(session.viewer.layers) == count
    np.testing.assert_allclose(again[1].edge_color, [(0, 1, 0, 1)] * 2)
    assert session.viewer.layers.selection == {selected}


def test_files_are_read_off_the_windows_thread(session, layers, path, tmp_path):
    found = []
    job = layers.read(path, found.extend)
    assert not found
    job.wait_quietly()
    assert [layer.name for layer in found] == ["byrd · outlines", "byrd · flowlines"]
    said = []
    session.report = lambda error: said.append(str(error))
    layers.read(path.with_name("none.gpkg")).wait_quietly()
    assert "is not there" in said[0]

    # GPS points are coloured by their speed.
    x, y = np.transpose([place(20, 30), place(40, 50)])
    stations = tmp_path / "gps.csv"
    pd.DataFrame({"station": ["N", "S"], "x": x, "y": y, "vx": [300, 0], "vy": [400, 100]}).to_csv(stations)
    found.clear()
    layers.read(stations, found.extend).wait_quietly()
    (points,) = found
    np.testing.assert_allclose(points.data, [(20, 30), (40, 50)], atol=1e-6)
    np.testing.assert_allclose(points.features["v"], (500, 100))
    assert list(points.features["name"]) == ["N", "S"]
    assert points.face_contrast_limits == pytest.approx((0, 500))
    assert not np.allclose(points.face_color[0], points.face_color[1])
    assert list(points.text.values) == ["N", "S"]


def test_a_line_on_a_layer_of_the_users_own(session, layers):
    """Whatever its scale and axes: here metres of the world, and time in front."""
    world = session.pixel_to_world([5, 50], [5, 70])
    own = session.viewer.add_shapes([np.c_[[0, 0], world]], shape_type="path", ndim=3)
    np.testing.assert_allclose(line_of(own, session), [(5, 5), (50, 70)], atol=1e-6)
    own.data = []
    with pytest.raises(UsageError, match="holds no line"):
        line_of(own, session)
    with pytest.raises(UsageError, match="holds no line"):
        line_of(session.image, session)


def test_lines_are_drawn_by_hand(session, layers, path, qtbot):
    layer = layers.draw_by_hand()
    assert isinstance(layer, Shapes)
    assert (layer.name, layer.mode) == ("flowline", "add_polyline")
    assert session.viewer.layers.selection == {layer}
    layer.add_paths(np.array([(3, 4), (30, 40.5)]))
    assert layer.edge_color[0] == pytest.approx([int(FLOWLINE[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1])
    np.testing.assert_allclose(line_of(layer, session), [(3, 4), (30, 40.5)])
    assert layers.draw_by_hand() is layer
    zoom = session.viewer.scene.camera.zoom * layer.scale[-1]
    np.testing.assert_allclose(np.array(layer.edge_width) * zoom, 2.2, rtol=0.1)

    # Widths follow the zoom, but for those that the user sets.
    _, lines = add_features(session, read_features(path, session.stack.grid))
    lines.edge_width = [7.0, 7.0]
    session.viewer.scene.camera.zoom *= 3
    qtbot.waitUntil(lambda: np.allclose(np.array(layer.edge_width) * 3 * zoom, 2.2, rtol=0.1))
    assert list(lines.edge_width) == [7, 7]


def test_only_what_can_be_seen_is_drawn(tmp_path):
    """A coast of 100 000 corners, far larger than the frame."""
    around = np.linspace(0, 2 * np.pi, 100_001)
    ring = np.stack([10_000 * np.sin(around) - 9970, 10_000 * np.cos(around)], axis=1)
    grid = make_stack().grid
    coast = tmp_path / "coast.gpkg"
    geopandas.GeoDataFrame(geometry=[Polygon([place(*corner) for corner in ring])], crs=3031).to_file(coast)
    (part,) = seen(read_features(coast, grid), grid).geometry
    shell = corners(part.exterior)
    assert len(shell) < 100
    assert (shell >= (-HEIGHT, -WIDTH)).all()
    assert (shell <= (2 * HEIGHT, 2 * WIDTH)).all()
    assert shell[:, 0].max() == pytest.approx(30, abs=0.2)


def test_features_need_pictures(session, path):
    features = read_features(path, make_stack().grid)
    with pytest.raises(UsageError, match="open some first"):
        add_features(session, features)
