"""Things that are known by name and loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from napari_icenet.errors import UsageError


def load_named(places: Mapping[str, str], name: str, what: str) -> Any:
    """Import the attribute that a table of ``module:attribute`` holds under a name.

    Parameters
    ----------
    places : mapping of str to str
    name : str
    what : str
        What the names are of, for the message.

    Raises
    ------
    UsageError
        There is nothing of this name; the message lists the names there are.
    """
    if name not in places:
        raise UsageError(f"there is no {what} {name}; choose {', '.join(places)}.")
    module, _, attribute = places[name].partition(":")
    return getattr(import_module(module), attribute)
