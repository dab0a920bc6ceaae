"""Tell a click from a drag."""

from __future__ import annotations

from collections.abc import Sequence

#: A press that travels less than this, in screen pixels, is a click.
CLICK_PX = 4.0


def is_drag(start: Sequence[float], now: Sequence[float]) -> bool:
    """True if the mouse has gone too far from where it was pressed for a click; both in screen pixels."""
    return max(abs(a - b) for a, b in zip(now, start, strict=True)) > CLICK_PX
