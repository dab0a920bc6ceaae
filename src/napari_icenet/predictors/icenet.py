"""Predictor of the network ``icenet``: a learned weighting of past chips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.matching.template import Past, Prediction, named_covariates
from napari_icenet.predictors.batching import in_batches
from napari_icenet.predictors.icenet_inputs import packed, say_covariates_missing
from napari_icenet.predictors.learned import LearnedOptions, evaluating
from napari_icenet.predictors.normalise import Level, template_level, usable
from napari_icenet.predictors.registration import every_aligned

if TYPE_CHECKING:
    from napari_icenet.models.icenet.settings import IceNetSettings

#: Pasts that go through the network at once: more take memory and save no time.
_AT_ONCE = 16
#: The network halves chips so often at most that their side must be a multiple of this.
_MULTIPLE = 32


class IceNet(LearnedOptions):
    """The expected chip after past ones, aligned to t0, each believed where it is to be accepted.

    Frames are standardised one by one, so the unit of the chips does not matter; the template has the
    mean and deviation of t0, and its spread is what the network expects to be wrong.
    """

    name: ClassVar[str] = "icenet"
    title: ClassVar[str] = "IceNet"

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Templates of many pasts, in order; None where no frame shows anything."""
        showing = [i for i, past in enumerate(pasts) if usable(past).size]
        by_side: dict[int, list[int]] = {}
        for i in showing:
            by_side.setdefault(pasts[i].chips.shape[-1], []).append(i)
        out: list[Prediction | None] = [None] * len(pasts)
        for alike in by_side.values():
            batches = in_batches([pasts[i] for i in alike], _AT_ONCE, self._predicted)
            for i, made in zip(alike, batches, strict=True):
                out[i] = made
        return out

    def _predicted(self, pasts: Sequence[Past]) -> Iterable[Prediction]:
        import torch

        network, device = self.network()
        settings: IceNetSettings = network.settings  # type: ignore[assignment]
        inputs = [past_inputs(past, settings) for past in pasts]
        batch = {name: torch.from_numpy(np.stack([one[name] for one in inputs])).to(device) for name in inputs[0]}
        with evaluating(network, self.precision):
            expected = network(
                batch["frames"], batch["known"].float(), batch["days"], batch["valid"], batch["cloud"],
                batch["present"], batch.get("covariates"),
            )  # fmt: skip
            templates = expected.template.float().cpu().numpy()
            spreads = torch.exp(expected.log_spread.float()).cpu().numpy()
        return map(_restored, pasts, inputs, templates, spreads)


def past_inputs(past: Past, settings: IceNetSettings | None = None) -> dict[str, NDArray[Any]]:
    """Inputs of the network from a past: the last eight frames, aligned to t0 and standardised.

    Parameters
    ----------
    past : Past
    settings : IceNetSettings, optional
        Of the network; they tell which covariates it knows.

    Returns
    -------
    dict of array
        ``frames`` float32 and ``known`` bool (8, S, S), S the chip's side or the next multiple of 32;
        ``days`` and ``cloud`` float32, ``valid`` and ``present`` bool, (8,); ``covariates`` float32, (8, K),
        where the network knows any. Frames that a short past lacks come first.
    """
    cloud = np.full(len(past.chips), np.nan) if past.cloud is None else past.cloud
    covariates = None
    if settings is not None and settings.covariates:
        given = named_covariates(past.covariates, past.covariate_names, settings.covariates, past.days.shape)
        say_covariates_missing(IceNet.title, settings.covariates, past.covariate_names)
        covariates = settings.standardised(given)
    made = packed(every_aligned(past), past.horizon - past.days, past.valid, cloud, covariates=covariates)
    beyond = -past.chips.shape[-1] % _MULTIPLE
    edge = beyond // 2, beyond - beyond // 2
    return {name: np.pad(values, ((0, 0), edge, edge)) if values.ndim == 3 else values for name, values in made.items()}


def _restored(past: Past, inputs: dict[str, NDArray[Any]], template: F32, spread: F32) -> Prediction:
    """A template and its spread in the chip's own size and in the unit of t0."""
    side = past.chips.shape[-1]
    start = (template.shape[-1] - side) // 2
    inner = slice(start, start + side), slice(start, start + side)
    seen = inputs["known"][:, *inner].any(0)
    made = np.where(seen, template[inner], np.float32(np.nan))
    own = Level.of(made)
    level = template_level(past, usable(past))
    if own is not None:
        made = (made - np.float32(own.mean)) / np.float32(own.deviation)
    return Prediction(level.restored(made), np.where(seen, level.scaled(spread[inner]), np.float32(np.nan)))
