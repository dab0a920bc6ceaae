"""Files of the user: the lists of runs and of what is queued, and measured durations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError
from napari_icenet.jobs.file_lock import locked

#: Names another folder than the user's own.
VARIABLE = "ICENET_HOME"


def home() -> Path:
    """Folder of the package's own lists: the one that ``ICENET_HOME`` names, else in the user's data folder."""
    import platformdirs

    named = os.environ.get(VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("napari-icenet", appauthor=False)


def read_list(path: Path) -> dict[str, Any]:
    """A small file of names and values; empty where there is none, or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_list(path: Path, values: dict[str, Any]) -> None:
    """Replace such a file.

    Raises TrainingError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, (json.dumps(values, indent=1) + "\n").encode(), flush=False)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror or error}); free some space.") from error


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Any]]:
    """Read such a file, and write what was made of it, with no other process in between.

    Raises TrainingError: it cannot be written.
    """
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent, f"{path.stem}.lock", tries=100):
        values = read_list(path)
        before = json.dumps(values)
        yield values
        if json.dumps(values) != before:
            write_list(path, values)
