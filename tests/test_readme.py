"""The README's walk through the shell: each line is a command there is, and the next can use what it made."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from napari_icenet.cli.main import app, main
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.blocks import Blocks
from napari_icenet.datasets.tracking.chip_grid import grid_positions
from napari_icenet.errors import Cancelled
from napari_icenet.simulation import load_truth

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
(BLOCK,) = [block for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) if "icenet" in block]
WALK = [shlex.split(line)[1:] for line in BLOCK.splitlines() if line.startswith("icenet ")]


def parsed(words: list[str]) -> dict[str, Any]:
    """The words of a command as typer reads them."""
    group: Any = typer.main.get_command(app)
    context = group.commands[words[0]].make_context(words[0], words[1:])
    return dict(context.params)


def test_every_line_is_a_command_and_makes_what_the_later_ones_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made: set[str] = set()
    for words in WALK:
        values = parsed(words)
        read = [values.get(name) for name in ("stack", "source", "stable")]
        read += [*(values.get("stacks") or ()), *(values.get("datasets") or ()), *(values.get("weights") or ())]
        for path in filter(None, read):
            assert Path(path).exists() or Path(path).parts[0] in made, words
        for name in ("output", "report", "shifts", "out"):
            if values.get(name) is not None:
                assert str(values[name]) not in made, words
                made.add(str(values[name]))
    assert {"ICENET.zarr", "RUN", "REPORT"} <= made


def test_the_dataset_of_the_walk_has_ice_for_training_validation_and_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the simulated sample's known flow: tracking it would take minutes and lead to the same pixels, or nearly."""
    taken: list[Any] = []

    def take(stacks: Any, out: Any, settings: DatasetSettings, **_: Any) -> None:
        taken.extend((stacks[0], settings))
        raise Cancelled("enough")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("napari_icenet.datasets.builder.build_dataset", take)
    (words,) = [words for words in WALK if words[0] == "dataset"]
    with pytest.raises(SystemExit):
        main(words)
    stack, settings = taken
    truth = load_truth(ROOT / "sample_data")
    start = np.stack(grid_positions(stack.grid.shape, settings))
    moved = [np.array(truth.displacement(*start, 0, date)) for date in range(1, settings.frames)]
    rows, cols = np.rint(np.stack([start, *(start + one for one in moved)], axis=-1)).astype(np.int64)
    count = np.bincount(Blocks.on(stack.grid, settings).split(rows, cols, settings.chip), minlength=3)
    assert (count[:3] >= 5).all(), count
    # With the chips of the default there is none for validation, as the README says.
    assert "chips of 128 px leave no ground for validation" in TEXT.replace("\n", " ")
