"""Evaluate predictors on a stack or a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from napari_icenet.common.described import Described
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.common.software import software
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.data_leakage import TrainedHere, trained_here
from napari_icenet.evaluation.score_all import score_all
from napari_icenet.evaluation.scoring.scorer import BLOCK_CHIPS
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.strata import strata_table
from napari_icenet.evaluation.scoring.table import early_table, mode_table
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.evaluation.sources.dataset import DatasetSource
from napari_icenet.evaluation.sources.open import Evaluated, make_predictors, open_source
from napari_icenet.evaluation.sources.stack import StackSource
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.template import Predictor, check_predictor
from napari_icenet.predictors.icenet_inputs import say_covariates_missing
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.registry import predictor

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Described):
    """Result of an evaluation: scores by tracking mode, and their tables.

    Attributes
    ----------
    source : StackSource or DatasetSource
        Where the sequences come from; figures read the chips that they show again.
    settings : EvaluationSettings
    predictors : tuple of Predictor
        In the order of the scores.
    scores : dict of Scores
        By way of tracking.
    tables, early, strata : dict
        By way of tracking: :func:`~napari_icenet.evaluation.scoring.table.mode_table`,
        :func:`~napari_icenet.evaluation.scoring.table.early_table` and
        :func:`~napari_icenet.evaluation.scoring.strata.strata_table`.
    batches : dict of list
        By way of tracking, what the source reads each batch again by.
    trained_here : tuple of TrainedHere
        Predictors whose weights know the stacks that are evaluated.
    """

    source: StackSource | DatasetSource
    settings: EvaluationSettings
    predictors: tuple[Predictor, ...]
    scores: dict[Mode, Scores]
    tables: dict[str, Any]
    early: dict[str, Any]
    strata: dict[str, Any]
    batches: dict[Mode, list[Any]]
    trained_here: tuple[TrainedHere, ...] = ()

    def facts(self) -> dict[str, str]:
        """Facts of an evaluation: source, predictors, dates, mean correlation of each at t2."""
        mode, scores = next(iter(self.scores.items()))
        grids = {grid.crs_name for grid in self.source.grids.values()}
        means = ", ".join(f"{name} {self.tables[mode]['t2'][name]['mean']:.2f}" for name in self.names)
        facts = {name: text for name, text in scores.facts().items() if name != "stack"}
        return {"source": self.source.name, **facts, "CRS": ", ".join(sorted(grids)), "mean at t2": means}

    def to_dataframe(self) -> pd.DataFrame:
        """A row per way of tracking, chip, predictor and target; see :meth:`Scores.to_dataframe`."""
        import pandas as pd

        return pd.concat(
            [scores.to_dataframe(self.names).assign(tracking=mode) for mode, scores in self.scores.items()],
            ignore_index=True,
        )

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """The table with a point where each sequence starts, in the coordinate system of the first stack.

        Raises
        ------
        UsageError
            A stack has no coordinate reference system.
        """
        import pandas as pd

        crs = next(iter(self.source.grids.values())).crs
        parts = [
            scores[scores.stack == name].to_geodataframe(grid, self.names).assign(tracking=mode)
            for mode, scores in self.scores.items()
            for name, grid in self.source.grids.items()
            if (scores.stack == name).any()
        ]
        return pd.concat([part.to_crs(crs.to_wkt()) for part in parts if crs is not None], ignore_index=True)

    def plot(self, mode: Mode | None = None, *, target: int = 2, ax: Axes | None = None) -> Axes:
        """Draw how the correlations of each predictor are spread; see :meth:`Scores.plot`.

        Parameters
        ----------
        mode : {'chain', 'robust'}, optional
            Way of tracking; default: the first.
        target : {1, 2}
        ax : Axes, optional
        """
        chosen = next(iter(self.scores)) if mode is None else mode
        if chosen not in self.scores:
            raise UsageError(f"Tracking {chosen} was not evaluated; choose {' or '.join(self.scores)}.")
        return self.scores[chosen].plot(self.names, target=target, ax=ax)

    def sequence(self, mode: Mode, i: int) -> Sequences:
        """The chips behind one row of the scores, read again."""
        scores = self.scores[mode]
        return self.source.again(self.batches[mode][int(scores.batch[i])], int(scores.index[i]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the scores."""
        return tuple(p.name for p in self.predictors)

    @property
    def georeference(self) -> dict[str, str]:
        """What metres rest on, by the names of the stacks whose pixel size a person gave."""
        notes = {name: grid.pixel_size_note for name, grid in self.source.grids.items()}
        return {name: note for name, note in notes.items() if note is not None}

    @property
    def reference(self) -> str:
        """Reference of displacements, in words."""
        return "known flow" if self.source.flow_known else "closure"

    def as_dict(self) -> dict[str, Any]:
        """All tables, as ``table.json`` holds them, and what they rest on."""
        return {
            **self.tables,
            "t1_against_t2": self.early,
            "strata": self.strata,
            "provenance": self.provenance(),
        }

    def provenance(self) -> dict[str, Any]:
        """Provenance of the numbers: versions, settings, weights and data."""
        return {
            "software": software(),
            "source": self.source.name,
            "simulated": self.source.simulated,
            "credits": list(self.source.credits),
            "bands": list(self.source.bands),
            "covariates": list(self.source.covariates),
            "windows": len(self.source.starts),
            "t0": self.settings.t0 + 1,
            "displacement_error": self.reference,
            "search_px": self.settings.search_px,
            "block_px": BLOCK_CHIPS * self.settings.chip,
            "predictors": {p.name: _options(p) for p in self.predictors},
            "arithmetic": {p.name: p.arithmetic() for p in self.predictors if isinstance(p, LearnedOptions)},
            "trained_here": {one.name: {**asdict(one), "stacks": list(one.stacks)} for one in self.trained_here},
            "settings": self.settings.model_dump(mode="json"),
            **({"georeference": self.georeference} if self.georeference else {}),
        }


