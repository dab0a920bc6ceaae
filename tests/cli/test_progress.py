"""What stands on a terminal, and what goes through a pipe."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stderr

import pytest

from napari_icenet.cli.progress import ProgressLine, say_warning, spoken_warnings
from napari_icenet.errors import SceneWarning


class Terminal(io.StringIO):
    """Keeps what is written, and shows it as a terminal does."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        """Lines as they stand: a carriage return goes back to the start of its own."""
        lines = []
        for written in self.getvalue().split("\n"):
            shown: list[str] = []
            for part in written.split("\r"):
                shown[: len(part)] = part
            lines.append("".join(shown).rstrip())
        return lines


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_a_terminal_shows_one_line_that_is_written_over(terminal: Terminal) -> None:
    with redirect_stderr(terminal), ProgressLine() as progress:
        progress(0.004, "reading a rather long name")
        assert terminal.screen == ["  0 % reading a rather long name"]
        progress(0.255, "matching")
        assert terminal.screen == [" 26 % matching"]
        progress(1.0, "done")
        assert terminal.screen == ["100 % done"]
    assert terminal.screen == [""]


def test_work_that_goes_back_is_told_so(terminal: Terminal) -> None:
    with redirect_stderr(terminal), ProgressLine() as progress:
        progress(0.9, "first")
        progress(0.1, "second")
        assert terminal.screen == [" 10 % second"]


def test_the_line_is_gone_when_work_fails(terminal: Terminal) -> None:
    def fail() -> None:
        with redirect_stderr(terminal), ProgressLine() as progress:
            progress(0.5, "half")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert terminal.screen == [""]


def test_warnings_stand_above_the_line(terminal: Terminal) -> None:
    with redirect_stderr(terminal), spoken_warnings(), ProgressLine() as progress:
        progress(0.5, "half a longer way than the warning")
        say_warning("cloudy")
        assert terminal.screen == ["warning: cloudy", " 50 % half a longer way than the warning"]
    assert terminal.screen == ["warning: cloudy", ""]


def test_a_pipe_gets_a_line_at_every_quarter(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine() as progress:
        for step in range(11):
            progress(step / 10, f"step {step}")
    assert capsys.readouterr().err.splitlines() == [
        "  0 % step 0", " 30 % step 3", " 50 % step 5", " 80 % step 8", "100 % step 10",
    ]  # fmt: skip


def test_a_warning_is_said_once_and_only_our_own(capsys: pytest.CaptureFixture[str]) -> None:
    with spoken_warnings():
        for _ in range(3):
            say_warning("cloudy")
        warnings.warn("of a library", UserWarning, stacklevel=1)
        warnings.warn("dark", SceneWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: cloudy\nwarning: dark\n"
