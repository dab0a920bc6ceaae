"""A stack of a glacier between rock, each date's picture shifted as a whole by a known amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import numpy as np

from napari_icenet.scenes.align.date_shifts import DateShifts
from napari_icenet.scenes.stack import SceneStack
from tests.tracking.glacier import START, shifted, texture

#: Rows and columns that the ice moves between two dates, 16 days.
FLOW = (0.4, 2.4)
#: Two paths in turn: pictures lie 5 to 7 px apart, and each a little off its path's place.
SHIFTS = np.array([(0, 0), (6, -5.3), (0.3, -0.2), (6.2, -5.6), (-0.4, 0.1), (5.8, -5.0), (0.2, 0.6), (6.5, -5.1)])
PATHS = (11, 12)


def valley(
    shifts: Sequence[tuple[float, float]] | np.ndarray = SHIFTS,
    *,
    paths: Sequence[int] | None = None,
    hidden: Sequence[int] = (),
    side: int = 320,
    noise: float = 1.0,
    flow: tuple[float, float] = FLOW,
    days: float = 16.0,
    **of_stack,
) -> tuple[SceneStack, np.ndarray]:
    """The stack, and a mask of its rock (side, side); the ice moves ``flow`` in its middle third from date to date.

    Dates are ``days`` apart.

    A place of the ground at (row, col) on the first date lies at (row, col) + shift on another. Dates that are
    ``hidden`` show nothing of it. Paths of the worldwide reference system take turns.
    """
    rock, ice, rng = texture(side, 0), texture(side, 50), np.random.default_rng(9)
    row = np.arange(side)[:, None] * np.ones(side)
    still = (row < side // 3) | (row >= 2 * side // 3)
    frames = []
    for t, shift in enumerate(shifts):
        ground = np.where(still, rock, shifted(ice, flow[0] * t, flow[1] * t))
        seen = texture(side, 100 + t) if t in hidden else shifted(ground, *shift)
        frames.append(seen + noise * rng.normal(size=seen.shape))
    times = [START + timedelta(days=days * t) for t in range(len(frames))]
    stack = SceneStack.from_array(np.array(frames, np.float32), times, name="valley", **of_stack)
    if paths is not None:
        stack.scenes = tuple(
            replace(scene, provenance=replace(scene.provenance, wrs_path=path, wrs_row=115))
            for scene, path in zip(stack.scenes, cycle(paths), strict=False)
        )
    return stack, still


def known_shifts(
    stack: SceneStack, shifts: np.ndarray = SHIFTS, *, error: float = 0.05, unknown: Sequence[int] = ()
) -> DateShifts:
    """Shifts of a stack that are known to ``error`` between any two dates, but for some that are not known."""
    n = len(stack.scenes)
    drow, dcol = np.array(shifts, float).T.copy()
    between = np.where(np.eye(n, dtype=bool), 0.0, error)
    gone = list(unknown)
    drow[gone] = dcol[gone] = between[gone] = between[:, gone] = np.nan
    return DateShifts(
        drow=drow, dcol=dcol, error_between=between, source="mask", stands_in=np.zeros(n, bool), reference=0,
        times=stack.times, labels=stack.labels, paths=tuple(s.provenance.path_row for s in stack.scenes),
        spread=0.1, pairs=n - 1,
    )  # fmt: skip
