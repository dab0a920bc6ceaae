"""Templates that tracking can search for: those it has built in, and every predictor."""

from __future__ import annotations

from napari_icenet.matching.template import TEMPLATES, Predictor, check_template
from napari_icenet.predictors.registry import names, predictor, title


def template_titles() -> dict[str, str]:
    """Names and titles of all templates, in the order of a drop-down."""
    return TEMPLATES | {name: title(name) for name in names() if name not in TEMPLATES}


def template_predictors() -> dict[str, Predictor]:
    """The predictors that tracking must be handed, by name."""
    return {name: predictor(name) for name in names() if name not in TEMPLATES}


def template_predictor(name: str) -> Predictor | None:
    """The predictor that tracking must be handed for the template ``name``; None where it needs none.

    Raises UsageError: there is no such template; the message lists those there are.
    """
    if name in TEMPLATES:
        return None
    made = predictor(name) if name in names() else None
    check_template(name, made, names())
    return made
