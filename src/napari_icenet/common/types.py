"""Types of arrays that many rooms name; shapes and units stand where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Index = NDArray[np.intp]
#: Steps and values of a curve.
Series = tuple[F64, F64]
