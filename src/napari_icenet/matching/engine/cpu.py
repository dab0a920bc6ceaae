"""Correlation on the CPU: compiled where numba is at hand and the kernels are ready, else OpenCV's."""

from __future__ import annotations

import threading
from collections import OrderedDict
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.types import F32
from napari_icenet.matching.engine._numba.compile import kernels
from napari_icenet.matching.engine.batch import Search
from napari_icenet.matching.zncc import exact_zncc, zncc

if TYPE_CHECKING:
    from napari_icenet.matching.engine._numba.fft import Plan

#: Workspaces that a thread keeps, some megabytes each.
_KEPT = 3


def correlated(search: Search, points: slice) -> F32:
    """Correlation surfaces (n, h, w) of some points of a search, on the calling thread."""
    compiled = kernels()
    if compiled is None:
        return _by_opencv(search, points)
    return _compiled(compiled, search, points)


class _Rooms(threading.local):
    """Workspaces of one thread, by the sizes they are for."""

    def __init__(self) -> None:
        self.made: OrderedDict[tuple[int, tuple[int, int]], Any] = OrderedDict()


_rooms = _Rooms()


def _workspace(compiled: ModuleType, fft: Plan, search: Search) -> Any:
    key, made = (search.chip, search.window_shape), _rooms.made
    if key not in made:
        made[key] = compiled.workspace(fft)
        if len(made) > _KEPT:
            made.popitem(last=False)
    made.move_to_end(key)
    return made[key]


def _by_opencv(search: Search, points: slice) -> F32:
    out = np.empty((len(search.rows[points]), *search.surface_shape), np.float32)
    for k, i in enumerate(range(len(search))[points]):
        norms = search.norms_at(i)
        known = not np.isnan(norms.sum())
        out[k] = zncc(
            search.window_at(i), search.chip_at(i), norms=norms if known else None, min_overlap=search.min_overlap
        )
    return out


def _compiled(compiled: ModuleType, search: Search, points: slice) -> F32:
    from napari_icenet.matching.engine._numba.fft import plan

    places = search.rows[points], search.cols[points], search.window_rows[points], search.window_cols[points]
    out = np.empty((len(places[0]), *search.surface_shape), np.float32)
    state = np.empty(len(out), np.uint8)
    fft = plan(max(search.window_shape))
    work = fft, *_workspace(compiled, fft, search)
    compiled.correlate(search.first, search.second, search.norms, *places, search.chip, *work, out, state)
    missing = np.flatnonzero(state == compiled.MISSING)
    if missing.size:
        holed, again = np.empty((missing.size, *search.surface_shape), np.float32), np.empty(missing.size, np.uint8)
        least = search.min_overlap * search.chip**2
        compiled.correlate_masked(
            search.first, search.second, *(p[missing] for p in places), search.chip, least, *work, holed, again
        )
        out[missing], state[missing] = holed, again
    out[state == compiled.FLAT_CHIP] = np.nan
    first = range(len(search))[points].start
    for k in np.flatnonzero(state == compiled.EXTREME):
        i = first + int(k)
        out[k] = exact_zncc(search.window_at(i), search.chip_at(i), min_overlap=search.min_overlap)
    return out
