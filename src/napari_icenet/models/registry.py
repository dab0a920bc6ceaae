"""The networks there are: a new one is a file beside this one and a line here, or another package's entry point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_icenet.common.registry import Registry
from napari_icenet.common.settings_model import made

if TYPE_CHECKING:
    from pydantic import BaseModel
    from torch import nn

#: Where each network lives; loaded when asked for, for torch takes a second.
MODELS: dict[str, str] = {
    "svg-lp": "napari_icenet.models.svg_lp.network:SvgLp",
    "icenet": "napari_icenet.models.icenet.network:IceNetwork",
}
_REGISTRY = Registry("model", MODELS, "napari_icenet.models", ("name", "title", "settings_type"))


def network_class(name: str) -> Any:
    """The class of a network.

    It has a ``name``, a ``title``, a ``settings_type``, and ``limits``: what networks of its kind are not good
    for, one sentence each, for their cards. One of another package that can be trained names its ``objective_type``.
    Raises UsageError: there is no such network; the message lists those there are.
    """
    return _REGISTRY.load(name)


def build(name: str, settings: Mapping[str, Any] | None = None) -> nn.Module:
    """A network with fresh weights, drawn from torch's own random state.

    Parameters
    ----------
    name : str
    settings : mapping of str, optional
        Plain values; what is not named has its default.

    Raises
    ------
    UsageError
        There is no such network, or a setting cannot be used.
    """
    built: nn.Module = network_class(name)(model_settings(name, settings or {}))
    return built


def model_settings(name: str, values: Mapping[str, Any]) -> BaseModel:
    """The settings of a network, from plain values; what is not named has its default.

    Raises UsageError: there is no such network, or a setting cannot be used.
    """
    settings: BaseModel = made(network_class(name).settings_type, values)
    return settings
