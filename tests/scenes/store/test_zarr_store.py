from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import zarr
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import Cancelled, SceneError, SceneWarning, StackError, UsageError
from napari_icenet.scenes import Flag, Grid, Notice, Scene, SceneStack, Window, open_stack
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Provenance, Scaling
from napari_icenet.scenes.store.zarr_store import save_stack


class ArrayMask:
    def __init__(self, flags: np.ndarray) -> None:
        self.flags = flags

    def read(self, window: Window) -> np.ndarray:
        return self.flags[window.slices]


@pytest.fixture
def stack() -> SceneStack:
    """Two dates of unlike scenes: types, fill, a missing band, a mask on one alone."""
    rng = np.random.default_rng(3)
    shape = (1100, 40)
    grid = Grid(*shape, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))
    fill = rng.random(shape) < 0.2
    first = Scene(
        "LC08_L1GT_054118_20151122_20170401_01_T2",
        datetime(2015, 11, 22, 19, 21, 4, 123456),
        grid,
        {
            "B1": ArrayBand(rng.integers(0, 65535, shape).astype(np.uint16), fill),
            "B4": ArrayBand(rng.integers(0, 255, shape).astype(np.uint8)),
        },
        time_known=True,
        mask=ArrayMask(rng.choice([0, int(Flag.CLOUD), int(Flag.SNOW)], shape).astype(np.uint8)),
        scaling={"B1": Scaling(2e-5, -0.1, 0.37)},
        provenance=Provenance(
            location=Path("archive/one"),
            sensor="LC08",
            level="L1GT",
            collection="01",
            tier="T2",
            wrs_path=54,
            wrs_row=118,
            processed=date(2017, 4, 1),
            simulated=True,
            metadata={"SUN_ELEVATION": 21.5, "nested": {"list": [1, None, "x"]}},
        ),
    )
    second = Scene("b", datetime(2016, 1, 9), grid, {"B1": ArrayBand(rng.integers(-9, 9, shape).astype(np.int16))})
    area = np.zeros(shape, bool)
    area[3:900, 2:30] = True
    return SceneStack([first, second], ("B1", "B4"), grid, name="Byrd", area=area, notices=[Notice("Mind this.", "b")])


def assert_identical(one: SceneStack, other: SceneStack) -> None:
    assert other.shape == one.shape
    assert (other.name, other.bands, other.grid, other.labels) == (one.name, one.bands, one.grid, one.labels)
    assert other.notices == one.notices
    assert [s.time for s in other.scenes] == [s.time for s in one.scenes]
    np.testing.assert_array_equal(other.area, one.area)
    for mine, theirs in zip(one.scenes, other.scenes, strict=True):
        assert (theirs.id, theirs.time_known) == (mine.id, mine.time_known)
        assert (theirs.scaling, theirs.provenance) == (mine.scaling, mine.provenance)
        assert (set(theirs.bands), theirs.mask is None) == (set(mine.bands), mine.mask is None)
    for t in range(one.shape[0]):
        np.testing.assert_array_equal(other.flags(t), one.flags(t))
        for band in one.bands:
            np.testing.assert_array_equal(other.read(t, band), one.read(t, band))


def test_a_saved_stack_reads_back_identical(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "byrd.zarr")
    again = open_stack(saved)
    assert_identical(stack, again)
    assert again.dtype == stack.dtype == np.int32
    np.testing.assert_array_equal(
        again.read(0, "B1", Window(1000, -3, 60, 9), reflectance=True),
        stack.read(0, "B1", Window(1000, -3, 60, 9), reflectance=True),
    )
    assert_identical(stack, open_stack(saved / "zarr.json"))
    # A stack of a saved stack is the same stack once more.
    assert_identical(stack, open_stack(save_stack(again, tmp_path / "again.zarr")))


def test_chunks_are_one_date_and_band_of_at_most_1024_pixels(stack: SceneStack, tmp_path: Path) -> None:
    group = zarr.open_group(save_stack(stack, tmp_path / "s.zarr"), mode="r")
    assert group.metadata.zarr_format == 3
    assert group["values"].chunks == group["fill"].chunks == (1, 1, 1024, 40)
    assert group["flags"].chunks == (1, 1024, 40)
    assert group["values"].dtype == np.int32


def test_float_pictures_keep_their_nan_and_no_map_stays_no_map(tmp_path: Path) -> None:
    pictures = np.random.default_rng(4).random((2, 30, 20)).astype(np.float32)
    pictures[1, 4:9, 3] = np.nan
    stack = SceneStack.from_array(pictures, [datetime(2020, 1, 1), datetime(2020, 1, 2, 3, 4)])
    again = open_stack(save_stack(stack, tmp_path / "s.zarr"))
    assert again.grid.crs is None
    assert again.dtype == np.float32
    assert_identical(stack, again)


