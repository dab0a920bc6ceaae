"""Masks whose pixels hold for several of the picture's."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.align.enlarge import EnlargedMask, place_of_coarse
from napari_icenet.scenes.grid import Grid, Window

UTM = CRS.from_epsg(32624)
FINE = Grid(12, 10, Affine(10, 0, 500000, 0, -10, 8000000), UTM)


class _Mask:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def read(self, window: Window) -> np.ndarray:
        return self.values[window.slices]


def test_each_pixel_holds_for_all_that_it_covers() -> None:
    coarse = np.arange(1, 31, dtype=np.uint8).reshape(6, 5)
    expected = np.kron(coarse, np.ones((2, 2), np.uint8))
    mask = EnlargedMask(_Mask(coarse), coarse.shape, (2, 2), (0, 0))
    np.testing.assert_array_equal(mask.read(FINE.full_window), expected)
    # A window may begin and end in the middle of a mask's pixel.
    np.testing.assert_array_equal(mask.read(Window(3, 1, 6, 4)), expected[3:9, 1:5])


def test_where_the_mask_does_not_reach_nothing_is_flagged() -> None:
    coarse = np.full((2, 2), 7, np.uint8)
    mask = EnlargedMask(_Mask(coarse), coarse.shape, (3, 2), (4, -2))
    flags = mask.read(FINE.full_window)
    expected = np.zeros(FINE.shape, np.uint8)
    expected[4:10, :2] = 7
    np.testing.assert_array_equal(flags, expected)
    assert not mask.read(Window(11, 8, 1, 2)).any()


@pytest.mark.parametrize(
    ("transform", "shape", "expected"),
    [
        (Affine(20, 0, 500000, 0, -20, 8000000), (6, 5), ((2, 2), (0, 0))),
        (Affine(60, 0, 500010, 0, -60, 8000020), (2, 2), ((6, 6), (-2, 1))),
        (Affine(15, 0, 500000, 0, -15, 8000000), (8, 7), None),
        (Affine(20, 0, 500005, 0, -20, 8000000), (6, 5), None),
        (Affine(20, 0, 500000, 0, 20, 7999880), (6, 5), None),
    ],
)
def test_places_of_larger_pixels(transform: Affine, shape: tuple[int, int], expected: object) -> None:
    assert place_of_coarse(Grid(*shape, transform, UTM), FINE) == expected


def test_another_system_or_none_has_no_place() -> None:
    assert place_of_coarse(Grid(6, 5, Affine(20, 0, 500000, 0, -20, 8000000), CRS.from_epsg(32625)), FINE) is None
    assert place_of_coarse(Grid(6, 5), FINE) is None
    # Without a map only the shapes tell.
    assert place_of_coarse(Grid(6, 5), Grid(12, 10)) == ((2, 2), (0, 0))
    assert place_of_coarse(Grid(5, 5), Grid(12, 10)) is None
