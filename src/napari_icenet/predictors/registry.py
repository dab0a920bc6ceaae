"""The predictors there are: a new one is a file beside this one and a line here, or another package's entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from napari_icenet.common.registry import Registry
from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    from napari_icenet.matching.template import Predictor
    from napari_icenet.predictors.base import Options

#: Where each predictor lives, in the order of a drop-down; loaded when asked for.
PREDICTORS: dict[str, str] = {
    "persistence": "napari_icenet.predictors.persistence:Persistence",
    "high-pass": "napari_icenet.predictors.high_pass:HighPass",
    "blurred": "napari_icenet.predictors.blurred:Blurred",
    "median": "napari_icenet.predictors.median:Median",
    "consensus": "napari_icenet.predictors.consensus:Consensus",
    "svg-lp": "napari_icenet.predictors.svg_lp:SvgLpPredictor",
    "icenet": "napari_icenet.predictors.icenet:IceNet",
}


_REGISTRY = Registry("predictor", PREDICTORS, "napari_icenet.predictors", ("name", "title"))


def names() -> tuple[str, ...]:
    """Names of the predictors, in the order of a drop-down; those of other packages come last."""
    return _REGISTRY.names()


def fitting(chip: int) -> tuple[str, ...]:
    """Names of the predictors that can predict chips of this side with what is installed, in the same order."""
    return tuple(name for name in names() if getattr(predictor_class(name), "fits", _always)(chip))


def predictor(name: str, **options: Any) -> Predictor:
    """The predictor called ``name``.

    Parameters
    ----------
    name : str
    **options
        Its own options, by name; each has a default.

    Raises
    ------
    UsageError
        There is no such predictor (the message lists those there are) or option.
    """
    from napari_icenet.common.settings_model import made

    factory = predictor_class(name)
    try:
        return cast("Predictor", made(factory, options))
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


def predictor_class(name: str) -> type[Options]:
    """The class of the predictor called ``name``.

    Raises UsageError: there is no such predictor.
    """
    return cast("type[Options]", _REGISTRY.load(name))


def title(name: str) -> str:
    """The predictor's title, for a drop-down or a legend.

    Raises UsageError: there is no such predictor.
    """
    return predictor_class(name).title


def _always(chip: int) -> bool:
    return True