def evaluate(
    source: Evaluated | StackSource | DatasetSource,
    settings: EvaluationSettings | None = None,
    *,
    predictors: Sequence[Predictor | str] | Predictor | str | None = None,
    threads: int | None = None,
    processes: int = 1,
    progress: Progress | None = None,
    **choices: Any,
) -> Evaluation:
    """Score predictors on every sequence, and sum the scores up.

    Parameters
    ----------
    source : SceneStack, dataset, path of either, StackSource or DatasetSource
    settings : EvaluationSettings, optional
        Of a source that was opened with them.
    predictors : sequence of Predictor or str, or one of these, optional
        Themselves or their names; persistence, which all are told against, is always among them. Default: those
        that the settings name.
    threads : int, optional
        Of this process, where it works alone. Default: all cores.
    processes : int
        Processes that share the work, at most. Results depend neither on them nor on the threads. Predictors that
        the main script defines are not known in other processes: those are computed in this one.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is being scored; may raise to stop.
    **choices
        Fields of :class:`~napari_icenet.evaluation.settings.EvaluationSettings`, by name, in place of ``settings``.

    Raises
    ------
    StackError
        No chip shows enough to be judged.
    UsageError
        A choice cannot be used, or is made twice.
    """
    for name, count in (("threads", threads), ("processes", processes)):
        if count is not None and (not isinstance(count, int) or count < 1):
            raise UsageError(f"{name}={count} cannot be used; give a whole number of 1 or more.")
    source, settings, chosen = _opened(source, settings, predictors, choices)
    names = tuple(p.name for p in chosen)

    for one in chosen:
        if isinstance(one, LearnedOptions):
            # Here, once, and not in every process that predicts.
            known = getattr(one.network()[0].settings, "covariates", ())
            say_covariates_missing(one.title, known, source.covariates)

    def report(share: float, what: str) -> None:
        if progress is not None:
            progress(0.95 * share, what)

    found = score_all(source, settings, chosen, threads=threads, processes=processes, progress=report)
    scores: dict[Mode, Scores] = {mode: made for mode, (made, _) in found.items()}
    drawn = {"resamples": settings.resamples, "seed": settings.seed}
    learned = {p.name for p in chosen if isinstance(p, LearnedOptions)}
    return Evaluation(
        source, settings, chosen, scores,
        tables={mode: mode_table(made, names, learned=learned, **drawn) for mode, made in scores.items()},
        early={mode: early_table(made, names) for mode, made in scores.items()},
        strata={mode: strata_table(made, names, **drawn) for mode, made in scores.items()},
        batches={mode: batches for mode, (_, batches) in found.items()},
        trained_here=trained_here(source, chosen),
    )  # fmt: skip


def _opened(
    source: Evaluated | StackSource | DatasetSource,
    settings: EvaluationSettings | None,
    predictors: Sequence[Predictor | str] | Predictor | str | None,
    choices: dict[str, Any],
) -> tuple[StackSource | DatasetSource, EvaluationSettings, tuple[Predictor, ...]]:
    """Open source, settings and predictors of an evaluation."""
    if settings is not None and choices:
        raise UsageError(f"{', '.join(choices)} and settings were both given; make the settings with it instead.")
    if settings is not None:
        settings = given_or_default(EvaluationSettings, settings)
    if predictors is not None:
        predictors = _several(predictors)
    if not isinstance(source, StackSource | DatasetSource):
        given = choices if settings is None else settings.model_dump(exclude_unset=True)
        if predictors is not None and all(isinstance(one, str) for one in predictors):
            given = {**given, "predictors": tuple(predictors)}
        source, settings = open_source(source, given)
    settings = settings or source.settings
    if not predictors:
        return source, settings, make_predictors(source, settings)
    chosen = tuple(predictor(one) if isinstance(one, str) else one for one in predictors)
    if all(one.name != "persistence" for one in chosen):
        chosen = (predictor("persistence"), *chosen)
    return source, settings, chosen


def _several(predictors: Any) -> list[Predictor | str]:
    """Predictors and names, one alone too."""
    several = list(predictors) if isinstance(predictors, list | tuple) else [predictors]
    if not several:
        raise UsageError("predictors is empty; name at least one, or leave it out for all that fit.")
    for one in several:
        if not isinstance(one, str):
            check_predictor(one)
    return several


def _options(made: Predictor) -> dict[str, Any]:
    """The options of a predictor, where it tells them."""
    dump = getattr(made, "model_dump", None)
    return dict(dump(mode="json")) if callable(dump) else {}
