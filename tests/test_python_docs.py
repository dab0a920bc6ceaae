"""docs/python.md does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.process

TEXT = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
SCRIPT = BLOCKS[-1]


def run(code: str, folder: Path) -> str:
    """What a script prints that runs by itself, as in a notebook, without a window."""
    path = folder / "script.py"
    path.write_text("import matplotlib\nmatplotlib.use('agg')\n" + code, encoding="utf-8")
    command = [sys.executable, "-W", "error", path]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_every_block_runs_after_those_before(tmp_path: Path) -> None:
    told = run("\n".join(BLOCKS[:-1]), tmp_path)
    assert "<StackSummary sample_data" in told
    assert (tmp_path / "ice.zarr" / "zarr.json").exists()


def test_the_script_of_twenty_lines_leaves_a_table_maps_and_pictures(tmp_path: Path) -> None:
    assert sum(bool(line.strip()) and not line.startswith("#") for line in SCRIPT.splitlines()) <= 20
    told = run(SCRIPT, tmp_path)
    speed, error = (float(v) for v in re.match(r"(\d+) ± (\d+) m/yr", told).groups())
    # The simulated glacier's own speed there.
    from napari_icenet import samples
    from napari_icenet.simulation import load_truth

    truth = load_truth(samples.byrd_folder())
    metres = float(np.hypot(*truth.velocity(320, 320)))
    assert abs(speed - metres) < max(3 * error, 15)
    names = {"track.csv", "velocity.nc", "flowline.gpkg", "track.png", "map.png", "flowline.png"}
    assert names <= {path.name for path in tmp_path.iterdir()}
