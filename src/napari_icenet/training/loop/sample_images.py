"""Pictures of held-out chips: the past frames, the targets, and the templates the network made for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError
from napari_icenet.matching.template import PAST_CHIPS, Prediction

if TYPE_CHECKING:
    from napari_icenet.training.loop.validation import HeldOut, Judgement

U8 = NDArray[np.uint8]
#: Side of a chip, gap between chips, and height of a line of text.
SIDE: Final = 96
GAP: Final = 3
LINE: Final = 16
#: A group of chips is followed by so much more than the gap of its last chip.
GROUP_GAP: Final = 3 * GAP
#: Grey levels span this many standard deviations on either side of the mean.
_SPAN = 2.5
#: As dark as the canvas that it is shown beside: between bright margins the eye sees less of grey ice.
_PAPER, _INK, _MISSING = 36, 214, 84


def group_px(chips: int) -> int:
    """Width of some chips of one group, with what follows them."""
    return chips * (SIDE + GAP) + GROUP_GAP


#: What the last five columns take: t0, what came at t1 and t2, and the templates for both.
LAST_COLUMNS: Final = group_px(1) + group_px(2) + group_px(2)


def write_sample(
    path: Path, held_out: HeldOut, judgement: Judgement, made: Sequence[Sequence[Prediction | None]], rows: int
) -> None:
    """Write a PNG: a row for each of some chips, evenly over the sample.

    From left to right the past frames up to t0, the chips at t1 and t2, and the templates for both with
    their correlations. Each chip is stretched by its own mean and deviation, as correlation sees it.

    Parameters
    ----------
    path : Path
    held_out : HeldOut
    judgement : Judgement
    made : sequence of two lists of Prediction or None
        Templates for t1 and for t2.
    rows : int

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    judged = np.flatnonzero(np.isfinite(judgement.each).all(1))
    chosen = judged[np.unique(np.linspace(0, max(len(judged) - 1, 0), rows).round().astype(int))] if judged.size else []
    t0 = held_out.t0
    shown = range(max(0, t0 + 1 - PAST_CHIPS), t0 + 1)
    lines = [_heading([f"t0-{t0 - t}" if t < t0 else "t0" for t in shown], ["t1", "t2"], ["for t1", "for t2"])]
    for i in chosen:
        chips = held_out.sequences.chips[i]
        templates = [None if pair[i] is None else pair[i].template for pair in made]
        scores = ["" if not np.isfinite(ncc) else f"{round(float(ncc), 2) + 0.0:.2f}" for ncc in judgement.each[i]]
        lines.append(_row([[chips[t] for t in shown], [chips[t0 + 1], chips[t0 + 2]], templates], scores))
    done, content = cv2.imencode(".png", np.concatenate(lines))
    if not done:
        raise TrainingError(f"{path} cannot be written: the picture could not be encoded.")
    try:
        path.parent.mkdir(exist_ok=True)
        write_durably(path, content.tobytes(), flush=False)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror or error}); free some space.") from error


def _row(groups: Sequence[Sequence[NDArray[np.float32] | None]], scores: Sequence[str]) -> U8:
    parts: list[U8] = []
    for group in groups:
        last = group is groups[-1]
        for k, chip in enumerate(group):
            parts += [_framed(chip, scores[k] if last else ""), _paper(SIDE, GAP)]
        parts.append(_paper(SIDE, GROUP_GAP))
    row = np.concatenate(parts, axis=1)
    return np.concatenate([row, _paper(GAP, row.shape[1])])


def _heading(*groups: Sequence[str]) -> U8:
    parts: list[U8] = []
    for group in groups:
        for text in group:
            label = _paper(LINE, SIDE)
            parts += [_written(label, text, (2, LINE - 4), _INK), _paper(LINE, GAP)]
        parts.append(_paper(LINE, GROUP_GAP))
    return np.concatenate(parts, axis=1)


def _framed(chip: NDArray[np.float32] | None, text: str) -> U8:
    """A chip in grey, with a text on a dark ground in its corner."""
    if chip is None or not np.isfinite(chip).any():
        return _written(np.full((SIDE, SIDE), _MISSING, np.uint8), text or "none", (2, LINE - 4), _INK)
    known = np.isfinite(chip)
    mean, deviation = float(np.mean(chip[known], dtype=np.float64)), float(np.std(chip[known], dtype=np.float64))
    grey = 127.5 + 127.5 * (chip - mean) / (_SPAN * deviation or 1.0)
    small = np.where(known, np.clip(np.nan_to_num(grey), 0, 255), _MISSING).astype(np.uint8)
    picture = np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    if text:
        picture[:LINE, : 9 * len(text) + 2] = _PAPER
        _written(picture, text, (2, LINE - 4), _INK)
    return picture


def _written(picture: U8, text: str, at: tuple[int, int], ink: int) -> U8:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, ink, 1, cv2.LINE_AA)
    return picture


def _paper(height: int, width: int) -> U8:
    return np.full((height, width), _PAPER, np.uint8)
