"""Bands by name, number or place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from napari_icenet.errors import UsageError


def asked_bands(bands: Sequence[str | int] | str | int) -> tuple[str | int, ...]:
    """Names and numbers of bands as they were asked for; one alone does as well.

    Raises UsageError: there is none, or something is no name or number.
    """
    several = (bands,) if isinstance(bands, str | int) else bands
    if not isinstance(several, Iterable):
        raise UsageError(f"A {type(bands).__name__} names no bands; write for instance bands=['B4'].")
    found = tuple(band.item() if hasattr(band, "item") else band for band in several)
    if not found:
        raise UsageError("bands is empty; name at least one, or leave it out for those that most scenes have.")
    for band in found:
        if not isinstance(band, str | int) or isinstance(band, bool):
            raise UsageError(f"{band!r} names no band; write its name or number.")
    return found


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
