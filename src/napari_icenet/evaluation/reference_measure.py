"""The paper's measure of a series, quickly: how far persistence and high-pass foresee t2 on a sample of chips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_icenet.datasets.cut import CACHE_BYTES, cut
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import StackError
from napari_icenet.evaluation.scoring.scorer import Scorer
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.table import PAPER, shares
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.predictors.registry import predictor
from napari_icenet.scenes.stack import SceneStack

#: The predictors that the paper gives figures for.
MEASURED = ("persistence", "high-pass")
#: Chips of each band: seconds for seven bands of twelve dates.
CHIPS = 49


@dataclass(frozen=True)
class ReferenceMeasure:
    """Correlations with t2 of the paper's two methods, chips followed by the chain of best matches.

    Attributes
    ----------
    rows : dict
        By predictor: ``mean``, and the shares ``low`` (< 0.3), ``medium`` and ``high`` (> 0.7).
    chips, bands : int
        Chips that count, over all bands, and the number of bands.
    settings : EvaluationSettings
        Side of the chips, scale factor and stride.
    """

    rows: dict[str, dict[str, float]]
    chips: int
    bands: int
    settings: EvaluationSettings

    def as_text(self) -> str:
        """A few lines that state the figures, the paper's beside them, and how they were measured."""
        s = self.settings
        lines = [f"{'':13}{'mean':>7}{'< 0.3':>8}{'0.3-0.7':>9}{'> 0.7':>8}{'paper: mean':>14}"]
        for name in MEASURED:
            row = self.rows[name]
            lines.append(
                f"{name:13}{row['mean']:7.3f}{row['low']:8.3f}{row['medium']:9.3f}{row['high']:8.3f}"
                f"{PAPER[name]['mean']:14.3f}"
            )
        lines.append(
            f"correlation with t2 on {self.chips} chips of {s.chip} px in {self.bands} bands, "
            f"followed as in the paper (chain, c {s.scale:g}); t0 is date {s.t0 + 1} of {s.frames}"
        )
        return "\n".join(lines)


def reference_measure(
    stack: SceneStack,
    *,
    chips: int = CHIPS,
    settings: EvaluationSettings | None = None,
    progress: Progress | None = None,
) -> ReferenceMeasure:
    """Measure a series as the paper's Table 1 does, on its first window of dates.

    Chips are followed as the paper does, each from the last by the best match in a window c times as
    large, and t0, plain and high-pass filtered, is compared with t2, the frame after next and the last
    of the window, plain and filtered. Chips that show less than half of their pixels are left out.

    Parameters
    ----------
    stack : SceneStack
    chips : int
        At most that many of the grid's, evenly, in each band.
    settings : EvaluationSettings, optional
        Chip, scale factor, stride and bands. Default: those of ``icenet evaluate``.
    progress : callable, optional

    Raises
    ------
    StackError
        Fewer than three dates, too small for a chip, or no chip shows enough of the ground.
    """
    given = settings or EvaluationSettings()
    dates = len(stack.scenes)
    if dates < 3:
        raise StackError(f"{stack.name} has {dates} dates and t2 needs a third; add scenes.")
    asked = given.model_copy(update={"frames": min(dates, given.frames)})
    cutting = DatasetSettings(
        chip=asked.chip, scale=asked.scale, stride=asked.stride, frames=asked.frames, chips=chips, windows=1
    )
    bands = tuple(stack.band(band) for band in asked.bands or stack.bands)
    scorer = Scorer([predictor(name) for name in MEASURED], asked.t0, asked.search_px)
    engine = Engine("cpu")
    parts = []
    for number, band in enumerate(bands):
        if progress is not None:
            progress(number / len(bands), f"measuring {band}")
        pictures = Pictures(stack, band, cache=TileCache(CACHE_BYTES))
        sequences = cut(stack, cutting, band=band, start=0, mode="chain", pictures=pictures, engine=engine)
        parts.append(scorer.score(sequences, number, np.zeros(len(sequences), bool)))
    scores = Scores.concatenated(parts)
    counted = scores.ncc[scores.counted[:, 1], :, 1]
    if not len(counted):
        raise StackError(f"{stack.name} shows too little of the ground for chips of {asked.chip} pixels.")
    rows = {}
    for p, name in enumerate(MEASURED):
        values = {key: float(share) for key, share in shares(counted[:, p]).items() if share is not None}
        rows[name] = {"mean": float(counted[:, p].mean())} | values
    return ReferenceMeasure(rows, len(counted), len(bands), asked)
