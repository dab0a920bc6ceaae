"""Scripts and benchmarks of the checkout, run as programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_program(path: str, *words: object, **environment: str) -> str:
    """What a program of the checkout prints; it has to end well.

    Parameters
    ----------
    path : str
        Below the checkout's root.
    *words
        Its arguments.
    **environment
        Beside that of the tests.
    """
    ended = subprocess.run(
        [sys.executable, str(ROOT / path), *map(str, words)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout


def figure(pattern: str, text: str) -> float:
    """The number that a pattern's one group stands for, in the first place where it fits."""
    found = re.search(pattern, text)
    assert found, f"{pattern} is nowhere in\n{text}"
    return float(found[1])


def rows(text: str) -> dict[str, list[str]]:
    """Cells of the Markdown tables of a text, by the first of each row."""
    lines = [line.strip("| \n").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return {line[0]: line[1:] for line in cells if not set(line[0]) <= set("-: ")}
