"""Settings of small runs, and what their logs say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_icenet.training.presets import merged
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import RunSettings, make_run_settings

#: Everything that is random is in play: order, augmentation, noise and dropout.
RANDOM = {"model_settings": {"dropout": 0.2}, "objective": {"noise": 0.1, "shuffle": True}}


def small(dataset: Path, **values: Any) -> RunSettings:
    """Settings of a run of 12 steps of the tiny model."""
    usual = {
        "model": "tiny",
        "threads": 1,
        "device": "cpu",
        "data": {"datasets": [str(dataset)], "workers": 1},
        "optimisation": {"steps": 12, "batch": 4, "learning_rate": 0.01, "warm_up": 3},
        "validation": {"every": 0},
        "checkpoint_every": 5,
    }
    return make_run_settings(merged(usual, values))


def words(settings: RunSettings) -> list[str]:
    """The same as words of the command line."""
    out = ["train", *settings.data.datasets, "--model", settings.model, "--threads", "1", "--workers", "1"]
    plain = settings.model_dump(mode="json")
    for group in ("model_settings", "objective", "optimisation", "validation"):
        out += [
            word for name, value in plain[group].items() for word in ("--set", f"{group}.{name}={json.dumps(value)}")
        ]
    return [*out, "--set", f"checkpoint_every={settings.checkpoint_every}"]


def events(run: Path, kind: str = "step") -> list[dict[str, Any]]:
    """Lines of the log of one kind, without what depends on the clock."""
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    clock = ("time", "seconds", "sequences_per_second")
    return [{k: v for k, v in line.items() if k not in clock} for line in lines if line["kind"] == kind]


def steps(run: Path) -> int:
    """Steps in the log so far."""
    log = run / "events.jsonl"
    return log.read_bytes().count(b'"kind": "step"') if log.exists() else 0


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def state_of(run: Path) -> str:
    status = RunFolder(run).status()
    return "" if status is None else status.state
