"""Records kept array by array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_icenet.common.struct_of_arrays import StructOfArrays


@dataclass(frozen=True, eq=False)
class Drops(StructOfArrays):
    place: np.ndarray
    name: np.ndarray
    weight: np.ndarray | None = None
    units: tuple[str, ...] = ("px", "px")


@pytest.fixture
def drops():
    return Drops(np.arange(8).reshape(4, 2), np.array(["a", "b", "c", "d"]))


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (slice(1, 3), "bc"),
        (np.array([3, 0]), "da"),
        (np.array([True, False, False, True]), "ad"),
        (np.zeros(0, int), ""),
    ],
)
def test_all_arrays_are_selected_alike(drops, index, names):
    part = drops[index]
    assert type(part) is Drops
    assert len(part) == len(names)
    assert "".join(part.name) == names
    assert_array_equal(part.place, drops.place[index])
    assert part.weight is None
    assert part.units == ("px", "px")


def test_parts_concatenated_are_the_whole(drops):
    whole = Drops.concatenated([drops[:1], drops[1:1], drops[1:]])
    assert_array_equal(whole.place, drops.place)
    assert_array_equal(whole.name, drops.name)
    assert whole.place.dtype == drops.place.dtype
    assert whole.weight is None
    assert whole.units == ("px", "px")


def test_nothing_cannot_be_concatenated():
    with pytest.raises(ValueError, match="Drops"):
        Drops.concatenated([])
