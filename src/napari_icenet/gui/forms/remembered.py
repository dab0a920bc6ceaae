"""Settings of last time: kept name by name, and checked when they are taken up again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError
from napari_icenet.gui.widgets.preferences import Remembered

Settings = TypeVar("Settings", bound=BaseModel)


def remembered_settings(memory: Remembered, model: type[Settings], names: Iterable[str], **first: Any) -> Settings:
    """The settings of last time; those that no longer make sense are as at first.

    Parameters
    ----------
    memory : Remembered
    model : type of BaseModel
    names : iterable of str
        Settings that are remembered.
    **first
        Values that differ from the model's defaults where nothing is remembered.

    Returns
    -------
    BaseModel
    """
    values = dict(first)
    for name in names:
        usual = values.get(name, model.model_fields[name].default)
        given = values | {name: memory.get(name, usual)}
        try:
            made(model, given)
        except UsageError:
            # A file of another version, or edited by hand: the default is the better start.
            continue
        values = given
    return made(model, values)


def remember_settings(memory: Remembered, settings: BaseModel, names: Iterable[str]) -> None:
    """Keep the settings for next time."""
    for name in names:
        memory.set(name, getattr(settings, name))
