"""Ctrl-C in commands: status 130, and one line that says what is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_icenet.samples import byrd_folder
from tests.cli.shell import AT, Icenet

pytestmark = pytest.mark.process

ICENET = Path(sys.executable).with_name("icenet")


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "at", "told"),
    [
        (("info",), "napari_icenet.scenes.summary.describe", ""),
        (("track", *AT), "napari_icenet.tracking.follow.follow", "no track was written"),
        (("track", *AT, "-o", "t.csv"), "napari_icenet.tracking.follow.follow", "no track was written to t.csv"),
        (("velocity", "-o", "v.nc"), "napari_icenet.velocity.pairs.map_pairs", "nothing was written"),
        (("dataset", "-o", "d.zarr"), "napari_icenet.datasets.builder.build_dataset", "nothing was written"),
        (("evaluate", "-o", "report"), "napari_icenet.evaluation.sources.open.open_source", "nothing was written"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_the_keyboard_is_answered_in_one_line(
    icenet: Icenet, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words, at, told
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(at, interrupted)
    command, *rest = words
    expected = f"error: stopped by the keyboard; {told}." if told else "error: stopped by the keyboard."
    assert icenet(command, plain, *rest).error(130) == expected
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(
    icenet: Icenet, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "v.nc"
    out.write_bytes(b"before, by napari-icenet")
    monkeypatch.setattr("napari_icenet.velocity.io.write.write_maps", interrupted)
    words = ("--chip", 32, "--max-chip", 32, "--radius", 6, "--spacing", 8)
    said = icenet("velocity", plain, *words, "-o", out).error(130)
    assert f"{out} is as it was; finished tiles are kept beside it" in said
    assert out.read_bytes() == b"before, by napari-icenet"
    assert any((tmp_path / ".v.nc.parts").rglob("*.npz"))


def test_a_map_that_is_whole_is_not_called_lost(
    icenet: Icenet, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "v.nc"
    monkeypatch.setattr("napari_icenet.velocity.quality.figure.report_figure", interrupted)
    words = ("--chip", 32, "--max-chip", 32, "--radius", 6, "--spacing", 8)
    said = icenet("velocity", plain, *words, "-o", out, "--report", tmp_path / "q.json").error(130)
    assert f"{out} is written, the quality report is not" in said
    assert out.exists()


def test_the_status_is_the_same_where_code_made_from_text_was_stopped(plain: Path) -> None:
    """Python remembers that, and would end by the signal in a module that is run."""
    module = (
        "from napari_icenet.cli import main; import napari_icenet.scenes.summary as summary; "
        "summary.describe = lambda *_, **__: exec('raise KeyboardInterrupt'); "
        f"main.main(['info', {str(plain)!r}])"
    )
    folder = plain.parent / "modules"
    folder.mkdir()
    (folder / "stopped_in_text.py").write_text(module)
    done = subprocess.run(
        [sys.executable, "-m", "stopped_in_text"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr == "error: stopped by the keyboard.\n"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("wait", [0, 1])
def test_ctrl_c_reaches_worker_processes_and_none_of_them_speaks(tmp_path: Path, wait: int) -> None:
    """As a terminal sends it: to all processes of the command, which may still be starting."""
    out = tmp_path / "d.zarr"
    words = ("dataset", byrd_folder(), "-o", out, "--chip", 32, "--stride", 64, "--frames", 4, "--workers", 2)
    process = subprocess.Popen(
        [str(ICENET), *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    parts = tmp_path / ".d.zarr.partial" / "parts"
    while process.poll() is None and not (any(parts.glob("*")) if wait else parts.is_dir()):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate()
    assert process.returncode == 130, errors
    assert said == ""
    assert "Traceback" not in errors
    last = errors.splitlines()[-1]
    assert last.startswith("error: stopped by the keyboard; ")
    if wait or any(parts.glob("*")):
        assert last.endswith(f"finished parts are kept beside {out}, and the same command goes on from them.")
    else:
        assert last.endswith("nothing was written.")
        assert list(tmp_path.iterdir()) == []
    assert not out.exists()
