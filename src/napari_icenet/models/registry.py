"""The networks there are: a new one is a file beside this one, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_icenet.errors import UsageError
from napari_icenet.validation import made

if TYPE_CHECKING:
    from pydantic import BaseModel
    from torch import nn

#: Where each network lives, by name; loaded when asked for. A network's class has a name, a title and
#: a ``settings_type``, a frozen pydantic model that it is built from alone.
MODELS: dict[str, str] = {
    "svg-lp": "napari_icenet.models.svg_lp:SvgLp",
    "icenet": "napari_icenet.models.icenet:IceNetwork",
}


def network_class(name: str) -> Any:
    """The class of the network called ``name``.

    Raises
    ------
    UsageError
        There is no such network.
    """
    if name not in MODELS:
        raise UsageError(f"there is no model {name}; choose {', '.join(MODELS)}.")
    module, _, attribute = MODELS[name].partition(":")
    return getattr(import_module(module), attribute)


def model_settings(name: str, settings: Mapping[str, Any]) -> BaseModel:
    """The settings of a network from plain values; what is left out has its default.

    Raises
    ------
    UsageError
        There is no such network, or a value cannot be used.
    """
    kind: type[BaseModel] = network_class(name).settings_type
    return made(kind, settings)


def build(name: str, settings: Mapping[str, Any]) -> nn.Module:
    """A network with random weights.

    Parameters
    ----------
    name : str
    settings : mapping
        Its own settings, by name.

    Raises
    ------
    UsageError
        There is no such network, or a value cannot be used.
    """
    network: nn.Module = network_class(name)(model_settings(name, settings))
    return network
