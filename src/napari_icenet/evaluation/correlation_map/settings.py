"""Settings of a correlation map, and the windows of dates they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_icenet.common.settings_model import Settings, setting
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.scenes.stack import SceneStack

#: Dates in a window where there are as many, as in an evaluation: t0 is the tenth of them.
FRAMES = 12
#: Frames after t0 in a window: t1 and t2.
AFTER = 2


@dataclass(frozen=True)
class DateWindow:
    """Consecutive dates that chips are followed through, up to t1 and t2.

    Attributes
    ----------
    start : int
        Index of the first date.
    t0 : int
        Index of the last observed date.
    dates : int
        How many dates there are, from the first to t2; to t1 where the stack ends there.
    """

    start: int
    t0: int
    dates: int

    @property
    def frames(self) -> int:
        """Frames of its sequences: up to t2, whether there is such a date or not."""
        return self.t0 - self.start + 1 + AFTER

    @property
    def last(self) -> int:
        """Index of t0 among the window's frames."""
        return self.t0 - self.start


class MapSettings(Settings):
    """Settings of a correlation map. Immutable; checked when made.

    Every field has a description and a unit (``model_fields[name].description`` and
    ``.json_schema_extra["unit"]``).
    """

    band: str = setting("1", "Name of the band, or its number from 1.")
    chip: int = setting(
        128,
        "Side C of the chips, even. Larger chips are predicted and compared over more ice. Networks come with weights "
        "for chips of 128 px.",
        "px",
        ge=16,
        le=1024,
        multiple_of=2,
    )
    scale: float = setting(
        1.5,
        "Scale factor c: a chip is searched for in a window of c times its side. Larger follows faster ice and finds "
        "more false peaks.",
        ge=1.1,
        le=4,
    )
    stride: int = setting(
        64,
        "Distance between the chips' first positions: a cell of the map is as large. Halving it takes four times as "
        "long.",
        "px",
        ge=1,
        le=1024,
    )
    tracking: Mode = setting(
        "robust",
        "Robust: frames that fail do not move the track, so that all frames show the same ice. Chain: each chip is "
        "the best match of the last one, as in the paper.",
    )
    t0: int | None = setting(
        None,
        "Index of the date of the last observed frame. Chips are followed from nine dates before it, or from the "
        "first date where there are fewer, as icenet evaluate does in its window with this t0; predictors see the "
        "last eight of these frames. None: every t0 that has twelve dates around it (all dates where the stack has "
        "fewer), as icenet evaluate does; cells then hold means.",
        ge=0,
    )
    target: Literal[1, 2] = setting(2, "What is shown first: t1 or t2.")
    resamples: int = setting(2000, "Times that blocks of ground are drawn for the intervals of the table.", ge=100)
    seed: int = setting(0, "Of the bootstrap, and of the chips whose templates are searched for.", ge=0)
    tracked: int = setting(
        400,
        "Chips at most whose templates are searched for, to learn peak ratios and how far tracking misses.",
        "chips",
        ge=0,
    )

    @property
    def search_px(self) -> int:
        """Search radius of templates, px: as in an evaluation."""
        return max(2, self.chip // 8)

    @property
    def cutting(self) -> DatasetSettings:
        """Settings by which chips are followed and cut out."""
        return DatasetSettings(
            chip=self.chip, scale=self.scale, stride=self.stride, frames=FRAMES, tracking=self.tracking
        )

    def windows(self, stack: SceneStack) -> tuple[DateWindow, ...]:
        """The windows of dates that are looked at, oldest first.

        Raises UsageError: there is no such t0, or no frame after it.
        """
        count = len(stack.scenes)
        if count < 2:
            raise UsageError(f"{stack.name} has only one date, and a map needs one to predict; add scenes.")
        if self.t0 is None:
            frames = min(FRAMES, max(count, AFTER + 1))
            return tuple(
                DateWindow(start, start + frames - 1 - AFTER, min(frames, count))
                for start in range(max(1, count - frames + 1))
            )
        if self.t0 >= count:
            raise UsageError(f"{stack.name} has {count} dates and none with the index {self.t0}; choose another t0.")
        if self.t0 == count - 1:
            raise UsageError(
                f"{stack.labels[self.t0]} is the last date of {stack.name}, and none after it shows what came; "
                "choose an earlier t0."
            )
        start = max(0, self.t0 - (FRAMES - 1 - AFTER))
        return (DateWindow(start, self.t0, min(self.t0 + AFTER, count - 1) - start + 1),)

    def as_evaluation(self, names: tuple[str, ...], band: str, window: DateWindow) -> EvaluationSettings:
        """The settings of an evaluation that scores the same chips."""
        return EvaluationSettings(
            predictors=names, bands=(band,), chip=self.chip, scale=self.scale, stride=self.stride,
            frames=window.frames, tracking=self.tracking, seed=self.seed, resamples=self.resamples,
            tracked=self.tracked,
        )  # fmt: skip
