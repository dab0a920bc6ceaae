"""What napari puts off until its first layer, done ahead so that the window does not stop for it."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np


@cache
def warm_up() -> threading.Thread:
    """Begin, once per process; the thread that it runs on.

    The first layer with units makes napari import its helpers and read the table of units: a
    second in which the window would not answer. A layer that nobody sees pays for it.
    """
    thread = threading.Thread(target=_make_a_layer, name="icenet-warm-up", daemon=True)
    thread.start()
    return thread


def _make_a_layer() -> None:
    from napari.layers import Image

    Image(np.zeros((1, 2, 2), np.uint8), contrast_limits=(0, 1), units=("pixel", "metre", "metre"))
