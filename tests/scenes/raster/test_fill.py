from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet.scenes.raster.fill import JPEG_REACH_PX, black_border


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


def test_a_large_black_region_counts_inside_the_frame_if_asked() -> None:
    picture = np.full((100, 120), 90, np.uint8)
    picture[20:40, 20:60] = 0
    assert black_border(picture).sum() == 800
    assert not black_border(picture, solid=False).any()


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
