"""Open the source of an evaluation by its path: a dataset or a stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from napari_icenet.datasets.dataset import SequenceDataset, open_dataset
from napari_icenet.datasets.store import holds_a_dataset
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.settings import EvaluationSettings, make_evaluation_settings
from napari_icenet.evaluation.sources.dataset import DatasetSource, dataset_settings
from napari_icenet.evaluation.sources.stack import StackSource
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.template import Predictor
from napari_icenet.predictors.base import Options
from napari_icenet.predictors.registry import fitting, predictor
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack

#: What can be evaluated: a stack, a dataset, or the path of one.
Evaluated = SceneStack | SequenceDataset | str | Path


def open_source(
    source: Evaluated,
    given: Mapping[str, Any],
    *,
    crs: str | None = None,
    extent: Literal["intersection", "union"] = "intersection",
    exclude: Sequence[str] = (),
    only: Sequence[str] = (),
    pixel_size: float | str | None = None,
    covariates: Path | None = None,
    own_weights: Collection[str] = (),
    progress: Progress | None = None,
) -> tuple[StackSource | DatasetSource, EvaluationSettings]:
    """Open a dataset or a stack, and settle how it is evaluated.

    Parameters
    ----------
    source : SceneStack, dataset, or path of either
    given : dict
        Fields of :class:`~napari_icenet.evaluation.settings.EvaluationSettings`; None stands for the default.
    crs, extent, exclude, only, pixel_size
        Of the path of a stack, as in :func:`~napari_icenet.scenes.open.open_stack`.
    covariates : Path, optional
        A file with further facts of each date of a stack; a dataset has its own.
    own_weights : collection of str, optional
        Predictors with weights of the user's, which are among the default ones whatever the chip.
    progress : callable, optional

    Raises
    ------
    UsageError, StackError, DatasetError, SceneError
        It cannot be opened, or not be evaluated in this way.
    """
    path = Path(source) if isinstance(source, str | Path) else None
    if path is not None and holds_a_dataset(path):
        source = open_dataset(path)
    if isinstance(source, SequenceDataset):
        if covariates is not None:
            raise UsageError(
                f"{source.path} is a dataset and has its own; give --covariates where it is built (icenet dataset)."
            )
        if exclude or only or pixel_size is not None:
            raise UsageError(
                f"{source.path} is a dataset and keeps its dates and its grid; choose them where it is made, with "
                "icenet dataset."
            )
        settings = make_evaluation_settings(_with_own(dataset_settings(source, dict(given)), own_weights))
        return DatasetSource(source, settings), settings
    if not isinstance(source, str | Path):
        check_stack(source)
    called = source.name if isinstance(source, SceneStack) else source
    # Before the scenes are opened, which takes its time.
    settings = make_evaluation_settings(_with_own(given, own_weights))
    if settings.split is not None:
        raise UsageError(
            f"{called} is a stack and has no splits; leave split (--split) out, or build a dataset of it first."
        )
    if isinstance(source, SceneStack):
        stack = source
    else:
        choices: dict[str, Any] = {"exclude": exclude, "only": only, "pixel_size": pixel_size, "least": 2}
        stack = _stack_at(Path(source), settings, crs=crs, extent=extent, progress=progress, **choices)
    made = StackSource(stack, settings, path if stack.origin is None else stack.origin.path)
    if covariates is not None:
        from napari_icenet.scenes.covariates import give_covariates

        made.messages += give_covariates([stack], covariates)
    return made, settings


def _with_own(given: Mapping[str, Any], own_weights: Collection[str]) -> dict[str, Any]:
    """Settings whose predictors are, where none were named, those that fit the chip and those with own weights."""
    out = dict(given)
    if own_weights and out.get("predictors") is None:
        chip = out.get("chip") or EvaluationSettings.model_fields["chip"].default
        out["predictors"] = tuple(dict.fromkeys([*fitting(chip), *own_weights]))
    return out


def _stack_at(path: Path, settings: EvaluationSettings, **choices: Any) -> SceneStack:
    """The stack of a path, with the bands that are evaluated."""
    from napari_icenet.scenes.open import open_stack

    # The panchromatic band has a 15 m grid of its own, so asking for it alone opens another stack.
    panchromatic = settings.bands is not None and {b.upper().lstrip("B") for b in settings.bands} == {"8"}
    return open_stack(path, bands=("B8",) if panchromatic else None, **choices)


def make_predictors(
    source: StackSource | DatasetSource, settings: EvaluationSettings, weights: Mapping[str, Path] | None = None
) -> tuple[Predictor, ...]:
    """The predictors, with options that rest on the training split alone.

    Parameters
    ----------
    source : StackSource or DatasetSource
    settings : EvaluationSettings
    weights : mapping of str to Path, optional
        Files of weights by the predictor that they are for; others have those of the package.
    """
    made = []
    for name in settings.predictors:
        options: dict[str, Any] = {}
        if name == "blurred" and isinstance(source, DatasetSource) and (sigma := source.sigma()) is not None:
            options["sigma"] = sigma
        if weights and name in weights:
            options["weights"] = weights[name]
        made.append(predictor(name, **options))
    return tuple(_lean(one) for one in made)


def _lean(made: Predictor) -> Predictor:
    """The predictor without its spread, which nothing here asks for."""
    if isinstance(made, Options) and "spread" in type(made).model_fields:
        return made.model_copy(update={"spread": False})
    return made
