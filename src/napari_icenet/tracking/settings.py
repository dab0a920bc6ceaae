"""Settings of a track: one frozen, checked set of choices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import field_validator

from napari_icenet.common.settings_model import Settings, even, made, setting
from napari_icenet.matching.acceptance import CLICK, CLICK_CHAIN, Criteria


class TrackSettings(Settings):
    """Choices for following a chip. Immutable; change one with :func:`changed`.

    Every field has a description and a unit (``model_fields[name].description`` and
    ``.json_schema_extra["unit"]``).
    """

    band: str | int = setting(1, "Name or number of the band.")
    chip: int = setting(
        128, "Side C of the square chip, even. Larger chips match more surely and blur shear.", "px", ge=16, le=1024
    )
    scale: float = setting(
        2.0,
        "Scale factor c: the search window has c times the chip's side, so that the ice is found within ±(c − 1)·C/2 "
        "pixels of the window's centre. Larger finds faster ice and more false peaks.",
        ge=1.1,
        le=4.0,
    )
    template: str = setting(
        "persistence",
        "What is searched for: persistence (the chip of the last valid date), first (the chip where the track "
        "starts), high-pass (the last one filtered, in the filtered picture), or a predictor, which makes it of up to "
        "eight past chips and is harmed less by cloud.",
    )
    prefilter: str = setting(
        "none",
        "Filter of chip and picture before matching. A high-pass lowers the NCC and sharpens the peak.",
    )
    tracking: Literal["robust", "chain"] = setting(
        "robust",
        "Robust: frames that fail are lost and do not move the track. Chain: each chip is matched from the last one "
        "and the highest correlation wins, as in the paper.",
    )
    centring: Literal["last", "velocity"] = setting(
        "last",
        "Where the search window is centred: on the last position, as in the paper, or moved on by the last velocity "
        "times the days elapsed.",
    )
    min_peak_ratio: float = setting(
        CLICK.min_peak_ratio,
        "The peak of the high-pass filtered chip must be this many times its highest rival; else the match is "
        "ambiguous.",
        ge=1.0,
        le=1000,
    )
    max_disagreement_px: float = setting(
        CLICK.max_disagreement_px,
        "The template's own surface must have a peak this near to the high-pass peak.",
        "px",
        gt=0,
        le=16,
    )
    max_round_trip_px: float = setting(
        CLICK.max_round_trip_px, "Largest distance by which the backward match may miss the start.", "px", gt=0, le=4096
    )
    min_overlap: float = setting(
        CLICK.min_overlap, "Least share of the chip's pixels that must be valid in both pictures.", "0 to 1", gt=0, le=1
    )

    _even = field_validator("chip")(even)

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
        """Search radius from the window's centre, px along each axis."""
        return (self.search - self.chip) // 2

    @property
    def criteria(self) -> Criteria:
        """Criteria of an acceptable match."""
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
    """Settings from plain values, as typed by a user; those that are None keep their default.

    Raises
    ------
    UsageError
        A value does not make sense; the message names it.
    """
    return made(TrackSettings, {name: value for name, value in values.items() if value is not None})


def changed(settings: TrackSettings, **values: Any) -> TrackSettings:
    """The same settings with some values changed and checked.

    Raises
    ------
    UsageError
        A value does not make sense; the message names it.
    """
    return make_settings(**{**settings.model_dump(), **values})
