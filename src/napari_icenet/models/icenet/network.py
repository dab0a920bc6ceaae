"""The network ``icenet``: which past frame is to be believed where, at which scale, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from napari_icenet.models.icenet.pyramid import collapsed, pyramid, reduced
from napari_icenet.models.icenet.settings import IceNetSettings

#: Days are told as log2(1 + days / this), so that a week and a season are both of order one.
DAYS = 4.0
#: Facts of each frame beside its picture: days to the target, days to t0, valid, cloud, cloud known, agreement.
FACTS = 6
#: Keeps logarithms and roots finite.
_LEAST = 1e-4
#: Largest logarithm of the factor that a frame's contrast is changed by.
_MOST_BOOST = 2.0


@dataclass(frozen=True, eq=False)
class Expected:
    """Output of the network from past frames.

    Attributes
    ----------
    template : Tensor, (b, C, C)
        The expected chip, of zero mean and unit deviation in its frames' sense.
    log_spread : Tensor, (b, C, C)
        Logarithm of one standard deviation of each pixel of the standardised chip.
    weights : Tensor, (b, n, C/4, C/4)
        How far each frame is believed at the finest scale; they sum to 1 over the frames.
    """

    template: Tensor
    log_spread: Tensor
    weights: Tensor


class IceNetwork(nn.Module):
    """Weights over past frames, scale by scale, and a residual.

    Each frame is encoded beside what the frames agree on, together with the days to the target, its
    validity and its cloud. Blocks then exchange the mean and the maximum over all frames, so that a
    frame is judged among the others. Every scale of a Laplacian pyramid is the weighted sum of the
    frames' own, times a gain: what changes from date to date is passed on weaker. Each frame is boosted
    by a factor of its own, too, for a cloud in one corner takes contrast from the ice in the others. Before
    training the weights are those of the consensus: agreement squared.

    Any number of frames in any order of size; chips of any size divisible by 2^(scales − 1) and 4.
    """

    name: ClassVar[str] = "icenet"
    title: ClassVar[str] = "IceNet"
    settings_type: ClassVar[type[BaseModel]] = IceNetSettings
    limits: ClassVar[tuple[str, ...]] = (
        "It weighs past frames; ice that none of them shows it cannot draw.",
        "Its template is the mean of what may come, smoother than ice where that is open.",
        "Frames that lie more than three pixels from their place cannot be laid on each other.",
    )

    def __init__(self, settings: IceNetSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or IceNetSettings()
        width, scales = self.settings.width, self.settings.scales
        self.encoder = nn.Sequential(
            _convolution(3, width // 2, 5, 2), nn.SiLU(), _convolution(width // 2, width, 3, 2), _norm(width), nn.SiLU()
        )
        facts = FACTS + 2 * len(self.settings.covariates)
        self.facts = nn.Sequential(nn.Linear(facts, width), nn.SiLU(), nn.Linear(width, 2 * width))
        self.judges = nn.ModuleList(_Judge(width) for _ in range(self.settings.depth))
        self.logits = _silent(nn.Conv2d(width, 2 * scales, 1))
        self.gains = _silent(nn.Conv2d(2 * width, scales, 1))
        self.power = nn.Parameter(torch.tensor(2.0))
        self.residual = _Residual(self.settings.residual) if self.settings.residual else None
        self.spread = _silent(nn.Conv2d(2 * width, 1, 1))

    def forward(  # noqa: PLR0917 (one tensor each, as networks are called)
        self,
        frames: Tensor,
        known: Tensor,
        days: Tensor,
        valid: Tensor,
        cloud: Tensor,
        present: Tensor,
        covariates: Tensor | None = None,
    ) -> Expected:
        """Expect the chip at the target.

        Parameters
        ----------
        frames : Tensor, (b, n, C, C)
            Aligned to t0, each of zero mean and unit deviation, 0 where missing; oldest first.
        known : Tensor, (b, n, C, C)
            1 where a pixel is known, else 0.
        days : Tensor, (b, n)
            From each frame to the target, positive.
        valid, present : Tensor of bool, (b, n)
            Whether a frame shows ice, and whether there is one at all.
        cloud : Tensor, (b, n)
            Share of cloud; NaN where unknown.
        covariates : Tensor, (b, n, k), optional
            Those of the settings, in deviations from their mean (:meth:`IceNetSettings.standardised`); NaN
            where missing. None: all of them are.
        """
        b, side = len(frames), frames.shape[-1]
        # What is told of frames that are not there must not matter, but it must be a number.
        days = torch.where(present, days, days[:, -1:])
        there = present[:, :, None, None].to(frames.dtype)
        shown = known * there
        agreement = _agreement(frames * shown, present)
        prior = self.power * torch.log(agreement + _LEAST)
        prior = prior.masked_fill(~present, -1e4)
        middle = _weighted(frames, shown, torch.softmax(prior, 1)[:, :, None, None])
        seen = torch.stack([frames, shown, middle.expand_as(frames)], 2).flatten(0, 1)
        features = self.encoder(seen)
        scale, shift = self.facts(self._facts(days, valid, cloud, agreement, covariates)).flatten(0, 1).chunk(2, -1)
        features = features * (1 + scale[:, :, None, None]) + shift[:, :, None, None]
        features = _by_frame(features, b)
        for judge in self.judges:
            features = judge(features, there)
        context = _context(features, there)
        logits, boosts = _by_frame(self.logits(features.flatten(0, 1)), b).chunk(2, 2)
        logits = logits + prior[:, :, None, None, None]
        boosts = torch.exp(boosts.clamp(-_MOST_BOOST, _MOST_BOOST))
        gains = 2 * torch.sigmoid(self.gains(context))
        levels = [_by_frame(level, b) for level in pyramid(frames.flatten(0, 1)[:, None], len(gains[0]))]
        masks = _reduced_masks(shown.flatten(0, 1)[:, None], len(levels))
        summed, first = [], logits[:, :, 0]
        for k, (level, mask) in enumerate(zip(levels, masks, strict=True)):
            weights = torch.softmax(_sized(logits[:, :, k], level.shape[-1]), 1)
            boosted = level[:, :, 0] * _sized(boosts[:, :, k], level.shape[-1])
            total = _weighted(boosted, _by_frame(mask, b)[:, :, 0], weights)
            summed.append(total * _sized(gains[:, k : k + 1], level.shape[-1]))
        template = collapsed(summed)
        spread = _sized(self.spread(context), side)
        if self.residual is not None:
            weights = torch.softmax(_sized(first, side), 1)
            deviation = (_weighted((frames - template).square(), shown, weights) + _LEAST).sqrt()
            template = template + self.residual(torch.cat([template, deviation, middle], 1))
        return Expected(template[:, 0], spread[:, 0], torch.softmax(first, 1))

    def _facts(
        self, days: Tensor, valid: Tensor, cloud: Tensor, agreement: Tensor, covariates: Tensor | None
    ) -> Tensor:
        """Facts of each frame beside its picture, (b, n, facts)."""
        measured = torch.isfinite(cloud)
        facts = [
            torch.log2(1 + days / DAYS),
            torch.log2(1 + (days - days[:, -1:]) / DAYS),
            valid.to(days.dtype),
            torch.where(measured, cloud, torch.zeros_like(cloud)),
            measured.to(days.dtype),
            torch.log(agreement + _LEAST) / 4,
        ]
        stacked = torch.stack(facts, -1)
        count = len(self.settings.covariates)
        if count:
            more = days.new_full((*days.shape, count), torch.nan) if covariates is None else covariates
            known = torch.isfinite(more)
            stacked = torch.cat([stacked, torch.where(known, more, torch.zeros_like(more)), known.to(days.dtype)], -1)
        return stacked


class _Judge(nn.Module):
    """Two convolutions over each frame beside the mean and the maximum of all, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # One convolution over both, split so that what all frames share is convolved once.
        self.own = _convolution(width, width, 3, 1)
        self.shared = _convolution(2 * width, width, 3, 1)
        self.norm = _norm(width)
        self.second = _convolution(width, width, 3, 1, dilation=2)

    def forward(self, features: Tensor, there: Tensor) -> Tensor:
        b = len(features)
        shared = self.shared(_context(features, there))[:, None]
        new = (_by_frame(self.own(features.flatten(0, 1)), b) + shared).flatten(0, 1)
        new = self.second(functional.silu(self.norm(new)))
        return features + _by_frame(functional.silu(new), b)


