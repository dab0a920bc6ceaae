"""Load ahead what the window would otherwise stop for later."""

from __future__ import annotations

from functools import cache

import numpy as np

from napari_icenet.matching.engine._numba.compile import compile_aside


@cache
def warm_up() -> None:
    """Make a layer that nobody sees, and begin to compile the matching, once per process.

    The first layer with units makes napari import its helpers and read the table of units, up to a
    second in which the window does not answer. Not on a thread: the table is not safe for two.
    """
    from napari.layers import Image

    Image(np.zeros((1, 2, 2), np.uint8), contrast_limits=(0, 1), units=("pixel", "metre", "metre"))
    compile_aside()
