"""Pairs of pictures whose flow is known exactly, to measure matching with.

The texture is a sum of plane waves (a Fourier series, power ∝ 1/(f² + 1/64²) below a Gaussian
cut-off). The second picture is the first one moved: along columns by an amount that depends on the
column, then along rows by one that depends on the row. Each is a shift of whole lines, done in
Fourier space, so that no pixel is interpolated: what is left is rounding (1e-7 of the texture's
deviation, see ``python benchmarks/pairs.py``). White noise, independent in both, is added: the
texture has five times its variance in both (7 dB).

The texture's cut-off is set so that the Cramér–Rao bound of a chip's position, two noisy pictures,
is 0.083 px for chips of 32 px and 0.041 px for 64 px (both axes together). The margins' width is set
so that OpenCV's matchTemplate with a separable parabola has the error it is known for on such pairs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Variance of the texture over that of the noise.
SNR = 5.0
#: The texture's longest wave, its cut-off (cycles/px), and where it ends for good.
LONGEST_PX, CUT_OFF, END = 64.0, 0.16, 0.42
#: Half-width of the shear margins, as a share of the picture's side.
MARGIN = 0.034
#: Where the flow differs by less than this across the chip, shear is low, px.
LOW_SHEAR_PX = 0.25
#: Side of the picture, chip, search radius, rows and columns of points.
CASES = {
    "a": (1024, 32, 25, 30, 30),
    "b": (2048, 64, 25, 60, 60),
    "c": (2048, 128, 64, 20, 25),
}
#: One that takes no time, to see whether a benchmark works at all; its figures say nothing.
SMALL = {"small": (384, 32, 12, 8, 8)}


@dataclass(frozen=True)
class Case:
    """A pair of pictures and the points to be matched.

    Attributes
    ----------
    first, second : array of float32, (side, side)
        The pictures, texture of deviation 1.
    rows, cols : array of int, (n,)
        Places of the chips in ``first``: each covers rows r − chip/2 … r + chip/2 − 1.
    drow, dcol : array of float64, (n,)
        True displacement of each chip's geometric centre (r − 0.5, c − 0.5), px.
    chip, radius : int
        Side of the chips and how far they are searched for, px.
    low_shear : array of bool, (n,)
        Where the flow differs by less than 0.25 px across the chip.
    bound : float
        Cramér–Rao bound of the position of a chip that moves as a whole, both axes together, px.
    """

    first: F32
    second: F32
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    drow: F64
    dcol: F64
    chip: int
    radius: int
    low_shear: NDArray[np.bool_]
    bound: float


@dataclass(frozen=True)
class Flow:
    """A glacier that flows down the picture between two shear margins, over ground that drifts.

    0 … 8 px, exact: what was at (r, c) is at (r + drow, c + dcol) in the second picture.
    """

    side: int

    def down(self, col: F64) -> F64:
        """How far a column (in the first picture) moves along rows."""
        quarter, width, turn = 0.25 * self.side, MARGIN * self.side, 2 * np.pi / self.side
        middle = col - 0.5 * self.side
        glacier = 3.25 * (np.tanh((middle + quarter) / width) - np.tanh((middle - quarter) / width))
        return glacier + 0.6 + 0.6 * np.sin(2 * turn * col)

    def across(self, row: F64) -> F64:
        """How far a row (in the second picture) moves along columns."""
        return 0.9 + 0.9 * np.sin(2 * np.pi / self.side * row)

    def displacement(self, row: F64, col: F64) -> tuple[F64, F64]:
        """(drow, dcol) of places in the first picture."""
        drow = self.down(col)
        return drow, self.across(row + drow)

    def shear(self, row: F64, col: F64) -> F64:
        """Greatest change of the displacement per pixel."""
        down = self.down(col + 0.5) - self.down(col - 0.5)
        drow = self.down(col)
        across = self.across(row + drow + 0.5) - self.across(row + drow - 0.5)
        return np.hypot(down, across)


def moved(picture: F64, flow: Flow) -> F64:
    """The picture after it has flowed; lines are shifted in Fourier space, so nothing is interpolated."""
    side, frequency = flow.side, fft.rfftfreq(flow.side)
    positions = np.arange(side, dtype=np.float64)
    shift = np.exp(-2j * np.pi * frequency[:, None] * flow.down(positions))
    picture = fft.irfft(fft.rfft(picture, axis=0) * shift, side, axis=0)
    shift = np.exp(-2j * np.pi * frequency * flow.across(positions)[:, None])
    return np.asarray(fft.irfft(fft.rfft(picture, axis=1) * shift, side, axis=1))


def texture(side: int, seed: int) -> F64:
    """A periodic picture of deviation 1."""
    row, col = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    frequency = np.hypot(row, col)
    amplitude = np.exp(-0.5 * (frequency / CUT_OFF) ** 2) / np.hypot(frequency, 1 / LONGEST_PX)
    amplitude[frequency > END] = 0
    amplitude[0, 0] = 0
    white = np.random.default_rng(seed).normal(size=(side, side))
    picture = np.asarray(fft.irfft2(fft.rfft2(white) * amplitude, (side, side)))
    return picture / picture.std()


def bound(picture: F64, rows: NDArray[np.intp], cols: NDArray[np.intp], chip: int) -> float:
    """Cramér–Rao bound of a chip's position, both axes together, px; root mean square over the chips.

    The inverse of Σ ∇s ∇sᵀ over twice the noise's variance, with the texture's true gradients.
    """
    frequency = 2j * np.pi * np.fft.fftfreq(len(picture))
    spectrum = fft.fft2(picture)
    down, across = (fft.ifft2(spectrum * f).real for f in (frequency[:, None], frequency[None]))
    sums = []
    for product in (down * down, across * across, down * across):
        total = np.pad(product.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        top, left = rows - chip // 2, cols - chip // 2
        sums.append(
            total[top + chip, left + chip] - total[top, left + chip] - total[top + chip, left] + total[top, left]
        )
    rr, cc, rc = sums
    return float(np.sqrt(np.mean(2 / SNR * (rr + cc) / (rr * cc - rc * rc))))


def points(side: int, chip: int, radius: int, down: int, across: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A regular grid of places whose search windows lie within the picture."""
    margin = chip // 2 + radius + 1
    steps = [(side - 2 * margin) // (count - 1) for count in (down, across)]
    starts = [(side - step * (count - 1)) // 2 for step, count in zip(steps, (down, across), strict=True)]
    rows, cols = np.meshgrid(
        starts[0] + steps[0] * np.arange(down), starts[1] + steps[1] * np.arange(across), indexing="ij"
    )
    return rows.ravel(), cols.ravel()


@lru_cache(maxsize=4)
def case(name: str) -> Case:
    """One of the three standard pairs, ``a``, ``b`` or ``c``, or ``small``; the same on every machine.

    a: 1024², chips of 32 px, ±25 px, 900 points. b: 2048², 64 px, ±25 px, 3600 points.
    c: 2048², 128 px, ±64 px, 500 points.
    """
    side, chip, radius, down, across = (CASES | SMALL)[name]
    flow, still = Flow(side), texture(side, seed=20200131 + side)
    noise = np.random.default_rng(20200210 + side).normal(scale=SNR**-0.5, size=(2, side, side))
    rows, cols = points(side, chip, radius, down, across)
    drow, dcol = flow.displacement(rows - 0.5, cols - 0.5)
    return Case(
        (still + noise[0]).astype(np.float32),
        (moved(still, flow) + noise[1]).astype(np.float32),
        rows,
        cols,
        drow,
        dcol,
        chip,
        radius,
        flow.shear(rows - 0.5, cols - 0.5) * chip < LOW_SHEAR_PX,
        bound(still, rows, cols, chip),
    )


def worst_error(side: int = 1024, waves: int = 400, positions: int = 400) -> float:
    """Greatest error of a moved picture (deviation 1) at some pixels, against its waves summed one by one."""
    rng = np.random.default_rng(0)
    row, col = rng.integers(-int(END / 1.42 * side), int(END / 1.42 * side), (2, waves))
    phase, turn = rng.uniform(0, 2 * np.pi, waves), 2 * np.pi / side
    spectrum = np.zeros((side, side), np.complex128)
    np.add.at(spectrum, (row, col), np.exp(1j * phase) * side * side * np.sqrt(2 / waves))
    flow, still = Flow(side), fft.ifft2(spectrum).real
    r, c = rng.integers(0, side, (2, positions))
    # Back to where each pixel came from.
    from_col = c - flow.across(r.astype(np.float64))
    from_row = r - flow.down(from_col)
    angle = turn * (np.outer(from_row, row) + np.outer(from_col, col)) + phase
    direct = np.sqrt(2 / waves) * np.cos(angle).sum(axis=1)
    return float(np.abs(moved(still, flow)[r, c] - direct).max())


if __name__ == "__main__":
    print(f"worst error of a moved picture: {worst_error():.1e} of its deviation")
    for name in sys.argv[1:] or CASES:
        pair = case(name)
        fast = np.hypot(pair.drow, pair.dcol).max()
        share = pair.low_shear.mean()
        print(
            f"{name}: bound {pair.bound:.4f} px, up to {fast:.2f} px, low shear {share:.0%} of {len(pair.rows)} points"
        )
