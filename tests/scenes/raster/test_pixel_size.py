"""Metres for pictures that lie on no map, by the pixel size that a person gives."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.common.ground import given_plane, share_body, way_between
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes import Grid, Notice, SceneStack, Window, open_stack
from napari_icenet.scenes.open import open_again
from napari_icenet.scenes.raster.georeference import NO_SYSTEM
from napari_icenet.scenes.raster.pixel_size import metres_per_pixel, with_metres, with_pixel_size
from napari_icenet.scenes.store.zarr_store import save_stack
from napari_icenet.scenes.summary import describe
from napari_icenet.scenes.summary_text import summary_text
from tests.scenes.products import TRANSFORM_UTM, write_picture, write_tiff

UTM = CRS.from_epsg(32624)
NOTE = "pixel size of 12.5 m as given"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "camera"
    folder.mkdir()
    for day in ("20200101", "20200117"):
        write_picture(folder / f"{day}.png", np.arange(24 * 32, dtype=np.uint8).reshape(24, 32))
    return folder


def test_pixels_become_metres_from_the_upper_left_corner() -> None:
    grid = with_pixel_size(Grid(24, 32), 12.5, "ice")
    assert (grid.shape, grid.pixel_size) == ((24, 32), (12.5, 12.5))
    assert (grid.georeferenced, grid.on_map, grid.has_lonlat, grid.on_earth) == (True, False, False, False)
    assert (grid.crs_name, grid.pixel_size_note) == (NOTE, NOTE)
    # Down the rows is against y.
    assert [float(v) for v in grid.metres(3, 4, 2, -1)] == [-12.5, -25]
    assert [float(v) for v in grid.xy(0, 1)] == [18.75, -6.25]
    assert grid.azimuth(5, 5, -1, 1) == pytest.approx(45)
    assert grid.map_scale(3, 3) == (1, 1)
    with pytest.raises(ValueError, match="no longitude"):
        grid.lonlat(0, 0)
    assert grid.window(Window(2, 3, 4, 5)).pixel_size_note == NOTE


@pytest.mark.parametrize("metres", [1, 0.004, 30, 1234.5678, 1e-7])
def test_the_name_has_the_number(metres: float) -> None:
    grid = with_pixel_size(Grid(24, 32), metres, "ice")
    assert float(str(grid.pixel_size_note).split()[3]) == metres
    assert grid.pixel_size == (metres, metres)
    assert CRS.from_wkt(given_plane(metres).to_wkt()) == given_plane(metres)


def test_a_map_has_its_own_metres() -> None:
    grid = Grid(24, 32, TRANSFORM_UTM, UTM)
    assert with_pixel_size(grid, 30, "ice") is grid
    assert (grid.pixel_size_note, grid.on_map, Grid(2, 2).pixel_size_note, Grid(2, 2).on_map) == (
        None, True, None, False,
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"ice lies on a map \(EPSG:32624\) with pixels of 30 m; leave the pixel size"):
        with_pixel_size(grid, 15, "ice")
    feet = CRS.from_epsg(2263)
    assert with_pixel_size(Grid(2, 2, Affine(100, 0, 1e6, 0, -100, 2e5), feet), 100 * 1200 / 3937, "ice").crs == feet
    degrees = Grid(24, 32, Affine(30, 0, -42, 0, -30, 73), CRS.from_epsg(4326))
    with pytest.raises(UsageError, match=r"lies on a map \(EPSG:4326\), which has its own metres"):
        with_pixel_size(degrees, 30, "ice")
    oblong = Grid(24, 32, Affine(30, 0, 5e5, 0, -15, 8e6), UTM)
    with pytest.raises(UsageError, match="with pixels of 15 × 30 m"):
        with_pixel_size(oblong, 30, "ice")
    camp = CRS.from_wkt('LOCAL_CS["Camp",UNIT["metre",1]]')
    with pytest.raises(UsageError, match=r"lies on a map \(Camp\) with pixels of 0.1 m"):
        with_pixel_size(Grid(2, 2, Affine(0.1, 0, 5, 0, -0.1, 5), camp), 30, "ice")


@pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf"), "wide", "", "30 m", None])
def test_what_is_no_size_is_refused(given: float, pictures: Path) -> None:
    with pytest.raises(UsageError, match=r"is no pixel size; give the metres from one pixel to the next, as in 30\."):
        metres_per_pixel(given)
    if given is not None:
        with pytest.raises(UsageError, match="is no pixel size"):
            open_stack(pictures, pixel_size=given)
        with pytest.raises(UsageError, match="is no pixel size"):
            describe(pictures, pixel_size=given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (1e300, "1e+300"), ("1e-300", "1e-300"), (10**300, "1e+300"), ("1" + "0" * 300, "1e+300"), ("9e-7", "9e-7"),
        (1.1e6, "1100000.0"), (5e-324, "5e-324"),
    ],
)  # fmt: skip
def test_what_no_pixel_measures_is_refused_in_few_words(given: float | str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{told} m is no pixel size of a picture; give one from")) as error:
        metres_per_pixel(given)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("given", [1e-6, "0.0005", 30, "1e6"])
def test_what_a_pixel_measures_is_taken(given: float | str) -> None:
    assert metres_per_pixel(given) == float(given)


def test_a_folder_opens_with_it_and_opens_again_the_same(pictures: Path) -> None:
    plain, stack = open_stack(pictures), open_stack(pictures, pixel_size=12.5)
    assert stack.grid.pixel_size_note == NOTE
    assert {scene.grid for scene in stack.scenes} == {stack.grid}
    np.testing.assert_array_equal(stack.read(1, 1), plain.read(1, 1))
    assert stack.origin is not None
    assert open_again(stack.origin).grid == stack.grid
    assert NOTE in repr(stack)
    assert stack.notices == []


def test_a_saved_stack_keeps_it_or_gets_it(pictures: Path, tmp_path: Path) -> None:
    sized = save_stack(open_stack(pictures, pixel_size=12.5), tmp_path / "sized.zarr")
    plain = save_stack(open_stack(pictures), tmp_path / "plain.zarr")
    stack = open_stack(sized)
    assert stack.grid.pixel_size_note == NOTE
    assert open_stack(plain).grid.crs is None
    assert open_stack(plain, pixel_size=12.5).grid == stack.grid
    assert open_stack(sized, pixel_size=12.5).grid == stack.grid
    with pytest.raises(UsageError, match=r"has a pixel size of 12\.5 m as given already; leave the pixel size of 10 m"):
        open_stack(sized, pixel_size=10)


def test_the_summary_tells_it(pictures: Path) -> None:
    summary = describe(pictures, pixel_size=12.5)
    assert summary.grid is not None
    assert (summary.grid.name, summary.grid.pixel_size, summary.grid.unit) == (NOTE, (12.5, 12.5), "m")
    assert (summary.grid.latitude, summary.grid.longitude, summary.grid.map_scale) == (None, None, None)
    text = summary_text(summary)
    assert f"grid    {NOTE}" in text
    assert "pixel   12.5 m" in text
    assert "no map" not in text


def test_a_lost_map_is_told_with_what_came_of_it(tmp_path: Path) -> None:
    for day in ("20200101", "20200117"):
        write_tiff(tmp_path / f"{day}.tif", np.ones((24, 32), np.uint16), crs=None)
    (plain,), (sized,) = (open_stack(tmp_path, pixel_size=size).notices for size in (None, 12.5))
    assert "so positions are in pixels and velocities in px/day" in plain.message
    assert sized.message.startswith("20200101.tif and 1 more in ")
    assert sized.message.endswith(f"carry {NO_SYSTEM.fault}; metres are by the pixel size of 12.5 m.")
    others = [Notice("Something else.", "a", ("B1",))]
    assert with_metres(others, 3) == others


def test_xarray_carries_it_both_ways(pictures: Path) -> None:
    array = open_stack(pictures, pixel_size=12.5).to_xarray()
    assert array.attrs["georeference"] == NOTE
    assert array.dims[-2:] == ("y", "x")
    np.testing.assert_allclose(np.diff(array.x), 12.5)
    assert SceneStack.from_xarray(array).grid.pixel_size_note == NOTE
    assert "georeference" not in open_stack(pictures).to_xarray().attrs


def test_a_geotiff_carries_it_both_ways(tmp_path: Path) -> None:
    grid = with_pixel_size(Grid(24, 32), 12.5, "ice")
    path = tmp_path / "20200101.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=24, width=32, count=1, dtype="uint16", crs=grid.crs, transform=grid.transform
    ) as out:
        out.write(np.ones((1, 24, 32), np.uint16))
    stack = open_stack(tmp_path)
    assert stack.grid.pixel_size_note == NOTE
    assert stack.grid.transform == grid.transform


def test_it_is_plotted_in_kilometres() -> None:
    array = np.random.default_rng(0).random((2, 24, 32)).astype(np.float32)
    times = [datetime(2020, 1, 1), datetime(2020, 1, 17)]
    stack = SceneStack.from_array(array, times, grid=with_pixel_size(Grid(24, 32), 12.5, "ice"), name="ice")
    axes = stack.plot()
    assert axes.get_xlabel() == "x (km)"
    assert axes.get_xlim() == pytest.approx((0, 0.4))


def test_two_sizes_are_two_planes() -> None:
    small, large, camp = given_plane(10), given_plane(20), CRS.from_wkt('LOCAL_CS["Camp",UNIT["metre",1]]')
    assert share_body(small, given_plane(10))
    assert not share_body(small, large)
    assert not share_body(small, camp)
    assert share_body(camp, camp)
    assert way_between(small.to_wkt(), small.to_wkt(), "it").transform(3.0, 4.0) == (3, 4)
    with pytest.raises(TrackingError, match=r"have no common map \(pixel size of 10 m as given and pixel size of 20 m"):
        way_between(small.to_wkt(), large.to_wkt(), "it")
