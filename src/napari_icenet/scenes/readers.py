"""Readers of other packages, for what none of ours knows."""

from __future__ import annotations

import warnings
from pathlib import Path

from napari_icenet.common.extensions import extensions
from napari_icenet.errors import ExtensionWarning, IceNetError
from napari_icenet.scenes.stack import SceneStack

GROUP = "napari_icenet.readers"


def read_by_others(path: Path) -> SceneStack | None:
    """The stack that a reader of another package makes of a path; None where none knows it.

    A reader is a callable that takes a path and returns a :class:`SceneStack` or None. One that fails is told
    and passed over; an error of ours, which says what the user can do, is raised.
    Raises IceNetError: a reader knows the path, and it cannot be opened.
    """
    for name, reader in extensions(GROUP).items():
        try:
            found = reader(path)
        except IceNetError:
            raise
        except Exception as error:  # noqa: BLE001 (another package's code may fail in any way)
            told = f"The reader {name} failed on {path} ({type(error).__name__}: {error}) and is passed over."
            warnings.warn(told, ExtensionWarning, stacklevel=2)
            continue
        if found is None:
            continue
        if isinstance(found, SceneStack):
            return found
        told = f"The reader {name} made a {type(found).__name__} of {path}, not a SceneStack, and is passed over."
        warnings.warn(told, ExtensionWarning, stacklevel=2)
    return None
