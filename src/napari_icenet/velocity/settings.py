"""Settings of a velocity map: one configuration for library, command line and dock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

from pydantic import field_validator, model_validator

from napari_icenet.common.settings_model import Settings, even, made, setting
from napari_icenet.errors import UsageError
from napari_icenet.matching.acceptance import MAP, Criteria

#: Search radius where neither a radius, a scale factor nor a maximum speed is given, px.
DEFAULT_RADIUS = 25


class VelocitySettings(Settings):
    """Settings of a velocity map. Immutable; checked when made.

    Every field has a description and a unit (``model_fields[name].description`` and
    ``.json_schema_extra["unit"]``).
    """

    band: str | int = setting(1, "Name or number of the band.")
    chip: int = setting(
        32,
        "Side of the smallest chip, even. Smaller chips show shear margins, larger ones match more surely.",
        "px",
        ge=16,
        le=1024,
    )
    max_chip: int = setting(
        128, "A chip that fails is doubled up to this side; the smallest that succeeds wins.", "px", ge=16, le=1024
    )
    spacing: int = setting(
        16,
        "Distance between points, even: a cell of the map is as large, spacing × spacing.",
        "px",
        ge=2,
        le=1024,
    )
    radius: int | None = setting(None, "How far a chip is searched for along each axis.", "px", ge=2, le=2048)
    scale: float | None = setting(
        None, "The same as c: the smallest chip's search window has c times its side.", ge=1.1, le=8
    )
    max_speed: float | None = setting(
        None,
        "The same as the speed of the fastest ice; the radius follows from the days and the pixel size, and is at "
        "least 3 px: vectors that are faster are told, not left out.",
        "m/yr",
        gt=0,
        le=1e6,
    )
    prefilter: str = setting(
        "band", "Filter of both pictures before matching. A high-pass brings out crevasses and lowers the NCC."
    )
    coarse_to_fine: bool = setting(
        False, "Search at a quarter of the resolution first: several times faster, and may miss small features."
    )
    affine: bool = setting(False, "Let the chip stretch and shear to the last: sharper in shear margins, slower.")
    coregister: bool = setting(
        False, "Subtract from all velocities the offset that stable ground shows; drow and dcol stay as measured."
    )
    same_geometry: bool = setting(
        False, "Pair only scenes of one path and row: between others terrain shifts that the product's model misses."
    )
    min_overlap: float = setting(
        MAP.min_overlap, "Least share of the chip's pixels that must be valid in both pictures.", "0 to 1", gt=0, le=1
    )
    min_peak_ratio: float = setting(
        MAP.min_peak_ratio, "Matches that stand out less from their rivals are ambiguous.", ge=1.0, le=1000
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:1 … or mps.")
    memory_gb: float = setting(
        1.0, "Memory that mapping may use at most for pictures and surfaces.", "GB", gt=0.1, le=1e6
    )

    _even = field_validator("chip", "max_chip", "spacing")(even)

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
        """Criteria of an acceptable match."""
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
    settings = made(VelocitySettings, {name: value for name, value in values.items() if value is not None})
    # Here and not in the model: the settings of a map keep the default of both, also where the smallest is larger.
    if values.get("max_chip") is not None and settings.max_chip < settings.chip:
        raise UsageError(
            f"The largest chip of {settings.max_chip} px is smaller than the smallest of {settings.chip} px; give a "
            "max_chip that is at least as large as chip."
        )
    return settings
