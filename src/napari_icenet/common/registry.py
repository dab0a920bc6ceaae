"""Things that are known by name and loaded when they are asked for, ours and those of other packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from napari_icenet.common.extensions import extensions
from napari_icenet.errors import UsageError


@dataclass(frozen=True)
class Registry:
    """Names of one kind.

    Attributes
    ----------
    what : str
        What the names are of, for messages.
    places : mapping of str to str
        ``module:attribute`` of ours, by name.
    group : str, optional
        Entry-point group by which other packages add theirs.
    needs : tuple of str
        Attributes that theirs must have.
    """

    what: str
    places: Mapping[str, str]
    group: str | None = None
    needs: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """All names: ours, then those of other packages."""
        return (*self.places, *self._others())

    def load(self, name: str) -> Any:
        """Load what is held under a name.

        Raises UsageError: there is nothing of this name; the message lists the names there are.
        """
        if name in self.places:
            return resolve_name(self.places[name])
        others = self._others()
        if name not in others:
            raise UsageError(f"there is no {self.what} {name}; choose {', '.join(self.names())}.")
        return others[name]

    def _others(self) -> dict[str, Any]:
        return {} if self.group is None else extensions(self.group, self.places, self.needs)
