"""Scenes that are moved by whole pixels, against one large array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.scenes.align.shift import ShiftedBand, ShiftedMask
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Flag, fill_marker

SOURCE, STACK = (7, 9), (8, 6)
OFFSETS = st.tuples(st.integers(-12, 12), st.integers(-12, 12))


@st.composite
def windows(draw):
    """Windows inside the stack's frame."""
    row, col = draw(st.integers(0, STACK[0] - 1)), draw(st.integers(0, STACK[1] - 1))
    return Window(row, col, draw(st.integers(1, STACK[0] - row)), draw(st.integers(1, STACK[1] - col)))


def laid(values, offset, empty):
    """The source on the stack's frame, pixel by pixel."""
    out = np.full(STACK, empty, values.dtype)
    for row in range(STACK[0]):
        for col in range(STACK[1]):
            r, c = row - offset[0], col - offset[1]
            if 0 <= r < SOURCE[0] and 0 <= c < SOURCE[1]:
                out[row, col] = values[r, c]
    return out


class Mask:
    def __init__(self, flags):
        self._flags = flags

    def read(self, window):
        assert 0 <= window.row <= window.row + window.height <= SOURCE[0]
        assert 0 <= window.col <= window.col + window.width <= SOURCE[1]
        return self._flags[window.slices]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@given(offset=OFFSETS, window=windows())
def test_values_are_the_sources_and_fill_beside_it(dtype, offset, window):
    values = np.arange(1, 64, dtype=dtype).reshape(SOURCE)
    band = ShiftedBand(ArrayBand(values), STACK, offset)
    assert (band.shape, band.dtype) == (STACK, np.dtype(dtype))
    expected = laid(values, offset, fill_marker(np.dtype(dtype)))
    found = band.read(window)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected[window.slices])


@given(offset=OFFSETS, window=windows(), hand_over=st.booleans())
def test_fill_is_the_sources_and_all_beside_it(offset, window, hand_over):
    values = np.arange(1, 64, dtype=np.float32).reshape(SOURCE)
    values[::3, ::2] = np.nan
    band = ShiftedBand(ArrayBand(values), STACK, offset)
    expected = np.isnan(laid(values, offset, np.nan))
    given_values = band.read(window) if hand_over else None
    np.testing.assert_array_equal(band.fill(window, given_values), expected[window.slices])


@given(offset=OFFSETS, window=windows())
def test_flags_are_the_sources_and_fill_beside_it(offset, window):
    flags = np.arange(63, dtype=np.uint8).reshape(SOURCE)
    found = ShiftedMask(Mask(flags), SOURCE, offset).read(window)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, laid(flags, offset, np.uint8(Flag.FILL))[window.slices])


def test_a_window_that_lies_in_the_source_is_read_as_it_is():
    values = np.arange(63, dtype=np.uint16).reshape(SOURCE)
    band = ShiftedBand(ArrayBand(values), STACK, (-1, -2))
    np.testing.assert_array_equal(band.read(Window(0, 0, 3, 4)), values[1:4, 2:6])
