"""Correlation surfaces by batched FFT in PyTorch: on CUDA, on Apple's MPS, and on the CPU for tests.

Sums run in float32, at a length the transforms like. Each batch carries an estimate of what that
costs; the few pairs where it may matter (a window far livelier than the place a chip fits in) are
done again in float64: on the device, or on the CPU where the device has no float64 (MPS).

Importing this module imports PyTorch, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from napari_icenet.common.device import Device, choose_device
from napari_icenet.common.types import F32
from napari_icenet.matching.engine._torch.pictures import ResidentPicture, deviations, exact_kind, gather, upload
from napari_icenet.matching.zncc import FLAT

#: Largest estimated error of a correlation from float32 sums.
TOLERANCE = 2e-5
#: Rounding of a float32 FFT, relative to the root of the energy that goes in; three times what random textures show.
_ROUNDING = 6e-8
#: Bytes of one batch: what a CPU's cache likes, and what a device is fed with at most.
_CPU_BYTES, _DEVICE_BYTES = 32 * 1024**2, 4 * 1024**3
#: Arrays of the transform's size that one pair needs at a time, masked.
_ARRAYS = 30


def fast_length(size: int) -> int:
    """The least even length, at least ``size``, without a prime factor above 7."""
    length = size + size % 2
    while True:
        rest = length
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 2


class TorchCorrelator:
    """Zero-mean normalised cross correlation of many chips with many search windows.

    Parameters
    ----------
    device : Device or str
        As :func:`~napari_icenet.common.device.choose_device` knows it.

    Raises
    ------
    UsageError
        There is no such device.
    """

    def __init__(self, device: Device | str = "auto") -> None:
        self.device = choose_device(device) if isinstance(device, str) else device
        self._place = self.device.name

    def resident(self, picture: F32) -> ResidentPicture:
        """A picture (height, width) put on the device once, for many calls of :meth:`correlate`."""
        return ResidentPicture(picture, self._place)

    def correlate(
        self,
        first: F32 | ResidentPicture,
        second: F32 | ResidentPicture,
        rows: ArrayLike,
        cols: ArrayLike,
        *,
        chip: int,
        radius: int | tuple[int, int],
        shift_rows: ArrayLike = 0,
        shift_cols: ArrayLike = 0,
        min_overlap: float = 0.5,
    ) -> Iterator[tuple[slice, F32]]:
        """Surfaces of chips of one picture in another, batch by batch.

        Parameters
        ----------
        first, second : array of float32, (height, width), or ResidentPicture
            NaN is missing, and so is everything outside the pictures.
        rows, cols : array of int, (n,)
            Places of the chips in ``first``: each covers rows r − chip/2 … r + chip/2 − 1.
        chip : int
            Side of the chips, px.
        radius : int or (int, int)
            How far chips are searched for along row and column, px.
        shift_rows, shift_cols : array of int, (n,), or int
            Where the search is centred, from the chip's place.
        min_overlap : float
            Least share of the chip's pixels valid in both pictures.

        Yields
        ------
        points : slice
            The points of this batch.
        surfaces : array of float32, (k, 2 · radius + 1, 2 · radius + 1)
            −1 … 1; NaN where chip or patch is flat, or too much is missing.
        """
        a, b = (p if isinstance(p, ResidentPicture) else self.resident(p) for p in (first, second))
        reach_row, reach_col = (radius, radius) if isinstance(radius, int) else radius
        r, c, dr, dc = (
            torch.from_numpy(np.array(v, np.int64)).to(self._place)
            for v in np.broadcast_arrays(*map(np.atleast_1d, (rows, cols, shift_rows, shift_cols)))
        )
        r, c = r - chip // 2, c - chip // 2
        height, width = chip + 2 * reach_row, chip + 2 * reach_col
        norms = b.norms(chip) if min(b.shape) >= chip else b.values.new_full((1, 1), torch.nan)
        size = self._batch(height, width)
        for start in range(0, len(r), size):
            part = slice(start, min(start + size, len(r)))
            top, left = r[part] + dr[part] - reach_row, c[part] + dc[part] - reach_col
            chips = gather(a.values, r[part], c[part], chip, chip)
            windows = gather(b.values, top, left, height, width)
            patch_norms = gather(norms, top, left, 2 * reach_row + 1, 2 * reach_col + 1)
            yield part, self._surfaces(chips, windows, patch_norms, min_overlap).cpu().numpy()

    def surfaces(self, chips: F32, windows: F32, norms: F32 | None = None, *, min_overlap: float = 0.5) -> F32:
        """Surfaces of chips in windows.

        Parameters
        ----------
        chips : array of float32, (n, C, C)
            NaN is missing.
        windows : array of float32, (n, H, W)
            NaN is missing.
        norms : array of float32, (n, H - C + 1, W - C + 1), optional
            :func:`~napari_icenet.matching.zncc.norm_map` of every window, NaN where a pixel is missing.
        min_overlap : float
            Least share of the chip's pixels valid in both; placements with less are NaN.

        Returns
        -------
        array of float32, (n, H - C + 1, W - C + 1)
            −1 … 1; NaN where chip or patch is flat, or too much is missing.
        """
        side, size = chips.shape[-1], self._batch(*windows.shape[1:])
        found = []
        for start in range(0, len(chips), size):
            c, w = (upload(a[start : start + size], self._place) for a in (chips, windows))
            known = self._window_norms(w, side) if norms is None else upload(norms[start : start + size], self._place)
            found.append(self._surfaces(c, w, known, min_overlap).cpu().numpy())
        return np.concatenate(found) if found else self._nothing(chips, windows)

    def masked_surfaces(self, chips: F32, windows: F32, *, min_overlap: float = 0.5) -> F32:
        """:meth:`surfaces` with every sum over the pixels valid in both, whether any is missing or not."""
        size, found = self._batch(*windows.shape[1:]), []
        for start in range(0, len(chips), size):
            c, w = (upload(a[start : start + size], self._place) for a in (chips, windows))
            found.append(_masked(c, w, min_overlap, self._place).cpu().numpy())
        return np.concatenate(found) if found else self._nothing(chips, windows)

    @staticmethod
    def _nothing(chips: F32, windows: F32) -> F32:
        side = chips.shape[-1]
        return np.empty((0, windows.shape[1] - side + 1, windows.shape[2] - side + 1), np.float32)

    def _surfaces(self, chips: Tensor, windows: Tensor, norms: Tensor, min_overlap: float) -> Tensor:
        incomplete = norms.isnan().flatten(1).any(1) | chips.isnan().flatten(1).any(1)
        if not bool(incomplete.any()):
            return _complete(chips, windows, norms, self._place)
        found = torch.empty_like(norms)
        whole, holed = (~incomplete).nonzero()[:, 0], incomplete.nonzero()[:, 0]
        if len(whole):
            found[whole] = _complete(chips[whole], windows[whole], norms[whole], self._place)
        found[holed] = _masked(chips[holed], windows[holed], min_overlap, self._place)
        return found

    def _window_norms(self, windows: Tensor, chip: int) -> Tensor:
        w = windows.to(exact_kind(self._place))
        offset = w.double().mean((1, 2), keepdim=True).float()
        centred = w - offset
        level = torch.maximum(centred.abs().amax((1, 2), keepdim=True), offset.abs())
        # A missing pixel makes the offset NaN, and with it all norms: such windows are done masked.
        return deviations(centred, level.double(), chip).to(self._place)

    def _batch(self, height: int, width: int) -> int:
        """Pairs of one batch."""
        free = _CPU_BYTES
        if self.device.kind == "cuda":
            free = min(int(0.5 * torch.cuda.mem_get_info(self._place)[0]), _DEVICE_BYTES)
        elif self.device.kind == "mps":
            left = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
            free = min(max(int(0.5 * left), _CPU_BYTES), _DEVICE_BYTES)
        return max(int(free / (4 * _ARRAYS * fast_length(height) * fast_length(width))), 1)


def _transform(images: Tensor, shape: tuple[int, int]) -> Tensor:
    spectra: Tensor = torch.fft.rfft2(images, s=shape)
    return spectra


def _lengths(windows: Tensor) -> tuple[int, int]:
    return fast_length(windows.shape[1]), fast_length(windows.shape[2])


def _without_mean(images: Tensor) -> Tensor:
    centred = images - images.mean((1, 2), keepdim=True)
    # What rounding leaves of a large offset.
    return centred - centred.mean((1, 2), keepdim=True)


def _root_energy(images: Tensor) -> Tensor:
    """Root of the summed squares of every image, (n,), whatever the size of the values."""
    largest = images.abs().amax((1, 2)).clamp(min=torch.finfo(torch.float32).tiny)
    roots: Tensor = torch.linalg.vector_norm(images / largest[:, None, None], dim=(1, 2))
    return roots * largest


def _complete(chips: Tensor, windows: Tensor, norms: Tensor, kind: str) -> Tensor:
    """Surfaces of pairs without missing pixels."""
    template, window, shape = _without_mean(chips), _without_mean(windows), _lengths(windows)
    energy = _root_energy(template)
    flat_chip = ~(energy > FLAT * chips.abs().amax((1, 2)) * chips.shape[-1])
    template = template / energy.masked_fill(flat_chip, 1)[:, None, None]
    flat = norms == 0
    divisor = norms.masked_fill(flat, torch.inf)
    product = _transform(window, shape) * _transform(template, shape).conj()
    sums: Tensor = torch.fft.irfft2(product, s=shape)[:, : norms.shape[1], : norms.shape[2]]
    found = (sums / divisor).float().clamp(-1, 1).masked_fill(flat | flat_chip[:, None, None], torch.nan)
    if windows.dtype == torch.float32:
        cost = _ROUNDING * _root_energy(window) / divisor.amin((1, 2))
        doubtful = ((cost > TOLERANCE) & ~flat_chip).nonzero()[:, 0]
        if len(doubtful):
            c, w, n = (t[doubtful].to(exact_kind(kind)) for t in (chips, windows, norms))
            found[doubtful] = _complete(c.double(), w.double(), n, kind).to(kind)
    return found


def _masked(chips: Tensor, windows: Tensor, min_overlap: float, kind: str) -> Tensor:
    """Surfaces with sums over the pixels valid in both: Padfield (2012), as in ``zncc.masked_zncc``."""
    shape, side = _lengths(windows), chips.shape[-1]
    rows, cols = windows.shape[1] - side + 1, windows.shape[2] - side + 1
    (t, t_ok, t_flat), (w, w_ok, w_flat) = _scaled(chips), _scaled(windows)
    ft, ftt, fm = (_transform(a, shape).conj() for a in (t, t * t, t_ok))
    fw, fww, fo = (_transform(a, shape) for a in (w, w * w, w_ok))

    def surface(product: Tensor) -> Tensor:
        sums: Tensor = torch.fft.irfft2(product, s=shape)
        return sums[:, :rows, :cols]

    count = surface(fo * fm).round()
    known = count.clamp(min=1)
    sum_t, sum_w = surface(fo * ft), surface(fw * fm)
    cross = surface(fw * ft) - sum_t * sum_w / known
    var_t = surface(fo * ftt) - sum_t**2 / known
    var_w = surface(fww * fm) - sum_w**2 / known
    enough = count >= min_overlap * side * side
    usable = enough & (var_t > count * t_flat) & (var_w > count * w_flat) & (var_t > 1e-10) & (var_w > 1e-10)
    found = (cross / (var_t * var_w).clamp(min=1e-30).sqrt()).clamp(-1, 1)
    found = found.masked_fill(~usable, torch.nan).float()
    if windows.dtype == torch.float32:
        norm_t, norm_w, norm_o, norm_m = (_root_energy(a) for a in (t, w, w_ok, t_ok))
        least_t, least_w = (v.masked_fill(~enough, torch.inf).amin((1, 2)).clamp(min=1e-12) for v in (var_t, var_w))
        cost = (norm_o * (_root_energy(t * t) + norm_t)) / least_t
        cost += (norm_m * (_root_energy(w * w) + norm_w)) / least_w
        cost += 2 * norm_t * norm_w / (least_t * least_w).sqrt()
        textured = enough.flatten(1).any(1) & (t_flat + w_flat).isfinite()[:, 0, 0]
        doubtful = ((_ROUNDING * cost > TOLERANCE) & textured).nonzero()[:, 0]
        if len(doubtful):
            c, w = (v[doubtful].to(exact_kind(kind)).double() for v in (chips, windows))
            found[doubtful] = _masked(c, w, min_overlap, kind).to(kind)
    return found


def _scaled(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Images less their mean, over their largest value, 0 where missing; what is valid; the variance of flatness."""
    valid = ~images.isnan()
    ok = valid.to(images.dtype)
    count = ok.sum((1, 2), keepdim=True).clamp(min=1)
    level = images.nan_to_num(nan=0.0).abs().amax((1, 2), keepdim=True)
    centred = images.nan_to_num(nan=0.0)
    for _ in range(2):
        centred = (centred - centred.sum((1, 2), keepdim=True) / count) * ok
    scale = centred.abs().amax((1, 2), keepdim=True)
    flat = scale <= FLAT * level
    scale = scale.masked_fill(flat, 1)
    return (centred / scale).masked_fill(flat, 0), ok, ((FLAT * level / scale) ** 2).masked_fill(flat, torch.inf)


__all__ = ["ResidentPicture", "TorchCorrelator", "fast_length"]
