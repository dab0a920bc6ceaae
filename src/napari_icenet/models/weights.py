"""Weights on disk: safetensors with a card beside, checked before anything is built from them."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import UsageError, WeightsError
from napari_icenet.models.card import Card, card_path, read_card

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Weights that come with the package.
BUNDLED = Path(__file__).parent / "bundled"
#: No file of weights is larger, bytes; and no header of one.
MOST_BYTES, MOST_HEADER = 2 * 1024**3, 4 * 1024 * 1024
#: Types that weights may be stored in, and bytes of a number.
_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
_FLOATS = ("F16", "BF16", "F32", "F64")


def bundled() -> dict[str, Path]:
    """Files of the weights that come with the package, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}


def save_weights(path: str | Path, network: nn.Module, card: Card, *, half: bool = False) -> Path:
    """Write a network's weights and their card, each whole or absent.

    Parameters
    ----------
    path : path
        Name with or without ``.safetensors``; the card lies beside, as ``.json``. Both are replaced if
        they are there.
    network : nn.Module
        All of its tensors are stored, on whatever device they are.
    card : Card
        Its checksum and number of parameters are filled in.
    half : bool
        Store floating numbers in 16 bits: half the size, and as good for a prediction.

    Returns
    -------
    Path
        The file of the weights.

    Raises
    ------
    WeightsError
        The disk is full, or the folder is missing or closed; old files are as they were.
    """
    import torch
    from safetensors.torch import save

    path = _weights_path(Path(path))
    tensors = {}
    for name, tensor in network.state_dict().items():
        shrunk = tensor.detach().to("cpu", torch.float16 if half and tensor.is_floating_point() else tensor.dtype)
        if tensor.is_floating_point() and not torch.isfinite(shrunk).all():
            raise WeightsError(f"{path} is not written: {name} holds numbers that are not finite.")
        # A copy, for tensors that share memory are refused.
        tensors[name] = shrunk.contiguous().clone()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    content = save(tensors, metadata={"format": "pt", "model": card.model})
    return write_with_card(path, content, card.model_copy(update={"parameters": parameters}))


def write_with_card(path: Path, content: bytes, card: Card) -> Path:
    """Write a file of weights and its card, with the checksum filled in, each whole or absent.

    Raises WeightsError: the disk is full, or the folder is missing or closed; old files are as they were.
    """
    filled = card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    try:
        write_durably(path, content)
        write_durably(card_path(path), (filled.model_dump_json(indent=2) + "\n").encode())
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written ({error.strerror or error}); free some space, or choose another folder."
        ) from error
    return path


def load_weights(
    weights: str | Path, model: str | None = None, device: str | torch.device = "cpu"
) -> tuple[nn.Module, Card]:
    """The network that weights belong to, ready to predict, and its card.

    Names, shapes, types and sizes in the file are compared with the network that the card describes
    before any memory is set aside for them; nothing is unpickled.

    Parameters
    ----------
    weights : str or path
        Name of bundled weights, or a ``.safetensors`` file with its card beside.
    model : str, optional
        The network they must belong to.
    device : str or torch.device

    Returns
    -------
    (nn.Module, Card)
        The module is in evaluation mode, in float32.

    Raises
    ------
    WeightsError
        There are none, they are damaged or too large, a newer version made them, or they are another network's.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = find_weights(weights)
    card = read_card(card_path(path))
    if model is not None and card.model != model:
        raise WeightsError(f"{path} holds weights of {card.model}, not of {model}; choose other weights.")
    expected = _expected_tensors(card, path)
    content = _checked_bytes(path, expected)
    if card.sha256 and hashlib.sha256(content).hexdigest() != card.sha256:
        raise WeightsError(f"{path} does not belong to its card, or is damaged; copy both again.")
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{path} is damaged; copy it again.") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise WeightsError(f"{path} holds numbers that are not finite, in {name}; copy it again.")
    network = _built(card, path)
    network.load_state_dict({name: tensors[name].to(kind.dtype) for name, kind in expected.items()})
    return network.to(device).eval(), card


def find_weights(weights: str | Path) -> Path:
    """The file of some weights, by the name of bundled ones or by path.

    Raises WeightsError: there is none.
    """
    known = bundled()
    if isinstance(weights, str) and weights in known:
        return known[weights]
    path = _weights_path(Path(weights))
    if not path.is_file():
        raise WeightsError(_none_there(Path(weights), path))
    return path


def _none_there(given: Path, path: Path) -> str:
    """Sentence on weights that are not there, with those that are."""
    if given.is_dir():
        folder, wrong = given, f"{given} is a folder"
    elif path.exists():
        folder, wrong = path.parent, f"{path} is no file"
    else:
        folder, wrong = path.parent, f"{path} does not exist"
    if there := sorted(folder.glob("*.safetensors")):
        why = " (a run writes best.safetensors when it is first validated)" if path.stem == "best" else ""
        return f"{wrong}{why}; what there is: {', '.join(str(one) for one in there if one.is_file())}."
    return f"{wrong}; name a .safetensors file, or one of {', '.join(bundled())}."


def _weights_path(path: Path) -> Path:
    if path.suffix == ".safetensors":
        return path
    return path.with_suffix(".safetensors") if path.suffix == ".json" else path.with_name(f"{path.name}.safetensors")


def _built(card: Card, path: Path) -> nn.Module:
    """The network that a card describes, its random start drawn without disturbing anybody's."""
    import torch

    from napari_icenet.models.registry import build

    try:
        with torch.random.fork_rng(devices=[]):
            return build(card.model, card.settings)
    except UsageError as error:
        raise WeightsError(f"the card of {path} describes no network there is: {error}") from error


