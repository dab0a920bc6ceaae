"""From where a scene is seen: path and row, and the reference system that they count in."""

from __future__ import annotations

import pytest

from napari_icenet.scenes.scene import Provenance


def seen(sensor: str | None, path: int | None = 233, row: int | None = 13) -> Provenance:
    return Provenance(sensor=sensor, wrs_path=path, wrs_row=row)


@pytest.mark.parametrize("sensor", ["LM01", "LM02", "LM03", "LANDSAT_1", "LANDSAT_3"])
def test_landsat_1_to_3_count_in_a_system_of_their_own(sensor: str) -> None:
    first, second = seen(sensor), seen("LC08")
    assert (first.wrs, second.wrs) == (1, 2)
    assert first.geometry != second.geometry
    assert first.geometry_differs(second)
    assert second.geometry_differs(first)
    assert not first.geometry_differs(seen("LM02"))
    assert (first.path_row, second.path_row) == ("233/013 (WRS-1)", "233/013")


@pytest.mark.parametrize("sensor", ["LM04", "LM05", "LT05", "LE07", "LC09", None])
def test_all_others_share_the_second(sensor: str | None) -> None:
    assert not seen(sensor).geometry_differs(seen("LC08"))
    assert seen(sensor).geometry == (2, 233, 13)


def test_what_is_not_known_is_not_known_to_differ() -> None:
    assert seen("LM01", None, None).geometry is None
    assert seen("LM01", 233, None).path_row is None
    assert not seen("LM01", None, None).geometry_differs(seen("LC08"))
    # A path alone of another system is another orbit; of the same it may be the same.
    assert seen("LM01", 233, None).geometry_differs(seen("LC08"))
    assert not seen("LC09", 233, None).geometry_differs(seen("LC08"))
    assert seen("LC09", 232, None).geometry_differs(seen("LC08"))
