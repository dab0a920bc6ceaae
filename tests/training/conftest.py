"""A tiny model and a small dataset for all tests of training."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training import tiny
from tests.training.launched import at_home, end_all

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of small chips; not to be written to."""
    return tiny.make_dataset(tmp_path_factory.mktemp("data") / "ice.zarr")


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    tiny.register()
    yield
    tiny.forget()


@pytest.fixture
def process() -> Callable[..., subprocess.Popen[str]]:
    """Starts ``icenet`` in a process of its own, which knows the tiny model."""

    def start(*words: Any, before: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
        program = [*(before or (sys.executable,)), "-m", "tests.training.tiny", *(str(word) for word in words)]
        return subprocess.Popen(
            program, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return start


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Launched runs know the tiny model and keep their lists here; those that a test has left are ended."""
    at_home(monkeypatch, tmp_path / "home")
    yield
    end_all(tmp_path)
