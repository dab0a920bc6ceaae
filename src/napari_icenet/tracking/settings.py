"""What a track is made with: one frozen, checked set of choices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from napari_icenet.common.settings_model import made
from napari_icenet.matching.acceptance import CLICK, CLICK_CHAIN, Criteria


class TrackSettings(BaseModel):
    """Choices for following a chip. Immutable; change one with :func:`changed`.

    Attributes
    ----------
    band : str or int
        Name or number of the band.
    chip : int
        Side C of the square chip, even pixels.
    scale : float
        Scale factor c: the search window has side c·C, so that the ice is found within
        ±(c − 1)·C/2 pixels of the window's centre.
    template : str
        What is searched for: ``persistence`` (the last chip), ``first`` (the chip where the track
        starts), ``high-pass`` (the last chip, filtered, in the filtered picture), or the name of a
        predictor that is handed to the tracker.
    prefilter : str
        Filter of chip and picture before matching; see :mod:`~napari_icenet.matching.prefilter`.
    tracking : {'robust', 'chain'}
        ``robust``: frames that fail do not move the track. ``chain``: each chip is matched from the
        last one and the highest correlation wins, as in the paper.
    centring : {'last', 'velocity'}
        Where the search window is centred: the last position, or that plus the last velocity times
        the days elapsed.
    min_peak_ratio : float
        The peak of the high-pass filtered chip must be this many times its highest rival; else the
        match is ambiguous.
    max_disagreement_px : float
        The template's own surface must have a peak this near to the high-pass peak.
    max_round_trip_px : float
        Largest distance by which the backward match may miss the start.
    min_overlap : float
        Least share of the chip's pixels that must be valid in both pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    band: str | int = 1
    chip: int = Field(default=128, ge=16, le=1024)
    scale: float = Field(default=2.0, ge=1.1, le=4.0)
    template: str = "persistence"
    prefilter: str = "none"
    tracking: Literal["robust", "chain"] = "robust"
    centring: Literal["last", "velocity"] = "last"
    min_peak_ratio: float = Field(default=CLICK.min_peak_ratio, ge=1.0)
    max_disagreement_px: float = Field(default=CLICK.max_disagreement_px, gt=0, le=16)
    max_round_trip_px: float = Field(default=CLICK.max_round_trip_px, gt=0)
    min_overlap: float = Field(default=CLICK.min_overlap, gt=0, le=1)

    @field_validator("chip")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"must be even; use {value - 1} or {value + 1}")
        return value

    @field_validator("prefilter")
    @classmethod
    def _known_filter(cls, value: str) -> str:
        from napari_icenet.matching.prefilter import prefilter

        return prefilter(value).name

    @property
    def search(self) -> int:
        """Side of the search window in pixels, even: c·C rounded."""
        return 2 * round(self.scale * self.chip / 2)

    @property
    def reach(self) -> int:
        """How far the chip is searched for from the window's centre, in pixels along each axis."""
        return (self.search - self.chip) // 2

    @property
    def criteria(self) -> Criteria:
        """What is asked of a match."""
        if self.tracking == "chain":
            return replace(CLICK_CHAIN, min_overlap=self.min_overlap)
        return replace(
            CLICK,
            min_overlap=self.min_overlap,
            min_peak_ratio=self.min_peak_ratio,
            max_disagreement_px=self.max_disagreement_px,
            max_round_trip_px=self.max_round_trip_px,
        )


def make_settings(**values: Any) -> TrackSettings:
    """Settings from plain values, as typed by a user.

    Raises
    ------
    UsageError
        A value does not make sense; the message names it.
    """
    return made(TrackSettings, values)


def changed(settings: TrackSettings, **values: Any) -> TrackSettings:
    """The same settings with some values changed and checked.

    Raises
    ------
    UsageError
        A value does not make sense; the message names it.
    """
    return make_settings(**{**settings.model_dump(), **values})
