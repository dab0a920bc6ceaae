"""Sizes of the pictures of held-out chips, px: for those who draw them, and those who show a part."""

from __future__ import annotations

from typing import Final

#: Side of a chip, gap between chips, and height of a line of text.
SIDE: Final = 96
GAP: Final = 3
LINE: Final = 16
#: A group of chips is followed by so much more than the gap of its last chip.
GROUP_GAP: Final = 3 * GAP


def group_px(chips: int) -> int:
    """Width of some chips of one group, with what follows them."""
    return chips * (SIDE + GAP) + GROUP_GAP


#: What the last five columns take: t0, what came at t1 and t2, and the templates for both.
LAST_COLUMNS: Final = group_px(1) + group_px(2) + group_px(2)
