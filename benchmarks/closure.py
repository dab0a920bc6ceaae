"""Closure on Perito Moreno: how well three displacements of the same ice add up.

    ICENET_REAL_DATA=FOLDER python benchmarks/closure.py [--quick]

Chips of 64 px, searched ±25 px, every 32 px on the glacier, in the brightness of the three bands (what
a JPEG keeps at full resolution). From three dates
come three matches at each point: first to second, second to third, first to third. The closure
is the length of the first two's sum less the third, where all three are valid. Every tool sees
the same pictures and points, and its vectors are held against their neighbours by the same test; the
share of valid vectors is that of the three maps together. Quick: every 192 px.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import other_tools
from machine import machine
from other_tools import Found, Job

from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.open import open_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.outliers import neighbour_consistent

CHIP, RADIUS, SPACING = 64, 25, 32
TRIPLETS = (("2020-01-31", "2020-02-10", "2020-02-20"), ("2020-02-10", "2020-02-20", "2020-02-22"))
#: The same in a table.
NAMES = [" → ".join(date[5:].replace("-", "") for date in dates) for dates in TRIPLETS]
#: Shares of the bands in the brightness that a JPEG stores.
BRIGHTNESS = (0.299, 0.587, 0.114)
#: Tools that are too slow, or too far off, to say anything here are left out.
TOOLS = ("OpenCV matchTemplate + parabola", "openpiv extended search area", "autoRIFT C++ core, × 64")

Matcher = Callable[[Job], Found]


def ours(*, affine: bool = False) -> Matcher:
    """The engine's matches; those that something speaks against are left out."""
    engine = Engine("auto")
    engine.prepare()

    def found(job: Job) -> Found:
        matches = engine.match(
            job.first, job.second, job.rows, job.cols, chip=job.chip, radius=job.radius, affine=affine
        )
        return Found(*(np.where(matches.valid, d, np.nan) for d in (matches.drow, matches.dcol)))

    return found


def filled(matcher: Matcher) -> Matcher:
    """For tools that know no missing pixels: zero, the mean of a high-pass, stands in."""
    return lambda job: matcher(Job(*(np.nan_to_num(p) for p in (job.first, job.second)), *_places(job)))


def _places(job: Job) -> tuple[np.ndarray, np.ndarray, int, int]:
    return job.rows, job.cols, job.chip, job.radius


def rows() -> Iterator[tuple[str, str, Matcher]]:
    """What is compared: a tool's name, the pictures' filter, and what matches them."""
    rigid, affine = ours(), ours(affine=True)
    for filtered in ("band", "box", "wallis", "orientation"):
        yield "napari-icenet", filtered, rigid
    for filtered in ("band", "orientation"):
        yield "napari-icenet, affine", filtered, affine
    tools = other_tools.installed()
    for name in TOOLS:
        for filtered in ("none", "box") if name in tools else ():
            yield name, filtered, filled(tools[name])


def picture(stack: SceneStack, date: str) -> np.ndarray:
    """Brightness of a date."""
    whole, time = Window(0, 0, *stack.grid.shape), stack.time_index(date)
    bands = (share * stack.read(time, band, whole) for band, share in enumerate(BRIGHTNESS, start=1))
    return sum(bands).astype(np.float32)


def triplet(
    stack: SceneStack, dates: tuple[str, str, str], filtered: str, matcher: Matcher, spacing: int = SPACING
) -> tuple[float, np.ndarray]:
    """Share of valid vectors, and the closure (px) of the points where all three are."""
    edge = CHIP // 2 + RADIUS + 1
    lines = [np.arange(edge, size - edge, spacing) for size in stack.grid.shape]
    row, col = np.meshgrid(*lines, indexing="ij")
    on_ice = stack.area[row, col]
    pictures = [prefilter(filtered)(picture(stack, date)) for date in dates]
    maps = []
    for first, second in ((0, 1), (1, 2), (0, 2)):
        job = Job(pictures[first], pictures[second], row.ravel(), col.ravel(), CHIP, RADIUS)
        drow, dcol = (np.where(on_ice, d.reshape(row.shape), np.nan).astype(np.float32) for d in matcher(job))
        good = neighbour_consistent(drow, dcol, (RADIUS, RADIUS))
        maps.append(np.stack([np.where(good, drow, np.nan), np.where(good, dcol, np.nan)]))
    valid = float(np.mean([np.isfinite(m[0][on_ice]).mean() for m in maps]))
    miss = np.hypot(*(maps[0] + maps[1] - maps[2]))
    return valid, miss[np.isfinite(miss)]


def measured(folder: Path, spacing: int = SPACING) -> Iterator[tuple[str, str, str]]:
    """Tool, filter, and the cells of its row."""
    stack = open_stack(folder)
    for name, filtered, matcher in rows():
        cells = []
        for dates in TRIPLETS:
            valid, miss = triplet(stack, dates, filtered, matcher, spacing)
            median, p90 = np.percentile(miss, [50, 90])
            cells.append(f"{median:.3f} / {p90:.3f}, {valid:.1%}")
        yield name, filtered, " | ".join(cells)


def table(folder: Path, spacing: int) -> str:
    """A Markdown table of all tools and triplets."""
    lines = ["| tool | filter | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 2) + "|"]
    lines += [f"| {name} | {filtered} | {cells} |" for name, filtered, cells in measured(folder, spacing)]
    lines += [
        f"| {name} | | not installed |" + " |" * (len(NAMES) - 1) for name in TOOLS if name in other_tools.absent()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    cv2.setNumThreads(1)
    folder = os.environ.get("ICENET_REAL_DATA")
    if folder is None:
        print("left out: ICENET_REAL_DATA does not name a folder with the real Perito Moreno series")
        return
    print(f"{machine()}; {Engine('auto').title}\n")
    print(table(Path(folder) / "perito_moreno", 6 * SPACING if quick else SPACING))
    print("\nMedian / p90 of the closure, px, and the valid share.")


if __name__ == "__main__":
    main()
