"""Base of the predictors: checked options, and no state."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """A predictor whose fields are its options: immutable, and unknown ones are refused.

    Attributes
    ----------
    name, title : str
        As in settings and tables, and for a drop-down or a legend.
    prefilter : str
        Filter of the picture that the template is compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    title: ClassVar[str]
    prefilter: ClassVar[str] = "none"
