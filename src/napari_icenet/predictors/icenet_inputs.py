"""Inputs of the network ``icenet``, packed in one way for training and prediction."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.errors import SceneWarning
from napari_icenet.matching.template import PAST_CHIPS
from napari_icenet.predictors.normalise import MIN_KNOWN

#: What was said already.
_said: set[str] = set()
_lock = threading.Lock()


def packed(
    frames: NDArray[np.float32],
    days: ArrayLike,
    valid: ArrayLike,
    cloud: ArrayLike,
    *,
    present: ArrayLike | None = None,
    covariates: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[Any]]:
    """The last eight frames and what is known of each, as the network takes them.

    Parameters
    ----------
    frames : array of float32, (n, C, C)
        Laid on t0, of zero mean and unit deviation, oldest first; NaN is missing.
    days : array, (n,)
        From each frame to the target, positive.
    valid : array of bool, (n,)
        Whether a frame was tracked and shows ice.
    cloud : array, (n,)
        Share of cloud; NaN where unknown.
    present : array of bool, (n,), optional
        Frames that are shown at all. Default: those that are known in half of their pixels.
    covariates : array of float32, (n, K), optional
        Standardised; NaN is missing. For networks that know any.

    Returns
    -------
    dict of array
        ``frames`` float32 and ``known`` bool (8, C, C); ``days`` and ``cloud`` float32, ``valid`` and
        ``present`` bool, (8,); ``covariates`` float32, (8, K), where given. Frames that a short past lacks
        come first, all of them 0.
    """
    known = np.isfinite(frames)
    here = known_enough(frames) if present is None else present
    made = {
        "frames": np.nan_to_num(frames),
        "known": known,
        "days": np.asarray(days, np.float32),
        "valid": np.asarray(valid, bool),
        "cloud": np.asarray(cloud, np.float32),
        "present": np.asarray(here, bool),
    }
    if covariates is not None:
        made["covariates"] = np.asarray(covariates, np.float32)
    return {name: _eight(values) for name, values in made.items()}


def known_enough(frames: NDArray[np.float32]) -> NDArray[np.bool_]:
    """True if frames (n, C, C) are known in half of their pixels, (n,)."""
    return np.asarray(np.isfinite(frames).mean((1, 2)) >= MIN_KNOWN)


def say_covariates_missing(title: str, known: Sequence[str], given: Sequence[str]) -> None:
    """Warn, once for each network, of covariates that it was trained with and that are not given."""
    lacking = [name for name in known if name not in given]
    if not lacking:
        return
    sentence = (
        f"{title} was trained with {', '.join(lacking)} of each date, which is not given here and counts as missing; "
        "give it by this name in a file of --covariates."
    )
    with _lock:
        if sentence in _said:
            return
        _said.add(sentence)
    warnings.warn(sentence, SceneWarning, stacklevel=3)


def _eight(values: NDArray[Any]) -> NDArray[Any]:
    values = values[-PAST_CHIPS:]
    lacking = PAST_CHIPS - len(values)
    return np.pad(values, [(lacking, 0)] + [(0, 0)] * (values.ndim - 1)) if lacking else values
