"""What is searched for: the last chip, the first, its high-pass, or a prediction."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError

#: Filter of the paper's high-pass template, and of the check of every match.
HIGH_PASS = "high-pass"

#: Built-in templates by name, with their titles for a drop-down.
TEMPLATES = {
    "persistence": "Last chip",
    "first": "First chip",
    "high-pass": "High-pass of last chip",
}


class Predictor(Protocol):
    """Makes a template from past chips.

    Attributes
    ----------
    title : str
        For a drop-down.
    prefilter : str
        Filter of the picture the template is to be searched in (``none`` for the plain one).
    """

    title: str
    prefilter: str

    def __call__(self, chips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Template (C, C), float32, from plain past chips (n, C, C), oldest first, n ≥ 1."""
        ...


def check_template(name: str, predictor: Predictor | None) -> None:
    """Refuse a template that is neither built in nor handed over.

    Raises
    ------
    UsageError
        The message lists the templates there are.
    """
    if name not in TEMPLATES and predictor is None:
        raise UsageError(f"there is no template {name}; choose {', '.join(TEMPLATES)}.")
