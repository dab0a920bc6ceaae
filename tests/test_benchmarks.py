"""Every benchmark once, at its smallest size: it runs, and its figures can be true. How good they are is not asked."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from napari_icenet.samples import byrd_folder
from napari_icenet.simulation import simulate
from tests.program import ROOT, figure, rows, run_program

pytestmark = [pytest.mark.process, pytest.mark.slow]

#: Modules that others import, and no programs of their own.
PARTS = {"machine", "other_tools"}
OURS = "napari-icenet"


def test_every_benchmark_is_run_here():
    text = Path(__file__).read_text(encoding="utf-8")
    names = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - PARTS
    assert {name for name in names if f'"benchmarks/{name}.py"' not in text} == set()


def test_pairs():
    out = run_program("benchmarks/pairs.py", "small")
    assert 0 < figure(r"worst error of a moved picture: (\S+) of", out) < 1e-6
    assert figure(r"bound ([\d.]+) px", out) == pytest.approx(0.083, abs=0.01)


def test_accuracy():
    table = rows(run_program("benchmarks/accuracy.py", "--cases", "small", "--filters", "none"))
    for name in (f"{OURS} (default: band)", f"{OURS}, affine", f"{OURS}, none", "OpenCV matchTemplate + parabola"):
        found, error, p90, calm, _ = table[name]
        assert float(found.rstrip("%")) > 80
        assert 0.02 < float(error) < 0.5
        assert float(calm) <= float(p90) < 1
    assert table["tool"] == ["found", "RMSE", "p90", "low shear", "bias"]


def test_speed():
    table = rows(run_program("benchmarks/speed.py", "--cases", "small", "--runs", 1))
    bare = table["OpenCV matchTemplate, bare"]
    assert bare[2] == "1.00"
    for name in (f"{OURS}, end to end", f"{OURS}, affine", f"{OURS} without numba, end to end"):
        busy, elapsed, *_, error, _, wild = table[name]
        assert float(busy) > 0
        assert float(elapsed) > 0
        assert 0.02 < float(error) < 0.5
        assert float(wild.rstrip("%")) < 20


def test_engine(monkeypatch):
    monkeypatch.delenv("ICENET_REAL_DATA", raising=False)
    table = rows(run_program("benchmarks/engine.py", "--cases", "small", "--runs", 1))
    milliseconds, ratio, error = map(float, table[f"{OURS}, end to end"])
    assert milliseconds > 0
    assert ratio > 0
    assert 0.02 < error < 0.5


def test_structures():
    table = rows(run_program("benchmarks/structures.py", "--quick", "--radius", 12, "--only", ", noise"))
    cells, valid, found, wrong, _ = table["strip 24 px, noise"]
    assert int(cells) > 100
    assert 50 < float(found.rstrip("%")) <= float(valid.rstrip("%")) < 100
    assert float(wrong.rstrip("%")) < 6
    assert float(table["gaps, noise"][3].rstrip("%")) == 0


def test_judge():
    out = run_program("benchmarks/judge.py", "--quick", "--conditions", "haze")
    line = next(line for line in out.splitlines() if line.startswith("| band | 32 | all"))
    cells = [cell.strip() for cell in line.strip("|").split("|")][5:]
    areas, shares, ratio = cells[:6], cells[6:12], cells[-1]
    # Each piece of evidence tells right from wrong far better than chance; of none can all be accepted.
    assert all(0.8 < float(area) <= 1 for area in areas)
    assert all(0.4 < float(share.split(" ")[0]) < 1 for share in shares)
    assert float(ratio.split(",")[0]) > 0.8


def test_error_bars():
    table = rows(run_program("benchmarks/error_bars.py", "--quick"))
    assert len(table) == 4
    for name, cells in table.items():
        if name == "pictures":
            continue
        # Few vectors: far from all and from none.
        assert all(45 < float(share.rstrip("%")) < 95 for share in cells[2:4]), name
        assert all(80 < float(share.rstrip("%")) <= 100 for share in cells[4:]), name


def test_closure_without_real_data_says_so(monkeypatch):
    monkeypatch.delenv("ICENET_REAL_DATA", raising=False)
    assert run_program("benchmarks/closure.py").startswith("left out: ICENET_REAL_DATA does not name")


@pytest.mark.real
def test_closure(real_data):
    out = run_program("benchmarks/closure.py", "--quick", ICENET_REAL_DATA=str(real_data))
    assert 0 < figure(rf"\| {OURS} \| band \| ([\d.]+) / ", out) < 1


def test_retrack():
    out = run_program("benchmarks/retrack.py", "--runs", 1, "--dates", 3)
    assert "3 dates, 3 valid" in out
    for name in ("re-track, all checks ", "re-track, chain as in the paper", "bare matchTemplate"):
        assert figure(rf"{name} +wall: best +([\d.]+)", out) > 0


def test_startup():
    if not (Path(sys.executable).parent / "icenet").exists():
        pytest.skip("the command icenet is not installed beside this Python")
    out = run_program("benchmarks/startup.py", "--runs", 1)
    assert 0 < figure(r"python -c pass +([\d.]+) s", out) < 60
    assert 0 < figure(r"icenet --help +([\d.]+) s", out) < 60


def test_svg_lp():
    out = run_program("benchmarks/svg_lp.py", "--channels", 4, "--batch", 2, "--rounds", 1, "--threads", 1)
    assert figure(r"ratio of the best +wall: ([\d.]+)", out) > 0
    assert figure(r"one chip, 16 samples +wall: best +(\d+)", out) > 0


def test_training():
    out = run_program("benchmarks/training.py", "--steps", 5, "--rounds", 1, "--channels", 4)
    for name in ("bare", "loop"):
        assert figure(rf"{name}: ([\d.]+) s a step by the clock", out) > 0


def test_templates():
    table = run_program(
        "benchmarks/templates.py", "--templates", "persistence", "--seeds", 1, "--step", 256, "--chip", 64
    )
    for mode in ("chain", "robust"):
        line = next(line for line in table.splitlines() if line.startswith(f"| {mode} "))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert int(cells[2]) > 0
        assert 0 < float(cells[-2]) < 2


def test_memory(tmp_path):
    out = run_program("benchmarks/memory.py", "--size", 400, "--spacing", 32, "--folder", tmp_path)
    assert 0 < figure(r"median error ([\d.]+) px", out) < 0.2
    assert 0.1 < figure(r"at most ([\d.]+) GB", out) < 2
    assert figure(r"chip 32: (\d+) points", out) == 12**2


def test_ablation(tmp_path):
    for seed, name in enumerate(("perito_moreno", "sverdrup"), start=1):
        simulate(tmp_path / name, dates=13, size=384, bands=1, seed=seed)
    out = run_program("benchmarks/ablation.py", "--real", tmp_path, "--quick")
    for cell in rows(out)["persistence"]:
        assert 0.1 < float(cell) <= 1
    assert -1 <= float(rows(out)["128"][2]) <= 1


def test_correlation_map():
    if importlib.util.find_spec("psutil") is None:
        pytest.skip("psutil is not installed")
    out = run_program("benchmarks/correlation_map.py", byrd_folder(), "--stride", 256, "--t0", 8, "--processes", 1)
    assert figure(r"cold .* (\d+) chips", out) == 5
    assert figure(r"cold .* chips +([\d.]+) s", out) > 0
    assert figure(r"cancelled in (\d+) ms", out) < 10_000


@pytest.mark.gui
def test_open_large(tmp_path):
    out = run_program("benchmarks/open_large.py", "--size", 400, "--dates", 3, "--folder", tmp_path)
    assert figure(r"first frame painted: ([\d.]+) s", out) > 0
    for date in (2, 3):
        assert 0 < figure(rf"date {date}: painted after (\d+) ms", out) < 60_000


@pytest.mark.gui
def test_interactive():
    table = rows(run_program("benchmarks/interactive.py", "--steps", 4))
    assert len(table) == 8
    for name, cells in table.items():
        if "painted" not in name:
            assert float(cells[0]) > 0, name


@pytest.mark.gui
def test_compare():
    out = run_program("benchmarks/compare.py", "--repeats", 1, "--stride", 256)
    assert figure(r"followed anew: median (\d+) ms", out) > 0
    assert figure(r"another date: median (\d+) ms", out) > 0
    for turn in ("first", "again"):
        assert figure(rf"blurred, {turn}: ([\d.]+) s", out) > 0


@pytest.mark.gui
def test_train_dock():
    out = run_program("benchmarks/train_dock.py", "--quick", "--steps", 20, "--seconds", 2, "--pairs", 1)
    for state in ("without", "following"):
        assert figure(rf"{state} +([\d.]+) steps/s", out) > 0
    assert figure(r"longest block while dragging: (\d+) ms", out) > 0
