"""The border of an area of interest, as lines to draw."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

#: Corners that lie closer than this to the line without them are left out.
TOLERANCE_PX = 0.75


def outlines(area: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Closed border lines of an area, holes included.

    Parameters
    ----------
    area : array of bool, (height, width)

    Returns
    -------
    list of array of float64, (n, 2)
        (row, col) of the outermost pixels' centres; the first point again at the end.
    """
    contours, _ = cv2.findContours(area.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for contour in contours:
        simpler = cv2.approxPolyDP(contour, TOLERANCE_PX, True)[:, 0, ::-1].astype(np.float64)
        if len(simpler) >= 3:
            lines.append(np.vstack([simpler, simpler[:1]]))
    return lines
