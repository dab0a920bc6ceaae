"""Export weights as one safetensors file with the card in its header."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from napari_icenet.errors import WeightsError
from napari_icenet.models.card import INSIDE, Card, card_path, read_card
from napari_icenet.models.weights import write_with_card


def export_weights(source: Path, path: Path) -> Path:
    """Copy weights to one file that holds their card in its header, with the same card beside for people to read.

    Parameters
    ----------
    source : Path
        A ``.safetensors`` file with its card.
    path : Path
        Name with or without ``.safetensors``. Both files are replaced if they are there.

    Returns
    -------
    Path
        The file of the weights; it can be used without the card beside it.

    Raises
    ------
    WeightsError
        The source is damaged, or the place cannot be written; old files are then as they were.
    """
    path = path if path.suffix == ".safetensors" else path.with_name(f"{path.name}.safetensors")
    card = read_card(card_path(source))
    return write_with_card(path, _with_card(source, card), card)


def _with_card(source: Path, card: Card) -> bytes:
    """The file's content, with the card in its header; tensors are as they were."""
    try:
        content = source.read_bytes()
    except OSError as error:
        raise WeightsError(f"{source} cannot be read ({error.strerror or error}); copy it again.") from error
    if card.sha256 and hashlib.sha256(content).hexdigest() != card.sha256:
        raise WeightsError(f"{source} does not belong to its card, or is damaged; copy both again.")
    start = 8 + int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8:start])
        known = dict(header.pop("__metadata__", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{source} is damaged; copy it again.") from error
    # A file cannot hold its own checksum.
    inside = card.model_copy(update={"sha256": ""}).model_dump_json()
    text = json.dumps({"__metadata__": known | {INSIDE: inside}, **header}).encode()
    # The tensors begin at a multiple of 8 bytes.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]
