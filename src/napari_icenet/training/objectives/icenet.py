"""Objective of ``icenet``: templates that correlate with the chip that was seen later."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from torch import Tensor

from napari_icenet.common.settings_model import Settings
from napari_icenet.common.types import F32
from napari_icenet.matching.template import PAST_CHIPS
from napari_icenet.models.icenet.network import Expected, IceNetwork
from napari_icenet.predictors.icenet_inputs import known_enough, packed
from napari_icenet.predictors.normalise import normalised
from napari_icenet.predictors.registration import moved

if TYPE_CHECKING:
    from napari_icenet.training.data.examples import Examples

#: Below this share of unit variance what is left of a chip is no picture.
_LEAST = 1e-6
#: What of a batch is made of pixels.
_PICTURES = ("frames", "known", "target", "target_known")


class IceNetObjectiveSettings(Settings):
    """Settings of how examples are drawn and what is minimised. Immutable.

    Attributes
    ----------
    consecutive : float
        Share of examples on consecutive dates with the target one or two ahead; the others are any dates in order.
    reversed_time : float
        Share of examples read backwards in time.
    crops : float
        Share of the batches that show a random quarter of each chip, which are quicker to learn from.
    drop_poor, drop_any : float
        Chance that a frame that was lost, or any frame, is left out of the past.
    hide_cloud : float
        Chance that an example is not told how cloudy its frames are.
    hide_covariates : float
        Chance that an example is not told the covariates of its dates, so that the network does without, too.
    lost_weight : float
        Weight of targets that tracking lost (mostly cloud), against 1.
    fine : float
        Weight of the correlation of fine textures, so that templates stay sharp enough to be tracked.
    spread : float
        Weight of the likelihood that teaches the spread.
    """

    consecutive: float = Field(default=0.5, ge=0, le=1)
    reversed_time: float = Field(default=0.1, ge=0, le=1)
    crops: float = Field(default=0.7, ge=0, le=1)
    drop_poor: float = Field(default=0.2, ge=0, lt=1)
    drop_any: float = Field(default=0.05, ge=0, lt=1)
    hide_cloud: float = Field(default=0.3, ge=0, le=1)
    hide_covariates: float = Field(default=0.2, ge=0, le=1)
    lost_weight: float = Field(default=0.3, ge=0, le=1)
    fine: float = Field(default=0.2, ge=0, le=10)
    spread: float = Field(default=0.05, ge=0, le=10)


class IceNetObjective:
    """Losses of :class:`~napari_icenet.models.icenet.network.IceNetwork`: 1 − NCC with the target, and its spread."""

    wants_positions: ClassVar[bool] = True
    settings_type: ClassVar[type[BaseModel]] = IceNetObjectiveSettings

    def __init__(self, network: IceNetwork, settings: IceNetObjectiveSettings | None = None) -> None:
        self.network = network
        self.settings = settings or IceNetObjectiveSettings()

    def prepare(self, examples: Examples, rng: np.random.Generator) -> dict[str, NDArray]:  # type: ignore[type-arg]
        """One past and one target of each example, aligned, standardised, turned and flipped."""
        cropped = rng.random() < self.settings.crops
        made = [self._one(examples, i, rng) for i in range(len(examples.chips))]
        if cropped:
            made = [_quarter(one, rng) for one in made]
        return {name: np.stack([one[name] for one in made]) for name in made[0]}

    def losses(self, batch: dict[str, Tensor], step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """``loss``, and its terms ``ncc`` (the mean correlation), ``fine`` and ``spread``."""
        known = batch["known"].to(torch.float32)
        expected: Expected = self.network(
            batch["frames"], known, batch["days"], batch["valid"], batch["cloud"], batch["present"],
            batch.get("covariates"),
        )  # fmt: skip
        target, mask, weight = batch["target"], batch["target_known"].to(torch.float32), batch["weight"]
        share = weight / weight.sum().clamp_min(_LEAST)
        ncc = (share * masked_ncc(expected.template, target, mask)).sum()
        fine = (share * masked_ncc(_fine(expected.template), _fine(target * mask), mask)).sum()
        spread = (share * _surprise(expected, target, mask)).sum()
        chosen = self.settings
        loss = (1 - ncc) + chosen.fine * (1 - fine) + chosen.spread * spread
        return {"loss": loss, "ncc": ncc.detach(), "fine": fine.detach(), "spread": spread.detach()}

    def _one(self, examples: Examples, i: int, rng: np.random.Generator) -> dict[str, NDArray]:  # type: ignore[type-arg]
        past, target = self._dates(examples, i, rng)
        assert examples.positions is not None
        positions = examples.positions[i, past] - examples.positions[i, past[-1]]
        frames = normalised(moved(examples.chips[i, past], positions))
        aim = normalised(examples.chips[i, [target]])[0]
        present = rng.random(len(past)) >= np.where(
            examples.valid[i, past], self.settings.drop_any, self.settings.drop_poor
        )
        present &= known_enough(frames)
        present[int(rng.integers(len(past)))] |= not present.any()
        cloud = examples.cloud[i, past].astype(np.float32)
        if rng.random() < self.settings.hide_cloud:
            cloud = np.full_like(cloud, np.nan)
        lost = 1.0 if examples.valid[i, target] else self.settings.lost_weight
        turn, flip = int(rng.integers(4)), bool(rng.integers(2))

        def turned(pictures: NDArray) -> NDArray:  # type: ignore[type-arg]
            pictures = np.rot90(pictures, turn, (-2, -1))
            return np.ascontiguousarray(pictures[..., ::-1] if flip else pictures)

        days = np.abs(examples.days[i, target] - examples.days[i, past])
        covariates = self._covariates(examples, i, past, rng)
        made = packed(frames, days, examples.valid[i, past], cloud, present=present, covariates=covariates)
        made |= {"target": np.nan_to_num(aim), "target_known": np.isfinite(aim)}
        made = {name: turned(values) if name in _PICTURES else values for name, values in made.items()}
        return made | {"weight": np.array(lost if known_enough(aim[None])[0] else 0, np.float32)}

    def _covariates(self, examples: Examples, i: int, past: NDArray[np.intp], rng: np.random.Generator) -> F32 | None:
        """Covariates of the past frames, standardised; None for a network that knows none."""
        settings = self.network.settings
        if not settings.covariates:
            return None
        hidden = rng.random() < self.settings.hide_covariates
        if examples.covariates is None or hidden:
            return np.full((len(past), len(settings.covariates)), np.nan, np.float32)
        return settings.standardised(examples.covariates[i, past])

    def _dates(self, examples: Examples, i: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], int]:
        """Indices of the past frames, the last one t0, and of the target."""
        count = len(examples.days[i])
        order = np.arange(count)
        if rng.random() < self.settings.reversed_time:
            order = order[::-1]
        if rng.random() < self.settings.consecutive:
            horizon = min(1 if rng.random() < 0.25 else 2, count - 1)
            last = int(rng.integers(min(PAST_CHIPS - 1, count - 1 - horizon), count - horizon))
            first = max(0, last + 1 - PAST_CHIPS)
            return order[first : last + 1], int(order[last + horizon])
        chosen = order[np.sort(rng.choice(count, min(PAST_CHIPS + 1, count), replace=False))]
        return chosen[:-1], int(chosen[-1])


def _quarter(one: dict[str, NDArray], rng: np.random.Generator) -> dict[str, NDArray]:  # type: ignore[type-arg]
    """A square of half the side, at random, of every picture."""
    side = one["target"].shape[-1]
    half = side // 2
    row, col = rng.integers(0, side - half + 1, 2).tolist()
    square = slice(row, row + half), slice(col, col + half)
    return {name: values[..., *square] if name in _PICTURES else values for name, values in one.items()}


def masked_ncc(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Correlation of pictures (b, C, C) over the pixels that count, (b,); 0 where one of them is flat."""
    count = mask.sum((1, 2), keepdim=True).clamp_min(1)
    a = (first - (first * mask).sum((1, 2), keepdim=True) / count) * mask
    b = (second - (second * mask).sum((1, 2), keepdim=True) / count) * mask
    power = a.square().sum((1, 2)) * b.square().sum((1, 2))
    return (a * b).sum((1, 2)) / (power + _LEAST).sqrt()


def _fine(pictures: Tensor) -> Tensor:
    """High-pass of frames: what a mean over about 17 px leaves."""
    stacked = pictures[:, None]
    broad = torch.nn.functional.avg_pool2d(stacked, 17, 1, 8, count_include_pad=False)
    return (stacked - broad)[:, 0]


def _surprise(expected: Expected, target: Tensor, mask: Tensor) -> Tensor:
    """Negative log-likelihood of the target about the template, without teaching the template, (b,)."""
    template = expected.template.detach()
    count = mask.sum((1, 2), keepdim=True).clamp_min(1)
    # The template's own level does not matter: it is fitted to the target's by least squares.
    centred = (template - (template * mask).sum((1, 2), keepdim=True) / count) * mask
    gain = (centred * target).sum((1, 2), keepdim=True) / centred.square().sum((1, 2), keepdim=True).clamp_min(_LEAST)
    level = (target * mask).sum((1, 2), keepdim=True) / count
    error = target - level - gain.clamp_min(0) * centred
    log = expected.log_spread.clamp(-6, 4)
    surprise = (0.5 * (error * torch.exp(-log)).square() + log) * mask
    return surprise.sum((1, 2)) / count[:, 0, 0]
