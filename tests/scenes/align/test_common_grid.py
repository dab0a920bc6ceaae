from __future__ import annotations

import time

import numpy as np
import pytest

from napari_icenet.scenes.align.common_grid import Box, sharing

rng = np.random.default_rng(5)


def frames(count: int, spread: int, side: int) -> list[Box | None]:
    corners = rng.integers(0, spread, (count, 2)) + rng.choice([0, 0, 0.5], (count, 2))
    sizes = rng.integers(1, side, (count, 2))
    return [(float(t), float(x), float(t + h), float(x + w)) for (t, x), (h, w) in zip(corners, sizes, strict=True)]


def every_group(boxes: list[Box | None]) -> list[list[int]]:
    """Frames that hold a pixel whose corner is some top and some left, pixel by pixel."""
    known = [(i, box) for i, box in enumerate(boxes) if box is not None]
    groups = []
    for top in sorted({box[0] for _, box in known}):
        for left in sorted({box[1] for _, box in known}):
            corner = (top, left, top + 1, left + 1)
            groups.append(
                [i for i, b in known if b[0] <= top and b[1] <= left and b[2] >= corner[2] and b[3] >= corner[3]]
            )
    return groups


@pytest.mark.parametrize(("count", "spread", "side"), [(1, 5, 9), (12, 40, 12), (15, 300, 20), (20, 30, 60)])
@pytest.mark.parametrize("repeat", range(5))
def test_the_largest_group_with_a_common_place_is_found(count: int, spread: int, side: int, repeat: int) -> None:
    boxes = frames(count, spread, side)
    boxes[repeat % count] = boxes[repeat % count] if count == 1 else None
    found = sharing(boxes, "intersection")
    groups = every_group(boxes)
    largest = max(map(len, groups))
    assert len(found) == largest
    assert found in groups


def test_many_scenes_with_origins_of_their_own_take_little_time() -> None:
    boxes: list[Box | None] = [(float(r), float(c), r + 3000.0, c + 3000.0) for r, c in rng.integers(0, 1400, (400, 2))]
    began = time.perf_counter()
    assert sharing(boxes, "intersection") == list(range(400))
    # Seconds where every pair of a top and a left was looked at by itself.
    assert time.perf_counter() - began < 1.5
