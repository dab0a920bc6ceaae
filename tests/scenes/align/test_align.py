from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from napari_icenet.errors import StackError, UsageError
from napari_icenet.scenes.align.align import Alignment, align
from napari_icenet.scenes.align.warp import WarpedBand
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.raster.band import RasterBand
from napari_icenet.scenes.raster.file import inspect
from napari_icenet.scenes.scene import Flag, Scene
from tests.scenes.products import write_tiff

UTM33, UTM34, POLAR = CRS.from_epsg(32633), CRS.from_epsg(32634), CRS.from_epsg(3413)
X0, Y0 = 500_000.0, 8_000_000.0


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth landscape in the metres of UTM zone 33."""
    return 9000 + 3000 * np.sin((x - X0) / 260) + 2500 * np.cos((y - Y0) / 310)


class ArrayMask:
    def __init__(self, flags: np.ndarray) -> None:
        self.flags = flags

    def read(self, window: Window) -> np.ndarray:
        return self.flags[window.slices]


def see(grid: Grid, number: int = 0, *, dtype: type = np.uint16, fill: np.ndarray | None = None) -> Scene:
    """The landscape as a scene on its own grid sees it, with a cloud on its eastern half."""
    rows, cols = np.mgrid[: grid.height, : grid.width]
    x, y = grid.xy(rows, cols)
    if grid.crs != UTM33:
        x, y = Transformer.from_crs(grid.crs.to_wkt(), "EPSG:32633", always_xy=True).transform(x, y)
    values = ground(x, y)
    if dtype is not np.float32:
        values = np.rint(values)
    values = values.astype(dtype)
    fill = np.zeros(grid.shape, bool) if fill is None else fill
    values[fill] = 0
    cloud = np.where(cols >= grid.width // 2, Flag.CLOUD, 0).astype(np.uint8)
    band = ArrayBand(values, fill)
    return Scene(
        f"scene{number}", datetime(2016, 1, 1) + timedelta(days=number), grid, {"B1": band}, mask=ArrayMask(cloud)
    )


def utm(dx: float = 0, dy: float = 0, *, size: float = 30, height: int = 120, width: int = 150) -> Grid:
    """A grid ``dx`` pixels east and ``dy`` pixels south of the first."""
    return Grid(height, width, Affine(size, 0, X0 + dx * size, 0, -size, Y0 - dy * size), UTM33)


def values(laid: Alignment, number: int) -> np.ndarray:
    band = laid.scenes[number].bands["B1"]
    stored = band.read(laid.grid.full_window)
    out = stored.astype(float)
    out[band.fill(laid.grid.full_window, stored)] = np.nan
    return out


def truth(grid: Grid) -> np.ndarray:
    return ground(*grid.xy(*np.mgrid[: grid.height, : grid.width]))


def test_whole_pixel_offsets_are_cut_and_never_resampled() -> None:
    laid = align([see(utm()), see(utm(7, -5), 1), see(utm(-3, 11), 2)])
    assert laid.notices == []
    assert laid.grid.shape == (120 - 16, 150 - 10)
    np.testing.assert_array_equal(laid.grid.xy(0, 0), utm().xy(11, 7))
    for i in range(3):
        np.testing.assert_array_equal(values(laid, i), np.rint(truth(laid.grid)))
        assert laid.scenes[i].grid == laid.grid


def test_a_union_pads_with_fill_and_flags_it() -> None:
    laid = align([see(utm()), see(utm(7, -5), 1)], extent="union")
    assert laid.grid.shape == (125, 157)
    second = values(laid, 1)
    assert np.isnan(second[:, :7]).all()
    assert np.isnan(second[120:]).all()
    np.testing.assert_array_equal(second[:120, 7:], np.rint(truth(laid.grid))[:120, 7:])
    mask = laid.scenes[1].mask
    assert mask is not None
    flags = mask.read(laid.grid.full_window)
    assert (flags[:, :7] == Flag.FILL).all()
    assert (flags[:120, 7 + 75 :] == Flag.CLOUD).all()
    window = Window(100, 0, 25, 20)
    np.testing.assert_array_equal(mask.read(window), flags[window.slices])
    np.testing.assert_array_equal(laid.scenes[1].bands["B1"].fill(window), np.isnan(second[window.slices]))


def test_the_grid_of_most_scenes_counts_and_of_equals_the_oldest() -> None:
    odd = see(utm(0.5, 0.25), 0)
    laid = align([odd, see(utm(), 1), see(utm(2, 2), 2)])
    assert utm().offset_of(laid.grid) is not None
    assert [notice.scene for notice in laid.notices] == ["scene0"]
    assert "its pixels lie 0.25 rows and 0.50 columns off the grid" in laid.notices[0].message
    assert "can bias sub-pixel matches" in laid.notices[0].message
    laid = align([see(utm(), 1), odd])
    assert odd.grid.offset_of(laid.grid) is not None
    assert [notice.scene for notice in laid.notices] == ["scene1"]


def test_grids_turned_against_each_other_say_by_how_much() -> None:
    turned = Grid(120, 150, utm().transform @ Affine.rotation(18), utm().crs)
    laid = align([see(utm()), see(utm(), 1), see(turned, 2)])
    assert "because it is turned by 18° against the grid" in laid.notices[0].message
    sheared = Grid(120, 150, utm().transform @ Affine(1, 0.6, 0, 0, 0.8, 0), utm().crs)
    laid = align([see(utm()), see(utm(), 1), see(sheared, 2)])
    assert "its rows and columns do not cross as those of the grid do" in laid.notices[0].message


def test_reprojection_agrees_with_the_landscape_itself() -> None:
    corner = Transformer.from_crs("EPSG:32633", "EPSG:3413", always_xy=True).transform(X0 + 2200, Y0 - 1800)
    other = Grid(200, 200, Affine(30, 0, corner[0] - 3000, 0, -30, corner[1] + 3000), POLAR)
    laid = align([see(utm()), see(utm(1, 1), 1), see(other, 2)], crs="EPSG:32633")
    assert "its coordinate system is EPSG:3413, not EPSG:32633" in laid.notices[0].message
    error = np.abs(values(laid, 2) - truth(laid.grid))
    # The steepest slope is 350 counts per pixel: one count and rounding are 0.004 pixels.
    assert np.isfinite(error).mean() > 0.999
    assert np.nanmax(error[2:-2, 2:-2]) < 1.5


def test_other_pixel_sizes_are_reprojected_and_told() -> None:
    laid = align(
        [
            see(utm()),
            see(utm(), 1),
            see(utm(size=15, height=240, width=300), 2),
            see(utm(size=90, height=40, width=50), 3),
        ]
    )
    assert [n.message.split("because ")[1].split(";")[0] for n in laid.notices] == [
        "its pixels are 15 × 15, not 30 × 30",
        "its pixels are 90 × 90, not 30 × 30",
    ]
    inner = (slice(6, -6), slice(6, -6))
    assert np.nanmax(np.abs(values(laid, 2) - truth(laid.grid))[inner]) < 30


def test_what_a_window_shows_does_not_depend_on_the_window() -> None:
    own = Grid(400, 400, Affine(30, 0, X0, 0, -30, Y0), UTM33)
    at = Transformer.from_crs("EPSG:32633", "EPSG:3413", always_xy=True).transform(X0 + 6000, Y0 - 6000)
    target = Grid(300, 300, Affine(30, 0, at[0] - 4500, 0, -30, at[1] + 4500), POLAR)
    band = WarpedBand(see(own, dtype=np.float32).bands["B1"], own, target)
    whole = band.read(target.full_window)
    for window in (Window(100, 120, 64, 64), Window(10, 20, 200, 3), Window(250, 0, 3, 300)):
        # A thousandth of a pixel on the steepest slope, of 350 counts per pixel.
        np.testing.assert_allclose(band.read(window), whole[window.slices], atol=0.35)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_fill_does_not_bleed_into_interpolated_values(dtype: type) -> None:
    own = utm()
    fill = np.zeros(own.shape, bool)
    fill[:40, :50] = True
    fill[60:63] = True  # a gap as of Landsat 7
    pictures = np.full(own.shape, 200, dtype)
    pictures[fill] = 0
    target = Grid(110, 140, Affine(30, 0, X0 + 70.3, 0, -30, Y0 - 64.9), UTM33)
    band = WarpedBand(ArrayBand(pictures, fill), own, target)
    out = band.read(target.full_window)
    missing = band.fill(target.full_window, out)
    assert out.dtype == dtype
    np.testing.assert_allclose(out[~missing], 200, atol=1e-3)
    assert 0.8 < missing.sum() / fill[2:112, 2:142].sum() < 1.2
    np.testing.assert_array_equal(band.fill(Window(30, 30, 20, 20)), missing[30:50, 30:50])


def test_a_valid_zero_stays_valid_when_interpolated() -> None:
    own = utm()
    band = WarpedBand(ArrayBand(np.zeros(own.shape, np.uint8)), own, utm(3.5, 3.5, height=50, width=50))
    assert not band.fill(Window(0, 0, 50, 50)).any()


def test_masks_are_reprojected_with_the_picture_nearest() -> None:
    laid = align([see(utm()), see(utm(), 1), see(utm(0.4, 0.4, height=100), 2)], extent="union")
    mask = laid.scenes[2].mask
    assert mask is not None
    flags = mask.read(laid.grid.full_window)
    assert set(np.unique(flags)) == {0, Flag.CLOUD, Flag.FILL}
    assert (flags[50, 2:74] == 0).all()
    assert (flags[50, 77:148] == Flag.CLOUD).all()
    assert (flags[102:] == Flag.FILL).all()


def test_several_coordinate_systems_need_a_target() -> None:
    at = Transformer.from_crs("EPSG:32633", "EPSG:32634", always_xy=True).transform(X0 + 2200, Y0 - 1800)
    neighbour = Grid(150, 150, Affine(30, 0, at[0] - 2250, 0, -30, at[1] + 2250), UTM34)
    scenes = [see(utm()), see(utm(), 1), see(neighbour, 2)]
    with pytest.raises(StackError, match="2 coordinate systems") as error:
        align(scenes)
    lines = str(error.value).splitlines()
    assert "EPSG:32633" in lines[0]
    assert lines[1:] == ["  scene0: EPSG:32633", "  scene1: EPSG:32633", "  scene2: EPSG:32634"]
    laid = align(scenes, crs=POLAR)
    assert laid.grid.crs == POLAR
    assert laid.grid.pixel_size == (30, 30)
    assert len(laid.notices) == 3
    x, y = laid.grid.xy(50, 60)
    back = Transformer.from_crs("EPSG:3413", "EPSG:32633", always_xy=True).transform(float(x), float(y))
    for i in range(3):
        assert values(laid, i)[50, 60] == pytest.approx(ground(*(np.array(v) for v in back)), abs=8)
    with pytest.raises(UsageError, match="nonsense is no coordinate system"):
        align(scenes, crs="nonsense")


def test_the_same_system_in_other_words_is_the_same() -> None:
    spelled = CRS.from_proj4("+proj=utm +zone=33 +ellps=WGS84 +towgs84=0,0,0 +units=m")
    assert spelled != UTM33
    other = Grid(120, 150, utm(4, 4).transform, spelled)
    shifted = see(utm(4, 4), 1)
    laid = align([see(utm()), Scene("b", shifted.time, other, shifted.bands)])
    assert laid.notices == []
    np.testing.assert_array_equal(values(laid, 1), np.rint(truth(laid.grid)))


def test_scenes_beside_the_others_are_left_out_one_by_one() -> None:
    laid = align([see(utm()), see(utm(5, 5), 1), see(utm(1000), 2), see(utm(8, 8), 3), see(utm(0, -4000), 4)])
    assert [scene.id for scene in laid.scenes] == ["scene0", "scene1", "scene3"]
    assert [notice.scene for notice in laid.notices] == ["scene2", "scene4"]
    assert "shares no ground with the other 3 scenes" in laid.notices[0].message
    assert "EPSG:32633, x 530000 to 534500, y 7996400 to 8000000" in laid.notices[0].message


def test_a_scene_that_misses_the_shared_ground_is_kept_by_the_union() -> None:
    chain = [see(utm()), see(utm(10), 1), see(utm(20), 2), see(utm(155), 3)]
    laid = align(chain)
    assert [scene.id for scene in laid.scenes] == ["scene0", "scene1", "scene2"]
    assert "holds nothing of the ground that the other 3 share" in laid.notices[0].message
    laid = align(chain, extent="union")
    assert laid.notices == []
    assert laid.grid.shape == (120, 305)


def test_scenes_without_shared_ground_are_listed() -> None:
    polar = Grid(100, 100, Affine(30, 0, 700_000, 0, -30, 300_000), CRS.from_epsg(3031))
    far = Scene("far", datetime(2016, 2, 1), polar, {"B1": ArrayBand(np.ones((100, 100), np.uint16))})
    with pytest.raises(StackError, match="share no ground") as error:
        align([see(utm()), far])
    assert str(error.value).splitlines()[1:] == [
        "  scene0: EPSG:32633, x 500000 to 504500, y 7996400 to 8000000",
        "  far: EPSG:3031, x 700000 to 703000, y 297000 to 300000",
    ]


def test_a_small_intersection_is_told() -> None:
    laid = align([see(utm()), see(utm(120), 1)])
    assert laid.grid.shape == (120, 30)
    assert "share 120 × 30 pixels, 20 % of the smallest" in laid.notices[0].message


def test_pictures_without_a_map_must_have_one_size() -> None:
    def picture(number: int, *shape: int) -> Scene:
        band = ArrayBand(np.full(shape, number, np.uint8))
        return Scene(f"p{number}", datetime(2020, 1, 1 + number), Grid(*shape), {"B1": band})

    laid = align([picture(0, 20, 30), picture(1, 20, 31), picture(2, 20, 30), see(utm(), 3)])
    assert [scene.id for scene in laid.scenes] == ["p0", "p2"]
    assert "scene3 lies on a map, unlike the other scenes" in laid.notices[0].message
    assert "p1 has 20 × 31 pixels and no map, the other scenes 20 × 30" in laid.notices[1].message
    with pytest.raises(StackError, match="carry no coordinate system"):
        align([picture(0, 20, 30)], crs="EPSG:3031")


def test_pixels_need_not_be_square() -> None:
    def tall(dx: int, number: int) -> Scene:
        grid = Grid(60, 150, Affine(30, 0, X0 + 30 * dx, 0, -60, Y0), UTM33)
        return see(grid, number)

    laid = align([tall(0, 0), tall(4, 1)])
    assert laid.grid.pixel_size == (60, 30)
    assert laid.notices == []
    np.testing.assert_array_equal(values(laid, 1), np.rint(truth(laid.grid)))


def test_the_area_of_interest_moves_with_the_grid() -> None:
    area = np.zeros((120, 150), bool)
    area[30:60, 40:80] = True
    laid = align([see(utm()), see(utm(7, 5), 1)], area=(area, utm()))
    np.testing.assert_array_equal(laid.area, area[5:, 7:])
    union = align([see(utm()), see(utm(-7, 5), 1)], extent="union", area=(area, utm()))
    assert union.area is not None
    assert union.area.sum() == area.sum()
    assert union.area[30:60, 47:87].all()


def test_files_on_disk_are_aligned_like_arrays(tmp_path: Path) -> None:
    scenes = []
    for i, grid in enumerate([utm(), utm(6, 3), utm(0.5, 0)]):
        scene = see(grid, i)
        path = write_tiff(
            tmp_path / f"{i}.tif", scene.bands["B1"].read(grid.full_window), transform=grid.transform, crs="EPSG:32633"
        )
        info = inspect(path)
        scenes.append(Scene(scene.id, scene.time, info.grid, {"B1": RasterBand(info, 1, 0.0)}))
    laid = align(scenes)
    np.testing.assert_array_equal(values(laid, 0), np.rint(truth(laid.grid)))
    np.testing.assert_array_equal(values(laid, 1), np.rint(truth(laid.grid)))
    assert np.nanmax(np.abs(values(laid, 2) - truth(laid.grid))[3:-3, 3:-3]) < 3
