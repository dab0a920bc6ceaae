"""Time to re-track one chip, all checks included, beside the bare matching it contains.

    python benchmarks/retrack.py [--chip 128] [--scale 2] [--dates 12] [--runs 50]

The pictures are clean (smooth texture, known sub-pixel motion, little noise) and in the cache, as
while a chip is dragged. ``bare`` is OpenCV's matchTemplate once for each date and nothing else.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import cv2
import numpy as np
from scipy.ndimage import fourier_shift, gaussian_filter

from napari_icenet.matching.chips import chip_window, search_window
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow, prefetch
from napari_icenet.tracking.settings import TrackSettings


def clean_stack(dates: int, side: int = 640) -> SceneStack:
    rng = np.random.default_rng(0)
    fine, coarse = (gaussian_filter(rng.normal(size=(side, side)), s, mode="wrap") for s in (1.2, 8))
    spectrum = np.fft.fft2(100 + 20 * (fine / fine.std() + coarse / coarse.std()))
    frames = [np.fft.ifft2(fourier_shift(spectrum, (0.7 * i, 1.3 * i))).real for i in range(dates)]
    noise = rng.normal(size=(dates, side, side))
    times = [datetime(2016, 1, 1) + timedelta(days=16 * i) for i in range(dates)]
    return SceneStack.from_array((np.array(frames) + noise).astype(np.float32), times)


def report(name: str, call: Callable[[], object], runs: int) -> None:
    """Wall time, and processor time of all threads together (what a busy machine does not distort)."""
    wall, cpu = [], []
    for _ in range(runs):
        start, busy = time.perf_counter(), time.process_time()
        call()
        wall.append(1e3 * (time.perf_counter() - start))
        cpu.append(1e3 * (time.process_time() - busy))
    p90 = sorted(wall)[int(0.9 * (runs - 1))]
    print(
        f"{name:34s} wall: best {min(wall):5.1f}  median {statistics.median(wall):5.1f}  p90 {p90:5.1f} ms"
        f"   processor: best {min(cpu):5.1f}  median {statistics.median(cpu):5.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chip", type=int, default=128)
    parser.add_argument("--scale", type=float, default=2.0)
    parser.add_argument("--dates", type=int, default=12)
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    settings = TrackSettings(chip=options.chip, scale=options.scale)
    pictures = Pictures(clean_stack(options.dates), 1)
    prefetch(pictures, 320, 320, settings)
    columns = iter(320 + np.arange(10_000) % 16)

    def bare() -> None:
        chip = pictures.read(0, chip_window(320, 320, settings.chip))
        for date in range(1, options.dates):
            cv2.matchTemplate(pictures.read(date, search_window(320, 320, settings.search)), chip, cv2.TM_CCOEFF_NORMED)

    track = follow(pictures, 320, 320, 0, settings)
    print(f"chip {settings.chip}, c {settings.scale:g}, {options.dates} dates, {int(track.valid.sum())} valid")
    chain = settings.model_copy(update={"tracking": "chain"})
    runs = options.runs
    with ThreadPoolExecutor(1) as pool:
        report("re-track, all checks", lambda: follow(pictures, 320, next(columns), 0, settings, pool=pool), runs)
    report("re-track, all checks, one thread", lambda: follow(pictures, 320, next(columns), 0, settings), runs)
    report("re-track, chain as in the paper", lambda: follow(pictures, 320, next(columns), 0, chain), runs)
    report("bare matchTemplate", bare, runs)


if __name__ == "__main__":
    main()
