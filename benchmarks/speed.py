"""Milliseconds per point, every tool on the same points in one run.

    python benchmarks/speed.py [--cases a b c] [--runs 7]

The tools take turns, so that whatever else the machine does meets all of them; each run's time is
set against bare matchTemplate's. One thread is one: libraries are told so before they are loaded,
and a tool whose processor time exceeds the elapsed time is marked.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from unittest.mock import patch

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import other_tools  # noqa: E402
import pairs  # noqa: E402
from machine import machine  # noqa: E402
from other_tools import Job  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402

from napari_icenet.tracking.engine import cpu  # noqa: E402
from napari_icenet.tracking.engine.engine import Engine  # noqa: E402
from napari_icenet.tracking.engine.matches import Matches  # noqa: E402

#: What the project is called in the tables.
OURS = "napari-icenet"
#: Tools that take a hundred times the yardstick run this often at most.
SLOW_RUNS = 2


@dataclass
class Timing:
    """Seconds of every run."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self, call: Callable[[], object]) -> None:
        """Call once more."""
        start, busy = time.perf_counter(), time.process_time()
        call()
        self.wall.append(time.perf_counter() - start)
        self.processor.append(time.process_time() - busy)


def job_of(name: str) -> Job:
    """A standard pair's pictures and points."""
    case = pairs.case(name)
    return Job(case.first, case.second, case.rows, case.cols, case.chip, case.radius)


def holed(picture: np.ndarray, seed: int) -> np.ndarray:
    """The picture with a tenth missing, in stripes and blobs."""
    blobs = gaussian_filter(np.random.default_rng(seed).normal(size=picture.shape), 12)
    row, col = np.indices(picture.shape)
    stripes = (row + col // 8 + 13 * seed) % 40 < 2
    return np.where(stripes | (blobs > np.quantile(blobs, 0.95)), np.float32(np.nan), picture)


def calls(job: Job) -> dict[str, Callable[[], object]]:
    """What is timed, by name; bare matchTemplate first."""
    missing = replace(job, first=holed(job.first, 1), second=holed(job.second, 2))
    one, two = Engine("cpu", threads=1), Engine("cpu", threads=2)
    one.prepare()
    found: dict[str, Callable[[], object]] = {
        "OpenCV matchTemplate, bare": lambda: other_tools.bare(job),
        f"{OURS}, end to end": lambda: match(one, job),
        f"{OURS}, coarse-to-fine": lambda: match(one, job, coarse_to_fine=True),
        f"{OURS}, 10 % missing": lambda: match(one, missing),
        f"{OURS}, affine": lambda: match(one, job, affine=True),
        f"{OURS} without numba, end to end": lambda: without_numba(one, job),
    }
    for name, tool in other_tools.installed().items():
        found[name] = partial(tool, job)
    found["two threads: OpenCV matchTemplate, bare"] = lambda: other_tools.bare_on_two_threads(job)
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


def measure(job: Job, runs: int) -> dict[str, Timing]:
    """Seconds of every tool, the tools taking turns; one run before that is not counted."""
    timed = calls(job)
    timings = {name: Timing() for name in timed}
    yardstick = next(iter(timed))
    for turn in range(runs + 1):
        for name, call in timed.items():
            timing = timings[name]
            slow = timing.wall and min(timing.wall) > 10 * min(timings[yardstick].wall)
            if turn == 0:
                call()
            elif not slow or len(timing.wall) < SLOW_RUNS:
                timing.run(call)
    return timings


def ratio(timing: Timing, yardstick: Timing) -> float:
    """Times as long as the yardstick: the median over runs of the same turn."""
    return statistics.median(t / y for t, y in zip(timing.wall, yardstick.wall, strict=False))


def words(job: Job) -> str:
    """The size of a job."""
    return f"{len(job.first)}², chip {job.chip}, ±{job.radius}, {len(job.rows)} points"


def table(job: Job, timings: dict[str, Timing]) -> str:
    """A Markdown table."""
    count = len(job.rows)
    lines = [
        "| tool | best ms/point | median | processor, best | × bare |",
        "|---|---|---|---|---|",
    ]
    yardstick = next(iter(timings.values()))
    for name, timing in timings.items():
        best, median, busy = (
            1e3 * v / count for v in (min(timing.wall), statistics.median(timing.wall), min(timing.processor))
        )
        mark = " (more than one thread)" if busy > 1.1 * best and not name.startswith("two") else ""
        lines.append(f"| {name}{mark} | {best:.3f} | {median:.3f} | {busy:.3f} | {ratio(timing, yardstick):.2f} |")
    lines += [f"| {name} | not installed | | | |" for name in other_tools.absent()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=pairs.CASES, default=list(pairs.CASES))
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    one_thread()
    print(f"{machine()}; {Engine('cpu', threads=1).title}\n")
    for name in options.cases:
        job = job_of(name)
        print(f"Case {name}: {words(job)}\n\n{table(job, measure(job, options.runs))}\n")


if __name__ == "__main__":
    main()
