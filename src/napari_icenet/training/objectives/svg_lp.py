"""Objective of SVG-LP: the next frame, its peak above all, and a prior that foresees the posterior."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from torch import Tensor

from napari_icenet.common.settings_model import Settings
from napari_icenet.common.types import F32
from napari_icenet.errors import UsageError
from napari_icenet.models.svg_lp.network import SvgLp
from napari_icenet.predictors.normalise import MIN_KNOWN
from napari_icenet.predictors.svg_lp import unit_range

if TYPE_CHECKING:
    from napari_icenet.training.data.examples import Examples


class SvgLpObjectiveSettings(Settings, allow_inf_nan=False):
    """Settings of what is minimised, and how examples are varied. Immutable.

    Attributes
    ----------
    beta : float
        Weight of the KL divergence (β of the paper's equation 2) against the mean squared error per pixel. The
        loss is then a bound of the likelihood with the variance β·C²/2 about each frame: 1e-6 stands for a
        deviation of 0.09 of the range at 128 px.
    peak_weight : float
        Weight of the mean squared error in the area around the peak. Too small, fine noisy texture is learned and
        the broad shape is lost; too large, the shape is learned and the texture is lost (paper, section 3).
    peak_radius : float
        Radius of that area as a share of the chip's side.
    peak_blur : float
        Standard deviation of the Gaussian under which the peak is looked for, as a share of the chip's side;
        1/16 is 8 px at 128, that of the paper's high-pass filter as we read it.
    invalid_weight : float
        Weight of target frames that tracking lost, mostly cloud, against 1. They stay as inputs, as in the paper.
    blind : float
        Share of sequences that are decoded without skip connections, so that features and z must tell what the
        picture looks like. None in the paper; without it they stay unused for long, for the skip connections
        alone come far.
    reversed_time : float
        Share of sequences read backwards.
    turned : bool
        Whether sequences are turned by quarters and flipped at random.
    """

    beta: float = Field(default=1e-6, ge=0)
    peak_weight: float = Field(default=0.1, ge=0)
    peak_radius: float = Field(default=1 / 8, gt=0, le=1)
    peak_blur: float = Field(default=1 / 16, gt=0, le=0.5)
    invalid_weight: float = Field(default=0.25, ge=0, le=1)
    blind: float = Field(default=0.0, ge=0, lt=1)
    reversed_time: float = Field(default=0.25, ge=0, le=1)
    turned: bool = True


class SvgLpObjective:
    """Mean squared error, the same around each frame's peak, and the divergence of posterior and prior.

    The paper adds "an additional ℓ2 penalty of the area centred around the peak of every subscene", without
    which the model ignores low frequencies and draws crevasses alone, and speaks of smooth areas with peaks and
    of slopes. So the peak is taken for a place in the picture and not for one of a correlation surface: the
    brightest one after the small textures are smoothed away. It is found in each target frame.

    Frames are brought to the unit range one by one (:func:`napari_icenet.predictors.svg_lp.unit_range`).
    Only known pixels count.
    """

    wants_positions: ClassVar[bool] = False
    settings_type: ClassVar[type[BaseModel]] = SvgLpObjectiveSettings

    def __init__(self, network: SvgLp, settings: SvgLpObjectiveSettings | None = None) -> None:
        self.network = network
        self.settings = settings or SvgLpObjectiveSettings()

    def prepare(self, examples: Examples, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Sequences in the unit range, turned and flipped, with the peak and the weight of each frame.

        Returns
        -------
        dict
            ``frames`` float32 and ``known`` bool (b, T, C, C), ``weight`` float32 (b, T) and ``peak`` float32
            (b, T, 2), (row, col).

        Raises
        ------
        UsageError
            The sequences have fewer than two frames, or chips of another side than the network's.
        """
        shape, chip = examples.chips.shape, self.network.settings.chip
        if len(shape) != 4 or shape[1] < 2 or shape[2:] != (chip, chip):
            raise UsageError(
                f"sequences of shape {shape} cannot train this network; hand over (n, T, {chip}, {chip}), T from 2."
            )
        frames, weight = np.empty(shape, np.float32), np.empty(shape[:2], np.float32)
        known, peak = np.empty(shape, np.bool_), np.empty((*shape[:2], 2), np.float32)
        for i in range(len(examples)):
            chips, valid, repeated = self._skipped(*self._varied(examples.chips[i], examples.valid[i], rng))
            frames[i], known[i] = unit_range(chips)
            shown = (known[i].mean((1, 2)) >= MIN_KNOWN) & ~repeated
            weight[i] = shown * np.where(valid, 1, self.settings.invalid_weight)
            peak[i] = [_peak(frame, self.settings.peak_blur * chip) for frame in frames[i]]
        return {"frames": frames, "known": known, "weight": weight, "peak": peak}

    def _varied(self, chips: F32, valid: NDArray[np.bool_], rng: np.random.Generator) -> tuple[F32, NDArray[np.bool_]]:
        if rng.random() < self.settings.reversed_time:
            chips, valid = chips[::-1], valid[::-1]
        if self.settings.turned:
            chips = np.rot90(chips, int(rng.integers(4)), (1, 2))
            chips = chips[..., ::-1] if rng.integers(2) else chips
        return chips, valid

    def _skipped(self, chips: F32, valid: NDArray[np.bool_]) -> tuple[F32, NDArray[np.bool_], NDArray[np.bool_]]:
        """Frames, whether each is valid, and whether it only repeats the first to fill the place of a lost one."""
        repeated = np.zeros(len(chips), np.bool_)
        if self.network.settings.lost == "shown" or valid.all() or not valid.any():
            return chips, valid, repeated
        index = np.flatnonzero(valid)
        lacking = len(chips) - len(index)
        index = np.concatenate([np.full(lacking, index[0]), index])
        repeated[:lacking] = True
        return chips[index], valid[index], repeated

    def losses(self, batch: dict[str, Tensor], step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """``loss``, and its terms ``mse``, ``peak`` and ``kl`` (nats per frame) without their weights."""
        frames = batch["frames"].float()
        made = self.network(frames, generator, blind=self.settings.blind)
        target, known = frames[:, 1:], batch["known"][:, 1:].float()
        error = (made.frames.float() - target).square() * known
        near = known * self._near(batch["peak"][:, 1:], target)
        weight = batch["weight"][:, 1:].float()
        mse = _weighted(error.sum((2, 3)), known.sum((2, 3)), weight)
        peak = _weighted((error * near).sum((2, 3)), near.sum((2, 3)), weight)
        kl = made.divergence.float().mean()
        loss = mse + self.settings.peak_weight * peak + self.settings.beta * kl
        return {"loss": loss, "mse": mse.detach(), "peak": peak.detach(), "kl": kl.detach()}

    def _near(self, peak: Tensor, frames: Tensor) -> Tensor:
        """1 in the area around each peak (b, T, 2), else 0; (b, T, C, C)."""
        side = torch.arange(frames.shape[-1], device=frames.device, dtype=torch.float32)
        rows = (side - peak[..., :1].float()).square()
        cols = (side - peak[..., 1:].float()).square()
        radius = self.settings.peak_radius * frames.shape[-1]
        return (rows[..., :, None] + cols[..., None, :] <= radius**2).float()


def _peak(frame: F32, sigma: float) -> tuple[int, int]:
    """(row, col) of the brightest place of a frame in the unit range, small textures smoothed away."""
    # Missing pixels are of the frame's mean, so that no peak is drawn to a gap or a border.
    side = 2 * math.ceil(3 * sigma) + 1
    smooth = cv2.GaussianBlur(frame - np.float32(0.5), (side, side), sigma, borderType=cv2.BORDER_CONSTANT)
    row, col = np.unravel_index(int(smooth.argmax()), smooth.shape)
    return int(row), int(col)


def _weighted(total: Tensor, count: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over all frames of total / count, each (b, T); 0 where nothing counts."""
    weight = weight * (count > 0)
    return (weight * total / count.clamp_min(1)).sum() / weight.sum().clamp_min(1e-6)
