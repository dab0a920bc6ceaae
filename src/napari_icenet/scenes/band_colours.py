"""Colours of Landsat's bands, and the bands of a natural-colour picture."""

from __future__ import annotations

from napari_icenet.scenes.stack import SceneStack

_OLI = ("coastal", "blue", "green", "red", "near infrared", "SWIR 1", "SWIR 2", "panchromatic", "cirrus")
_TM = ("blue", "green", "red", "near infrared", "SWIR 1", "thermal", "SWIR 2", "panchromatic")
_COLOURS = {
    "LC": {f"B{i}": name for i, name in enumerate(_OLI, 1)} | {"B10": "thermal 1", "B11": "thermal 2"},
    "LO": {f"B{i}": name for i, name in enumerate(_OLI, 1)},
    "LT": {f"B{i}": name for i, name in enumerate(_TM, 1)},
    "LE": {f"B{i}": name for i, name in enumerate(_TM, 1)},
}


def colour_of(stack: SceneStack, band: str) -> str:
    """Colour of a band (``red``), where all its sensors agree; else nothing."""
    sensors = {(scene.provenance.sensor or "")[:2] for scene in stack.scenes}
    names = {_COLOURS.get(sensor, {}).get(band, "") for sensor in sensors}
    return names.pop() if len(names) == 1 else ""


def band_title(stack: SceneStack, band: str) -> str:
    """``B4 red``, or ``B4``."""
    return f"{band} {colour_of(stack, band)}".strip()


def natural_colours(stack: SceneStack) -> tuple[str, str, str] | None:
    """Red, green and blue bands where they are known, else B4, B3, B2, else the first three."""
    bands = stack.bands
    known = {colour_of(stack, band): band for band in bands}
    if {"red", "green", "blue"} <= set(known):
        return known["red"], known["green"], known["blue"]
    if {"B4", "B3", "B2"} <= set(bands) and any(scene.provenance.sensor for scene in stack.scenes):
        return "B4", "B3", "B2"
    return (bands[0], bands[1], bands[2]) if len(bands) >= 3 else None
