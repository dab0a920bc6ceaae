"""Masks of stable ground, painted and outlined."""

import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.stable_ground.mask import read_stable_mask
from tests.scenes.products import write_picture, write_tiff

FRAME = Grid(40, 60, Affine(30, 0, 500_000, 0, -30, 7_000_000), CRS.from_epsg(32633))
PLAIN = Grid(40, 60)
TRUTH = np.zeros((40, 60), bool)
TRUTH[:10], TRUTH[30:, 20:] = True, True


@pytest.mark.parametrize("value", [1, 7, 255])
def test_whatever_is_not_0_is_stable(tmp_path, value):
    path = write_tiff(tmp_path / "m.tif", TRUTH * np.uint8(value), transform=FRAME.transform, crs="EPSG:32633")
    np.testing.assert_array_equal(read_stable_mask(path, FRAME), TRUTH)


def test_a_picture_without_a_map_is_laid_on_the_frame(tmp_path):
    picture = write_picture(tmp_path / "m.png", TRUTH * np.uint8(200))
    np.testing.assert_array_equal(read_stable_mask(picture, FRAME), TRUTH)
    np.testing.assert_array_equal(read_stable_mask(picture, PLAIN), TRUTH)


def test_black_that_a_jpeg_has_blurred_is_black(tmp_path):
    picture = write_picture(tmp_path / "m.jpg", TRUTH * np.uint8(255), quality=40)
    np.testing.assert_array_equal(read_stable_mask(picture, PLAIN), TRUTH)


def test_missing_and_transparent_pixels_are_not_stable(tmp_path):
    values = TRUTH.astype(np.float32)
    values[0, 0], values[1, 1] = np.nan, -9
    path = write_tiff(tmp_path / "m.tif", values, transform=FRAME.transform, crs="EPSG:32633", nodata=-9)
    found = read_stable_mask(path, FRAME)
    assert not found[0, 0]
    assert not found[1, 1]
    assert found.sum() == TRUTH.sum() - 2
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:5] = 0
    picture = write_picture(tmp_path / "m.png", np.stack([np.full((40, 60), 255, np.uint8), alpha]))
    np.testing.assert_array_equal(read_stable_mask(picture, PLAIN).sum(axis=1) > 0, np.arange(40) >= 5)


def test_a_mask_on_another_grid_is_brought_to_the_frame(tmp_path):
    # 15 m pixels, two rows of the frame further up.
    fine = np.kron(np.pad(TRUTH, ((2, 0), (0, 0))), np.ones((2, 2))).astype(np.uint8)
    transform = Affine(15, 0, 500_000, 0, -15, 7_000_060)
    path = write_tiff(tmp_path / "m.tif", fine, transform=transform, crs="EPSG:32633")
    np.testing.assert_array_equal(read_stable_mask(path, FRAME), TRUTH)


def test_outlines_are_filled(tmp_path):
    rows, cols = np.array([-0.5, -0.5, 9.5, 9.5, -0.5]), np.array([-0.5, 59.5, 59.5, -0.5, -0.5])
    ring = [[float(v) for v in FRAME.lonlat(r, c)] for r, c in zip(rows, cols, strict=True)]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path = tmp_path / "rock.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = read_stable_mask(path, FRAME)
    assert found[:10].mean() > 0.99
    assert not found[11:].any()


def test_masks_that_cannot_be_used_are_told(tmp_path):
    small = write_picture(tmp_path / "small.png", np.full((20, 60), 255, np.uint8))
    black = write_picture(tmp_path / "black.png", np.zeros((40, 60), np.uint8))
    far = write_tiff(
        tmp_path / "far.tif", TRUTH.astype(np.uint8), transform=Affine(30, 0, 0, 0, -30, 0), crs="EPSG:32633"
    )
    (tmp_path / "text.tif").write_text("rock")
    told = {
        small: "20 × 60 pixels, the frame has 40 × 60",
        black: "names no stable ground",
        far: "names no stable ground",
        tmp_path / "text.tif": "cannot be read",
        tmp_path / "none.tif": "is missing",
        tmp_path / "none.geojson": "none.geojson",
    }
    for path, words in told.items():
        with pytest.raises(TrackingError) as raised:
            read_stable_mask(path, FRAME)
        assert words in str(raised.value)
        assert path.name in str(raised.value)


def test_a_file_without_outlines_is_told(tmp_path):
    lon, lat = (float(v) for v in FRAME.lonlat(20, 20))
    (tmp_path / "point.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [lon, lat]}})
    )
    with pytest.raises(TrackingError, match="holds no outline"):
        read_stable_mask(tmp_path / "point.geojson", FRAME)
