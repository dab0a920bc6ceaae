"""Settings of the network ``icenet``, which need no torch."""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from napari_icenet.common.settings_model import Settings
from napari_icenet.scenes.covariates import MOST_COLUMNS, MOST_LETTERS

Name = Annotated[str, StringConstraints(min_length=1, max_length=MOST_LETTERS)]
Deviation = Annotated[FiniteFloat, Field(gt=0)]
#: A covariate further from its mean counts as this many deviations: such was never learned from.
MOST_DEVIATIONS = 8.0


class IceNetSettings(Settings):
    """Size of the network. Immutable.

    Attributes
    ----------
    width : int
        Features of each frame.
    depth : int
        Blocks of two convolutions that judge the frames, each of which sees all of them.
    scales : int
        Scales that have weights of their own; the last holds all that is coarser.
    residual : int
        Features of the network that adds what no frame shows; 0 leaves it out.
    covariates : tuple of str
        Further facts of each date, such as wind or aerosol depth, by their names with unit.
    covariate_scales : tuple of (float, float)
        Mean and standard deviation of each over the training split; training fills them in. Default: 0 and 1.
    """

    width: int = Field(default=32, ge=4, le=512)
    depth: int = Field(default=3, ge=1, le=16)
    scales: int = Field(default=4, ge=1, le=6)
    residual: int = Field(default=16, ge=0, le=256)
    covariates: tuple[Name, ...] = Field(default=(), max_length=MOST_COLUMNS)
    covariate_scales: tuple[tuple[FiniteFloat, Deviation], ...] = Field(default=(), max_length=MOST_COLUMNS)

    @model_validator(mode="after")
    def _one_scale_each(self) -> Self:
        if len(set(self.covariates)) < len(self.covariates):
            raise ValueError("two covariates have the same name; name each once")
        if self.covariate_scales and len(self.covariate_scales) != len(self.covariates):
            raise ValueError(
                f"{len(self.covariate_scales)} scales for {len(self.covariates)} covariates; leave the scales out"
            )
        return self

    def standardised(self, covariates: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Covariates (…, K) in deviations from their mean, as the network takes them; NaN is missing."""
        scales = self.covariate_scales or ((0.0, 1.0),) * len(self.covariates)
        mean, deviation = np.array(scales, np.float64).reshape(-1, 2).T
        # In double precision: of a pressure in Pa single precision leaves few digits to what changes.
        made = (np.asarray(covariates, np.float64) - mean) / deviation
        return np.clip(made, -MOST_DEVIATIONS, MOST_DEVIATIONS).astype(np.float32)
