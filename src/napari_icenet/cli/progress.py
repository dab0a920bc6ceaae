"""Progress and warnings of a command, on stderr."""

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
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # every call draws: no thread is needed for that
        line = "{percentage:3.0f} % {desc}"
        self._line = tqdm(total=1, bar_format=line, leave=False, disable=None, file=sys.stderr)
        self._quarter = -1

    def __call__(self, fraction: float, text: str) -> None:
        """Say how far the work is (0 … 1) and what is being done."""
        if not self._line.disable:
            self._line.n = fraction
            self._line.set_description_str(text)
        elif int(4 * fraction) > self._quarter:
            self._quarter = int(4 * fraction)
            sys.stderr.write(f"{100 * fraction:3.0f} % {text}\n")

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *exc: object) -> None:
        self._line.close()


@contextmanager
def spoken_warnings() -> Iterator[None]:
    """Print each warning of the library as one ``warning:`` line, once."""
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
            from tqdm import tqdm

            said.add(str(message))
            tqdm.write(f"warning: {message}", file=sys.stderr)  # above a line of progress

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", SceneWarning)
        warnings.showwarning = show
        yield


def say_warning(message: str) -> None:
    """Tell something the user should know of, once."""
    warnings.warn(message, SceneWarning, stacklevel=2)
