"""Cloud-Optimised GeoTIFFs of velocity maps, as GDAL opens them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.velocity.io import geotiff
from napari_icenet.velocity.io.geotiff import BANDS, write_geotiff
from napari_icenet.velocity.map_arrays import Offset
from tests.velocity.maps import glacier, made

OFFSET = Offset(0.3, -0.2, 0.05, 0.06, 77, "mask")


def flowing(shape=(20, 32), **changes):
    drow, dcol, _ = glacier(shape, noise=0.1)
    drow[4, 5] = np.nan
    return made(drow, dcol, **({"offset": OFFSET, "offset_removed": True} | changes))


def test_bands_are_named_placed_and_carry_their_units(tmp_path):
    velocity = flowing()
    write_geotiff(velocity, tmp_path / "v.tif")
    with rasterio.open(tmp_path / "v.tif") as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.crs == velocity.frame.crs
        assert dataset.transform == velocity.cells.transform
        assert dataset.descriptions == BANDS
        assert dataset.units == ("m/yr",) * 4 + ("1", "1", "px", None, "px", "px")
        assert set(dataset.dtypes) == {"float32"}
        assert np.isnan(dataset.nodata)
        for name in ("vx", "vy", "v", "v_error", "ncc", "peak_ratio", "drow", "dcol"):
            np.testing.assert_array_equal(dataset.read(1 + BANDS.index(name)), getattr(velocity, name), err_msg=name)
        np.testing.assert_array_equal(dataset.read(8), velocity.valid)
        np.testing.assert_array_equal(dataset.read(7), velocity.chip_size)
        assert dataset.read(8)[4, 5] == 0
        assert np.isnan(dataset.read(3)[4, 5])


def test_tags_tell_the_dates_the_settings_and_the_offset(tmp_path):
    velocity = flowing(simulated=True)
    write_geotiff(velocity, tmp_path / "v.tif")
    with rasterio.open(tmp_path / "v.tif") as dataset:
        tags = dataset.tags()
    assert tags["acquisition_date_img1"] == "2020-01-01T00:00:00"
    assert tags["acquisition_date_img2"] == "2020-01-17T00:00:00"
    assert float(tags["date_dt"]) == 16
    assert tags["simulated"] == "yes"
    assert tags["stable_shift_removed"] == "yes"
    assert json.loads(tags["settings"])["chip"] == 32
    assert json.loads(tags["record"])["offset"]["count"] == 77


@pytest.mark.slow
def test_a_large_map_has_overviews(tmp_path):
    drow, dcol, _ = glacier((600, 700))
    write_geotiff(made(drow, dcol), tmp_path / "v.tif")
    with rasterio.open(tmp_path / "v.tif") as dataset:
        assert dataset.block_shapes[0] == (256, 256)
        assert dataset.overviews(1) == [2, 4]
        # Overviews pick cells: a share of validity means nothing.
        assert set(np.unique(dataset.read(8, out_shape=(300, 350)))) == {1.0}


def test_pictures_without_a_map_lie_nowhere(tmp_path):
    write_geotiff(flowing(georeferenced=False), tmp_path / "v.tif")
    with rasterio.open(tmp_path / "v.tif") as dataset:
        assert dataset.crs is None
        assert dataset.transform.is_identity
        assert dataset.units[0] == "px/day"


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "v.tif"
    path.write_bytes(b"before")

    def full(source, beside, **options):
        beside.write_bytes(b"half")
        raise rasterio.errors.RasterioIOError("write failed")

    monkeypatch.setattr(geotiff, "copy", full)
    with pytest.raises(TrackingError, match=r"v\.tif cannot be written"):
        write_geotiff(flowing(), path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_other_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end the name in \.tif, \.tiff"):
        write_geotiff(replace(flowing()), tmp_path / "v.png")
