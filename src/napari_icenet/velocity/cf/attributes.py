"""CF attributes of velocity maps: names, units, dates, settings, grid mapping.

Names of variables and attributes are those of ITS_LIVE's image pairs and data cubes (which are
autoRIFT's) where those have one; the rules are CF-1.8's.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.software import software
from napari_icenet.matching.lost_reason import REASONS
from napari_icenet.velocity.map_arrays import MapArrays

#: What makes a NetCDF file one of ours; the number rises when older readers cannot read it.
FORMAT = "napari-icenet velocity maps 1"
#: ITS_LIVE's codes of what a velocity was corrected by.
SHIFT_FLAGS = {None: 0, "mask": 1, "slow mode": 2}
#: CF's words for the reasons: one word each.
REASON_WORDS = tuple("valid" if reason is None else reason.value.replace(" ", "_") for reason in REASONS)


def variable_attributes(velocity: MapArrays) -> dict[str, dict[str, Any]]:
    """Attributes of every variable over the cells of a map, by name; also the order they are written in."""
    # udunits and pint both know "yr"; ITS_LIVE writes "meter/year", which is the same.
    unit, mapped = velocity.unit, velocity.frame.georeferenced
    where = "on the ground; a year is 365.25 days, the projection's scale divided out" if mapped else "of the picture"
    if (note := velocity.frame.pixel_size_note) is not None:
        where = f"by a {note}; a year is 365.25 days"
    axes = ("the grid's x", "the grid's y") if mapped else ("the columns, to the right", "the rows, downward")
    flag = {"flag_values": np.array([0, 1], np.int8)}

    def named(name: str) -> dict[str, str]:
        return {"standard_name": name} if mapped else {}

    attributes: dict[str, dict[str, Any]] = {
        "vx": {
            **named("land_ice_surface_x_velocity"),
            "long_name": f"velocity along {axes[0]}, {where}",
            "units": unit,
            "ancillary_variables": "vx_error valid",
        },
        "vy": {
            **named("land_ice_surface_y_velocity"),
            "long_name": f"velocity along {axes[1]}, {where}",
            "units": unit,
            "ancillary_variables": "vy_error valid",
        },
        "v": {"long_name": f"speed {where}", "units": unit, "ancillary_variables": "v_error valid"},
        "v_error": {"long_name": "one-sigma error of the speed", "units": unit},
        "vx_error": {"long_name": "one-sigma error of vx", "units": unit},
        "vy_error": {"long_name": "one-sigma error of vy", "units": unit},
        "drow": {"long_name": "displacement down the rows, as measured", "units": "px"},
        "dcol": {"long_name": "displacement along the columns, as measured", "units": "px"},
        "error_row": {"long_name": "one-sigma error of the displacement along the rows", "units": "px"},
        "error_col": {"long_name": "one-sigma error of the displacement along the columns", "units": "px"},
        "ncc": {"long_name": "zero-mean normalised cross correlation at the match", "units": "1"},
        "peak_ratio": {"long_name": "height of the match over its best rival", "units": "1"},
        "chip_size": {"long_name": "side of the chip", "units": "px"},
        "chip_size_width": {"long_name": "width of the chip on the ground", "units": "m"},
        "chip_size_height": {"long_name": "height of the chip on the ground", "units": "m"},
        "valid": {"long_name": "whether the vector is believed", "flag_meanings": "invalid valid", **flag},
        "reason": {
            "long_name": "why a vector is not believed",
            "flag_values": np.arange(len(REASONS), dtype=np.int8),
            "flag_meanings": " ".join(REASON_WORDS),
        },
        "stable": {"long_name": "ground taken not to move", "flag_meanings": "moving stable", **flag},
    }
    return attributes


def map_values(velocity: MapArrays, name: str) -> NDArray[Any]:
    """One variable of a map as it is written, (y, x); a velocity that is not believed is missing."""
    missing = np.float32(np.nan)
    if name in ("vx", "vy", "v", "v_error"):
        return np.where(velocity.valid, getattr(velocity, name), missing)
    if name in ("vx_error", "vy_error"):
        return np.where(velocity.valid, velocity.velocity_error[name == "vy_error"], missing)
    if name in ("chip_size_width", "chip_size_height"):
        along = int(name == "chip_size_width")
        # Scales come as (x, y), a pixel's size as (height, width).
        side = velocity.frame.pixel_size[along] / velocity.ground_scale[1 - along]
        return np.asarray(velocity.chip_size * side, np.float32)
    if name == "stable" and velocity.stable is None:
        return np.zeros(velocity.shape, np.int8)
    return np.asarray(getattr(velocity, name), dtype_of(name))


def dtype_of(name: str) -> np.dtype[Any]:
    """Type that a variable over the cells is written in: CF-1.8 knows no unsigned integers."""
    return np.dtype(
        {"chip_size": np.int16, "valid": np.int8, "reason": np.int8, "stable": np.int8}.get(name, np.float32)
    )


def stable_shift(velocity: MapArrays) -> tuple[float, float]:
    """(x, y) velocity that stable ground seems to have, in the map's unit; NaN where it was not measured."""
    offset = velocity.offset
    if offset is None:
        return float("nan"), float("nan")
    if not velocity.frame.georeferenced:
        return offset.dcol / velocity.days, offset.drow / velocity.days
    drow, dcol = (np.full(velocity.shape, value, np.float32) for value in (offset.drow, offset.dcol))
    ground = replace(velocity, drow=drow, dcol=dcol, offset_removed=False)
    return float(np.median(ground.vx)), float(np.median(ground.vy))


