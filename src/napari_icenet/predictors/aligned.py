"""Past chips laid on t0, worked out once for all predictors that are shown the same past."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.template import Past
from napari_icenet.predictors.normalise import normalised, usable
from napari_icenet.predictors.registration import Registration, moved, register


@dataclass(frozen=True, eq=False)
class Aligned:
    """The frames of a past that a template can be made of, laid on t0.

    Attributes
    ----------
    index : array of int, (k,)
        Which frames, oldest first.
    registration : Registration
        Of all frames of the past.
    frames : array of float32, (k, C, C)
        Moved to t0, of zero mean and unit deviation; NaN is missing. Read-only.
    """

    index: NDArray[np.intp]
    registration: Registration
    frames: NDArray[np.float32]


#: Forgotten with the past itself.
_known: WeakKeyDictionary[Past, Aligned] = WeakKeyDictionary()


def aligned(past: Past) -> Aligned:
    """The usable frames of a past, laid on t0."""
    found = _known.get(past)
    if found is None:
        index, registration = usable(past), register(past.chips)
        frames = normalised(moved(past.chips[index], registration.places[index]))
        frames.flags.writeable = False
        found = _known[past] = Aligned(index, registration, frames)
    return found


def every_aligned(past: Past) -> NDArray[np.float32]:
    """All frames of a past (n, C, C), laid on t0 and of zero mean and unit deviation; NaN is missing.

    Those that :func:`aligned` has moved are not moved again.
    """
    known = aligned(past)
    rest = np.setdiff1d(np.arange(len(past.chips)), known.index)
    frames = np.empty(past.chips.shape, np.float32)
    frames[known.index] = known.frames
    frames[rest] = normalised(moved(past.chips[rest], known.registration.places[rest]))
    return frames