class _Residual(nn.Module):
    """A small U-shaped network at full resolution: what no past frame shows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = _convolution(3, width, 3, 1)
        self.down = _convolution(width, 2 * width, 3, 2)
        self.norm = _norm(2 * width)
        self.deep = _convolution(2 * width, 2 * width, 3, 2)
        self.middle = _convolution(2 * width, 2 * width, 3, 1, dilation=2)
        self.up = _convolution(2 * width, 2 * width, 3, 1)
        self.back = _convolution(2 * width, width, 3, 1)
        self.leave = _silent(nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, pictures: Tensor) -> Tensor:
        fine = functional.silu(self.enter(pictures))
        half = functional.silu(self.norm(self.down(fine)))
        deep = functional.silu(self.deep(half))
        deep = deep + functional.silu(self.middle(deep))
        half = half + functional.silu(self.up(_sized(deep, half.shape[-1])))
        out: Tensor = self.leave(functional.silu(fine + self.back(_sized(half, fine.shape[-1]))))
        return out


def _by_frame(values: Tensor, batch: int) -> Tensor:
    """Values (b·n, …) of frames one after the other as (b, n, …)."""
    return values.view(batch, -1, *values.shape[1:])


def _agreement(frames: Tensor, present: Tensor) -> Tensor:
    """Agreement of each frame with the others, (b, n): mean correlation of what is neither haze nor noise.

    Haze correlates with haze; so a coarse mean is taken away, and every correlation below zero is zero.
    """
    small = reduced(reduced(frames))
    broad = functional.avg_pool2d(small, 9, 1, 4, count_include_pad=False)
    fine = (small - broad).flatten(2)
    fine = fine / (fine.square().sum(-1, keepdim=True) + _LEAST).sqrt()
    both = (fine @ fine.transpose(1, 2)).clamp_min(0)
    pairs = present[:, :, None] & present[:, None, :]
    pairs = pairs & ~torch.eye(frames.shape[1], dtype=torch.bool, device=frames.device)
    count = pairs.sum(-1)
    # A frame alone agrees with itself.
    return torch.where(count > 0, (both * pairs).sum(-1) / count.clamp_min(1), torch.ones_like(both[..., 0]))


def _weighted(values: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over the frames that know a pixel, (b, 1, H, W); 0 where none does."""
    weights = weights * mask
    return (weights * values).sum(1, keepdim=True) / weights.sum(1, keepdim=True).clamp_min(_LEAST)


