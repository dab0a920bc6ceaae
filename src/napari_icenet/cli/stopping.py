"""Ctrl-C in a command: one sentence that says what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from napari_icenet.errors import Cancelled

NOTHING = "nothing was written"


@contextmanager
def telling_what_is_kept(kept: str | Callable[[], str] = NOTHING) -> Iterator[None]:
    """Turn Ctrl-C into the sentence that a command ends with, exit status 130.

    Parameters
    ----------
    kept : str or callable
        What is left of the work, as the end of a sentence; a callable is asked once the work has stopped.

    Raises
    ------
    Cancelled
        The keyboard stopped what stands inside.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Cancelled(f"stopped by the keyboard; {kept() if callable(kept) else kept}") from stop
