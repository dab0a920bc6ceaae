from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet.scenes.raster.fill import JPEG_REACH_PX, assumed_missing, black_border


def test_black_at_the_frame_is_fill_and_shadow_inside_is_not() -> None:
    picture = np.full((100, 120), 90, np.uint8)
    picture[:, :10] = 0
    picture[40:45, 60:65] = 0
    fill = black_border(picture)
    assert fill[:, :10].all()
    assert not fill[:, 10:].any()


def test_corners_of_a_rotated_scene_touch_the_frame_at_a_slant() -> None:
    rows, cols = np.mgrid[:100, :120]
    corner = rows + cols < 40
    fill = black_border(np.where(corner, 0, 50).astype(np.uint16))
    np.testing.assert_array_equal(fill, corner)


def test_a_large_black_region_counts_inside_the_frame() -> None:
    picture = np.full((100, 120), 90, np.uint8)
    picture[20:40, 20:60] = 0
    assert black_border(picture).sum() == 800


def ground(dtype: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.integers(1, 200, (150, 180)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32"])
def test_stripes_and_holes_of_zeros_are_fill(dtype: str) -> None:
    y, x = np.mgrid[:150, :180]
    gaps = (((y + x // 4) % 14) < 4) & (y > 10) & (y < 140) & (x > 10) & (x < 170)
    fill = assumed_missing([np.where(gaps, 0, ground(dtype)).astype(dtype)])
    assert not fill[~gaps].any()
    assert fill[gaps].mean() > 0.99
    hole = (y - 70) ** 2 + (x - 90) ** 2 < 20**2
    np.testing.assert_array_equal(assumed_missing([np.where(hole, 0, ground(dtype)).astype(dtype)]), hole)


def test_zero_is_a_value_like_another_where_it_is_reached_little_by_little() -> None:
    y, x = np.mgrid[:150, :180]
    away = np.hypot(y - 70, x - 90)
    shadow = np.clip(4 * (away - 15), 0, 255).astype(np.uint8)
    assert (shadow == 0).sum() > 500
    assert not assumed_missing([shadow]).any()
    crossing = np.round(away - 60).astype(np.int16)  # falls below 0, and is exactly 0 on a ring
    assert not assumed_missing([crossing]).any()
    scattered = np.where(np.random.default_rng(9).random((150, 180)) < 0.02, 0, ground("uint8"))
    scattered[0], scattered[-1], scattered[:, 0], scattered[:, -1] = 9, 9, 9, 9
    assert not assumed_missing([scattered]).any()


def test_zeros_count_where_all_bands_have_them() -> None:
    first, second = ground("uint8"), ground("uint8")
    first[20:40, 20:40] = 0
    second[30:50, 20:40] = 0
    expected = np.zeros(first.shape, bool)
    expected[30:40, 20:40] = True
    np.testing.assert_array_equal(assumed_missing([first, second]), expected)
    assert assumed_missing([np.zeros((5, 6), np.uint8)]).all()
    assert not assumed_missing([first + 1]).any()


@pytest.mark.parametrize("value", [0, 50])
def test_a_picture_of_one_value(value: int) -> None:
    fill = black_border(np.full((30, 40), value, np.uint8))
    assert fill.all() if value == 0 else not fill.any()


def test_jpeg_ringing_belongs_to_the_border_within_one_block_of_it() -> None:
    picture = np.full((100, 120), 90, np.uint8)
    picture[:, :30] = 0
    picture[:, 30:35] = 9  # artefacts along the edge of the black
    picture[50, 35:] = 9  # a dark line that leads into the picture, and on to the other side
    fill = black_border(picture, lossy=True)
    assert fill[:, :35].all()
    assert fill[50, 35 : 30 + JPEG_REACH_PX].all()
    assert not fill[50, 30 + JPEG_REACH_PX :].any()
    assert not fill[:50, 35:].any()


def test_lossless_black_is_exactly_0() -> None:
    picture = np.full((100, 120), 90, np.uint8)
    picture[:, :30] = 1
    assert not black_border(picture).any()


@pytest.mark.real
def test_the_black_around_perito_moreno_is_found_and_nothing_else(real_data: Path) -> None:
    for path in sorted((real_data / "perito_moreno").glob("2020*.jpg"))[::6]:
        with rasterio.open(path) as dataset:
            brightest = dataset.read().max(axis=0)
        fill = black_border(brightest, lossy=True)
        # The frame was cut from the same outline each time: 457 880 pixels of black.
        assert fill.sum() == pytest.approx(457_880, rel=0.003)
        assert not fill[brightest > 40].any()
        assert (fill | (brightest > 40)).mean() > 0.998


def test_bands_after_one_without_zeros_are_not_decoded() -> None:
    def bands() -> Iterator[np.ndarray]:
        yield ground("uint8")
        raise AssertionError("decoded for nothing")

    assert not assumed_missing(bands()).any()


@pytest.mark.parametrize("value", [-9999, -32768])
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_what_programs_write_for_nothing_is_missing_wherever_it_is(value, dtype):
    picture = ground(dtype)
    at = np.random.default_rng(1).random(picture.shape) < 0.02
    picture[at] = value
    np.testing.assert_array_equal(assumed_missing([picture]), at)


def test_connected_zeros_of_floats_that_end_abruptly_are_missing():
    picture = ground(np.float32) / 1000
    outside = np.hypot(*(np.indices(picture.shape) - 20)) > 25
    picture[outside] = 0
    np.testing.assert_array_equal(assumed_missing([picture]), outside)
    # A few zeros are measured.
    picture = ground(np.float32) / 1000
    picture[3, 3:6] = 0
    assert not assumed_missing([picture]).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_a_large_region_of_the_greatest_integer_is_missing_unless_it_is_saturated_snow(dtype):
    greatest = np.iinfo(dtype).max
    picture = np.minimum(ground(dtype), greatest // 2)
    row, col = np.indices(picture.shape)
    outside = np.hypot(row - 70, col - 90) > 60
    np.testing.assert_array_equal(assumed_missing([np.where(outside, greatest, picture).astype(dtype)]), outside)
    bright = np.clip(greatest * np.exp(-((np.hypot(row - 25, col - 30) / 16) ** 2)) * 1.2, 1, greatest).astype(dtype)
    assert (bright == greatest).sum() > 50
    assert not assumed_missing([bright]).any()