def _reduced_masks(shown: Tensor, levels: int) -> list[Tensor]:
    masks = [shown]
    for _ in range(levels - 1):
        masks.append(functional.avg_pool2d(masks[-1], 2))
    return masks


def _context(features: Tensor, there: Tensor) -> Tensor:
    """Mean and maximum over the frames that are there, (b, 2 · width, h, w)."""
    here = there[:, :, None]
    mean = (features * here).sum(1) / here.sum(1).clamp_min(1)
    highest = features.masked_fill(here == 0, -1e4).amax(1)
    return torch.cat([mean, highest], 1)


def _sized(maps: Tensor, side: int) -> Tensor:
    """Maps (b, c, h, w) brought to a side."""
    if maps.shape[-1] == side:
        return maps
    if maps.shape[-1] > side:
        return functional.adaptive_avg_pool2d(maps, side)
    return functional.interpolate(maps, size=(side, side), mode="bilinear", align_corners=False)


def _convolution(into: int, out: int, kernel: int, stride: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(into, out, kernel, stride, dilation * (kernel // 2), dilation)


def _norm(width: int) -> nn.GroupNorm:
    # Over groups of one sample's channels: what a frame gives does not depend on the batch.
    return nn.GroupNorm(max(1, width // 8), width)


def _silent(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer that adds nothing before it is trained."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
