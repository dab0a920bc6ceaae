"""What is handed over as a stack, and is none."""

from __future__ import annotations

from pathlib import Path

from napari_icenet.errors import UsageError
from napari_icenet.scenes.stack import SceneStack


def check_stack(given: object) -> None:
    """Refuse what is no stack, with the way to one.

    Raises UsageError: it is something else.
    """
    if isinstance(given, SceneStack):
        return
    if isinstance(given, str | Path):
        raise UsageError(f'{given} is a path and no stack yet; open it first: icenet.open_stack("{given}").')
    raise UsageError(
        f"A {type(given).__name__} is no stack; make one with icenet.open_stack, icenet.SceneStack.from_array or "
        "icenet.SceneStack.from_xarray."
    )
