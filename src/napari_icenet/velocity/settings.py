"""What a velocity map is made with: one configuration for library, command line and dock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from napari_icenet.common.settings_model import made
from napari_icenet.matching.acceptance import MAP, Criteria

#: Search radius where neither a radius, a scale factor nor a maximum speed is given, px.
DEFAULT_RADIUS = 25


class VelocitySettings(BaseModel):
    """Settings of a velocity map.

    Attributes
    ----------
    band : str or int
        Name or number of the band.
    chip : int
        Side of the smallest chip, px, even, at least 16.
    max_chip : int
        Chips that fail are doubled up to this side; the smallest one that succeeds wins.
    spacing : int
        Distance between points, px, even: a point stands for a cell of spacing × spacing pixels.
    radius : int, optional
        How far a chip is searched for along each axis, px.
    scale : float, optional
        The same as c: the smallest chip's search window has the side c·C.
    max_speed : float, optional
        The same as a speed in m/yr; the radius follows from the days and the pixel size.
    prefilter : str
        Filter of both pictures (:mod:`~napari_icenet.matching.prefilter`).
    coarse_to_fine : bool
        Search at a quarter of the resolution first.
    affine : bool
        Refine each match by the chip's own stretch and shear.
    coregister : bool
        Remove the offset of stable ground from the velocities.
    min_overlap : float
        Least share of the chip's pixels that must be valid in both pictures.
    min_peak_ratio : float
        Matches with a lower peak ratio are ambiguous.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` … or ``mps``.
    memory_gb : float
        Memory that mapping may use at most for pictures and surfaces, GB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    band: str | int = 1
    chip: int = Field(default=32, ge=16, le=1024)
    max_chip: int = Field(default=128, ge=16, le=1024)
    spacing: int = Field(default=16, ge=2, le=1024)
    radius: int | None = Field(default=None, ge=2, le=2048)
    scale: float | None = Field(default=None, ge=1.1, le=8)
    max_speed: float | None = Field(default=None, gt=0)
    prefilter: str = "band"
    coarse_to_fine: bool = False
    affine: bool = False
    coregister: bool = False
    min_overlap: float = Field(default=MAP.min_overlap, gt=0, le=1)
    min_peak_ratio: float = Field(default=MAP.min_peak_ratio, ge=1.0)
    device: str = "auto"
    memory_gb: float = Field(default=1.0, gt=0.1)

    @field_validator("chip", "max_chip", "spacing")
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(v is not None for v in (self.radius, self.scale, self.max_speed)) > 1:
            raise ValueError("give only one of radius, scale and maximum speed")
        return self

    @property
    def criteria(self) -> Criteria:
        """What is asked of a match."""
        return replace(MAP, min_overlap=self.min_overlap, min_peak_ratio=self.min_peak_ratio)

    @property
    def chips(self) -> tuple[int, ...]:
        """Sides of the chips tried, smallest first: doubled as long as they stay within ``max_chip``."""
        sides = [self.chip]
        while 2 * sides[-1] <= self.max_chip:
            sides.append(2 * sides[-1])
        return tuple(sides)


def make_velocity_settings(**values: Any) -> VelocitySettings:
    """Settings from plain values, as typed by a user; those that are None keep their default.

    Raises
    ------
    UsageError
        A value does not make sense; the message names it.
    """
    return made(VelocitySettings, {name: value for name, value in values.items() if value is not None})
