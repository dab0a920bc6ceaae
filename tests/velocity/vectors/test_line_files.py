"""Lines written and read again."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.vectors.features import read_features
from napari_icenet.velocity.vectors.line_files import write_lines
from tests.velocity.vectors.test_features import PLAIN, POLAR


@pytest.mark.parametrize("grid", [POLAR, PLAIN], ids=["polar", "plain"])
@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_drawn_lines_come_back(tmp_path, grid, suffix):
    path = tmp_path / f"drawn.{suffix}"
    drawn = [np.array([(2.25, 3.5), (40, 55.75), (45, 20)]), np.array([(0, 0), (49, 59.0)])]
    write_lines(drawn, path, grid)
    found = read_features(path, grid)
    assert [line.name for line in found.lines] == ["line 1", "line 2"]
    for line, wanted in zip(found.lines, drawn, strict=True):
        assert shapely.hausdorff_distance(shapely.linestrings(line.path), shapely.linestrings(wanted)) < 0.1
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_line_over_the_dateline_comes_back(tmp_path):
    """Written on beyond 180°, and read so or with longitudes that jump."""
    ross = Grid(400, 400, Affine(500, 0, -100_000, 0, -500, -1_200_000), CRS.from_epsg(3031))
    drawn = np.array([(100, 20), (150, 380.0)])
    path = tmp_path / "ross.geojson"
    write_lines([drawn], path, ross)
    data = json.loads(path.read_text())
    places = np.array(data["features"][0]["geometry"]["coordinates"])
    assert np.abs(np.diff(places[:, 0])).max() < 5
    assert places[:, 0].min() < 180 < places[:, 0].max() or places[:, 0].min() < -180 < places[:, 0].max()
    for lon in (places[:, 0], (places[:, 0] + 180) % 360 - 180):
        data["features"][0]["geometry"]["coordinates"] = np.stack([lon, places[:, 1]], axis=1).tolist()
        path.write_text(json.dumps(data))
        (line,) = read_features(path, ross).lines
        assert shapely.hausdorff_distance(shapely.linestrings(line.path), shapely.linestrings(drawn)) < 0.15


def test_lines_that_cannot_be_written(tmp_path):
    line = np.array([(0, 0), (9, 9.0)])
    with pytest.raises(UsageError, match="end the name in"):
        write_lines([line], tmp_path / "line.shp", POLAR)
    with pytest.raises(TrackingError, match="there is no folder"):
        write_lines([line], tmp_path / "none" / "line.gpkg", POLAR)
    with pytest.raises(UsageError, match="draw one first"):
        write_lines([line[:1]], tmp_path / "line.gpkg", POLAR)
    assert not list(tmp_path.iterdir())
