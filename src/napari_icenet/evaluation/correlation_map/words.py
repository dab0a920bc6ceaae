"""Texts on maps: titles, tags and tables."""

from __future__ import annotations

from typing import Any

from napari_icenet.common.software import software
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps

#: What cells without a correlation are, for legends and tables.
STATE_WORDS = {
    CellState.OUTSIDE: "not asked for",
    CellState.WAITING: "not done yet",
    CellState.LOST: "lost: too little ice to judge",
    CellState.NO_TEMPLATE: "no template",
    CellState.SCORED: "scored",
}


def dates_words(maps: CorrelationMaps) -> str:
    """Such as ``t0 2020-02-20, t1 2020-02-22, t2 2020-02-27``, or ``12 t0 from … to …``."""
    dates, windows = maps.ground.dates, maps.windows
    if len(windows) > 1:
        return f"{len(windows)} t0 from {dates[windows[0].t0]} to {dates[windows[-1].t0]}"
    t0 = windows[0].t0
    ahead = [f"t{k} {dates[t0 + k]}" for k in (1, 2) if t0 + k < len(dates)]
    return ", ".join([f"t0 {dates[t0]}", *ahead])


def record(maps: CorrelationMaps) -> dict[str, Any]:
    """Record of the maps, enough to make them again, as plain values."""
    ground = maps.ground
    return {
        "software": software(),
        "stack": ground.name,
        "band": ground.band,
        "simulated": ground.simulated,
        "credits": list(ground.credits),
        "t0": [ground.dates[window.t0] for window in maps.windows],
        "first_dates": [ground.dates[window.start] for window in maps.windows],
        "displacement_error": "known flow" if ground.flow_known else "closure",
        "done": round(maps.done, 4),
        "settings": maps.settings.model_dump(mode="json"),
        "predictor_set": maps.predictor_set.model_dump(mode="json"),
    }