def pair_facts(velocity: MapArrays) -> dict[str, tuple[Any, dict[str, Any]]]:
    """(value, attributes) of what is true of a whole pair, by the names of ITS_LIVE's data cubes."""
    offset, (shift_x, shift_y) = velocity.offset, stable_shift(velocity)
    removed = velocity.offset_removed and offset is not None
    nan = float("nan")
    numbers = asdict(offset) if offset is not None else {}
    facts: dict[str, tuple[Any, dict[str, Any]]] = {
        "acquisition_date_img1": (velocity.times[0], {"long_name": "acquisition of the first picture, UTC"}),
        "acquisition_date_img2": (velocity.times[1], {"long_name": "acquisition of the second picture, UTC"}),
        "date_dt": (velocity.days, {"long_name": "time between the acquisitions", "units": "days"}),
        "id_img1": (velocity.scenes[0], {"long_name": "scene of the first picture"}),
        "id_img2": (velocity.scenes[1], {"long_name": "scene of the second picture"}),
        "stable_shift_flag": (
            np.int8(SHIFT_FLAGS[offset.source if offset is not None and removed else None]),
            {
                "long_name": "ground by which the velocities were corrected",
                "flag_values": np.array(list(SHIFT_FLAGS.values()), np.int8),
                "flag_meanings": "not_corrected mask slow_mode",
            },
        ),
    }
    for name, shift in (("vx", shift_x), ("vy", shift_y)):
        long_name = f"{name} of ground that does not move"
        facts[f"{name}_stable_shift"] = (
            shift if removed else nan,
            {"long_name": f"{long_name}, removed from {name}", "units": velocity.unit},
        )
        facts[f"{name}_stable_shift_measured"] = (shift, {"long_name": long_name, "units": velocity.unit})
    for name, words in (
        ("drow", "median displacement of stable ground down the rows"),
        ("dcol", "median displacement of stable ground along the columns"),
        ("spread_row", "spread of stable ground down the rows (1.4826 median absolute deviations)"),
        ("spread_col", "spread of stable ground along the columns (1.4826 median absolute deviations)"),
    ):
        facts[f"stable_{name}"] = (float(numbers.get(name, nan)), {"long_name": words, "units": "px"})
    count = {"long_name": "points on stable ground", "units": "1"}
    facts["stable_count"] = (np.int32(numbers.get("count", 0)), count)
    return facts


def middle(velocity: MapArrays) -> np.datetime64:
    """The time half way between the two acquisitions."""
    first, second = (when.astype("datetime64[s]") for when in velocity.times)
    halfway: np.datetime64 = first + (second - first) / 2
    return halfway


def global_attributes(maps: list[MapArrays]) -> dict[str, Any]:
    """Attributes of a file as a whole."""
    first = maps[0]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    dates = sorted({label for velocity in maps for label in velocity.labels})
    what = "Simulated glacier" if first.simulated else "Glacier"
    attributes: dict[str, Any] = {
        "Conventions": "CF-1.8",
        "title": f"{what} surface velocity, {dates[0]} to {dates[-1]}",
        "source": "tracking of features between two satellite pictures by normalised cross correlation",
        "history": f"{now} written by {software()}",
        "date_created": now,
        "software": software(),
        "format": FORMAT,
        "motion_detection_method": "feature",
        "motion_coordinates": "map" if first.frame.on_map else "picture",
        "scene_pair_type": "optical",
        "simulated": "yes" if any(velocity.simulated for velocity in maps) else "no",
        "settings": first.settings.model_dump_json(),
        "search_radius_px": np.array(first.radius, np.int32),
        "device": first.device,
    }
    if first.frame.georeferenced:
        low, high = (float(f(first.ground_scale)) for f in (np.min, np.max))
        attributes["map_scale_factor"] = np.array([low, high])
        attributes["map_scale_factor_comment"] = (
            "least and greatest map units per metre on the ground; displacements on the map were divided by it"
        )
    attributes |= first.frame.attributes
    notes = list(dict.fromkeys(note for velocity in maps for note in velocity.notes))
    return attributes | ({"comment": "\n".join(notes)} if notes else {})
