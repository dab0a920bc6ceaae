"""Settings of a dataset: one configuration for library and command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from napari_icenet.common.settings_model import Settings, even, made
from napari_icenet.matching.acceptance import DATASET, DATASET_CHAIN, Criteria

Tracking = Literal["chain", "robust"]
#: Side of the blocks of a large frame, in chips; sides that are tried, and the blocks that a frame should hold.
BLOCK, BLOCKS = 8, 12
_SMALLER = (8, 7, 6, 5, 4, 3)


class DatasetSettings(Settings):
    """Choices for cutting sequences. Immutable; checked when made.

    Attributes
    ----------
    chip : int
        Side C of the square chips, even pixels.
    frames : int
        Consecutive dates of a sequence.
    scale : float
        Scale factor c: a chip is searched for in a window of side c·C around its last position.
    stride : int
        Distance between the chips' positions on the first date, px.
    bands : tuple of str or int, optional
        Names or numbers of the bands, each of which gives sequences of its own. Default: all.
    tracking : {'chain', 'robust'}
        ``chain``: each chip is the best match of the last one, as in the paper. ``robust``: frames
        that fail do not move the track.
    chips : int, optional
        Chips per window of dates: that many of the grid's are taken, evenly. Default: all.
    windows : int, optional
        Windows of consecutive dates, from the first date. Default: every one.
    min_valid : float
        Least share of a chip's pixels that must be valid (and lie in the area of interest) on the
        first date, and in a placement that is matched.
    max_cloud, max_fill : float
        Robust tracking: a frame with a larger share of cloud, shadow and cirrus, or of fill, fails.
    min_peak_ratio : float
        Robust tracking: the peak of the high-pass filtered chip must be this many times its rival.
    max_round_trip_px : float
        Robust tracking: largest distance by which the backward match may miss the start.
    max_outlier_px : float
        Robust tracking: motions of neighbours that differ by no more than this confirm each other.
    sources : int
        Robust tracking: frames that a lost chip is sought from at most, the latest good one first.
    seed : int
        Of the assignment of blocks to splits.
    validation, test : float
        Shares of the area; the rest is for training.
    block : float, optional
        Side of a block in chips. Larger blocks lose fewer chips to the gaps between them. Default: 8,
        and less where the frame holds less than a dozen of those (:meth:`on_frame`).
    gap : int, optional
        Pixels between chips of different splits. Default: the side of the search window, or half a
        chip's where the frame asks for smaller blocks.
    split_by : {'area', 'time'}
        ``area``: blocks of ground are held out, on all dates. ``time``: what came after a day is held
        out, on all ground; for frames that are too small for blocks.
    train_until, validation_until : datetime, optional
        Split by time: the last moments of the training and of the validation period, UTC; the test is
        what came later. Default: those that give the sequences their shares.
    coregister : bool
        Whether recorded displacements are less the shift of each date: so where the stacks have ``shifts``, which
        must be measured before.
    """

    chip: int = Field(default=128, ge=16, le=1024)
    frames: int = Field(default=12, ge=3, le=1000)
    scale: float = Field(default=1.5, ge=1.1, le=4.0)
    stride: int = Field(default=64, ge=1)
    bands: tuple[str | int, ...] | None = None
    tracking: Tracking = "chain"
    chips: int | None = Field(default=None, ge=1)
    windows: int | None = Field(default=None, ge=1)
    min_valid: float = Field(default=DATASET_CHAIN.min_overlap, gt=0, le=1)
    max_cloud: float = Field(default=0.3, ge=0, le=1)
    max_fill: float = Field(default=1 - DATASET.min_overlap, ge=0, lt=1)
    min_peak_ratio: float = Field(default=DATASET.min_peak_ratio, ge=1)
    max_round_trip_px: float = Field(default=DATASET.max_round_trip_px, gt=0)
    max_outlier_px: float = Field(default=3.0, gt=0)
    sources: int = Field(default=3, ge=1)
    seed: int = Field(default=0, ge=0)
    validation: float = Field(default=0.15, ge=0, lt=1)
    test: float = Field(default=0.15, ge=0, lt=1)
    block: float | None = Field(default=None, ge=1, le=1e5)
    gap: int | None = Field(default=None, ge=0, le=10**7)
    split_by: Literal["area", "time"] = "area"
    train_until: datetime | None = None
    validation_until: datetime | None = None
    coregister: bool = False

    _even = field_validator("chip")(even)

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("the shares of validation and test leave nothing for training; make them smaller")
        if self.train_until and self.validation_until and self.validation_until < self.train_until:
            raise ValueError("validation_until lies before train_until; name a later day")
        if self.bands is not None and not self.bands:
            raise ValueError("no band was chosen; name at least one, or leave bands out for all")
        return self

    @field_validator("train_until", "validation_until")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return value if value is None or value.tzinfo is not None else value.replace(tzinfo=UTC)

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As before there were splits by time and shifts, where there are none: datasets made then stay the same."""
        values: dict[str, Any] = handler(self)
        if not self.coregister:
            values.pop("coregister", None)
        if self.split_by == "area":
            for name in ("split_by", "train_until", "validation_until"):
                values.pop(name, None)
        return values

    @property
    def search(self) -> int:
        """Side of the search window in pixels, even: c·C rounded."""
        return 2 * round(self.scale * self.chip / 2)

    @property
    def reach(self) -> int:
        """Largest distance that a chip is searched at from its last position along each axis, px."""
        return (self.search - self.chip) // 2

    @property
    def criteria(self) -> Criteria:
        """Criteria of an acceptable match, by the settings' own way of tracking."""
        return self.criteria_for(self.tracking)

    def criteria_for(self, tracking: Tracking) -> Criteria:
        """Criteria of an acceptable match in one way of tracking; an evaluation cuts both ways by one setting."""
        if tracking == "chain":
            return replace(DATASET_CHAIN, min_overlap=self.min_valid)
        return replace(
            DATASET,
            min_overlap=1 - self.max_fill,
            min_peak_ratio=self.min_peak_ratio,
            max_round_trip_px=self.max_round_trip_px,
        )

    @property
    def gap_px(self) -> int:
        """Pixels between chips of different splits."""
        return self.search if self.gap is None else self.gap

    @property
    def block_px(self) -> int:
        """Side of a block, px."""
        return round((self.block or BLOCK) * self.chip)

    def on_frame(self, shape: tuple[int, int]) -> Self:
        """The same settings with blocks and gap settled for a frame of this height and width.

        Blocks are 8 chips, or as many fewer as it takes to lay a dozen on the frame, but at least 3:
        smaller ones would be all gap.
        """
        if self.block is not None:
            return self.model_copy(update={"gap": self.gap_px})
        area = shape[0] * shape[1] / self.chip**2
        block = next((side for side in _SMALLER if area >= BLOCKS * side**2), _SMALLER[-1])
        gap = self.chip // 2 if self.gap is None and block < BLOCK else self.gap_px
        return self.model_copy(update={"block": float(block), "gap": gap})


def make_dataset_settings(**values: Any) -> DatasetSettings:
    """Settings from plain values, as typed by a user; those that are None keep their default.

    Raises UsageError: a value does not make sense; the message names it.
    """
    return made(DatasetSettings, {name: value for name, value in values.items() if value is not None})


def split_rule(settings: DatasetSettings) -> dict[str, Any]:
    """Facts that decide which ice of a dataset is held out, for a card, so that two datasets can be compared."""
    if settings.split_by == "time":
        days = {"train_until": settings.train_until, "validation_until": settings.validation_until}
        return {"by": "time"} | {name: None if day is None else day.isoformat() for name, day in days.items()}
    return {
        "by": "area", "block_px": settings.block_px, "gap_px": settings.gap_px, "seed": settings.seed,
        "validation": settings.validation, "test": settings.test,
    }  # fmt: skip
