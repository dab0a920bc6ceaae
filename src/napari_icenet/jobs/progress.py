"""Progress that work reports."""

from __future__ import annotations

from collections.abc import Callable

#: Called with the share that is done, 0 to 1, and what is being done;
#: may raise :class:`~napari_icenet.errors.Cancelled` to stop the work.
Progress = Callable[[float, str], None]