def test_bands_of_a_saved_stack_can_be_chosen(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    assert open_stack(saved, bands=[4]).bands == ("B4",)
    with pytest.raises(UsageError, match="no band B9"):
        open_stack(saved, bands=["B9"])
    with pytest.raises(UsageError, match="saved on its own grid"):
        open_stack(saved, crs="EPSG:32633")


def test_nothing_is_overwritten_unasked(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    with pytest.raises(StackError, match=r"s\.zarr exists"):
        save_stack(stack, saved)
    other = SceneStack.from_array(np.ones((1, 5, 6), np.uint8), [datetime(2020, 1, 1)])
    save_stack(other, saved, overwrite=True)
    assert_identical(other, open_stack(saved))
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(StackError, match="no stack saved by icenet"):
        save_stack(stack, precious, overwrite=True)
    assert (precious / "thesis.txt").read_text() == "years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["precious", "s.zarr"]


def test_a_stack_can_be_saved_over_itself(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    save_stack(open_stack(saved), saved, overwrite=True)
    assert_identical(stack, open_stack(saved))


def test_cancelling_leaves_nothing_behind_and_the_old_one_whole(stack: SceneStack, tmp_path: Path) -> None:
    def stop_at_half(fraction: float, text: str) -> None:
        assert text.startswith("Saving 201")
        if fraction >= 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        save_stack(stack, tmp_path / "s.zarr", progress=stop_at_half)
    assert list(tmp_path.iterdir()) == []
    saved = save_stack(stack, tmp_path / "s.zarr")
    with pytest.raises(Cancelled):
        save_stack(stack, saved, overwrite=True, progress=stop_at_half)
    assert [p.name for p in tmp_path.iterdir()] == ["s.zarr"]
    assert_identical(stack, open_stack(saved))


def test_a_file_that_vanishes_while_saving_is_told_in_the_store(stack: SceneStack, tmp_path: Path) -> None:
    class Vanished(ArrayBand):
        def read(self, window: Window) -> np.ndarray:
            raise SceneError("gone.TIF is missing; put it back.")

    broken = replace(stack.scenes[1], bands={"B1": Vanished(np.ones(stack.grid.shape, np.int16))})
    partial = SceneStack([stack.scenes[0], broken], stack.bands, stack.grid)
    with pytest.warns(SceneWarning, match=r"gone\.TIF"):
        saved = save_stack(partial, tmp_path / "s.zarr")
    again = open_stack(saved)
    assert np.isnan(again.read(1, "B1")).all()
    assert "gone.TIF" in again.notices[0].message


def test_a_newer_format_asks_for_an_update(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    header = json.loads((saved / "zarr.json").read_text())
    header["attributes"]["version"] = 99
    (saved / "zarr.json").write_text(json.dumps(header))
    with pytest.raises(StackError, match=r"newer napari-icenet \(format 99\)"):
        open_stack(saved)


@pytest.mark.parametrize("part", ["values/c/1/0/1/0", "fill", "flags/zarr.json", "zarr.json"])
def test_a_store_that_lacks_a_part_is_incomplete(stack: SceneStack, tmp_path: Path, part: str) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    missing = saved / part
    shutil.rmtree(missing) if missing.is_dir() else missing.unlink()
    with pytest.raises(StackError, match="incomplete"):
        open_stack(saved)


def test_a_damaged_chunk_costs_its_date_and_band(stack: SceneStack, tmp_path: Path) -> None:
    saved = save_stack(stack, tmp_path / "s.zarr")
    chunk = saved / "values/c/0/0/1/0"
    chunk.write_bytes(chunk.read_bytes()[:40])
    again = open_stack(saved)
    with pytest.warns(SceneWarning, match=r"s\.zarr is damaged in values"):
        assert np.isnan(again.read(0, "B1")).all()
    np.testing.assert_array_equal(again.read(0, "B4"), stack.read(0, "B4"))
    np.testing.assert_array_equal(
        again.read(0, "B1", Window(0, 0, 1000, 40)), stack.read(0, "B1", Window(0, 0, 1000, 40))
    )


def test_an_unfinished_or_foreign_store_is_refused(tmp_path: Path) -> None:
    zarr.create_group(store=tmp_path / "foreign.zarr")
    with pytest.raises(StackError, match="no stack that icenet finished saving"):
        open_stack(tmp_path / "foreign.zarr")
    (tmp_path / "torn.zarr").mkdir()
    (tmp_path / "torn.zarr" / "zarr.json").write_text('{"attributes": {"for')
    with pytest.raises(StackError, match="incomplete"):
        open_stack(tmp_path / "torn.zarr")


def test_a_place_that_cannot_be_written_is_named(stack: SceneStack, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be written"):
        save_stack(stack, tmp_path / "file" / "s.zarr")
