"""Why a process ended, by its status and its last words; and the command that it was started by."""

from __future__ import annotations

import json
import signal
import sys

import pytest

from napari_icenet.training.launch.exit_reason import exit_reason, output_tail
from napari_icenet.training.launch.supervisor import command
from napari_icenet.training.run_folder.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


@pytest.mark.parametrize("said", ["", "error: something.\n"])
def test_all_went_well(run, said):
    run.output.write_text(said)
    assert exit_reason(run, 0) == ""


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    ("status", "no_memory", "told"),
    [
        (-signal.SIGKILL, False, "killed"),
        (-signal.SIGKILL, True, "memory was full"),
        (-signal.SIGTERM, False, "SIGTERM"),
        (128 + signal.SIGTERM, False, "SIGTERM"),
        (-signal.SIGINT, False, "SIGINT"),
        (128 + signal.SIGINT, False, "SIGINT"),
        (-signal.SIGHUP, False, "SIGHUP"),
        (-signal.SIGBUS, False, "SIGBUS"),
        (-signal.SIGSEGV, False, "SIGSEGV"),
        (-signal.SIGSEGV, True, "SIGSEGV"),
        (-99, False, "99"),
    ],
)
def test_signals_by_name_with_what_to_do(run, status, no_memory, told, begun):
    if begun:
        run.config.touch()
    # What it said before has nothing to do with it.
    run.output.write_text("error: an old one.\n")
    found = exit_reason(run, status, no_memory=no_memory)
    assert told in found
    assert ("resume it" in found) is begun
    assert ("start it again" in found) is not begun


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("error: the disk is full.\n", "the disk is full."),
        ("error: first.\nmore\nerror: last.\nand more\n", "last."),
        ("step 1\r\x1b[Kerror: behind a line of progress.\n", "behind a line of progress."),
        ("Traceback …\nValueError: 3\nerror: ours counts more.\n", "ours counts more."),
    ],
)
def test_an_error_of_ours_is_the_reason(run, said, reason):
    run.output.write_text(said)
    assert exit_reason(run, 1) == reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Traceback …\n  File x\nValueError: wrong shape\n", "(ValueError: wrong shape)"),
        ("KeyError\n", "(KeyError)"),
        ("a.b.OddException: words\nother lines\n", "(OddException: words)"),
        ("ValueError: one\n\nDuring this …\n\nTypeError: two\n", "(TypeError: two)"),
        ("nothing of use\n", "(status 3)"),
        ("it told of an error: indented\n", "(status 3)"),
    ],
)
def test_a_fault_of_the_program_is_named_with_the_file_that_holds_it_all(run, said, told):
    run.output.write_text(said)
    found = exit_reason(run, 3)
    assert told in found
    assert str(run.output) in found


def test_want_of_memory_in_python(run):
    run.output.write_text("Traceback …\nMemoryError: 3 GB\n")
    assert "memory is too small" in exit_reason(run, 1)


def test_without_a_word_the_status_is_told(run):
    assert "(status 7)" in exit_reason(run, 7)


@pytest.mark.parametrize("most", [10, 1000])
def test_the_end_of_long_output_is_read(run, most):
    run.output.write_bytes(b"\xff" + b"x" * 500 + "… end\n".encode())
    found = output_tail(run, most)
    assert found.endswith("end\n")
    assert len(found) <= most
    assert output_tail(RunFolder(run.path / "none")) == ""


def wanted(**values):
    return json.dumps(
        {"optimisation": {"steps": 70}, "device": "cpu", "data": {"datasets": ["-a.zarr", "b.zarr"]}} | values
    )


@pytest.mark.parametrize("compare", [True, False])
def test_a_run_is_begun_by_its_settings(run, compare):
    run.wanted.write_text(wanted())
    words = command(run, "some.module", compare=compare)
    assert words[:5] == [sys.executable, "-P", "-m", "some.module", "train"]
    assert words[-2:] == ["--config", str(run.wanted)]
    assert words[words.index("-o") + 1] == str(run.path)
    assert ("--compare" in words) is compare
    assert "--resume" not in words


def test_a_run_goes_on_with_the_steps_device_and_datasets_asked_for(run):
    run.wanted.write_text(wanted())
    run.config.touch()
    words = command(run, "m", compare=False)
    assert "--config" not in words
    assert words[words.index("--steps") + 1] == "70"
    assert words[words.index("--device") + 1] == "cpu"
    # A name that begins with a dash is no option.
    assert words[-3:] == ["--", "-a.zarr", "b.zarr"]
