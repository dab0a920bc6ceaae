"""A stack subset to the dates and the ground that are learned from."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError
from napari_icenet.scenes.stack import SceneStack


def subset(stack: SceneStack, dates: Sequence[int] | None, area: NDArray[np.bool_] | None) -> SceneStack:
    """A copy of a stack with some of its dates, and a smaller area.

    Parameters
    ----------
    stack : SceneStack
        Left as it is.
    dates : sequence of int, optional
        Indices of the dates that are kept. None: all.
    area : array of bool, (height, width), optional
        Ground that is kept, within the stack's own area of interest. None: all of that.

    Raises
    ------
    UsageError
        There is no such date, or no ground is left; the stack is co-registered and the shift of none of these dates
        is known.
    """
    used = copy.copy(stack)
    if dates is not None:
        kept = sorted(set(dates))
        if not kept or not 0 <= kept[0] <= kept[-1] < len(stack.scenes):
            raise UsageError(f"dates are numbers from 0 to {len(stack.scenes) - 1}; choose at least one.")
        used.scenes = tuple(stack.scenes[t] for t in kept)
        used.contrasts = {}
        if stack.covariates is not None:
            used.covariates = dataclasses.replace(stack.covariates, values=stack.covariates.values[kept])
        if stack.shifts is not None:
            used.shifts = stack.shifts.of_dates(kept)
    if area is not None:
        if area.shape != stack.grid.shape:
            raise UsageError(
                f"the area is {area.shape}, the picture {stack.grid.shape} pixels; draw it on the picture."
            )
        used.area = area.astype(bool) if stack.area is None else area.astype(bool) & stack.area
        if not used.area.any():
            raise UsageError("the area holds no pixel of the picture; draw it anew.")
    return used
