"""Choices that outlive the window: the last folder, the chip size, the scale factor and others."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from napari_icenet.common.atomic_io import write_durably

T = TypeVar("T", str, int, float, bool)


def location() -> Path:
    """The file that keeps the choices, in the user's own configuration folder."""
    from qtpy.QtCore import QStandardPaths

    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "napari-icenet" / "settings.json"


class Remembered:
    """One section of the choices that outlive the window.

    Parameters
    ----------
    section : str
        For instance ``"track"``.
    path : Path, optional
        The file; default :func:`location`.
    """

    def __init__(self, section: str, path: Path | None = None) -> None:
        self.section = section
        self._path = path

    @property
    def path(self) -> Path:
        """The file that keeps the choices."""
        return self._path or location()

    def get(self, key: str, default: T) -> T:
        """The remembered value, or ``default`` where there is none of its type."""
        value = self._read().get(self.section, {}).get(key, default)
        # A whole number is a fine float; True is no fine int.
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        return value if type(value) is type(default) else default

    def set(self, key: str, value: str | int | float | bool) -> None:
        """Remember a value; the file is replaced as a whole."""
        everything = self._read()
        section = everything.setdefault(self.section, {})
        if section.get(key) == value:
            return
        section[key] = value
        # A home that cannot be written (a cluster node, a demo) must not stop the work.
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self.path, json.dumps(everything, indent=1, sort_keys=True).encode(), flush=False)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            everything = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(everything, dict):
            return {}
        return {name: section for name, section in everything.items() if isinstance(section, dict)}
