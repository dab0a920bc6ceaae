"""Where velocity maps may be written, and what is said of them."""

import numpy as np
import pytest
import rasterio

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.io.netcdf import read_netcdf
from napari_icenet.velocity.io.write import check_output, summary, write_maps
from napari_icenet.velocity.map_arrays import Offset
from tests.velocity.maps import made

OFFSET = Offset(0.3, -0.4, 0.05, 0.06, 77, "mask")


def still(dcol=1.0, **changes):
    """A map that moves alike everywhere but in one lost corner."""
    drow = np.zeros((4, 5))
    drow[0, 0] = np.nan
    return made(drow, np.full((4, 5), dcol), **changes)


@pytest.mark.slow
def test_the_suffix_chooses_the_format(tmp_path):
    write_maps([still(), still()], tmp_path / "v.nc")
    assert len(read_netcdf(tmp_path / "v.nc")) == 2
    write_maps([still()], tmp_path / "v.TIF")
    with rasterio.open(tmp_path / "v.TIF") as dataset:
        assert dataset.driver == "GTiff"


@pytest.mark.parametrize(
    ("name", "pairs", "error", "told"),
    [
        ("v.zarr", 1, UsageError, "end the name in .nc, .tif, .tiff"),
        ("v", 1, UsageError, "end the name in"),
        ("v.tif", 2, UsageError, "can hold one pair, not 2"),
        ("nowhere/v.nc", 1, TrackingError, "there is no folder"),
        ("folder.nc", 1, TrackingError, "it is a folder"),
    ],
)
def test_what_cannot_be_written_is_told_before(tmp_path, name, pairs, error, told):
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(error) as raised:
        check_output(tmp_path / name, pairs)
    assert told in str(raised.value)
    assert name in str(raised.value)


def test_a_summary_of_one_pair():
    # 15 m a pixel and 16 days: 342.4 m a year, less the scale of UTM at its central meridian.
    first, second = summary(still(offset=OFFSET)).splitlines()
    assert first == "2020-01-01 → 2020-01-17: 19 of 20 points with pixels are valid (95.0 %), median speed 342.6 m/yr"
    assert (
        second
        == "stable ground (mask, 77 points): +0.300 px down, -0.400 px right, spread 0.050, 0.060 px; not removed"
    )


def test_a_summary_of_many_pairs():
    maps = [still(offset=OFFSET, offset_removed=True), still(georeferenced=True)]
    first, second = summary(maps).splitlines()
    assert first.startswith("2 pairs: 38 of 40 points with pixels are valid (95.0 %), median speed ")
    assert second == "stable ground: measured in 1 of 2 pairs, median offset 0.500 px; removed from 1"


def test_a_summary_without_stable_ground_and_without_a_map():
    first, second = summary(still(georeferenced=False)).splitlines()
    assert first.endswith("median speed 0.0625 px/day")
    assert second == "stable ground: none given or found, nothing removed"
    lost = made(np.full((4, 5), np.nan), np.zeros((4, 5)))
    assert summary(lost).splitlines()[0] == "2020-01-01 → 2020-01-17: 0 of 20 points with pixels are valid (0.0 %)"


def test_points_without_pixels_do_not_count():
    velocity = still()
    velocity.reason[0, 0] = reason_code(LostReason.FILL)
    velocity.reason[0, 1] = reason_code(LostReason.OUTSIDE)
    velocity.reason[0, 2] = reason_code(LostReason.OUTLIER)
    assert "17 of 18 points with pixels are valid (94.4 %)" in summary(velocity)
    velocity.reason[:] = reason_code(LostReason.FILL)
    assert summary(velocity).startswith("2020-01-01 → 2020-01-17: 0 of 0 points with pixels are valid\n")
