"""The paper's learned predictor: what SVG-LP expects of the next frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_icenet.common.types import F32
from napari_icenet.errors import UsageError
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.models.svg_lp.settings import SvgLpSettings
from napari_icenet.predictors.batching import in_batches
from napari_icenet.predictors.learned import LearnedOptions, evaluating
from napari_icenet.predictors.normalise import Level, template_level, usable

if TYPE_CHECKING:
    from napari_icenet.models.svg_lp.network import SvgLp

#: Frames after t0 that are predicted at most, as in the paper; further ones are taken to look like the last.
MOST_STEPS = 4
#: Deviations from the darkest to the brightest value of the range. Three on either side hold nearly all ice and
#: leave the sigmoid that ends the network room to move; what is beyond (a cloud's core) tells no more by far.
DEVIATIONS = 6.0
#: Predictions in one pass: more are no quicker, and take more memory.
_AT_ONCE = 32


class SvgLpPredictor(LearnedOptions):
    """The mean of several samples of SVG-LP, given the past eight frames or as many as there are.

    Frames enter in the unit range, those that tracking lost too, as in the paper, unless the network was trained
    to skip them. Frames that are missing for the most part or flat are left out, and count as passed.

    The prediction is for the first, second, third or fourth frame after t0; further ones are taken to look like
    the fourth. It has the level of t0: the network's own frames are of zero mean and unit deviation, and a mean
    over samples varies less.

    Noise is drawn from ``seed`` anew for each call and is the same for all chips: the same chip gives the same
    template, alone and among others.

    Attributes
    ----------
    samples : int
        Of the latent variable; template and spread are their mean and standard deviation. The spread is that
        of what the prior leaves open, and None for a single sample.
    seed : int
    """

    name: ClassVar[str] = "svg-lp"
    title: ClassVar[str] = "SVG-LP"

    samples: int = Field(default=1, ge=1, le=1024)
    seed: int = Field(default=0, ge=0, lt=2**63)

    @classmethod
    def _takes(cls, settings: Mapping[str, Any], chip: int) -> bool:
        return SvgLpSettings.model_validate(settings).chip == chip

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Templates of many pasts, in order; None where no frame shows anything.

        Raises
        ------
        UsageError
            The chips have another side than the network's.
        WeightsError
            There are no weights, or they cannot be used.
        """
        if not pasts:
            return []
        skipping = self._network().settings.lost == "skipped"
        inputs = [_Input.of(past, skipping) for past in pasts]
        out: list[Prediction | None] = [None] * len(pasts)
        # The frames after one past are made one from the other: those of all targets come from one run.
        runs: dict[tuple[int, bytes], list[int]] = defaultdict(list)
        for i, one in enumerate(inputs):
            if one is not None:
                runs[len(one.frames), blake2b(one.frames.tobytes(), digest_size=16).digest()].append(i)
        alike: dict[tuple[int, int], list[list[int]]] = defaultdict(list)
        for (count, _), run in runs.items():
            alike[count, max(one.steps for i in run if (one := inputs[i]) is not None)].append(run)
        for (_, steps), group in alike.items():
            lot = [[one for i in run if (one := inputs[i]) is not None] for run in group]
            batches = in_batches(lot, max(1, _AT_ONCE // self.samples), partial(self._predicted, steps))
            for run, made in zip(group, batches, strict=True):
                for i, prediction in zip(run, made, strict=True):
                    out[i] = prediction
        return out

    def _network(self) -> SvgLp:
        from napari_icenet.models.svg_lp.network import SvgLp

        network, _ = self.network()
        assert isinstance(network, SvgLp)
        return network

    def _predicted(self, steps: int, lot: Sequence[Sequence[_Input]]) -> Iterable[list[Prediction]]:
        """Predictions after each of some pasts, for one target of it or several."""
        import torch

        network, device = self._network(), self.network()[1]
        firsts = [run[0].frames for run in lot]
        chip, side = network.settings.chip, firsts[0].shape[-1]
        if side != chip:
            raise UsageError(
                f"SVG-LP's weights are for chips of {chip} px and cannot predict one of {side}; "
                f"choose a chip of {chip}, other weights, or another predictor."
            )
        frames = torch.from_numpy(np.stack([one[-network.settings.past :] for one in firsts])).to(device)
        noise = torch.Generator().manual_seed(self.seed)
        with evaluating(network, self.precision):
            made = network.generate(frames, steps, self.samples, noise).float()
            mean = made.mean(1).cpu().numpy()
            spread = made.std(1).cpu().numpy() if self.samples > 1 else None
        return [
            [
                one.prediction(mean[k, one.steps - 1], None if spread is None else spread[k, one.steps - 1])
                for one in run
            ]
            for k, run in enumerate(lot)
        ]


@dataclass(frozen=True, eq=False)
class _Input:
    """Input of the network from a past: frames in the unit range, known pixels, and how many frames to make."""

    frames: F32
    known: NDArray[np.bool_]
    level: Level
    steps: int

    @classmethod
    def of(cls, past: Past, skipping: bool) -> _Input | None:
        """None where no frame shows anything; ``skipping`` those that tracking lost."""
        index = usable(past if skipping else Past(past.chips, past.days, np.ones(len(past.chips), bool), past.horizon))
        if not index.size:
            return None
        frames, known = unit_range(past.chips[index])
        # A network that skips lost frames takes the last with ice for the last observed one.
        passed = 0 if skipping else len(past.chips) - 1 - int(index[-1])
        return cls(frames, np.asarray(known.any(0)), template_level(past, index), min(past.steps + passed, MOST_STEPS))

    def prediction(self, mean: F32, spread: F32 | None) -> Prediction:
        """A template in the unit of t0; missing where no frame knows the pixel."""
        template = self.level.restored(DEVIATIONS * (mean - np.float32(0.5)))
        template[~self.known] = np.nan
        return Prediction(template, None if spread is None else self.level.scaled(DEVIATIONS * spread))


def unit_range(frames: F32) -> tuple[F32, NDArray[np.bool_]]:
    """Frames (n, C, C) of any unit, each brought to clip(½ + z / 6, 0, 1) of its own mean and deviation.

    Dates differ in sun and haze, which correlation does not mind; so each frame is measured by itself.

    Returns
    -------
    frames : array of float32, (n, C, C)
        ½ where missing, and everywhere in a flat frame.
    known : array of bool, (n, C, C)
        Finite pixels of frames that are not flat.
    """
    out, known = np.full(frames.shape, np.float32(0.5)), np.isfinite(frames)
    for index, frame in enumerate(frames):
        level = Level.of(np.ascontiguousarray(frame))
        if level is None:
            known[index] = False
            continue
        scaled = (frame - np.float32(level.mean)) * np.float32(1 / (DEVIATIONS * level.deviation))
        np.copyto(out[index], np.clip(scaled + np.float32(0.5), 0, 1), where=known[index])
    return out, known
