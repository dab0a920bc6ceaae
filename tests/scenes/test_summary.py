from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from napari_icenet.errors import Cancelled, SceneError, SceneWarning, StackError
from napari_icenet.scenes import Flag, Grid, Scene, SceneStack, Window
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Provenance
from napari_icenet.scenes.statistics import shares
from napari_icenet.scenes.summary import StackSummary, describe
from napari_icenet.scenes.summary_text import summary_text
from tests.scenes.products import SHAPE, stored_values, write_picture, write_product, write_tiff

FIRST, SECOND = "LC08_L1TP_005009_20150710_20200908_02_T1", "LC08_L1TP_005010_20150811_20200908_02_T1"


class ArrayMask:
    def __init__(self, flags: np.ndarray) -> None:
        self.flags = flags

    def read(self, window: Window) -> np.ndarray:
        return self.flags[window.slices]


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Two products: fill in a corner of 5 × 7 pixels, and cloud on ten rows of the second."""
    quality = np.full(SHAPE, 64, np.uint16)
    quality[20:30] = 1 << 3
    quality[stored_values(0) == 0] = 1
    write_product(tmp_path, FIRST, bands=("B1", "B4"))
    write_product(tmp_path, SECOND, bands=("B1", "B4"), quality=quality)
    return tmp_path


def test_the_summary_tells_dates_bands_grid_and_shares(products: Path) -> None:
    summary = describe(products)
    assert summary.shape == (2, 2, *SHAPE)
    assert [scene.date for scene in summary.scenes] == ["2015-07-10", "2015-08-11"]
    assert (summary.bands, summary.dtype) == (("B1", "B4"), "uint16")
    fill = 35 / (SHAPE[0] * SHAPE[1])
    first, second = summary.scenes
    assert (first.fill, first.cloud) == (pytest.approx(fill), 0)
    assert second.cloud == pytest.approx(500 / (2000 - 35))
    assert (first.sensor, first.level, first.tier, first.path, first.row) == ("LC08", "L1TP", "T1", 5, 9)
    grid = summary.grid
    assert grid is not None
    assert (grid.epsg, grid.name, grid.pixel_size, grid.unit) == (32624, "WGS 84 / UTM zone 24N", (30, 30), "m")
    assert (grid.x, grid.y) == ((365685, 365685 + 1500), (8143815 - 1200, 8143815))
    centre = Transformer.from_crs("EPSG:32624", "EPSG:4326").transform(365685 + 750, 8143815 - 600)
    assert (grid.latitude, grid.longitude) == pytest.approx(centre, abs=1e-9)
    assert summary.geometries == ("005/009", "005/010")
    assert summary.no_stack is None


def test_the_text_lines_up(products: Path) -> None:
    lines = summary_text(describe(products)).splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["date", "sensor", "level", "path/row", "fill", "cloud", "scene"]
    assert table[1].split() == ["2015-07-10", "LC08", "L1TP", "005/009", "1.7", "%", "0.0", "%", FIRST]
    assert table[2].split() == ["2015-08-11", "LC08", "L1TP", "005/010", "1.7", "%", "25.4", "%", SECOND]
    assert len({line.index("LC08_") for line in table[1:]}) == 1
    assert "path/row  005/009, 005/010; terrain shifts between them (parallax)" in lines


def test_json_holds_the_same(products: Path) -> None:
    summary = describe(products)
    assert StackSummary.model_validate_json(summary.model_dump_json()) == summary
    assert json.loads(summary.model_dump_json())["scenes"][1]["id"] == SECOND


def test_unknown_cloud_is_not_none_at_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for day in ("20200131", "20200216"):
        write_picture(tmp_path / f"{day}.png", rng.integers(1, 255, (40, 50), dtype=np.uint8))
    write_picture(tmp_path / "mask.png", np.repeat(np.uint8([[0], [255]]), [30, 10], axis=0).repeat(50, axis=1))
    summary = describe(tmp_path)
    assert [scene.cloud for scene in summary.scenes] == [None, None]
    assert summary.area == 0.25
    text = summary_text(summary)
    assert "25.0 % of the frame is the area of interest" in text
    assert "40 × 50 pixels, no map: displacements are in pixels" in text
    # Nothing is known of sensors: the columns would be empty.
    assert text.splitlines()[-2].split() == ["2020-01-31", "0.0", "%", "–", "20200131"]


def test_scenes_that_share_no_ground_are_told_each_by_itself(products: Path) -> None:
    far = products / SECOND
    for path in far.glob("*.TIF"):
        transform = Affine(30, 0, 733_785, 0, -30, 494_415)
        write_tiff(
            path,
            stored_values(0) if "_B" in path.name else np.full(SHAPE, 64, np.uint16),
            transform=transform,
            crs="EPSG:3031",
        )
    summary = describe(products)
    assert summary.shape is None
    assert summary.grid is None
    assert [scene.grid.epsg for scene in summary.scenes if scene.grid] == [32624, 3031]
    text = summary_text(summary)
    assert "No stack: the scenes share no ground; open those of one place together." in text
    assert "EPSG:3031, WGS 84 / Antarctic Polar Stereographic" in text
    assert f"{SHAPE[0]} × {SHAPE[1]}" in text


def test_one_scene_is_enough(products: Path) -> None:
    summary = describe(products / FIRST)
    assert summary.shape == (1, 2, *SHAPE)
    assert "dates   2015-07-10" in summary_text(summary).splitlines()


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="is empty"):
        describe(tmp_path)


def test_simulated_scenes_say_so() -> None:
    grid = Grid(4, 4)
    scene = Scene(
        "a", datetime(2020, 1, 1), grid, {"B1": ArrayBand(np.ones((4, 4)))}, provenance=Provenance(simulated=True)
    )
    summary = describe(SceneStack([scene], ("B1",), grid, name="Byrd"))
    assert summary.simulated
    assert summary_text(summary).splitlines()[0] == "Byrd (simulated, not a measurement)"


def test_shares_of_a_large_frame_come_from_a_coarse_look() -> None:
    shape = (2600, 2100)
    values = np.ones(shape, np.float32)
    values[:650] = np.nan
    flags = np.zeros(shape, np.uint8)
    flags[:1300] = Flag.CLOUD  # half of it over fill, which does not count
    grid = Grid(*shape)
    scene = Scene("a", datetime(2020, 1, 1), grid, {"B1": ArrayBand(values)}, mask=ArrayMask(flags))
    seen = shares(SceneStack([scene], ("B1",), grid), 0)
    assert seen.fill == pytest.approx(0.25, abs=0.002)
    assert seen.cloud == pytest.approx(650 / 1950, abs=0.002)


def test_a_frame_of_fill_and_an_unreadable_one_have_no_cloud_share() -> None:
    class Vanished(ArrayBand):
        def read(self, window: Window) -> np.ndarray:
            raise SceneError("gone.TIF is missing; put it back.")

    grid = Grid(20, 20)
    mask = ArrayMask(np.zeros((20, 20), np.uint8))
    scenes = [
        Scene("a", datetime(2020, 1, 1), grid, {"B1": ArrayBand(np.full((20, 20), np.nan))}, mask=mask),
        Scene("b", datetime(2020, 1, 2), grid, {"B1": Vanished(np.ones((20, 20)))}, mask=mask),
        Scene("c", datetime(2020, 1, 3), grid, {}, mask=mask),
    ]
    with pytest.warns(SceneWarning, match=r"gone\.TIF"):
        summary = describe(SceneStack(scenes, ("B1",), grid))
    assert [(scene.fill, scene.cloud) for scene in summary.scenes] == [(1.0, None)] * 3
    assert any("gone.TIF" in notice for notice in summary.notices)


def test_geographic_grids_are_told_in_degrees() -> None:
    grid = Grid(10, 10, Affine(0.001, 0, 10, 0, -0.001, 60), CRS.from_epsg(4326))
    scene = Scene("a", datetime(2020, 1, 1), grid, {"B1": ArrayBand(np.ones((10, 10)))})
    text = summary_text(describe(SceneStack([scene], ("B1",), grid)))
    assert "extent  x 10.00000 to 10.01000, y 59.99000 to 60.00000" in text.splitlines()
    assert "pixel   0.001 degree" in text.splitlines()


def test_progress_never_goes_back(products: Path) -> None:
    steps: list[float] = []
    describe(products, progress=lambda done, text: steps.append(done))
    assert steps == sorted(steps)
    assert len(steps) == 4


def test_cancelling_stops_the_look(products: Path) -> None:
    def cancel(done: float, text: str) -> None:
        if text.startswith("Looking"):
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        describe(products, progress=cancel)


@pytest.mark.slow
@pytest.mark.real
def test_real_folders_are_told_right(real_data: Path) -> None:
    antarctic = describe(real_data / "landsat_products" / "LC08_L2SR_099120_20191129_20201016_02_T2")
    assert antarctic.shape == (1, 7, 512, 512)
    assert antarctic.grid is not None
    assert antarctic.grid.epsg == 3031
    assert antarctic.scenes[0].fill == pytest.approx(134818 / 512**2, abs=1e-3)
    assert antarctic.scenes[0].cloud == 1.0  # its quality band calls every pixel cloud
    both = describe(real_data / "landsat_products")
    assert both.no_stack is not None
    assert [scene.grid.epsg for scene in both.scenes if scene.grid] == [32624, 3031]
    glacier = describe(real_data / "kangerlussuaq")
    assert glacier.shape == (23, 1, 300, 200)
    assert glacier.geometries == ("229/012", "230/012", "231/012")
