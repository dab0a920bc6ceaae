"""The predictors that are held against each other, with the weights, device and samples they use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from napari_icenet.common.palette import colour_of
from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.errors import UsageError
from napari_icenet.matching.template import Predictor
from napari_icenet.predictors.learned import LearnedOptions, card_of, model_of
from napari_icenet.predictors.registry import predictor, predictor_class, title

if TYPE_CHECKING:
    from napari_icenet.models.card import Card

#: File names of a run's weights that say nothing by themselves; the run's folder does.
_OF_A_RUN = ("best", "last")


class PredictorSpec(FrozenModel):
    """One predictor of a predictor set.

    Attributes
    ----------
    name : str
        As in :data:`napari_icenet.predictors.registry.PREDICTORS`.
    weights : Path, optional
        File of weights, for a predictor with a network; default: those of the package.
    """

    name: str
    weights: Path | None = None

    @classmethod
    def of_weights(cls, weights: Path) -> PredictorSpec:
        """The predictor that a file of weights is for.

        Raises WeightsError: there is no such file, or no card beside it that can be read.
        """
        return cls(name=model_of(weights), weights=weights)

    @property
    def learned(self) -> bool:
        """True if it has a network."""
        return issubclass(predictor_class(self.name), LearnedOptions)

    @property
    def source(self) -> str:
        """Source of its weights, in a word or two; empty for those of the package."""
        if self.weights is None:
            return ""
        stem = self.weights.stem
        return self.weights.resolve().parent.name if stem in _OF_A_RUN else stem

    @property
    def key(self) -> str:
        """Id of the predictor: ``icenet``, or ``icenet@my-run`` with weights of one's own."""
        return self.name if self.weights is None else f"{self.name}@{self.source}"

    @property
    def title(self) -> str:
        """For a legend: ``IceNet``, or ``IceNet · my-run``."""
        return title(self.name) if self.weights is None else f"{title(self.name)} · {self.source}"

    @property
    def colour(self) -> str:
        """Of the predictor, whatever its weights."""
        return colour_of(self.name)

    def card(self) -> Card | None:
        """Card of its weights; None for a predictor without a network, or without weights.

        Raises WeightsError: its weights or their card cannot be read.
        """
        return card_of(self.name, self.weights) if self.learned else None

    def fits(self, chip: int) -> bool:
        """True if it can predict chips of this side.

        Raises WeightsError: its weights or their card cannot be read.
        """
        made = predictor_class(self.name)
        return not issubclass(made, LearnedOptions) or made.fits(chip, self.weights)


class PredictorSet(FrozenModel):
    """Predictors that are held against each other. Immutable, and can be sent to another process.

    Attributes
    ----------
    entries : tuple of PredictorSpec
    device : str
        Where networks compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …
    samples : int
        Of predictors that draw some: their mean is the template, and their deviation the spread.
    """

    entries: tuple[PredictorSpec, ...]
    device: str = "auto"
    samples: int = Field(default=1, ge=1, le=1024)

    @classmethod
    def of_names(cls, *names: str, **others: Any) -> PredictorSet:
        """A predictor set of predictors as they come with the package."""
        return cls(entries=tuple(PredictorSpec(name=name) for name in names), **others)

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if len(set(self.keys)) < len(self.entries):
            raise ValueError("two predictors of a predictor set cannot be told apart; give their weights other names")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Ids of the entries, in order."""
        return tuple(entry.key for entry in self.entries)

    @property
    def titles(self) -> tuple[str, ...]:
        """For a legend or a table."""
        return tuple(entry.title for entry in self.entries)

    def only(self, *entries: PredictorSpec) -> PredictorSet:
        """The same device and samples with these entries alone."""
        return self.model_copy(update={"entries": entries})

    def fitting(self, chip: int) -> PredictorSet:
        """The same without entries whose weights are for chips of another side."""
        return self.only(*(entry for entry in self.entries if entry.fits(chip)))

    def make(self, chip: int | None = None, *, spread: bool = False) -> tuple[Predictor, ...]:
        """The predictors, in order.

        Parameters
        ----------
        chip : int, optional
            Side of the chips that they will see, to refuse at once what cannot predict them.
        spread : bool
            Whether predictors that can tell how sure they are should; it takes time.

        Raises
        ------
        UsageError
            There is no such predictor, or one's weights are for chips of another side.
        WeightsError
            Weights or a card cannot be read.
        """
        return tuple(self._made(entry, chip, spread) for entry in self.entries)

    def _made(self, entry: PredictorSpec, chip: int | None, spread: bool) -> Predictor:
        if chip is not None and not entry.fits(chip):
            raise UsageError(
                f"{entry.title} has no weights for chips of {chip} px; choose another size of chip, or other weights."
            )
        known = predictor_class(entry.name).model_fields
        options: dict[str, Any] = {"weights": entry.weights, "device": self.device, "samples": self.samples}
        options = {name: value for name, value in options.items() if name in known}
        if "spread" in known:
            options["spread"] = spread
        return predictor(entry.name, **options)
