"""Base of predictors with a network: their weights, their device, and many chips at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import PrivateAttr

from napari_icenet.errors import WeightsError
from napari_icenet.models.precision import Precision, arithmetic, network_type, type_name
from napari_icenet.predictors.base import Options
from napari_icenet.predictors.batching import device_errors, free_memory

if TYPE_CHECKING:
    import torch
    from torch import nn

    from napari_icenet.matching.template import Past, Prediction
    from napari_icenet.models.card import Card


class LearnedOptions(Options):
    """A predictor with a network, whose weights are read when they are first needed.

    Attributes
    ----------
    weights : path or str, optional
        File of the weights, or the name of bundled ones; default: those that come with the package.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …; auto takes a GPU where there is one.
    precision : {'fp32', 'bf16', 'fp16', 'auto'}
        Of the network's arithmetic. Only fp32 gives the same predictions on every machine.
    """

    weights: Path | str | None = None
    device: str = "auto"
    precision: Precision = "fp32"

    _given: tuple[nn.Module, Card | None] | None = PrivateAttr(default=None)

    @classmethod
    def fits(cls, chip: int, weights: Path | str | None = None) -> bool:
        """True if weights, by default those in the package, can predict chips of this side.

        Raises WeightsError: there are no such weights, or their card cannot be read.
        """
        card = card_of(cls.name, weights)
        return card is not None and cls._takes(card.settings, chip)

    @classmethod
    def _takes(cls, settings: Mapping[str, Any], chip: int) -> bool:
        """True if a network of these settings can predict chips of this side."""
        return True

    def network(self) -> tuple[nn.Module, torch.device]:
        """The network, in evaluation mode, and the device it is on.

        Raises
        ------
        UsageError
            There is no such device.
        WeightsError
            There are no weights, or they cannot be used.
        """
        if self._given is not None:
            network = self._given[0]
            return network, next(network.parameters()).device
        from napari_icenet.models.precision import network_device

        return network_of(self.name, self.weights, self.device), network_device(self.device)

    def arithmetic(self) -> str:
        """Type that the network computes in on its device: ``float32``, or what float32 is mixed with."""
        return type_name(network_type(self.precision, self.network()[1]))

    def card(self) -> Card | None:
        """Card of the weights; None for a network without one."""
        if self._given is not None:
            return self._given[1]
        return _loaded(self.name, self.weights, self.device)[1]

    def with_network(self, network: nn.Module, card: Card | None = None) -> Self:
        """The same predictor with a network in memory, used as it stands, on the device it is on."""
        other = self.model_copy()
        other._given = network, card
        return other

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Predict templates of many pasts, in order; the same as calling it on each.

        Raises WeightsError: there are no weights, or they cannot be used.
        """
        raise NotImplementedError

    def __call__(self, past: Past) -> Prediction | None:
        """The template; None where the past shows nothing."""
        return self.predict_many([past])[0]


def card_of(name: str, weights: Path | str | None = None) -> Card | None:
    """Card of a predictor's weights, by default those in the package; None where that holds none.

    Raises WeightsError: there are no such weights, or their card cannot be read.
    """
    from napari_icenet.models.card import card_path, read_card
    from napari_icenet.models.weights import bundled, find_weights

    path = bundled().get(name) if weights is None else find_weights(weights)
    return None if path is None else read_card(card_path(path))


def model_of(weights: Path) -> str:
    """Name of the predictor that a file of weights is for, from the card beside it.

    Raises WeightsError: there is no such file, or no card that can be read.
    """
    from napari_icenet.models.card import card_path, read_card
    from napari_icenet.models.weights import find_weights

    return read_card(card_path(find_weights(weights))).model


def predictor_of(network: nn.Module, card: Card | None = None, **options: Any) -> LearnedOptions:
    """The predictor of a network in memory, such as one that is being trained.

    Parameters
    ----------
    network : nn.Module
        Used on the device it is on, and shared: later training changes what is predicted.
    card : Card, optional
    **options
        The predictor's own, but for weights and device.

    Raises
    ------
    UsageError
        An option does not make sense.
    """
    from napari_icenet.predictors.registry import predictor

    made = predictor(str(network.name), **options)
    assert isinstance(made, LearnedOptions)
    return made.with_network(network, card)


def network_of(name: str, weights: Path | str | None = None, device: str = "auto") -> nn.Module:
    """A network with its weights on a device, in evaluation mode; read once while the file stays as it is.

    Parameters
    ----------
    name : str
        Of the network, as in :data:`napari_icenet.models.registry.MODELS`.
    weights, device
        As in :class:`LearnedOptions`.

    Raises
    ------
    UsageError
        There is no such device.
    WeightsError
        There are no weights, or they cannot be used.
    """
    return _loaded(name, weights, device)[0]


_known: dict[tuple[str, Path, int, int, str], tuple[nn.Module, Card]] = {}
_lock = threading.Lock()


def _loaded(name: str, weights: Path | str | None, device: str) -> tuple[nn.Module, Card]:
    from napari_icenet.models.precision import network_device
    from napari_icenet.models.weights import bundled, find_weights, load_weights

    if weights is None and name not in bundled():
        raise WeightsError(f"no weights of {name} come with this installation; name a file of weights.")
    path = find_weights(name if weights is None else weights).resolve()
    stat, place = path.stat(), network_device(device)
    key = (name, path, stat.st_mtime_ns, stat.st_size, str(place))
    with _lock:
        if key not in _known:
            for old in [k for k in _known if k[:2] == key[:2] and k[4] == key[4]]:
                del _known[old]
            with device_errors():
                _known[key] = load_weights(path, name, place)
        return _known[key]


def forget_networks(device: str | None = None) -> None:
    """Let go of the networks that predictors have read, and give a graphics processor its memory back.

    A predictor that is called again reads its network again.

    Parameters
    ----------
    device : str, optional
        ``cpu``, ``cuda`` (all of them), ``cuda:1`` …, or ``auto`` for the one that it stands for.
        Default: networks on all devices.
    """
    if device == "auto":
        from napari_icenet.models.precision import network_device

        device = str(network_device(device))
    with _lock:
        for key in [k for k in _known if device in (None, k[4], k[4].partition(":")[0])]:
            del _known[key]
    free_memory()


@contextmanager
def evaluating(network: nn.Module, precision: Precision = "fp32") -> Iterator[None]:
    """A network in evaluation mode without gradients, in one precision, and as it was before afterwards."""
    import torch

    training = network.training
    device = next(network.parameters()).device
    network.eval()
    try:
        with torch.inference_mode(), arithmetic(device, network_type(precision, device)):
            yield
    finally:
        network.train(training)
