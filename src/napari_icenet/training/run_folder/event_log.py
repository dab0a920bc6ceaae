"""The log of a run: one line of JSON for every step, validation and notice."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError


class EventLog:
    """Appends to ``events.jsonl``; every line is on its way to the disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (open for as long as the run lasts)
        except OSError as error:
            raise TrainingError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error

    def write(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """Add a line: kind, step, time (seconds since 1970), and values; what is not finite is null.

        Raises TrainingError: the disk is full.
        """
        line = {"kind": kind, "step": step, "time": round(time.time(), 3)} | {k: _plain(v) for k, v in values.items()}
        text = (json.dumps(line, allow_nan=False) + "\n").encode()
        try:
            written = self._file.write(text)
            if written != len(text):
                raise OSError(None, "the disk is full")
        except OSError as error:
            raise TrainingError(
                f"{self.path} cannot be written ({error.strerror}); free some space, then resume the run."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def cut_after(path: Path, step: int) -> None:
    """Drop the lines of steps after ``step``, which will be taken again, and a last line cut short.

    Raises TrainingError: the disk is full; the log is as it was.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    kept = [line for line in content.splitlines(keepends=True) if _step(line) <= step]
    if len(b"".join(kept)) == len(content):
        return
    try:
        write_durably(path, b"".join(kept))
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror or error}); free some space.") from error


def _step(line: bytes) -> float:
    """The step of a line; infinite where it is no whole line."""
    try:
        return float(json.loads(line)["step"]) if line.endswith(b"\n") else math.inf
    except (ValueError, TypeError, KeyError):
        return math.inf


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
