"""Milliseconds per point, every tool on the same points in one run.

    python benchmarks/speed.py [--cases a b c] [--runs 7] [--prefilter box]

With it the error of what was found, against the pairs' exactly known flow. The tools take turns, so
that whatever else the machine does meets all of them, and each run is set against bare
matchTemplate's of the same turn: by processor time, and by the clock. One thread is one: libraries
are told so before they are loaded, and a tool whose processor time exceeds the elapsed is marked.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import other_tools  # noqa: E402
import pairs  # noqa: E402
from machine import machine  # noqa: E402
from other_tools import Job  # noqa: E402
from pairs import Case  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402

from napari_icenet.matching.engine import cpu  # noqa: E402
from napari_icenet.matching.engine.engine import Engine  # noqa: E402
from napari_icenet.matching.engine.matches import Matches  # noqa: E402
from napari_icenet.matching.prefilter import prefilter  # noqa: E402

#: What the project is called in the tables.
OURS = "napari-icenet"
#: The yardstick.
BARE = "OpenCV matchTemplate, bare"
#: Errors beyond this are no errors of measurement, px.
WILD_PX = 2.0
#: Tools that take a hundred times the yardstick run this often at most.
SLOW_RUNS = 2


@dataclass
class Timing:
    """Seconds of every run, and the displacements found (None of bare correlation)."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    found: Any = None

    def run(self, call: Callable[[], object]) -> None:
        """Call once more."""
        start, busy = time.perf_counter(), time.process_time()
        self.found = call()
        self.wall.append(time.perf_counter() - start)
        self.processor.append(time.process_time() - busy)


def jobs_of(case: Case, filtered: str) -> tuple[Job, Job]:
    """A standard pair's pictures and points, and the same with a tenth of the pixels missing."""
    apply = prefilter(filtered)
    whole, part = (
        Job(apply(first), apply(second), case.rows, case.cols, case.chip, case.radius)
        for first, second in ((case.first, case.second), (holed(case.first, 1), holed(case.second, 2)))
    )
    return whole, part


def holed(picture: np.ndarray, seed: int) -> np.ndarray:
    """The picture with a tenth missing, in stripes and blobs."""
    blobs = gaussian_filter(np.random.default_rng(seed).normal(size=picture.shape), 12)
    row, col = np.indices(picture.shape)
    stripes = (row + col // 8 + 13 * seed) % 40 < 2
    return np.where(stripes | (blobs > np.quantile(blobs, 0.95)), np.float32(np.nan), picture)


def calls(job: Job, missing: Job) -> dict[str, Callable[[], object]]:
    """What is timed, by name; bare matchTemplate first."""
    one, two = Engine("cpu", threads=1), Engine("cpu", threads=2)
    one.prepare()
    found: dict[str, Callable[[], object]] = {
        BARE: lambda: other_tools.bare(job),
        f"{OURS}, end to end": lambda: match(one, job),
        f"{OURS}, coarse-to-fine": lambda: match(one, job, coarse_to_fine=True),
        f"{OURS}, 10 % missing": lambda: match(one, missing),
        f"{OURS}, affine": lambda: match(one, job, affine=True),
        f"{OURS} without numba, end to end": lambda: without_numba(one, job),
    }
    for name, tool in other_tools.installed().items():
        found[name] = partial(tool, job)
    found[f"two threads: {BARE}"] = lambda: other_tools.bare_on_two_threads(job)
    found[f"two threads: {OURS}, end to end"] = lambda: match(two, job)
    return found


def match(engine: Engine, job: Job, **options: bool) -> Matches:
    """Correlation, sub-pixel peak, peak ratio and formal error of every point."""
    return engine.match(job.first, job.second, job.rows, job.cols, chip=job.chip, radius=job.radius, **options)


def without_numba(engine: Engine, job: Job) -> Matches:
    """As where numba is not installed."""
    with patch.object(cpu, "kernels", lambda: None):
        return match(engine, job)


def one_thread() -> None:
    """Tell the libraries that are loaded by now."""
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def measure(case: Case, runs: int, filtered: str = "box") -> dict[str, Timing]:
    """Seconds of every tool, the tools taking turns; one run before that is not counted."""
    timed = calls(*jobs_of(case, filtered))
    timings = {name: Timing() for name in timed}
    yardstick = timings[BARE]
    for turn in range(runs + 1):
        for name, call in timed.items():
            timing = timings[name]
            slow = timing.wall and min(timing.wall) > 10 * min(yardstick.wall)
            if turn == 0:
                call()
            elif not slow or len(timing.wall) < SLOW_RUNS:
                timing.run(call)
    return timings


def ratio(seconds: list[float], yardstick: list[float]) -> float:
    """Times as long as the yardstick: the median over runs of the same turn."""
    return statistics.median(t / y for t, y in zip(seconds, yardstick, strict=False))


def error(timing: Timing, case: Case) -> tuple[float, float, float] | None:
    """Root mean square error (px) of all points and of those in low shear; share beyond 2 px, left out."""
    if timing.found is None:
        return None
    miss = np.hypot(timing.found.drow - case.drow, timing.found.dcol - case.dcol)
    near = miss < WILD_PX
    everywhere, calm = (float(np.sqrt(np.mean(miss[m] ** 2))) for m in (near, near & case.low_shear))
    return everywhere, calm, 1 - float(near.mean())


def words(case: Case) -> str:
    """The size of a case."""
    return f"{len(case.first)}², chip {case.chip}, ±{case.radius}, {len(case.rows)} points"


def table(case: Case, timings: dict[str, Timing]) -> str:
    """A Markdown table."""
    count = len(case.rows)
    lines = [
        "| tool | ms/point, processor | elapsed | × bare, processor | elapsed | error px | low shear px | wild |",
        "|---|---|---|---|---|---|---|---|",
    ]
    bare = timings[BARE]
    for name, timing in timings.items():
        busy, elapsed = (1e3 * min(v) / count for v in (timing.processor, timing.wall))
        mark = " (more than one thread)" if busy > 1.1 * elapsed and not name.startswith("two") else ""
        times = f"{ratio(timing.processor, bare.processor):.2f} | {ratio(timing.wall, bare.wall):.2f}"
        off = error(timing, case)
        told = "– | – | –" if off is None else f"{off[0]:.3f} | {off[1]:.3f} | {off[2]:.1%}"
        lines.append(f"| {name}{mark} | {busy:.3f} | {elapsed:.3f} | {times} | {told} |")
    lines += [f"| {name} | not installed | | | | | | |" for name in other_tools.absent()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=pairs.CASES | pairs.SMALL, default=list(pairs.CASES))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--prefilter", default="box")
    options = parser.parse_args()
    one_thread()
    print(f"{machine()}\n")
    for name in options.cases:
        case = pairs.case(name)
        print(f"Case {name}: {words(case)}\n\n{table(case, measure(case, options.runs, options.prefilter))}\n")


if __name__ == "__main__":
    main()
