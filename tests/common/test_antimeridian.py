"""Lines across 180° are cut there, and nowhere else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from napari_icenet.common.antimeridian import line_geometry


def test_a_line_elsewhere_is_one() -> None:
    geometry = line_geometry([-42.0, -41.0, 3.0], [70.0, 71.0, 72.0])
    assert geometry == {"type": "LineString", "coordinates": [[-42.0, 70.0], [-41.0, 71.0], [3.0, 72.0]]}


@pytest.mark.parametrize("side", [1, -1])
def test_a_line_across_is_cut(side: int) -> None:
    geometry = line_geometry([side * 179.97, side * 179.99, -side * 179.97], [-77.0, -77.1, -77.5])
    assert geometry["type"] == "MultiLineString"
    first, second = geometry["coordinates"]
    assert first == [[side * 179.97, -77.0], [side * 179.99, -77.1], [side * 180.0, -77.2]]
    assert second == [[-side * 180.0, -77.2], [-side * 179.97, -77.5]]


def test_a_corner_on_the_meridian_is_cut_once() -> None:
    geometry = line_geometry([179.9, 180.0, -179.9], [10.0, 11.0, 12.0])
    assert geometry["coordinates"] == [[[179.9, 10.0], [180.0, 11.0]], [[-180.0, 11.0], [-179.9, 12.0]]]
    geometry = line_geometry([179.9, -180.0, -179.9], [10.0, 11.0, 12.0])
    assert geometry["coordinates"] == [[[179.9, 10.0], [180.0, 11.0]], [[-180.0, 11.0], [-179.9, 12.0]]]


def test_a_line_there_and_back_has_three_parts() -> None:
    parts = line_geometry([179.9, -179.9, 179.9], [0.0, 0.0, 0.0])["coordinates"]
    assert [part[0][0] for part in parts] == [179.9, -180.0, 180.0]
    assert all(abs(a[0] - b[0]) < 1 for part in parts for a, b in pairwise(part))
