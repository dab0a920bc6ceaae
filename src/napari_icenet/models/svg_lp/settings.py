"""Size of the network SVG-LP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from napari_icenet.common.settings_model import Settings

#: Side of the coarsest feature maps, px.
COARSEST = 4


class SvgLpSettings(Settings):
    """Size of the network. Immutable; the paper's are ``channels=64`` and every other default.

    Attributes
    ----------
    chip : int
        Side C of the chips, px: a power of two.
    channels : int
        Feature maps of the finest scale (``nf`` of the reference); coarser ones have up to eight times as many.
    features : int
        Features of a whole frame, h.
    latent : int
        Dimensions of the latent variable z.
    hidden : int
        Units of each recurrent layer.
    layers : int
        Recurrent layers of the predictor, the posterior and the prior each.
    past : int
        Frames that are observed. Those after them are predicted with the skip connections of the last of these.
    recurrent : {"vector", "convolutional"}
        LSTMs over vectors, as in the authors' code, or over maps of 4 × 4, as the paper's text has it. Maps
        have ``features`` channels, and z is a map of ``latent`` numbers in all.
    seen : int
        Frames that the encoder sees at once, as channels: the newest and those before it. 1 in the paper; with
        more, skip connections carry what several frames agree on.
    lost : {"shown", "skipped"}
        Whether frames that tracking lost, mostly under cloud, are shown to the network, as in the paper, or
        left out, so that the last observed frame is the last one with ice.
    """

    chip: int = Field(default=128, ge=32, le=1024)
    channels: int = Field(default=32, ge=4, le=256)
    features: int = Field(default=128, ge=4, le=4096)
    latent: int = Field(default=128, ge=1, le=4096)
    hidden: int = Field(default=128, ge=4, le=4096)
    layers: int = Field(default=2, ge=1, le=8)
    past: int = Field(default=8, ge=1, le=64)
    recurrent: Literal["vector", "convolutional"] = "vector"
    seen: int = Field(default=1, ge=1, le=16)
    lost: Literal["shown", "skipped"] = "shown"

    @model_validator(mode="after")
    def _fitting(self) -> SvgLpSettings:
        if self.chip & (self.chip - 1):
            raise ValueError(f"a chip of {self.chip} px cannot be halved down to {COARSEST} px; choose a power of two")
        if self.recurrent == "convolutional" and self.latent % COARSEST**2:
            raise ValueError(
                f"{self.latent} latent dimensions do not fill a map of {COARSEST} × {COARSEST}; "
                f"choose a multiple of {COARSEST**2}"
            )
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Feature maps of each scale, the finest first: C/2, C/4, … 4 px."""
        scales = (self.chip // COARSEST).bit_length() - 1
        return tuple(self.channels * min(2**k, 8) for k in range(scales))
