"""Frames in the range from 0 to 1, as SVG-LP sees and makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.predictors.normalise import Level

#: Deviations from the darkest to the brightest value of the range. Three on either side hold nearly all ice and
#: leave the sigmoid that ends the network room to move; what is beyond (a cloud's core) tells no more by far.
DEVIATIONS = 6.0


def unit_range(frames: F32) -> tuple[F32, NDArray[np.bool_]]:
    """Frames (n, C, C) of any unit, each brought to clip(½ + z / 6, 0, 1) of its own mean and deviation.

    Dates differ in sun and haze, which correlation does not mind; so each frame is measured by itself.

    Returns
    -------
    frames : array of float32, (n, C, C)
        ½ where missing, and everywhere in a flat frame.
    known : array of bool, (n, C, C)
        Finite pixels of frames that are not flat.
    """
    out, known = np.full(frames.shape, np.float32(0.5)), np.isfinite(frames)
    for index, frame in enumerate(frames):
        level = Level.of(np.ascontiguousarray(frame))
        if level is None:
            known[index] = False
            continue
        scaled = (frame - np.float32(level.mean)) * np.float32(1 / (DEVIATIONS * level.deviation))
        np.copyto(out[index], np.clip(scaled + np.float32(0.5), 0, 1), where=known[index])
    return out, known
