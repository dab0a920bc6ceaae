"""What a map is besides its arrays, as text and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from napari_icenet.velocity.cf.record import MapRecord
from napari_icenet.velocity.velocity_map import VelocityMap
from tests.velocity.maps import made

ARRAYS = ("drow", "dcol", "ncc", "peak_ratio", "error_row", "error_col", "chip_size", "reason", "stable")


@pytest.mark.parametrize("georeferenced", [True, False], ids=["map", "picture"])
def test_a_map_comes_back_from_its_text(georeferenced):
    drow = np.linspace(-1, 1, 12).reshape(3, 4)
    velocity = made(drow, 2 * drow, georeferenced=georeferenced, notes=("seen from two paths",))
    text = MapRecord.of(velocity).model_dump_json()
    arrays = {name: getattr(velocity, name) for name in ARRAYS}
    back = VelocityMap(**arrays, **MapRecord.model_validate_json(text).fields())
    for field in dataclasses.fields(velocity):
        one, other = getattr(velocity, field.name), getattr(back, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(other, one)
        else:
            assert other == one, field.name
    assert back.days == velocity.days == 16


def test_what_is_not_known_of_a_map_is_refused():
    record = MapRecord.of(made(np.zeros((3, 4)), np.zeros((3, 4)))).model_dump(mode="json")
    with pytest.raises(ValidationError, match="weather"):
        MapRecord.model_validate(record | {"weather": "fair"})
