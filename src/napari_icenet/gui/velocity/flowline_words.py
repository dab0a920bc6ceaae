"""Texts of the plot along a flowline: axis, colours, legend and readouts."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import ensure_colormap
from numpy.typing import NDArray

from napari_icenet.common.text import number_text
from napari_icenet.velocity.along.flowline import FlowlineProfile

#: Dates, from the first to the last; speed itself has another map.
DATE_COLORMAP = "plasma"
#: The part of it that is seen on a dark and on a light ground.
SEEN_ON_DARK, SEEN_ON_LIGHT = (0.4, 1.0), (0.0, 0.78)
#: So many pairs of dates are named one by one; more are shown as one bar.
NAMED = 6
_BAR = 8


def date_colours(times: NDArray[np.datetime64], dark: bool) -> list[str]:
    """A colour for each time, by how late it is between the first and the last."""
    seconds = times.astype("datetime64[s]").astype(float)
    return _hex((seconds - seconds.min()) / max(float(np.ptp(seconds)), 1.0), dark)


def distance_axis(profile: FlowlineProfile) -> tuple[NDArray[np.float64], str]:
    """Distances and their unit: kilometres where the line is longer than two."""
    if profile.distance_unit == "m" and profile.distance[-1] > 2000:
        return profile.distance / 1000, "km"
    return profile.distance, profile.distance_unit


def legend(profile: FlowlineProfile, dark: bool) -> str:
    """Rich text that says which colour is which date."""
    if len(profile.labels) <= NAMED:
        pairs = zip(date_colours(profile.mid_times, dark), profile.labels, strict=True)
        return " &nbsp; ".join(f"{_block(colour)} {_span(*label)}" for colour, label in pairs)
    mid = np.datetime_as_string(profile.mid_times, unit="D")
    bar = "".join(_block(colour) for colour in _hex(np.linspace(0, 1, _BAR), dark))
    return f"{mid[0]} {bar} {mid[-1]}"


def profile_sentence(profile: FlowlineProfile) -> str:
    """Sentence on a line: name, length, and how much is known along it."""
    distances, unit = distance_axis(profile)
    pairs = len(profile.times)
    known = float(profile.valid.mean())
    of = "one pair of dates" if pairs == 1 else f"{pairs} pairs of dates"
    return f"{profile.name} · {number_text(float(distances[-1]))} {unit} · {of} · {known:.0%} valid"


def curve_sentence(profile: FlowlineProfile, curve: int, place: int) -> str:
    """Distance, dates, and speed with its error at a place of one curve."""
    distances, unit = distance_axis(profile)
    v, error = float(profile.v[curve, place]), float(profile.v_error[curve, place])
    text = f"{distances[place]:.2f} {unit}" if unit == "km" else f"{distances[place]:.0f} {unit}"
    return f"{text} · {_span(*profile.labels[curve])} · {number_text(v, error)} {profile.unit}"


def _span(first: str, second: str) -> str:
    return f"{first} → {second}"


def _hex(late: NDArray[np.float64], dark: bool) -> list[str]:
    low, high = SEEN_ON_DARK if dark else SEEN_ON_LIGHT
    shades = ensure_colormap(DATE_COLORMAP).map(low + (high - low) * np.asarray(late))
    return ["#" + "".join(f"{round(255 * float(part)):02x}" for part in shade[:3]) for shade in np.atleast_2d(shades)]


def _block(colour: str) -> str:
    return f"<span style='color:{colour}'>■</span>"
