"""Keep freed memory from one training step to the next."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform


def keep_freed_memory() -> None:
    """Tell the C library to keep memory that was freed, for the next step asks for it again.

    Handing large blocks back to the system and asking for them anew costs more page faults than some
    layers cost arithmetic. On glibc alone; elsewhere nothing happens.
    """
    if platform.libc_ver()[0] != "glibc" or "MALLOC_MMAP_MAX_" in os.environ:
        return
    trim_threshold, mmap_max = -1, -4
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)
