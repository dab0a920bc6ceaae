"""Every script once, at its smallest size."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from skimage.io import imread

from napari_icenet.models.card import Card
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.models.weights import load_weights, save_weights
from tests.program import ROOT, figure, run_program

pytestmark = pytest.mark.process


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.sh")))
def test_shell_scripts_can_be_read(script):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    ended = subprocess.run([bash, "-n", str(ROOT / "scripts" / script)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_weights_are_bundled_with_what_was_measured(tmp_path):
    settings = IceNetSettings(width=4, depth=1, residual=2)
    card = Card(model="icenet", settings=settings.model_dump(mode="json"), version="0", created=datetime.now(UTC))
    (tmp_path / "run").mkdir()
    save_weights(tmp_path / "run" / "best", IceNetwork(settings), card)
    names = {"persistence": 0.5, "high-pass": 0.4, "consensus": 0.6, "median": 0.55, "icenet": 0.7}
    (tmp_path / "report").mkdir()
    table = {"robust": {"t2": {name: {"mean": mean} for name, mean in names.items()}}}
    (tmp_path / "report" / "table.json").write_text(json.dumps(table))
    run_program(
        "scripts/bundle_weights.py", tmp_path / "run", "--report", f"held_out={tmp_path / 'report'}",
        "--into", tmp_path / "bundled",
    )  # fmt: skip
    _, told = load_weights(tmp_path / "bundled" / "icenet.safetensors", "icenet")
    kept = told.results["held_out"]["robust"]["t2"]
    assert {name: row["mean"] for name, row in kept.items()} == {
        name: names[name] for name in ("persistence", "high-pass", "consensus", "icenet")
    }
    assert told.limits
    assert told.credits


@pytest.mark.slow
def test_two_records_of_the_same_package_are_the_same(tmp_path):
    for name in ("before", "after"):
        run_program("scripts/same_numbers.py", "record", "--quick", tmp_path / f"{name}.json")
    found = json.loads((tmp_path / "before.json").read_text())
    assert sorted(found) == ["sample/track-persistence-robust", "sample/velocity-affine"]
    assert not any("failed" in parts for parts in found.values())
    out = run_program("scripts/same_numbers.py", "compare", tmp_path / "before.json", tmp_path / "after.json")
    assert figure(r"(\d+) parts of 2 outputs compared, 0 differ", out) > 10


def test_a_number_that_differs_is_named(tmp_path):
    for name, digest in (("before", "aa"), ("after", "bb")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"sample/velocity": {"vx": digest, "vy": "cc"}}))
    with pytest.raises(AssertionError, match=r"sample/velocity: vx\n2 parts of 1 outputs compared, 1 differ"):
        run_program("scripts/same_numbers.py", "compare", tmp_path / "before.json", tmp_path / "after.json")


PICTURES = {
    "simulated": ("scenes", "track", "three_tracks"),
    "velocity": ("velocity", "velocity_validity"),
    "simulated_compare": tuple(
        f"{name}_simulated" for name in ("compare", "side_by_side", "map", "map_side_by_side")
    ),
}  # fmt: skip
SAID = {
    "simulated": r"reopened: (3) True",
    "velocity": r"s: (\d+) % valid",
    "simulated_compare": r"a click on cell \d+, \d+: Track \d+ · t0 .* · (128) px",
}


@pytest.mark.gui
@pytest.mark.slow
@pytest.mark.parametrize("walk", list(PICTURES))
def test_a_newcomer_takes_pictures_of(walk, tmp_path):
    out = run_program("scripts/screenshots.py", "--quick", "--only", walk, "--into", tmp_path)
    assert figure(SAID[walk], out) > 0
    assert {path.stem for path in tmp_path.iterdir()} == set(PICTURES[walk])
    for path in tmp_path.iterdir():
        picture = imread(path)
        assert picture.shape[1] == 1280
        assert picture.std() > 10


def test_the_walk_of_fine_tuning_knows_the_window():
    """It takes hours on real glaciers; here its parts are imported alone."""
    assert "start,look" in run_program("scripts/fine_tune.py", "--help")
