"""Entry points of other packages: predictors, networks, readers."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from napari_icenet.errors import ExtensionWarning


def extensions(group: str, ours: Collection[str] = (), needs: Collection[str] = ()) -> dict[str, Any]:
    """Load what other packages have named in an entry-point group.

    One that cannot be loaded, or has a name of ours, is left out and told once, with its package.

    Parameters
    ----------
    group : str
        As in ``napari_icenet.predictors``.
    ours : collection of str
        Names that are taken.
    needs : collection of str
        Attributes that each must have.

    Returns
    -------
    dict
        By name, in the order of names.
    """
    return dict(_loaded(group, frozenset(ours), tuple(sorted(needs)), tuple(sys.path)))


@cache
def _loaded(group: str, ours: frozenset[str], needs: tuple[str, ...], _path: tuple[str, ...]) -> dict[str, Any]:
    """See :func:`extensions`; packages are looked for anew only where the path of modules has changed."""
    found: dict[str, Any] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, _package(entry))):
        if entry.name in ours or entry.name in found:
            _warn(entry, "is left out, for there is one of this name already; that package must call it otherwise")
            continue
        try:
            made = entry.load()
        except Exception as error:  # noqa: BLE001 (another package's code may fail in any way)
            _warn(entry, f"cannot be loaded ({type(error).__name__}: {error}) and is left out; update that package")
            continue
        lacking = [name for name in needs if not hasattr(made, name)] + ([] if callable(made) else ["__call__"])
        if lacking:
            _warn(entry, f"lacks {', '.join(lacking)} and is left out; update that package")
            continue
        if "name" in needs and isinstance(made.name, str) and made.name != entry.name:
            _warn(entry, f"calls itself {made.name} and is left out; that package must give both one name")
            continue
        found[entry.name] = made
    return found


def _package(entry: EntryPoint) -> str:
    return "a package" if entry.dist is None else str(entry.dist.name)


def _warn(entry: EntryPoint, what: str) -> None:
    kind = entry.group.rpartition(".")[2].removesuffix("s")
    warnings.warn(f"The {kind} {entry.name} of {_package(entry)} {what}.", ExtensionWarning, stacklevel=2)
