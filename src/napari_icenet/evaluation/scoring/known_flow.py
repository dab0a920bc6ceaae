"""The exact motion of simulated ice, where its simulator has left it beside the scenes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import StackError
from napari_icenet.evaluation.scoring.displacement import Flow
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    from napari_icenet.simulation.truth import Truth


def known_flow(stack: SceneStack, path: Path | None = None) -> Flow | None:
    """Displacements between the dates of a stack; None where the truth is not known.

    Parameters
    ----------
    stack : SceneStack
    path : Path, optional
        The archive that the truth lies beside. Default: the folder that the scenes were read from.
    """
    if not stack.simulated:
        return None
    truth = _truth(stack, path)
    if truth is None:
        return None
    offset = truth.grid.offset_of(stack.grid)
    dates = _dates(truth, stack)
    if offset is None or dates is None:
        return None

    def flow(
        row: NDArray[np.float64], col: NDArray[np.float64], first: int, second: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return truth.displacement(row + offset[0], col + offset[1], dates[first], dates[second])

    return flow


def _truth(stack: SceneStack, path: Path | None) -> Truth | None:
    # The simulator takes its time to load, and most ice is real.
    from napari_icenet.simulation.truth import load_truth

    # A product is a folder in its archive.
    places = (scene.provenance.location for scene in stack.scenes)
    folders = [path] if path is not None else [place.parent for place in places if place is not None]
    for folder in dict.fromkeys(folders):
        try:
            return load_truth(folder)
        except StackError:
            continue  # simulated elsewhere, or saved without its truth: then nothing is known
    return None


def _dates(truth: Truth, stack: SceneStack) -> list[int] | None:
    """The number in the truth of each of the stack's dates; None where one is missing."""
    known = {np.datetime64(when.replace(tzinfo=None), "s"): k for k, when in enumerate(truth.times)}
    found = [known.get(time) for time in stack.times]
    return None if None in found else [k for k in found if k is not None]
