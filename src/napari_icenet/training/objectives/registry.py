"""The objectives there are, by the name of the model that they train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from napari_icenet.common.registry import Registry
from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError
from napari_icenet.models.registry import network_class

if TYPE_CHECKING:
    from torch import nn

    from napari_icenet.training.objectives.base import Objective

#: Where each objective lives; loaded when asked for.
OBJECTIVES: dict[str, str] = {
    "svg-lp": "napari_icenet.training.objectives.svg_lp:SvgLpObjective",
    "icenet": "napari_icenet.training.objectives.icenet:IceNetObjective",
}
#: What the objective of another package's network must have, as in
#: :class:`~napari_icenet.training.objectives.base.Objective`.
NEEDS = ("wants_positions", "settings_type", "prepare", "losses")


def objective_class(model: str) -> Any:
    """The class of the objective that trains ``model``: its network's own ``objective_type``, or the one named here.

    Raises UsageError: there is no such model, or nothing says how it is trained.
    """
    if model in OBJECTIVES:
        return Registry("model", OBJECTIVES).load(model)
    kind = getattr(network_class(model), "objective_type", None)
    if kind is None:
        raise UsageError(f"the model {model} names no objective_type and cannot be trained; its package must name one.")
    lacking = [name for name in NEEDS if not hasattr(kind, name)]
    if lacking:
        raise UsageError(
            f"{getattr(kind, '__name__', kind)}, by which the model {model} is trained, lacks {', '.join(lacking)}; "
            "its package must add them."
        )
    return kind


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
