from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from napari_icenet.errors import Cancelled, StackError, UsageError
from napari_icenet.scenes import Flag, Notice, SceneStack, Window, open_stack
from napari_icenet.scenes.dask_array import lazy_array
from napari_icenet.scenes.store.zarr_store import save_stack
from tests.scenes.products import (
    COLLECTION_1_L1,
    COLLECTION_2_L1,
    COLLECTION_2_L2,
    ORIGIN_UTM,
    SHAPE,
    band_file,
    stored_values,
    write_picture,
    write_product,
    write_tiff,
)

BANDS = ("B1", "B2", "B4")


def product_id(day: str, *, row: int = 9, processed: str = "20200908", sensor: str = "LC08", tier: str = "T1") -> str:
    return f"{sensor}_L1TP_005{row:03}_{day}_{processed}_02_{tier}"


def series(folder: Path, *days: str) -> Path:
    for day in days:
        write_product(folder, product_id(day), bands=BANDS)
    return folder


def messages(stack: SceneStack) -> list[str]:
    return [notice.message for notice in stack.notices]


def test_a_folder_of_products_opens_as_one_stack(tmp_path: Path) -> None:
    steps: list[tuple[float, str]] = []
    stack = open_stack(series(tmp_path, "20150811", "20150710"), progress=lambda done, text: steps.append((done, text)))
    assert stack.shape == (2, 3, *SHAPE)
    assert stack.labels == ("2015-07-10", "2015-08-11")
    assert stack.bands == BANDS
    assert (stack.name, stack.notices, stack.simulated) == (tmp_path.name, [], False)
    values = stored_values(1).astype(np.float32)
    values[values == 0] = np.nan
    np.testing.assert_array_equal(stack.read(1, "B2"), values)
    assert (stack.flags(0)[:5, :7] == Flag.FILL).all()
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (1.0, f"Opened {tmp_path.name}")


@pytest.mark.parametrize("part", ["", "{id}_MTL.txt", "{id}_B2.TIF", "{id}_QA_PIXEL.TIF"])
def test_a_product_opens_by_its_folder_or_any_of_its_files(tmp_path: Path, part: str) -> None:
    folder = write_product(tmp_path, COLLECTION_2_L1)
    stack = open_stack(folder / part.format(id=COLLECTION_2_L1) if part else folder)
    assert stack.shape[0] == 1
    assert stack.scenes[0].id == COLLECTION_2_L1
    assert stack.name == COLLECTION_2_L1


def test_products_may_lie_one_level_deeper(tmp_path: Path) -> None:
    series(tmp_path / "first", "20150710")
    series(tmp_path / product_id("20150811"), "20150811")
    (tmp_path / ".hidden").mkdir()
    assert open_stack(tmp_path).labels == ("2015-07-10", "2015-08-11")


def test_the_panchromatic_band_is_a_stack_of_its_own(tmp_path: Path) -> None:
    write_product(tmp_path, product_id("20150710"), bands=BANDS, pan=True)
    write_product(tmp_path, product_id("20150811"), bands=BANDS)
    assert open_stack(tmp_path).bands == BANDS
    for asked in (["B8"], ["8"], [8]):
        stack = open_stack(tmp_path, bands=asked)
        assert (stack.bands, stack.grid.pixel_size) == (("B8",), (15, 15))
        assert stack.labels == ("2015-07-10",)
        assert "holds no band 8" in messages(stack)[0]
    with pytest.raises(UsageError, match="Band 8 has 15 m pixels"):
        open_stack(tmp_path, bands=["B8", "B4"])


def test_bands_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    series(tmp_path, "20150710", "20150811")
    assert open_stack(tmp_path, bands=[4, "b1", "4"]).bands == ("B4", "B1")
    with pytest.raises(UsageError, match="no band B5; it has B1, B2, B4"):
        open_stack(tmp_path, bands=["B5"])


def test_a_band_stays_if_half_of_the_scenes_have_it(tmp_path: Path) -> None:
    write_product(tmp_path, product_id("20150710"), bands=("B1", "B4"))
    write_product(tmp_path, product_id("20150811"), bands=("B1", "B4", "B5"))
    write_product(tmp_path, product_id("20150912"), bands=("B1", "B6"))
    write_product(tmp_path, product_id("20151014"), bands=("B1", "B5"))
    stack = open_stack(tmp_path)
    assert stack.bands == ("B1", "B4", "B5")
    texts = messages(stack)
    assert "B6 is left out: fewer than half of the scenes have it." in texts
    assert f"{product_id('20150912')} lacks B4 and B5, which read as fill on its date." in texts
    assert np.isnan(stack.read(2, "B4")).all()
    assert sum("as fill on its date" in text for text in texts) == 3


