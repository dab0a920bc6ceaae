"""True if the compiled kernels are at hand, and how they come to be."""

from __future__ import annotations

import atexit
import importlib.util
import subprocess
import sys
import threading
from functools import cache
from types import ModuleType

_KERNELS = "napari_icenet.matching.engine._numba.correlate"


def kernels() -> ModuleType | None:
    """The compiled kernels, where they are ready."""
    module = sys.modules.get(_KERNELS)
    return module if module is not None and getattr(module, "READY", False) else None


def compile_kernels() -> bool:
    """Make the compiled kernels ready, where numba is installed; whether they are.

    The first time on a machine this takes some ten seconds, later half a second.
    """
    if importlib.util.find_spec("numba") is None:
        return False
    from napari_icenet.matching.engine._numba import correlate as compiled

    compiled.make_ready()
    return True


@cache
def compile_aside() -> threading.Thread | None:
    """Make the compiled kernels ready without stopping anybody: OpenCV serves until they are.

    They are compiled in a process of its own, which ends with this one, and then loaded from numba's
    cache. Once per process; None where there is nothing to do.
    """
    if kernels() is not None or importlib.util.find_spec("numba") is None:
        return None
    job = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import compile_kernels; compile_kernels()"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    atexit.register(job.kill)

    def load() -> None:
        if job.wait() == 0:
            compile_kernels()

    thread = threading.Thread(target=load, name="compiled kernels", daemon=True)
    thread.start()
    return thread
