"""Settings of an evaluation: predictors, chips, and how sure the numbers are to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from napari_icenet.common.settings_model import Settings, made
from napari_icenet.errors import UsageError
from napari_icenet.predictors.registry import fitting, names, predictor

Mode = Literal["chain", "robust"]
#: Both ways of following the ice, in the order of the table.
MODES: tuple[Mode, ...] = ("chain", "robust")
#: What the table judges: the next frame, and the one after.
TARGETS = ("t1", "t2")


class EvaluationSettings(Settings):
    """Settings of an evaluation; the defaults are the paper's where it names them.

    Attributes
    ----------
    predictors : tuple of str
        Names, in the order of the table. Default: all that can predict chips of this side.
    bands : tuple of str, or None
        Bands that are looked at; None for all.
    chip : int
        Side C of the chips, px, even.
    scale : float
        Scale factor c: the search window of the tracking has the side c·C.
    stride : int
        Distance between the chips' first places, px.
    frames : int
        Dates in a sequence.
    tracking : {"chain", "robust", "both"}
        How the ice is followed from date to date.
    split : {"train", "validation", "test"}, or None
        Part of a dataset that is evaluated; None for all of it.
    seed : int
        Of the bootstrap and of every sample.
    resamples : int
        Times that blocks are drawn for the intervals.
    tracked : int
        Chips in each mode whose templates are searched for, to learn how far they miss: a seeded sample.
    """

    predictors: tuple[str, ...] = Field(default_factory=names)
    bands: tuple[str, ...] | None = None
    chip: int = Field(default=128, ge=16, le=1024, multiple_of=2)
    scale: float = Field(default=1.5, gt=1, le=4)
    stride: int = Field(default=64, ge=1)
    frames: int = Field(default=12, ge=3, le=366)
    tracking: Literal["chain", "robust", "both"] = "both"
    split: Literal["train", "validation", "test"] | None = None
    seed: int = Field(default=0, ge=0)
    resamples: int = Field(default=2000, ge=100)
    tracked: int = Field(default=400, ge=0)

    @field_validator("predictors")
    @classmethod
    def _known(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        if not chosen:
            raise ValueError(f"name at least one of {', '.join(names())}")
        for name in chosen:
            try:
                predictor(name)
            except UsageError as error:
                raise ValueError(str(error).removesuffix(".")) from error
        return tuple(dict.fromkeys(chosen))

    @model_validator(mode="after")
    def _compared(self) -> EvaluationSettings:
        if "predictors" not in self.model_fields_set:
            object.__setattr__(self, "predictors", fitting(self.chip))
        # Everything is told against persistence, so it is always among them, and first.
        if self.predictors[0] != "persistence":
            rest = tuple(name for name in self.predictors if name != "persistence")
            object.__setattr__(self, "predictors", ("persistence", *rest))
        return self

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways of tracking that are evaluated."""
        return MODES if self.tracking == "both" else (self.tracking,)

    @property
    def t0(self) -> int:
        """Index of the last observed frame, the third from the end: the tenth of twelve is 9.

        The last two frames are t1 and t2, and predictors see the eight up to t0: a prediction rests on the
        most recent frames, and by t0 a chain of matches has had its whole length to go astray.
        """
        return self.frames - 3

    @property
    def search_px(self) -> int:
        """Largest distance that templates are searched at when they are tracked, px: an eighth of the chip."""
        return max(2, self.chip // 8)


def make_evaluation_settings(given: Mapping[str, Any]) -> EvaluationSettings:
    """Settings from what was given; None stands for the default.

    Raises UsageError: a setting cannot be used; the message names it.
    """
    for name in given.get("predictors") or ():
        predictor(name)
    return made(EvaluationSettings, {name: value for name, value in given.items() if value is not None})
