"""Bands by name, number or place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from napari_icenet.errors import UsageError


def find_band(bands: Sequence[str], asked: str | int, name: str, *, by_place: bool = False) -> str:
    """The band that a product's name (``B4``, ``B04``) or number (``4``) means.

    Parameters
    ----------
    bands : sequence of str
        Those there are.
    asked : str or int
    name : str
        What they are bands of, for the error.
    by_place : bool
        A number that no band bears counts from 1.

    Raises
    ------
    UsageError
        There is no such band; the message lists those there are.
    """
    text = str(asked).strip().upper()
    for candidate in (text, f"B{text}"):
        for band in bands:
            if band.upper() == candidate:
                return band
    # Sentinel-2 writes B04 what Landsat writes B4.
    number = text.removeprefix("B").lstrip("0")
    for band in bands:
        if re.fullmatch(f"B0*{re.escape(number)}", band.upper()) and number[:1].isdecimal():
            return band
    if by_place and text.isdecimal() and 1 <= int(text) <= len(bands):
        return bands[int(text) - 1]
    called = str(asked).strip() or "without a name"
    raise UsageError(f"{name} has no band {called}; it has {', '.join(bands)}.")
