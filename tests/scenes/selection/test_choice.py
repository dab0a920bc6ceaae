"""Dates that are left out, and paths and rows that are kept: of product folders, dated images and saved stacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from napari_icenet.errors import StackError, UsageError
from napari_icenet.scenes import Grid, Notice, Scene, SceneStack, open_stack
from napari_icenet.scenes.open import open_again
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Covariates, Provenance
from napari_icenet.scenes.selection.choice import SceneChoice
from napari_icenet.scenes.selection.stack_part import part_of
from napari_icenet.scenes.store.zarr_store import save_stack
from napari_icenet.scenes.summary import describe
from tests.scenes.products import CRS_UTM, ORIGIN_UTM, SHAPE, write_picture, write_product, write_tiff

#: Two dates of one path and row, one of another.
DAYS = ("20150710", "20150726", "20150811")
LABELS = ("2015-07-10", "2015-07-26", "2015-08-11")


def product(day: str, path: int = 5, row: int = 9, sensor: str = "LC08") -> str:
    return f"{sensor}_L1TP_{path:03}{row:03}_{day}_20200908_02_T1"


def scene(day: int, path: int | None = 5, row: int | None = 9, sensor: str = "LC08", hour: int = 0) -> Scene:
    return Scene(
        f"{sensor}-{day}-{path}-{row}-{hour}", datetime(2020, 1, day, hour), Grid(4, 4),
        {"B1": ArrayBand(np.zeros((4, 4), np.uint16))},
        provenance=Provenance(sensor=sensor, wrs_path=path, wrs_row=row),
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for day, row in zip(DAYS, (9, 9, 10), strict=True):
        write_product(folder, product(day, row=row), bands=("B1", "B4"))
    return folder


def test_dates_are_left_out_and_nothing_is_told(archive: Path) -> None:
    stack = open_stack(archive, exclude=["2015-07-26"])
    assert stack.labels == (LABELS[0], LABELS[2])
    assert stack.notices == []
    assert open_stack(archive, exclude=LABELS[:2]).labels == LABELS[2:]
    assert open_stack(archive, exclude=[datetime(2015, 7, 10, 14, 34, 35)]).labels == LABELS[1:]
    # One date may be given as it is, and by the id of its scene.
    assert open_stack(archive, exclude=product(DAYS[0])).labels == LABELS[1:]


@pytest.mark.parametrize(
    ("only", "kept"),
    [("005/009", (0, 1)), ("5/10", (2,)), ("005", (0, 1, 2)), (["005/009", "005/010"], (0, 1, 2))],
)
def test_paths_and_rows_are_kept(archive: Path, only: str | list[str], kept: tuple[int, ...]) -> None:
    stack = open_stack(archive, only=only)
    assert stack.labels == tuple(LABELS[i] for i in kept)
    assert stack.notices == []


def test_both_together(archive: Path) -> None:
    assert open_stack(archive, only="005/009", exclude="2015-07-10").labels == ("2015-07-26",)
    # A date of another path and row is left out already.
    assert open_stack(archive, only="005/009", exclude="2015-08-11").labels == LABELS[:2]


def test_a_scene_that_is_left_out_neither_shrinks_the_ground_nor_asks_for_a_system(tmp_path: Path) -> None:
    height, width = SHAPE
    for day, shift in (("20200101", 0), ("20200117", 0), ("20200202", 20)):
        place = Affine(30, 0, ORIGIN_UTM[0] + 30 * shift, 0, -30, ORIGIN_UTM[1])
        write_tiff(tmp_path / f"{day}.tif", np.ones(SHAPE, np.uint16), transform=place)
    assert open_stack(tmp_path).grid.shape == (height, width - 20)
    stack = open_stack(tmp_path, exclude=["2020-02-02"])
    assert stack.grid.shape == SHAPE
    assert stack.notices == []
    write_tiff(tmp_path / "20200202.tif", np.ones(SHAPE, np.uint16), crs="EPSG:3031")
    assert open_stack(tmp_path, exclude=["2020-02-02"]).grid.crs_name == CRS_UTM


def test_pictures_that_are_left_out_do_not_say_what_most_are_like(tmp_path: Path) -> None:
    for k, day in enumerate(("20200101", "20200117", "20200202", "20200218", "20200305")):
        side = 24 if k < 3 else 48
        write_picture(tmp_path / f"{day}.png", np.full((side, side), k, np.uint8))
    assert open_stack(tmp_path).grid.shape == (24, 24)
    stack = open_stack(tmp_path, exclude=["2020-01-01", "2020-01-17", "2020-02-02"])
    assert stack.grid.shape == (48, 48)
    assert stack.labels == ("2020-02-18", "2020-03-05")
    assert stack.notices == []
    # One that is left out anyway may be named, too: it is no longer told of.
    assert len(open_stack(tmp_path, exclude=["2020-02-18"]).notices) == 1


def test_a_saved_stack_is_chosen_from_alike(archive: Path, tmp_path: Path) -> None:
    saved = save_stack(open_stack(archive), tmp_path / "saved.zarr")
    whole, stack = open_stack(saved), open_stack(saved, exclude=["2015-07-26"], bands=["B4"])
    assert (stack.labels, stack.bands) == ((LABELS[0], LABELS[2]), ("B4",))
    np.testing.assert_array_equal(stack.read(1, "B4"), whole.read(2, "B4"))
    assert open_stack(saved, only="005/010").labels == LABELS[2:]
    with pytest.raises(UsageError, match=r"has no scene of 2015-07-11; its dates are 2015-07-10, 2015-07-26, 2015-08"):
        open_stack(saved, exclude=["2015-07-11"])


def test_what_is_known_of_each_date_goes_along() -> None:
    stack = SceneStack([scene(day) for day in (1, 2, 3)], ("B1",), Grid(4, 4))
    stack.covariates = Covariates(("wind",), np.array([[1.0], [2.0], [3.0]]))
    part = part_of(stack, None, SceneChoice.of("2020-01-02"), None)
    assert part.covariates is not None
    np.testing.assert_array_equal(part.covariates.values, [[1], [3]])


def test_a_stack_opens_again_the_same(archive: Path) -> None:
    stack = open_stack(archive, only=["005/009"], exclude=["2015-07-10"])
    assert stack.origin is not None
    again = open_again(stack.origin)
    assert (again.labels, again.origin) == (stack.labels, stack.origin)
    assert open_again(stack.origin.model_validate_json(stack.origin.model_dump_json())).labels == stack.labels


def test_a_summary_is_of_the_scenes_chosen(archive: Path, tmp_path: Path) -> None:
    assert [one.date for one in describe(archive, exclude=["2015-07-26"]).scenes] == [LABELS[0], LABELS[2]]
    # Scenes that form no stack may form one without another.
    far = tmp_path / "far"
    far.mkdir()
    write_tiff(far / "20200101.tif", np.ones(SHAPE, np.uint16))
    write_tiff(far / "20200117.tif", np.ones(SHAPE, np.uint16), crs="EPSG:3031")
    assert describe(far).no_stack is not None
    with pytest.raises(StackError, match="The scenes share no ground"):
        describe(far, pixel_size=30)
    assert describe(far, exclude="2020-01-17").no_stack is None


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"exclude": "2015-07-11"}, "archive has no scene of 2015-07-11; its dates are 2015-07-10, 2015-07-26, 2015-0"),
        ({"exclude": ["2015-07-10", "2015-07-10"]}, "2015-07-10 is named twice; name it once"),
        ({"exclude": ["2015-07-10", product(DAYS[0])]}, f"{product(DAYS[0])} is left out already; name each date once"),
        ({"exclude": "2015-07"}, "archive has 2 scenes of 2015-07; choose one of 2015-07-10, 2015-07-26"),
        ({"exclude": "yesterday"}, "archive has no scene of yesterday; its dates are"),
        ({"exclude": ""}, "no scene of an empty date"),
        (
            {"exclude": LABELS},
            r"leaves no scene of archive; its dates are .*; its paths and rows are 005/009 \(2 dates\), 005/010 \(1",
        ),
        ({"exclude": LABELS[:2], "least": 2}, r"leaves 1 date of archive \(2015-08-11\), too few .*; its dates are"),
        ({"only": "005/011"}, r"no scene of 005/011; its paths and rows are 005/009 \(2 dates\), 005/010 \(1 date\)\."),
        ({"only": "233"}, r"no scene of path 233; its paths and rows are"),
        ({"only": ["5/9", "005/009"]}, "005/009 is named twice"),
        ({"only": "233-013"}, "233-013 is no path and row; write 233/013, or 233 for all rows of a path"),
        ({"only": ""}, "is no path and row"),
        ({"only": "005/010", "least": 2}, r"leaves 1 date of archive \(2015-08-11\)"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(archive: Path, choice: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        open_stack(archive, **choice)  # type: ignore[arg-type]


def test_scenes_of_unknown_path_and_row_are_left_out_and_told_once() -> None:
    scenes = [scene(1), scene(2, None, None), scene(3, 6, None), scene(4, 5, None), scene(5)]
    kept, (notice,) = SceneChoice.of(only="5/9").apply(scenes, "ice")
    assert [one.time.day for one in kept] == [1, 5]
    # A scene of path 6 is known to be of another one; of path 5, the row is wanted.
    assert notice.message == "LC08-2-None-None-0, LC08-4-5-None-0 are left out: their paths and rows are not known."
    kept, (notice,) = SceneChoice.of(only="5").apply(scenes, "ice")
    assert [one.time.day for one in kept] == [1, 4, 5]
    assert notice.message == "LC08-2-None-None-0 is left out: its path and row are not known."
    with pytest.raises(UsageError, match="no scene of 007/001; none of its scenes has a known path and row"):
        SceneChoice.of(only="7/1").apply([scene(1, None, None)], "ice")
    with pytest.raises(UsageError, match=r"005/009 \(2 dates\), and 3 dates of unknown path and row"):
        SceneChoice.of(only="7/1").apply(scenes, "ice")


def test_the_two_reference_systems_are_told_apart() -> None:
    scenes = [scene(1, 233, 13, "LM02"), scene(2, 233, 13, "LC08")]
    kept, (notice,) = SceneChoice.of(only="233/013").apply(scenes, "ice")
    assert kept == scenes
    assert "233/013 is kept in both worldwide reference systems" in notice.message
    with pytest.raises(UsageError, match=r"233/013 \(1 date\), 233/013 \(WRS-1\) \(1 date\)"):
        SceneChoice.of(only="232/013").apply(scenes, "ice")


def test_a_day_of_several_scenes_is_clear_where_one_of_them_is_kept() -> None:
    scenes = [scene(1, 5, 9), scene(1, 5, 10, hour=1), scene(2, 5, 9)]
    with pytest.raises(UsageError, match=r"ice has 2 scenes of 2020-01-01; choose one of 2020-01-01T00:00:00, 2020-01"):
        SceneChoice.of("2020-01-01").apply(scenes, "ice")
    assert SceneChoice.of("2020-01-01", "5/9").apply(scenes, "ice")[0] == [scenes[2]]
    assert SceneChoice.of("2020-01-01T01").apply(scenes, "ice")[0] == [scenes[0], scenes[2]]


def test_what_is_wrong_with_a_scene_that_is_left_out_is_not_told(archive: Path) -> None:
    damaged = archive / product("20150827")
    write_product(archive, product("20150827"), bands=("B1", "B4"))
    for band in damaged.glob("*.TIF"):
        band.write_bytes(b"")
    (notice,) = open_stack(archive).notices
    assert notice.scene == damaged.name
    assert open_stack(archive, exclude=["2015-08-27"]).notices == []
    # The day of processing is none of its dates.
    with pytest.raises(UsageError, match="no scene of 2020-09-08"):
        open_stack(archive, exclude=["2020-09-08"])
    told = [Notice("B4 of it reads as fill.", "LC08-1-5-9-0"), Notice("Of all.")]
    left, notices = SceneChoice.of("2020-01-01").apply([scene(1), scene(2)], "ice", told)
    assert (len(left), notices) == (1, told[1:])


def test_without_a_choice_all_is_as_it_was(archive: Path) -> None:
    stack = open_stack(archive, least=9)
    assert stack.labels == LABELS
    assert stack.origin is not None
    assert (stack.origin.exclude, stack.origin.only, stack.origin.pixel_size) == ((), (), None)
    scenes = [replace(one) for one in stack.scenes]
    assert SceneChoice.of(least=9).apply(scenes, "ice") == (scenes, [])
