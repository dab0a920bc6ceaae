"""Base of records that are kept array by array: selected, counted and concatenated along their first axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np


@dataclass(frozen=True, eq=False)
class StructOfArrays:
    """n records as arrays that all begin with the axis of the records.

    Subclasses are frozen dataclasses whose first field is an array. A field that is no array (None, names of
    columns) belongs to all records. Plain numpy, not xarray: reading a field costs nothing, selecting a few
    records a twentieth.
    """

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def __getitem__(self, index: Any) -> Self:
        return type(self)(**{name: _part(value, index) for name, value in vars(self).items()})

    @classmethod
    def concatenated(cls, parts: Sequence[Self]) -> Self:
        """Concatenate the records of at least one part, in order; what is no array is that of the first.

        Raises ValueError: arrays of a field differ in their further axes, or there is no part.
        """
        if not parts:
            raise ValueError(f"no {cls.__name__} to be concatenated; at least one is needed.")
        first = vars(parts[0])
        return cls(**{name: _whole(value, [getattr(part, name) for part in parts]) for name, value in first.items()})


def _part(value: Any, index: Any) -> Any:
    return value[index] if isinstance(value, np.ndarray) else value


def _whole(first: Any, values: list[Any]) -> Any:
    return np.concatenate(values) if isinstance(first, np.ndarray) else first