def test_a_truncated_band_costs_that_band_and_a_ruined_scene_that_scene(tmp_path: Path) -> None:
    series(tmp_path, "20150710", "20150811", "20150912")
    first = tmp_path / product_id("20150710")
    cut = first / band_file(first.name, "B4")
    cut.write_bytes(cut.read_bytes()[:2000])
    for path in (tmp_path / product_id("20150811")).glob("*.TIF"):
        path.write_bytes(b"")
    stack = open_stack(tmp_path)
    assert stack.labels == ("2015-07-10", "2015-09-12")
    texts = messages(stack)
    assert any(cut.name in text and "truncated" in text for text in texts)
    assert any(text.startswith(f"{product_id('20150811')} is left out: ") for text in texts)
    assert np.isnan(stack.read(0, "B4")).all()
    assert np.isfinite(stack.read(1, "B4")).any()


def test_of_one_acquisition_the_newest_processing_counts(tmp_path: Path) -> None:
    for processed, tier in (("20170405", "T1"), ("20200908", "T1"), ("20150711", "RT")):
        write_product(tmp_path, product_id("20150710", processed=processed, tier=tier), bands=BANDS)
    series(tmp_path, "20150811")
    stack = open_stack(tmp_path)
    best = product_id("20150710")
    assert [scene.id for scene in stack.scenes] == [best, product_id("20150811")]
    assert sorted(messages(stack)) == [
        f"{product_id('20150710', processed='20150711', tier='RT')} is left out: "
        f"{best} is a newer processing of the same acquisition.",
        f"{product_id('20150710', processed='20170405')} is left out: "
        f"{best} is a newer processing of the same acquisition.",
    ]


def test_two_rows_of_one_day_stay_apart_by_time(tmp_path: Path) -> None:
    for row in (9, 10):
        folder = write_product(tmp_path, product_id("20150710", row=row), bands=BANDS)
        mtl = folder / f"{folder.name}_MTL.txt"
        mtl.write_text(mtl.read_text().replace("14:34:35", f"14:34:{35 + 24 * (row - 9)}"))
    stack = open_stack(tmp_path)
    assert stack.labels == ("2015-07-10T14:34:35", "2015-07-10T14:34:59")
    assert stack.different_geometry(0, 1)
    assert stack.time_index("2015-07-10T14:34:59") == 1


def test_mixed_sensors_and_levels_are_told(tmp_path: Path) -> None:
    write_product(tmp_path, COLLECTION_2_L1)
    write_product(tmp_path, COLLECTION_2_L2)
    write_product(tmp_path, COLLECTION_1_L1)
    texts = " ".join(messages(open_stack(tmp_path)))
    assert "mixes LC08, LC09 and LE07" in texts
    assert "mixes Levels 1 and 2" in texts


def test_offset_scenes_share_one_grid(tmp_path: Path) -> None:
    series(tmp_path, "20150710", "20150811")
    moved = tmp_path / product_id("20150811")
    transform = Affine(30, 0, ORIGIN_UTM[0] + 90, 0, -30, ORIGIN_UTM[1] - 60)
    for path in moved.glob("*.TIF"):
        write_tiff(
            path, stored_values(5) if "QA" not in path.name else np.full(SHAPE, 64, np.uint16), transform=transform
        )
    stack = open_stack(tmp_path)
    assert stack.grid.shape == (SHAPE[0] - 2, SHAPE[1] - 3)
    np.testing.assert_array_equal(
        stack.read(0, "B4"), np.where(stored_values(2) == 0, np.nan, stored_values(2))[2:, 3:]
    )
    np.testing.assert_array_equal(
        stack.read(1, "B4"), np.where(stored_values(5) == 0, np.nan, stored_values(5))[:-2, :-3].astype(np.float32)
    )
    assert open_stack(tmp_path, extent="union").grid.shape == (SHAPE[0] + 2, SHAPE[1] + 3)
    assert open_stack(tmp_path, crs="EPSG:3413").grid.crs.to_epsg() == 3413


