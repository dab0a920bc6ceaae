"""The command that trains the same weights again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_icenet.training.settings import RunSettings

#: Where a run happened, not what it gives.
_PLACE = ("device", "threads", "data.datasets", "data.workers", "data.pool")


def command_of(settings: RunSettings) -> str:
    """``icenet train …`` with everything that differs from the defaults; datasets by name."""
    words = ["icenet", "train", *(Path(path).name for path in settings.data.datasets), "-o", "RUN"]
    words += ["--model", settings.model]
    default = RunSettings().model_dump(mode="json")
    for key, value in _differences(settings.model_dump(mode="json"), default):
        if key != "model" and key not in _PLACE:
            text = Path(value).name if key == "weights" else value
            words += ["--set", f"{key}={text if isinstance(text, str) else json.dumps(text)}"]
    return shlex.join(words)


def _differences(values: Mapping[str, Any], default: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key, usual = f"{before}{name}", default.get(name)
        if isinstance(value, Mapping) and (isinstance(usual, Mapping) or usual is None):
            yield from _differences(value, usual or {}, f"{key}.")
        elif value != usual:
            yield key, value
