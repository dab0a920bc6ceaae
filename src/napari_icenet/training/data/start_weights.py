"""The weights that a run starts from: their card, and whether the run can start from them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from napari_icenet.errors import IceNetError
from napari_icenet.models.card import Card, card_path, read_card
from napari_icenet.models.weights import find_weights
from napari_icenet.training.settings import RunSettings


def start_card(weights: str | Path) -> Card:
    """The card of some weights, which is read again only where its file has changed.

    Parameters
    ----------
    weights : str or path
        Name of bundled weights, or a file.

    Raises
    ------
    WeightsError
        There are no such weights, or their card cannot be read.
    """
    file = find_weights(weights)
    path = card_path(file)
    # Weights that were given away as one file hold their card themselves.
    return _read(path, _version(path), _version(file))


def start_trouble(settings: RunSettings, chip: int | None = None) -> str:
    """Sentence on why a run cannot start from its weights; empty where it can, and where it starts at random.

    Parameters
    ----------
    settings : RunSettings
    chip : int, optional
        Of the sequences that are learned from, px; left out of account where it is not known yet.
    """
    if settings.weights is None:
        return ""
    try:
        card = start_card(settings.weights)
    except IceNetError as error:
        return str(error)
    if card.model != settings.model:
        return f"the weights to start from are of {card.model}, not of {settings.model}; choose others."
    own = card.settings.get("chip")
    if isinstance(own, int) and chip is not None and chip != own:
        return (
            f"the weights to start from are for chips of {own} px, and these are of {chip} px; "
            "choose other weights, or data with that chip."
        )
    return ""


def _version(path: Path) -> tuple[int, int] | None:
    """Changes whenever a file is replaced; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


@lru_cache(maxsize=64)
def _read(path: Path, *_versions: tuple[int, int] | None) -> Card:
    return read_card(path)
