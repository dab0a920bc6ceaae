"""Weights on disk: what is saved is loaded, and nothing else is."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_icenet.errors import WeightsError
from napari_icenet.models.card import FORMAT, Card, card_path, read_card
from napari_icenet.models.registry import build
from napari_icenet.models.weights import bundled, find_weights, load_weights, save_weights

SMALL = {"width": 8, "depth": 1, "residual": 4}


def card(**values) -> Card:
    plain = {"model": "icenet", "settings": SMALL, "version": "0.1.0", "created": datetime.now(UTC)}
    return Card(**plain | values)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return build("icenet", SMALL)


@pytest.fixture
def saved(network, tmp_path) -> Path:
    return save_weights(tmp_path / "ice", network, card())


def resign(path: Path) -> None:
    """Make the card vouch for whatever the file holds now, as an attacker would."""
    import hashlib

    told = json.loads(card_path(path).read_text())
    told["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card_path(path).write_text(json.dumps(told))


def header_of(path: Path) -> tuple[dict, bytes]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write(path: Path, header: dict | bytes, data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    resign(path)


def test_what_is_saved_is_loaded(network, saved):
    assert saved.name == "ice.safetensors"
    loaded, told = load_weights(saved)
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert told.model == "icenet"
    assert told.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert read_card(card_path(saved)) == told


def test_half_takes_half_and_is_loaded_as_float32(network, saved, tmp_path):
    small = save_weights(tmp_path / "half.safetensors", network, card(), half=True)
    assert small.stat().st_size < 0.62 * saved.stat().st_size
    loaded, _ = load_weights(small)
    for name, tensor in network.state_dict().items():
        assert loaded.state_dict()[name].dtype == torch.float32
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)


def test_loading_disturbs_no_random_numbers(saved):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    load_weights(saved)
    assert torch.equal(torch.rand(3), expected)


def test_weights_are_found_by_name_card_or_file(saved, monkeypatch):
    monkeypatch.setattr("napari_icenet.models.weights.BUNDLED", saved.parent)
    assert bundled() == {"ice": saved}
    for name in ("ice", saved, str(saved), card_path(saved), saved.with_suffix("")):
        assert find_weights(name) == saved


def test_bundled_weights_are_small_whole_and_credited():
    found = bundled()
    assert sum(path.stat().st_size for path in found.values()) <= 40e6
    for name, path in found.items():
        network, told = load_weights(name)
        assert told.model == network.name
        assert told.command.startswith("icenet train ")
        assert told.licence
        assert told.credits
        assert told.limits
        assert path.stat().st_size > 0


def test_old_files_stay_when_the_new_cannot_be_written(network, saved, monkeypatch):
    before = saved.read_bytes(), card_path(saved).read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WeightsError, match=r"ice\.safetensors cannot be written \(No space left on device\)"):
        save_weights(saved, build("icenet", SMALL), card())
    assert (saved.read_bytes(), card_path(saved).read_bytes()) == before
    assert {path.suffix for path in saved.parent.iterdir()} == {".safetensors", ".json"}


def test_numbers_that_are_not_finite_are_neither_saved_nor_loaded(network, saved):
    with torch.no_grad():
        network.power.fill_(float("nan"))
    with pytest.raises(WeightsError, match=r"is not written: .* holds numbers that are not finite"):
        save_weights(saved, network, card())
    tensors = load_file(saved)
    name = next(iter(tensors))
    tensors[name] = torch.full_like(tensors[name], float("inf"))
    save_file(tensors, saved)
    resign(saved)
    with pytest.raises(WeightsError, match="holds numbers that are not finite, in"):
        load_weights(saved)


@pytest.mark.parametrize("position", [0, 3, 9, 200, -1])
def test_a_flipped_byte_is_noticed(position, saved):
    content = bytearray(saved.read_bytes())
    content[position] ^= 0xFF
    saved.write_bytes(content)
    with pytest.raises(WeightsError):
        load_weights(saved)


@pytest.mark.parametrize("length", [0, 4, 8, 100, -10])
def test_a_file_cut_short_is_refused(length, saved):
    saved.write_bytes(saved.read_bytes()[:length])
    resign(saved)
    with pytest.raises(WeightsError, match="is damaged"):
        load_weights(saved)


def test_other_weights_are_told_apart(saved, tmp_path):
    with pytest.raises(WeightsError, match="holds weights of icenet, not of svg-lp; choose other weights"):
        load_weights(saved, "svg-lp")
    other = save_weights(tmp_path / "other", build("icenet", SMALL | {"width": 16}), card())
    with pytest.raises(
        WeightsError, match=r"weights of another network: \S+ is [\d ×]+, not [\d ×]+; choose other weights"
    ):
        load_weights(other)
    without = save_weights(tmp_path / "without", build("icenet", SMALL | {"residual": 0}), card())
    with pytest.raises(WeightsError, match="weights of another network: it lacks residual"):
        load_weights(without)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": FORMAT + 1}, "is of a newer napari-icenet \\(format 3\\); update to use it"),
        ({"format": FORMAT + 1, "novelty": 1}, "is of a newer napari-icenet"),
        ({"model": "gpt"}, "describes no network there is: there is no model gpt"),
        ({"settings": {"width": 10**9}}, "describes no network there is: width 1000000000 cannot be used"),
        ({"settings": {"layers": 3}}, "describes no network there is"),
        ({"novelty": 1}, "is no card of weights: its novelty cannot be used"),
        ({"created": "yesterday"}, "is no card of weights: its created cannot be used"),
    ],
)
def test_cards_that_cannot_be_used(change, message, saved):
    told = json.loads(card_path(saved).read_text())
    card_path(saved).write_text(json.dumps(told | change))
    with pytest.raises(WeightsError, match=message):
        load_weights(saved)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x80\x04.", "{" * 100000])
def test_what_is_no_card(text, saved):
    card_path(saved).write_text(text)
    with pytest.raises(WeightsError, match="is no card of weights"):
        load_weights(saved)


def test_a_card_is_needed(saved):
    card_path(saved).unlink()
    with pytest.raises(WeightsError, match=r"ice\.json is missing; weights need their card beside them"):
        load_weights(saved)
    with pytest.raises(WeightsError, match=r"nothing\.safetensors does not exist"):
        load_weights(saved.parent / "nothing")


def test_weights_that_are_not_there_are_told_with_those_that_are(saved):
    folder = saved.parent
    last = saved.rename(folder / "last.safetensors")
    for named, told in (
        (
            folder / "best.safetensors",
            "best.safetensors does not exist (a run writes best.safetensors when it is first ",
        ),
        (folder / "better", "better.safetensors does not exist; what there is: "),
        (folder, f"{folder} is a folder; what there is: "),
    ):
        with pytest.raises(WeightsError) as error:
            find_weights(named)
        assert told in str(error.value)
        assert str(error.value).endswith(f"what there is: {last}.")
    last.unlink()
    with pytest.raises(WeightsError, match=r"best\.safetensors does not exist; name a .* or one of icenet, svg-lp\."):
        find_weights(folder / "best.safetensors")


def test_hostile_headers_are_refused_before_memory_is_taken(saved):
    header, data = header_of(saved)
    name = next(key for key in header if key != "__metadata__")
    honest = header[name]
    for bad in (
        {"shape": [10**12]},
        {"shape": [-1]},
        {"data_offsets": [0, 10**15]},
        {"data_offsets": [-4, 0]},
        {"data_offsets": [8]},
        {"dtype": "PICKLE"},
        {"dtype": "I64"},
        {"dtype": "F64"},
        {"shape": "all"},
    ):
        write(saved, header | {name: honest | bad}, data)
        with pytest.raises(WeightsError):
            load_weights(saved)
    write(saved, b"[" * 100_000, data)
    with pytest.raises(WeightsError, match="is damaged"):
        load_weights(saved)
    saved.write_bytes(struct.pack("<Q", 2**63) + b"{}")
    with pytest.raises(WeightsError, match="is damaged"):
        load_weights(saved)


def test_overlapping_tensors_are_refused(saved):
    header, data = header_of(saved)
    (first, one), (_, two) = [(k, v) for k, v in header.items() if k != "__metadata__" and v["shape"]][:2]
    size = one["data_offsets"][1] - one["data_offsets"][0]
    start = two["data_offsets"][0]
    if start + size <= len(data):
        write(saved, header | {first: one | {"data_offsets": [start, start + size]}}, data)
        with pytest.raises(WeightsError):
            load_weights(saved)


def test_a_pickle_is_never_opened(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"weights": Trap()}, saved)
    resign(saved)
    with pytest.raises(WeightsError, match="is damaged"):
        load_weights(saved)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.slow
def test_random_bytes_give_an_error_and_nothing_else(saved):
    rng = np.random.default_rng(0)
    honest = saved.read_bytes()
    for _ in range(100):
        content = bytearray(honest)
        for place in rng.integers(0, 2000, 4):
            content[place] = rng.integers(256)
        saved.write_bytes(content)
        resign(saved)
        try:
            load_weights(saved)
        except WeightsError:
            continue
