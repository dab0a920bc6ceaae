"""What the numbers of somebody's velocity map mean: their unit, and which of them are missing."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from napari_icenet.common.types import F32, F64
from napari_icenet.errors import TrackingError
from napari_icenet.tracking.track import DAYS_PER_YEAR

#: No ice is faster, m/yr: surges reach some 40 km/yr.
FASTEST_ICE = 100_000.0
#: What programs write where nothing is known, in the file's own numbers, whether or not the file says so.
FILL_VALUES = (-9999.0, -32767.0, -32768.0)
#: Metres.
_LENGTHS = {
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometre", "kilometers", "kilometres"), 1000.0),
    **dict.fromkeys(("cm", "centimeter", "centimetre", "centimeters", "centimetres"), 0.01),
    **dict.fromkeys(("mm", "millimeter", "millimetre", "millimeters", "millimetres"), 0.001),
}
#: Times a year.
_RATES = {
    **dict.fromkeys(("a", "y", "yr", "yrs", "year", "years", "annum"), 1.0),
    **dict.fromkeys(("d", "day", "days"), DAYS_PER_YEAR),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 24 * DAYS_PER_YEAR),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 86_400 * DAYS_PER_YEAR),
}
_UNIT = re.compile(
    r"(?P<length>[a-z]+)(?:\s*/\s*|\s+per\s+)(?P<time>[a-z]+)"
    r"|(?P<length_>[a-z]+)[\s.*·]+(?P<time_>[a-z]+)\s*(?:\^|\*\*)?\s*\(?[-−]1\)?"
)


def metres_per_year(unit: str) -> float | None:
    """What velocities of a unit are multiplied by to be m/yr; None where it is not known.

    Parameters
    ----------
    unit : str
        As files name it: ``m/yr``, ``m a-1``, ``meter/year``, ``m day-1``, ``km/yr`` …
    """
    text = unit.strip().casefold().replace("_", " ").replace("⁻¹", "-1")
    found = _UNIT.fullmatch(text)
    if found is None:
        return None
    length = _LENGTHS.get(found["length"] or found["length_"])
    rate = _RATES.get(found["time"] or found["time_"])
    return None if length is None or rate is None else length * rate


def factor_of(dataset: DatasetReader, band: int, called: str) -> float | None:
    """What a band is multiplied by to be m/yr; None where its file names no unit.

    Raises TrackingError: the unit is not known as one of velocity.
    """
    unit = (dataset.units[band - 1] or "").strip()
    if not unit:
        return None
    factor = metres_per_year(unit)
    if factor is None:
        raise TrackingError(
            f"{called} gives its velocities in {unit[:40]}, which is not known as a unit of velocity; convert them "
            "to m/yr."
        )
    return factor


def read_velocity(
    dataset: DatasetReader, band: int, window: RasterWindow, factor: float, called: str
) -> tuple[F64, NDArray[np.bool_]]:
    """Velocities of a window along one axis.

    Parameters
    ----------
    dataset : rasterio dataset
    band : int
        From 1.
    window : rasterio window
    factor : float
        To m/yr.
    called : str
        The file, for messages.

    Returns
    -------
    values : array of float64, (y, x)
        m/yr; NaN where the file says that nothing is known, or holds a fill value.
    undeclared : array of bool, (y, x)
        Where it holds a fill value, or an infinite one, that it does not declare.

    Raises
    ------
    TrackingError
        The file is damaged.
    """
    try:
        stored = dataset.read(band, window=window, masked=True)
    except RasterioIOError as error:
        raise TrackingError(f"{called} is damaged and cannot be read; fetch or write it again.") from error
    values = np.asarray(stored.astype(np.float64).filled(np.nan))
    undeclared = np.isin(values, FILL_VALUES) | np.isinf(values)
    values[undeclared] = np.nan
    return (values * dataset.scales[band - 1] + dataset.offsets[band - 1]) * factor, undeclared


def without_impossible(vx: F64, vy: F64, undeclared: NDArray[np.bool_], called: str) -> tuple[F32, F32, str | None]:
    """Velocities that ice can have, in one pair of arrays, and what to say of those left out.

    Parameters
    ----------
    vx, vy : array of float64, (y, x)
        m/yr; NaN is missing.
    undeclared : array of bool, (y, x)
        Where values were left out already that the file does not call missing.
    called : str
        The file, for the sentence.

    Returns
    -------
    vx, vy : array of float32, (y, x)
        m/yr; both NaN where either is missing.
    told : str or None
        One sentence where anything was left out that the file does not call missing.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        left_out = undeclared | (np.hypot(vx, vy) > FASTEST_ICE)
    missing = left_out | ~np.isfinite(vx) | ~np.isfinite(vy)
    along_x, along_y = (np.where(missing, np.nan, v).astype(np.float32) for v in (vx, vy))
    if not left_out.any():
        return along_x, along_y, None
    percent = 100 * left_out.mean()
    share = f"{percent:.0f} %" if percent >= 1 else "less than 1 %"
    told = (
        f"{called} holds numbers that are no velocity of ice (such as -9999, or above {FASTEST_ICE / 1000:.0f} km/yr) "
        f"in {share} of its cells here and does not say that they are missing; they are left out."
    )
    return along_x, along_y, told
