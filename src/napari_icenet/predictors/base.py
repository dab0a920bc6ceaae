"""Base of the predictors: checked options, and no state."""

from __future__ import annotations

from typing import ClassVar

from napari_icenet.common.settings_model import Settings


class Options(Settings):
    """A predictor whose fields are its options: immutable, and unknown ones are refused.

    Attributes
    ----------
    name, title : str
        As in settings and tables, and for a drop-down or a legend.
    prefilter : str
        Filter of the picture that the template is compared with.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    prefilter: ClassVar[str] = "none"
