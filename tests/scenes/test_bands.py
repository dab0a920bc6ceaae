"""Bands by name, number or place."""

from __future__ import annotations

import pytest

from napari_icenet.errors import UsageError
from napari_icenet.scenes.bands import find_band

LANDSAT = ("B1", "B4", "B6_VCID_1", "B10")
PICTURE = ("red", "green", "blue")


@pytest.mark.parametrize(
    ("bands", "asked", "by_place", "found"),
    [
        (LANDSAT, "B4", False, "B4"),
        (LANDSAT, "4", False, "B4"),
        (LANDSAT, 4, False, "B4"),
        (LANDSAT, " b4 ", False, "B4"),
        (LANDSAT, 10, False, "B10"),
        (LANDSAT, "6_vcid_1", False, "B6_VCID_1"),
        # A number that a band bears is that band's, whatever its place.
        (LANDSAT, 1, True, "B1"),
        (LANDSAT, 4, True, "B4"),
        (LANDSAT, 2, True, "B4"),
        (PICTURE, "GREEN", False, "green"),
        (PICTURE, 3, True, "blue"),
        (("b2",), "B2", False, "b2"),
    ],
)
def test_a_band_is_found(bands, asked, by_place, found):
    assert find_band(bands, asked, "ice", by_place=by_place) == found


@pytest.mark.parametrize(
    ("bands", "asked", "by_place"),
    [
        (LANDSAT, "B9", False),
        (LANDSAT, 2, False),
        (PICTURE, 1, False),
        (PICTURE, 0, True),
        (PICTURE, 4, True),
        (PICTURE, -1, True),
        (PICTURE, "", True),
        (PICTURE, "²", True),
    ],
)
def test_a_band_that_is_not_there_is_refused_with_those_there_are(bands, asked, by_place):
    with pytest.raises(UsageError) as refused:
        find_band(bands, asked, "ice", by_place=by_place)
    assert all(band in str(refused.value) for band in bands)


def test_an_empty_name_is_said_to_be_one():
    with pytest.raises(UsageError, match="ice has no band without a name; it has B1, B4"):
        find_band(LANDSAT, " ", "ice")
