"""What a command says while it works: progress and warnings, on stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from napari_icenet.errors import SceneWarning


class ProgressLine:
    """One line on stderr that is written over; on a pipe, a line at every quarter."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._quarter = -1
        self._open = False

    def __call__(self, fraction: float, text: str) -> None:
        """Say how far the work is (0 … 1) and what is being done."""
        if self._live:
            sys.stderr.write(f"\r\x1b[K{100 * fraction:3.0f} % {text}")
            sys.stderr.flush()
            self._open = True
        elif int(4 * fraction) > self._quarter:
            self._quarter = int(4 * fraction)
            sys.stderr.write(f"{100 * fraction:3.0f} % {text}\n")

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def spoken_warnings() -> Iterator[None]:
    """What the library warns of becomes one ``warning:`` line as it comes, and once."""
    said: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, SceneWarning) and str(message) not in said:
            said.add(str(message))
            clear = "\r\x1b[K" if sys.stderr.isatty() else ""
            sys.stderr.write(f"{clear}warning: {message}\n")

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", SceneWarning)
        warnings.showwarning = show
        yield


def say_warning(message: str) -> None:
    """Tell something the user should know of, once."""
    warnings.warn(message, SceneWarning, stacklevel=2)
