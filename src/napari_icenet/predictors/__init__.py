"""Predictors of a chip's next look: each makes a template from past chips, behind one Protocol.

Imports ``models``, ``matching`` and the rooms above them; imported by ``evaluation``, ``training``, ``cli`` and
``gui``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_icenet.matching.template import Predictor


def names() -> tuple[str, ...]:
    """Names of the predictors there are, those of other packages too."""
    from napari_icenet.predictors import registry

    return registry.names()


def get(name: str, **options: Any) -> Predictor:
    """Make the predictor called ``name``; called with a :class:`~napari_icenet.matching.template.Past` it predicts.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    **options
        Its own options, by name; each has a default.

    Raises
    ------
    UsageError
        There is no such predictor (the message lists those there are) or option.
    """
    from napari_icenet.predictors import registry

    return registry.predictor(name, **options)


__all__ = ["get", "names"]
