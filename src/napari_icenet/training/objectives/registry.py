"""The objectives there are, by the name of the model that they train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from napari_icenet.common.registry import Registry
from napari_icenet.common.settings_model import made

if TYPE_CHECKING:
    from torch import nn

    from napari_icenet.training.objectives.base import Objective

#: Where each objective lives; loaded when asked for.
OBJECTIVES: dict[str, str] = {
    "svg-lp": "napari_icenet.training.objectives.svg_lp:SvgLpObjective",
    "icenet": "napari_icenet.training.objectives.icenet:IceNetObjective",
}


def objective_class(model: str) -> Any:
    """The class of the objective that trains ``model``.

    Raises UsageError: there is no such model.
    """
    return Registry("model", OBJECTIVES).load(model)


def make_objective(model: str, network: nn.Module, options: Mapping[str, Any]) -> Objective:
    """The objective that trains ``network``.

    Parameters
    ----------
    model : str
    network : nn.Module
    options : mapping
        The objective's own, by name.

    Raises
    ------
    UsageError
        There is no such model, or an option cannot be used.
    """
    kind = objective_class(model)
    settings: BaseModel = made(kind.settings_type, options)
    objective: Objective = kind(network, settings)
    return objective
