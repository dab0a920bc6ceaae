"""Data leakage: predictors that were trained on the ice that they are judged on, or on ice beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_icenet.errors import WeightsError
from napari_icenet.matching.template import Predictor
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    from napari_icenet.evaluation.sources.dataset import DatasetSource
    from napari_icenet.evaluation.sources.stack import StackSource


@dataclass(frozen=True)
class TrainedHere:
    """A predictor whose weights were trained on the stacks that are evaluated.

    Attributes
    ----------
    name : str
        Of the predictor.
    stacks : tuple of str
        Those that it knows.
    flatters : bool
        Whether ice that it was trained on is, or may be, among what it is judged on.
    sentence : str
        The same in words.
    """

    name: str
    stacks: tuple[str, ...]
    flatters: bool
    sentence: str


def trained_here(source: StackSource | DatasetSource, predictors: Iterable[Predictor]) -> tuple[TrainedHere, ...]:
    """The predictors whose weights were trained on stacks that are evaluated, by the names of the stacks.

    A test split was kept apart in training, too, where the weights were trained on datasets of the same stacks
    that were split in the same way; cards that do not tell how are accepted to be of such.

    Parameters
    ----------
    source : StackSource or DatasetSource
    predictors : iterable of Predictor
        Weights of learned ones are read for their card.
    """
    found = []
    own = source.split_by
    for one in predictors:
        card = one.card() if isinstance(one, LearnedOptions) else None
        if card is None:
            continue
        met = [dataset for dataset in card.data.datasets if set(dataset.stacks) & set(source.grids)]
        if shared := tuple(sorted({stack for dataset in met for stack in dataset.stacks} & set(source.grids))):
            apart = all(dataset.split is None or dataset.split == own for dataset in met)
            flatters = source.settings.split != "test" or not apart
            by_time = own is not None and own.get("by") == "time"
            sentence = _sentence(one.title, ", ".join(shared), flatters=flatters, by_time=by_time)
            found.append(TrainedHere(one.name, shared, flatters, sentence))
    return tuple(found)


def seen_ice(stack: SceneStack, predictor_set: PredictorSet) -> str:
    """A sentence about predictors of a predictor set whose weights were trained on parts of a stack; empty without any.

    A stack is known by its name, or by that of the folder it was opened from.
    """
    own = {stack.name} | ({stack.origin.path.stem} if stack.origin is not None else set())
    found = []
    for entry in predictor_set.entries:
        try:
            card = entry.card()
        except WeightsError:
            continue  # told where it is asked to predict
        if card is not None and own & {name for dataset in card.data.datasets for name in dataset.stacks}:
            found.append(entry.title)
    if not found:
        return ""
    whose = "its numbers here flatter it" if len(found) == 1 else "their numbers here flatter them"
    return f"Trained on parts of this ice: {', '.join(found)}; {whose}."


def _sentence(title: str, stacks: str, *, flatters: bool, by_time: bool) -> str:
    if flatters:
        return (
            f"{title} was trained on parts of {stacks}, so its row flatters it; "
            "evaluate the test split of its dataset to learn how it does on other ice."
        )
    if by_time:
        return (
            f"{title} was trained on the same ground of {stacks} on earlier dates; "
            "its row does not tell how it does on other ground."
        )
    return (
        f"{title} was trained on other blocks of ground of {stacks}, seen on the same dates; "
        "its row does not tell how it does on other dates or glaciers."
    )
