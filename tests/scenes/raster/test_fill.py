from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet.scenes.raster.fill import JPEG_REACH_PX, black_border, zero_regions


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
    fill = zero_regions([np.where(gaps, 0, ground(dtype)).astype(dtype)])
    assert not fill[~gaps].any()
    assert fill[gaps].mean() > 0.99
    hole = (y - 70) ** 2 + (x - 90) ** 2 < 20**2
    np.testing.assert_array_equal(zero_regions([np.where(hole, 0, ground(dtype)).astype(dtype)]), hole)


def test_zero_is_a_value_like_another_where_it_is_reached_little_by_little() -> None:
    y, x = np.mgrid[:150, :180]
    away = np.hypot(y - 70, x - 90)
    shadow = np.clip(4 * (away - 15), 0, 255).astype(np.uint8)
    assert (shadow == 0).sum() > 500
    assert not zero_regions([shadow]).any()
    crossing = np.round(away - 60).astype(np.int16)  # falls below 0, and is exactly 0 on a ring
    assert not zero_regions([crossing]).any()
    scattered = np.where(np.random.default_rng(9).random((150, 180)) < 0.02, 0, ground("uint8"))
    scattered[0], scattered[-1], scattered[:, 0], scattered[:, -1] = 9, 9, 9, 9
    assert not zero_regions([scattered]).any()


def test_zeros_count_where_all_bands_have_them() -> None:
    first, second = ground("uint8"), ground("uint8")
    first[20:40, 20:40] = 0
    second[30:50, 20:40] = 0
    expected = np.zeros(first.shape, bool)
    expected[30:40, 20:40] = True
    np.testing.assert_array_equal(zero_regions([first, second]), expected)
    assert zero_regions([np.zeros((5, 6), np.uint8)]).all()
    assert not zero_regions([first + 1]).any()


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

    assert not zero_regions(bands()).any()
