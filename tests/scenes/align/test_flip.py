"""Files whose first row is the southernmost lie as on the map, with the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from PIL import Image

from napari_icenet.errors import SceneWarning
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.open import open_stack
from tests.scenes.products import TRANSFORM_UTM, stored_values, write_tiff

SHAPE = (60, 80)
SOUTH_UP = Affine(30, 0, TRANSFORM_UTM.c, 0, 30, TRANSFORM_UTM.f - 60 * 30)


def values(day: int) -> np.ndarray:
    found = stored_values(day + 1, SHAPE).astype(np.uint16)
    found[3:7, 20:30] = 0
    return found


def write(folder: Path, south: tuple[int, ...]) -> Path:
    folder.mkdir()
    for i, day in enumerate(("20200101", "20200117", "20200202")):
        turned = i in south
        place = SOUTH_UP if turned else TRANSFORM_UTM
        write_tiff(folder / f"{day}.tif", values(i)[::-1] if turned else values(i), transform=place, nodata=0)
    return folder


def test_south_up_files_read_as_north_up_ones(tmp_path: Path) -> None:
    expected = open_stack(write(tmp_path / "north", ()))
    for south in ((0, 1, 2), (1,), (0,)):
        stack = open_stack(write(tmp_path / f"south{len(south)}{south[0]}", south))
        assert stack.notices == []
        assert stack.grid == expected.grid
        for time in range(3):
            assert np.array_equal(stack.read(time, 1), expected.read(time, 1), equal_nan=True)
            window = Window(2, 15, 9, 40)
            ours, theirs = (one.scenes[time].bands["B1"] for one in (stack, expected))
            assert np.array_equal(ours.read(window), theirs.read(window))
            assert np.array_equal(ours.fill(window), theirs.fill(window))
            assert np.array_equal(ours.fill(window, ours.read(window)), theirs.fill(window))


def test_an_area_of_interest_turns_with_its_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "south", (0, 1, 2))
    painted = np.zeros(SHAPE, np.uint8)
    painted[:10, :30] = 255
    Image.fromarray(painted).save(folder / "mask.png")
    stack = open_stack(folder)
    assert stack.area is not None
    assert np.array_equal(stack.area, painted[::-1] > 0)


def test_zeros_that_a_turned_file_does_not_declare_are_told_as_in_one_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "south").mkdir()
    for i, day in enumerate(("20200101", "20200117")):
        picture = stored_values(i + 1, SHAPE).astype(np.uint16)
        picture[20:40, 20:40] = 0
        write_tiff(tmp_path / "south" / f"{day}.tif", picture[::-1], transform=SOUTH_UP)
    stack = open_stack(tmp_path / "south")
    with pytest.warns(SceneWarning, match="connected zeros and the like are taken for missing, 9 %"):
        stack.read(0, stack.bands[0])
    assert len(stack.notices) == 1
