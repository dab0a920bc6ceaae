"""What others match chips with, each called the way its own documentation does."""

import importlib.util
import inspect
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np


@dataclass(frozen=True)
class Job:
    """Points to match: what every tool is given.

    Attributes
    ----------
    first, second : array of float32, (height, width)
        Pictures without missing pixels.
    rows, cols : array of int, (n,)
        Points of a regular grid, at least chip/2 + radius + 1 px from the frame's edge.
    chip, radius : int
        Side of the chips and how far they are searched for, px.
    """

    first: np.ndarray
    second: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    chip: int
    radius: int

    def pairs(self) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        """Every point's search window and chip."""
        half, reach = self.chip // 2, self.chip // 2 + self.radius
        for r, c in zip(self.rows.tolist(), self.cols.tolist(), strict=True):
            yield (
                self.second[r - reach : r + reach, c - reach : c + reach],
                self.first[r - half : r + half, c - half : c + half],
            )

    def parts(self, count: int) -> list["Job"]:
        """The same points in several jobs."""
        split = zip(np.array_split(self.rows, count), np.array_split(self.cols, count), strict=True)
        return [replace(self, rows=rows, cols=cols) for rows, cols in split]


class Found(NamedTuple):
    """Displacements, px; NaN where a tool gives a point up."""

    drow: np.ndarray
    dcol: np.ndarray


def bare(job: Job) -> None:
    """OpenCV's matchTemplate in float32, and nothing else: the yardstick."""
    for window, chip in job.pairs():
        cv2.matchTemplate(window, chip, cv2.TM_CCOEFF_NORMED)


def bare_on_two_threads(job: Job) -> None:
    """The same on a pool of threads."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bare, job.parts(2)))


def opencv(job: Job) -> Found:
    """OpenCV's matchTemplate, and a parabola along each axis."""
    return _parabolas((cv2.matchTemplate(*pair, cv2.TM_CCOEFF_NORMED) for pair in job.pairs()), job.radius)


def skimage(job: Job) -> Found:
    """Template matching of scikit-image, and a parabola along each axis."""
    from skimage.feature import match_template

    return _parabolas((match_template(*pair) for pair in job.pairs()), job.radius)


def openpiv(job: Job) -> Found:
    """Extended search of openpiv with its defaults (Gaussian peak fit), on the points' own grid."""
    from openpiv.pyprocess import extended_search_area_piv

    top, left, side = int(job.rows.min()), int(job.cols.min()), job.chip + 2 * job.radius
    apart = min(int(np.diff(np.unique(v)).min()) for v in (job.rows, job.cols))
    part = tuple(slice(int(v.min()) - side // 2, int(v.max()) + side // 2) for v in (job.rows, job.cols))
    along_cols, along_rows, _ = extended_search_area_piv(
        job.first[part], job.second[part], window_size=job.chip, overlap=side - apart, search_area_size=side
    )
    at = ((job.rows - top) // apart, (job.cols - left) // apart)
    return Found(np.asarray(along_rows)[at], np.asarray(along_cols)[at])


def torch_naive(job: Job) -> Found:
    """PyTorch: windows stacked, FFT at the window's size, norms from integral images of every window."""
    import torch

    side, chip, placements = job.chip + 2 * job.radius, job.chip, 2 * job.radius + 1
    surfaces = []
    for part in job.parts(-(-len(job.rows) // 64)):
        windows, chips = (torch.from_numpy(np.stack(images)) for images in zip(*part.pairs(), strict=True))
        windows, chips = (v - v.mean((1, 2), keepdim=True) for v in (windows, chips))
        product = torch.fft.rfft2(windows) * torch.fft.rfft2(chips, s=(side, side)).conj()
        sums = torch.fft.irfft2(product, s=(side, side))[:, :placements, :placements]
        one, two = (_box_sums(v, chip) for v in (windows.double(), windows.double() ** 2))
        norms = (two - one**2 / chip**2).clamp(min=1e-12).sqrt().float()
        surfaces.append((sums / norms / chips.flatten(1).norm(dim=1)[:, None, None]).numpy())
    return _parabolas((s for batch in surfaces for s in batch), job.radius)


def autorift(job: Job) -> Found:
    """The C++ core of autoRIFT on bytes, up-sampled × 64, without its class's filters and outlier test."""
    from autoRIFT.autoRIFT import arImgDisp_u

    # It searches its first image for chips of its second, and counts y upward.
    pictures = (job.second, job.first)
    images = [np.clip(128 + 64 * (p - p.mean()) / p.std(), 0, 255).astype(np.uint8) for p in pictures]
    x, y, nothing = (np.array(v, np.float32)[None] for v in (job.cols, job.rows, np.zeros(len(job.rows))))
    sizes = [np.full_like(nothing, v) for v in (job.chip, job.chip, job.radius, job.radius)]
    more = {"MultiThread": 0} if "MultiThread" in inspect.signature(arImgDisp_u).parameters else {}
    right, up = arImgDisp_u(*images, x, y, *sizes, nothing.copy(), nothing.copy(), True, 64, **more)
    return Found(-up[0].astype(float), right[0].astype(float))


def _box_sums(images, chip):
    for axis in (1, 2):
        total = images.cumsum(axis)
        count = total.shape[axis] - chip + 1
        images = total.narrow(axis, chip - 1, count) - total.narrow(axis, 0, count) + images.narrow(axis, 0, count)
    return images


def _parabolas(surfaces: Iterable[np.ndarray], radius: int) -> Found:
    """The highest pixel of every surface, and a parabola through its neighbours along each axis."""
    found = []
    for values in surfaces:
        _, _, _, (col, row) = cv2.minMaxLoc(np.asarray(values, np.float32))
        if not (0 < row < values.shape[0] - 1 and 0 < col < values.shape[1] - 1):
            found.append((np.nan, np.nan))
            continue
        along_row, along_col = values[row - 1 : row + 2, col].tolist(), values[row, col - 1 : col + 2].tolist()
        found.append((row - radius + _vertex(*along_row), col - radius + _vertex(*along_col)))
    return Found(*np.array(found, float).reshape(-1, 2).T)


def _vertex(before: float, here: float, after: float) -> float:
    bend = 2 * here - before - after
    return 0.5 * (after - before) / bend if bend > 0 else 0.0


#: Tools by the name in the tables, and what must be installed.
TOOLS: dict[str, tuple[Callable[[Job], Found], str]] = {
    "OpenCV matchTemplate + parabola": (opencv, "cv2"),
    "scikit-image match_template + parabola": (skimage, "skimage"),
    "openpiv extended search area": (openpiv, "openpiv"),
    "PyTorch, naive FFT + parabola": (torch_naive, "torch"),
    "autoRIFT C++ core, × 64": (autorift, "autoRIFT"),
}


def installed() -> dict[str, Callable[[Job], Found]]:
    """The tools that can run here."""
    return {name: tool for name, (tool, package) in TOOLS.items() if importlib.util.find_spec(package)}


def absent() -> list[str]:
    """Names of the tools that cannot."""
    return [name for name, (_, package) in TOOLS.items() if not importlib.util.find_spec(package)]