def _expected_tensors(card: Card, path: Path) -> dict[str, torch.Tensor]:
    """Names, shapes and types of the network's tensors, none of which takes memory."""
    import torch

    try:
        with torch.device("meta"):
            tensors = _built(card, path).state_dict()
    except (RuntimeError, MemoryError, OverflowError) as error:
        raise WeightsError(f"the card of {path} describes a network too large to build; copy both again.") from error
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > MOST_BYTES:
        raise WeightsError(
            f"the card of {path} describes a network of more than {MOST_BYTES >> 30} GiB; copy both again."
        )
    return tensors


def _checked_bytes(path: Path, expected: dict[str, torch.Tensor]) -> bytes:
    """The file's content, read once its size and its header are those of the expected tensors."""
    damaged = f"{path} is damaged; copy it again"
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise WeightsError(f"{path} is larger than {MOST_BYTES >> 30} GiB, too large for weights of icenet.")
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(MOST_HEADER, size - 8):
                raise WeightsError(f"{damaged}.")
            header = _header(file.read(length), damaged)
            _compare(header, expected, size - 8 - length, path)
            file.seek(0, os.SEEK_SET)
            return file.read(size)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror or error}); copy it again.") from error


def _header(text: bytes, damaged: str) -> dict[str, tuple[str, list[int], list[int]]]:
    """Type, shape and place of every tensor in a file."""
    try:
        raw: Any = json.loads(text)
        entries = {name: entry for name, entry in raw.items() if name != "__metadata__"}
        return {
            str(name): (
                str(entry["dtype"]),
                [int(side) for side in entry["shape"]],
                [int(place) for place in entry["data_offsets"]],
            )
            for name, entry in entries.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{damaged}.") from error


def _compare(
    header: dict[str, tuple[str, list[int], list[int]]], expected: dict[str, torch.Tensor], room: int, path: Path
) -> None:
    """Refuse a file whose tensors are not those of the network."""
    again = "choose other weights, or copy them again"
    if set(header) != set(expected):
        odd = sorted(set(header) ^ set(expected))
        state = "lacks" if odd[0] in expected else "has"
        raise WeightsError(f"{path} are weights of another network: it {state} {odd[0][:80]}; {again}.")
    for name, (kind, shape, places) in header.items():
        tensor = expected[name]
        if shape != list(tensor.shape):
            sizes = f"{_sides(shape)}, not {_sides(tensor.shape)}"
            raise WeightsError(f"{path} are weights of another network: {name} is {sizes}; {again}.")
        fits = kind in _FLOATS if tensor.is_floating_point() else kind in _BYTES and kind not in _FLOATS
        whole = len(places) == 2 and 0 <= places[0] <= places[1] <= room
        if not fits or not whole or places[1] - places[0] != math.prod(shape) * _BYTES[kind]:
            raise WeightsError(f"{path} is damaged in {name}; copy it again.")


def _sides(shape: Any) -> str:
    return " × ".join(str(side) for side in shape) or "a single number"
