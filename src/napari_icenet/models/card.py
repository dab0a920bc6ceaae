"""Cards: what weights are, what they were trained on, and how far to trust them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.errors import WeightsError

#: Raised when a reader of an older version would misread a card or its weights.
FORMAT = 2
#: No card is longer, bytes.
MOST_BYTES = 4 * 1024 * 1024
#: Name of the card in the header of weights that were given away as one file.
INSIDE = "card"


class CardDataset(FrozenModel):
    """A dataset that weights were trained on.

    Attributes
    ----------
    name : str
        Of its folder.
    fingerprint : str
        Changes with the dataset's content.
    sequences : dict of str to int
        By split; weights are trained on ``train`` alone, and chosen by ``validation``.
    stacks : tuple of str
        The stacks it was cut from.
    first, last : datetime, optional
        Dates of the first and last acquisition.
    simulated : bool
    split : dict, optional
        What decides which of its ice was held out: ``by`` area with ``block_px``, ``gap_px``, ``seed`` and the
        shares ``validation`` and ``test``, or ``by`` time with ``train_until`` and ``validation_until``.
    """

    name: str
    fingerprint: str
    sequences: dict[str, int]
    stacks: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    simulated: bool = False
    split: dict[str, Any] | None = None


class CardData(FrozenModel):
    """All data that weights were trained on.

    Attributes
    ----------
    datasets : tuple of CardDataset
    simulated : int
        Sequences of simulated ice beside them.
    splits : str
        How training and held-out ice are kept apart.
    """

    datasets: tuple[CardDataset, ...] = ()
    simulated: int = 0
    splits: str = "blocks of ground with a gap between them; training and held-out ice share their dates"


class Card(FrozenModel):
    """Card of weights: model, settings, data and results. Stored as JSON beside them.

    Attributes
    ----------
    format : int
        Of card and weights.
    model : str
        Name of the network, as in :data:`napari_icenet.models.registry.MODELS`.
    settings : dict
        The network's settings, from which it is built.
    version : str
        Of napari-icenet, which made them.
    created : datetime
    command : str
        What trains them again.
    data : CardData
    steps : int
        Steps of the optimiser.
    device : str
        Trained on.
    precision : str
        Type of the network's arithmetic in training: ``float32``, or ``bfloat16`` or ``float16`` mixed with it.
    parameters : int
        Numbers in the network.
    results : dict
        What was measured, by name.
    limits : tuple of str
        What they are not good for; one sentence each.
    licence : str
    credits : tuple of str
        Whom to thank for the data.
    sha256 : str
        Of the weights' file, hexadecimal; empty before they are saved.
    """

    format: int = FORMAT
    model: str
    settings: dict[str, Any] = Field(default_factory=dict)
    version: str
    created: datetime
    command: str = ""
    data: CardData = CardData()
    steps: int = Field(default=0, ge=0)
    device: str = "cpu"
    precision: str = "float32"
    parameters: int = Field(default=0, ge=0)
    results: dict[str, Any] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licence: str = "BSD-3-Clause"
    credits: tuple[str, ...] = ()
    sha256: str = ""


def card_path(weights: Path) -> Path:
    """Path of the card of a weights' file."""
    return weights.with_suffix(".json")


def read_card(path: Path) -> Card:
    """Read a card: the file itself, or the copy inside the weights beside where there is no such file.

    Raises WeightsError: there is none, it is damaged, or a newer version has written it.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise WeightsError(f"{path} is too large for a card of weights; copy weights and card again.")
        text = path.read_bytes()
    except FileNotFoundError as error:
        inside = _card_inside(path.with_suffix(".safetensors"))
        if inside is None:
            raise WeightsError(f"{path} is missing; weights need their card beside them, copy both.") from error
        text = inside
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); copy weights and card again.") from error
    try:
        plain = _Format.model_validate_json(text)
        if plain.format > FORMAT:
            raise WeightsError(f"{path} is of a newer napari-icenet (format {plain.format}); update to use it.")
        return Card.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"its {where} cannot be used" if where else "it is no JSON"
        raise WeightsError(f"{path} is no card of weights: {what}; copy weights and card again.") from error


def _card_inside(weights: Path) -> bytes | None:
    """The card in the header of a file of weights; None where there is none."""
    try:
        with open(weights, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MOST_BYTES:
                return None
            found = json.loads(file.read(length))["__metadata__"][INSIDE]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found.encode() if isinstance(found, str) else None


class _Format(BaseModel):
    """The one field that every version has."""

    format: int = Field(ge=1)
