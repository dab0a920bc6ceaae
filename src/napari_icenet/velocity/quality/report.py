"""The quality report of velocity maps: what its numbers are called, mean and are measured in."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from napari_icenet.common.described import Described
from napari_icenet.common.text import percent_text

#: What each number means, for a reader who has the file alone.
DEFINITIONS = {
    "points": "Points of the map less those without pixels to match (fill, or outside the frame) in one of the dates.",
    "valid_share": "Valid vectors over points. Of several maps: the median.",
    "invalid": "Points without a valid vector, by reason.",
    "ncc": "Zero-mean normalised cross correlation at the valid matches' peaks, -1 to 1.",
    "peak_ratio": "The peak over its highest rival more than 5 px away.",
    "formal_error_px": "One-sigma error along an axis from the peak's curvature, mean of rows and columns.",
    "speed": "Over all valid points, in the map's unit.",
    "speed_error": "One sigma: the formal error, or the spread over stable ground where that is larger.",
    "offset": "Median displacement of stable ground: how far the scenes are shifted against each other.",
    "offset.spread_px": "1.4826 times the median absolute deviation on stable ground, rows and columns.",
    "offset.left_px": "Half the difference between the medians of two halves of the ground (a chequerboard): what is "
    "left once the offset is removed, rows and columns.",
    "offset.rms_px": "Root mean square length of the displacements on stable ground about the offset.",
    "static_terrain": "du and dv are the half-widths along x and y of where the density of velocities on stable ground "
    "is at least e^-2 of its peak, two sigma of a normal one; bias_u and bias_v are its peak. Epanechnikov kernel, "
    "bandwidth 2.1991 s n^(-1/6). As in GLAFT (Zheng et al. 2023, doi:10.5194/tc-17-4063-2023). In px v points down "
    "the rows, in the map's unit along its y.",
    "strain": "The same half-widths of the density of strain rates over the flowing ice, along the flow (dx'x') and of "
    "shear (dx'y'); gradients by Sobel's operator over 3 x 3 cells, divided by 8 (GLAFT's program leaves that factor "
    "in), the direction of flow a mean over 1500 m.",
    "closure": "For three dates, the direct displacement less the sum of the two steps, the second taken where the "
    "first leads to. As measured: a shift of a scene closes by itself and is not seen.",
    "closure.share": "Points with all three vectors over those where the direct map is valid and the second step lies "
    "inside the map.",
    "low, high": "95 % interval: of an offset from its spread and what two halves of the ground differ by, of "
    "half-widths and biases by resampling blocks of neighbours.",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(_Part):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


class Spread(_Part):
    """Median and the 10th and 90th percentile."""

    p10: float
    median: float
    p90: float


class OffsetQuality(_Part):
    """Co-registration: the offset measured, and what is left of it. (row, column) in px."""

    source: Literal["mask", "slow mode"]
    points: int
    drow_px: Value
    dcol_px: Value
    spread_px: tuple[float, float]
    removed: bool
    left_px: tuple[float, float] | None
    rms_px: float | None


class StaticTerrain(_Part):
    """GLAFT's static terrain: half-widths and bias, in px and in the map's unit."""

    points: int
    source: Literal["mask", "slow mode"]
    du_px: Value
    dv_px: Value
    bias_u_px: Value
    bias_v_px: Value
    du: Value
    dv: Value
    bias_u: Value
    bias_v: Value
    outside_share: float
    bandwidth_px: float


class StrainVariability(_Part):
    """GLAFT's along-flow strain variability."""

    points: int
    unit: str
    along: Value
    shear: Value
    middle_along: float
    middle_shear: float


class MapQuality(_Part):
    """One map. Where something could not be measured, a sentence says why."""

    labels: tuple[str, str]
    scenes: tuple[str, str]
    times: tuple[str, str]
    days: float
    unit: str
    settings: dict[str, Any]
    radius_px: tuple[int, int]
    device: str
    notes: tuple[str, ...]
    cells: int
    points: int
    valid: int
    valid_share: float | None
    invalid: dict[str, int]
    chip_px: dict[str, int]
    ncc: Spread | None
    peak_ratio: Spread | None
    formal_error_px: Spread | None
    speed: Spread | None
    speed_error: Spread | None
    offset: OffsetQuality | None
    static_terrain: StaticTerrain | str
    strain: StrainVariability | str


class ClosureQuality(_Part):
    """One triangle of dates, px."""

    labels: tuple[str, str, str]
    points: int
    share: float | None
    median_px: float | None
    p90_px: float | None
    rms_px: float | None
    bias_px: tuple[float, float] | None


class QualityReport(Described, _Part):
    """All maps of a run."""

    software: str
    simulated: bool
    maps: tuple[MapQuality, ...]
    closure: tuple[ClosureQuality, ...]
    closure_note: str | None
    valid_share: float | None
    definitions: dict[str, str] = Field(default_factory=lambda: dict(DEFINITIONS))

    def facts(self) -> dict[str, str]:
        """Facts of a report: maps and their dates, share of valid vectors, closure."""
        first, last = min(one.labels[0] for one in self.maps), max(one.labels[1] for one in self.maps)
        misses = [one.median_px for one in self.closure if one.median_px is not None]
        return {
            "maps": f"{len(self.maps)} map{'s' * (len(self.maps) != 1)}, {first} to {last}",
            "cells": f"{self.maps[0].cells} cells",
            "valid": f"{percent_text(self.valid_share)} valid" if self.valid_share is not None else "",
            "closure": f"closure {float(np.median(misses)):.2f} px" if misses else "",
            "origin": "simulated" if self.simulated else "",
        }