def test_a_folder_of_dated_images_opens_with_its_area(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for day in ("20200131", "2020-02-16", "20200303"):
        write_picture(tmp_path / f"{day}.png", rng.integers(1, 255, (3, 40, 50), dtype=np.uint8))
    mask = np.zeros((40, 50), np.uint8)
    mask[10:20, 5:45] = 255
    write_picture(tmp_path / "mask.png", mask)
    stack = open_stack(tmp_path)
    assert stack.shape == (3, 3, 40, 50)
    assert stack.labels == ("2020-01-31", "2020-02-16", "2020-03-03")
    np.testing.assert_array_equal(stack.area, mask > 0)
    # Bands of pictures have numbers of their own: here 8 is no panchromatic band.
    with pytest.raises(UsageError, match="no band 8; it has B1, B2, B3"):
        open_stack(tmp_path, bands=[1, 8])


def test_opening_reads_no_pixels(tmp_path: Path) -> None:
    folder = series(tmp_path, "20150710", "20150811")
    stack = open_stack(folder)
    lazy_array(stack)
    shutil.rmtree(folder)  # the files are opened anew for each frame
    with pytest.warns(UserWarning, match="cannot be read and counts as missing"):
        assert np.isnan(stack.read(0, 1, Window(0, 0, 4, 4))).all()


def test_opening_can_be_cancelled(tmp_path: Path) -> None:
    def cancel(done: float, text: str) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        open_stack(series(tmp_path, "20150710", "20150811"), progress=cancel)


def test_an_opened_stack_saves_and_reads_back(tmp_path: Path) -> None:
    stack = open_stack(series(tmp_path / "products", "20150710", "20150811"))
    again = open_stack(save_stack(stack, tmp_path / "saved.zarr"))
    assert again.labels == stack.labels
    assert [s.provenance for s in again.scenes] == [s.provenance for s in stack.scenes]
    assert [s.scaling for s in again.scenes] == [s.scaling for s in stack.scenes]
    for t in range(2):
        np.testing.assert_array_equal(again.flags(t), stack.flags(t))
        np.testing.assert_array_equal(again.read(t, "B4", reflectance=True), stack.read(t, "B4", reflectance=True))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: None, "is empty; name a folder of Landsat product folders"),
        (lambda p: (p / "notes.txt").write_text("x"), "holds no scene; name a folder of Landsat"),
        (lambda p: write_picture(p / "summer.png", np.ones((4, 4), np.uint8)), "images without a date in their names"),
    ],
)
def test_a_folder_without_scenes_says_what_is_expected(tmp_path: Path, make: object, expected: str) -> None:
    make(tmp_path)  # type: ignore[operator]
    with pytest.raises(StackError, match=expected):
        open_stack(tmp_path)


def test_a_path_that_is_no_stack_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="does not exist; name a folder"):
        open_stack(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(StackError, match=r"notes\.txt is no stack; name a folder"):
        open_stack(tmp_path / "notes.txt")
    (tmp_path / "LC08.tar").write_text("x")
    with pytest.raises(StackError, match="is an archive; extract it"):
        open_stack(tmp_path / "LC08.tar")
    write_picture(tmp_path / "20200131.png", np.ones((4, 4), np.uint8))
    with pytest.raises(StackError, match="single image; name the folder"):
        open_stack(tmp_path / "20200131.png")


def test_no_usable_scene_lists_each_reason(tmp_path: Path) -> None:
    for day in ("20150710", "20150811"):
        (tmp_path / product_id(day)).mkdir()
    with pytest.raises(StackError, match="None of the 2 products") as error:
        open_stack(tmp_path)
    lines = str(error.value).splitlines()[1:]
    assert len(lines) == 2
    assert all(product_id(day) in line for day, line in zip(("20150710", "20150811"), lines, strict=True))


def test_a_named_extent_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose intersection or union"):
        open_stack(series(tmp_path, "20150710"), extent="both")  # type: ignore[arg-type]


@pytest.mark.real
def test_real_products_on_two_ends_of_the_earth_share_no_ground(real_data: Path) -> None:
    with pytest.raises(StackError, match=r"share no ground[\s\S]*EPSG:32624[\s\S]*EPSG:3031"):
        open_stack(real_data / "landsat_products")


@pytest.mark.real
def test_real_dated_folders_open(real_data: Path) -> None:
    stack = open_stack(real_data / "perito_moreno")
    assert stack.shape == (23, 3, 1231, 992)
    assert stack.scenes[0].time == datetime(2020, 1, 1)
    assert stack.area is not None
    assert stack.notices == []
    stack = open_stack(real_data / "sverdrup")
    assert stack.shape == (70, 1, 300, 200)
    assert len({(s.provenance.wrs_path, s.provenance.wrs_row) for s in stack.scenes}) == 6
    assert all(isinstance(notice, Notice) for notice in stack.notices)
