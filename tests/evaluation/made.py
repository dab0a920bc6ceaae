"""Factory of evaluations: scores by hand, of a source that holds the chips it is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_icenet.datasets.sequences import Sequences
from napari_icenet.evaluation.evaluate import Evaluation
from napari_icenet.evaluation.scoring.strata import strata_table
from napari_icenet.evaluation.scoring.table import early_table, mode_table
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.predictors.registry import predictor
from napari_icenet.scenes.grid import Grid


@dataclass
class GivenSource:
    """What reports ask of a source, as plain values."""

    sequences: Sequences | None = None
    name: str = "ice"
    simulated: bool = False
    credits: tuple[str, ...] = ()
    bands: tuple[str, ...] = ("B1",)
    starts: tuple[np.datetime64, ...] = (np.datetime64("2020-01-01"),)
    flow_known: bool = False
    covariates: tuple[str, ...] = ()
    grids: dict[str, Grid] = field(default_factory=dict)
    read: list[tuple[int, int]] = field(default_factory=list)

    def again(self, lot: int, index: int) -> Sequences:
        """One sequence; which ones were asked for is kept."""
        assert self.sequences is not None
        self.read.append((lot, index))
        return self.sequences[index : index + 1]


def evaluation(scores, names=("persistence", "median"), *, source=None, learned=(), trained_here=(), **settings):
    """An evaluation of scores by mode, or of those of robust tracking alone, of plain predictors."""
    by_mode = scores if isinstance(scores, dict) else {"robust": scores}
    given = EvaluationSettings(**{"predictors": names, "chip": 32, "stride": 32, "frames": 5, **settings})
    drawn = {"resamples": 100, "seed": 0}
    return Evaluation(
        source or GivenSource(), given, tuple(predictor(name) for name in names), by_mode,
        tables={mode: mode_table(one, names, learned=learned, **drawn) for mode, one in by_mode.items()},
        early={mode: early_table(one, names) for mode, one in by_mode.items()},
        strata={mode: strata_table(one, names, **drawn) for mode, one in by_mode.items()},
        batches={mode: list(range(int(one.batch.max(initial=0)) + 1)) for mode, one in by_mode.items()},
        trained_here=tuple(trained_here),
    )  # fmt: skip
