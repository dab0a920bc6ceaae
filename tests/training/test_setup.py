"""What a run gathers before its first step, and what it refuses before its folder is touched."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import DatasetError, TrainingError, UsageError, WeightsError
from napari_icenet.jobs.file_lock import locked
from napari_icenet.models.card import Card, CardData, CardDataset
from napari_icenet.models.weights import load_weights, save_weights
from napari_icenet.training.data.fingerprint import fingerprint
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import make_run_settings
from napari_icenet.training.setup import Session, completed
from tests.datasets.ice import moving, stack_of
from tests.training.runs import small
from tests.training.tiny import CHIP, FRAMES, Tiny, TinySettings

pytestmark = pytest.mark.slow


def never() -> bool:
    return False


def ignore(_share: float, _text: str) -> None:
    pass


@pytest.fixture(scope="session")
def without_validation(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "ice.zarr"
    settings = DatasetSettings(
        chip=CHIP, frames=FRAMES, scale=1.5, stride=16, block=2.5, gap=4, windows=1, validation=0, test=0
    )
    build_dataset([stack_of(moving(FRAMES + 1, 160, (0, 1)))], path, settings)
    return path


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def weights_at(path, **data):
    torch.manual_seed(1)
    network = Tiny(TinySettings(width=3))
    card = Card(
        model="tiny", settings=network.settings.model_dump(), version="0", created="2026-01-01T00:00:00Z",
        data=CardData(**data),
    )  # fmt: skip
    return save_weights(path, network, card), network


def test_records_tell_settings_data_and_software(dataset, folder):
    settings = small(dataset, seed=5)
    with Session(settings, folder, resume=False) as session:
        assert json.loads(folder.config.read_text()) == session.settings.model_dump(mode="json")
        assert folder.settings() == session.settings
        (use,) = json.loads(folder.data.read_text())["datasets"]
        opened = open_dataset(dataset)
        assert use["fingerprint"] == fingerprint(opened)
        assert use["sequences"] == {
            name: len(opened.select(split=name)) for name in ("train", "validation", "test", "none")
        }
        assert {"napari-icenet", "python", "torch", "numpy", "system"} <= set(json.loads(folder.software.read_text()))
        assert not folder.start.exists()
        assert folder.pool.is_dir()


def test_the_folder_is_held_as_long_as_the_session(dataset, folder):
    refused = pytest.raises(TrainingError, match="in use")
    with Session(small(dataset), folder, resume=False), refused, locked(folder.path):
        pass
    with locked(folder.path):
        pass


def test_a_request_of_before_is_forgotten(dataset, folder):
    folder.path.mkdir()
    folder.request("stop")
    with Session(small(dataset), folder, resume=False):
        assert folder.requested() == "run"


def test_what_follows_from_the_data_is_filled_in(dataset):
    found = completed(small(dataset), [open_dataset(dataset)])
    assert (found.data.simulation.chip, found.data.simulation.frames) == (CHIP, FRAMES)
    assert found.model_settings == TinySettings().model_dump()
    svg = completed(small(dataset, model="svg-lp"), [open_dataset(dataset)])
    assert svg.model_settings["chip"] == CHIP
    own = completed(small(dataset, model="svg-lp", model_settings={"chip": 64}), [open_dataset(dataset)])
    assert own.model_settings["chip"] == 64


def test_completing_twice_changes_nothing(dataset):
    once = completed(small(dataset), [open_dataset(dataset)])
    assert completed(once, [open_dataset(dataset)]) == once


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"model": "other"}, "other"),
        ({"model_settings": {"width": "wide"}}, "width"),
        ({"model_settings": {"height": 3}}, "height"),
        ({"objective": {"noise": "loud"}}, "noise"),
        ({"data": {"bands": ["B9"]}}, "B9"),
    ],
)
def test_settings_that_cannot_be_used_leave_no_folder(dataset, folder, values, told):
    with pytest.raises(UsageError, match=told):
        Session(small(dataset, **values), folder, resume=False)
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"optimisation": {"batch": 5000}}, r"batch of 5000 .* optimisation\.batch"),
        ({"data": {"datasets": []}}, r"no training sequences in no dataset.* data\.simulated"),
    ],
)
def test_counts_that_cannot_work_leave_no_folder(dataset, folder, values, told):
    with pytest.raises(TrainingError, match=told):
        Session(small(dataset, **values), folder, resume=False)
    assert not folder.path.exists()


def test_a_run_without_validation_ice_must_say_so(without_validation, folder):
    with pytest.raises(TrainingError, match=r"validation\.every=0"):
        Session(small(without_validation, validation={"every": 4}), folder, resume=False)
    with Session(small(without_validation), folder, resume=False) as session:
        assert session.loop(ignore, ignore, never).held_out is None


def test_simulated_ice_alone_will_do(folder):
    settings = make_run_settings(
        {"model": "tiny", "data": {"simulated": 8}, "optimisation": {"batch": 8}, "validation": {"every": 0}}
    )
    session = Session(settings, folder, resume=False)
    assert session.settings.data.simulated == 8
    assert not folder.path.exists()


def test_a_dataset_that_is_not_there(tmp_path, folder):
    with pytest.raises(DatasetError, match=r"none\.zarr"):
        Session(small(tmp_path / "none.zarr"), folder, resume=False)


def test_a_folder_that_cannot_be_made(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(TrainingError, match="cannot be made"),
        Session(small(dataset), RunFolder(tmp_path / "file" / "run"), resume=False),
    ):
        pass


def test_the_same_seed_gives_the_same_start(dataset, folder, tmp_path):
    found = []
    for seed in (0, 0, 1):
        session = Session(small(dataset, seed=seed), folder, resume=False)
        found.append(session._objective.network.layers[0].weight.detach().clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_loop_gets_the_chosen_sequences_and_batches_go_on_for_ever(dataset, folder):
    settings = small(dataset, validation={"every": 4, "sequences": 5})
    with Session(settings, folder, resume=False) as session:
        loop = session.loop(ignore, ignore, never)
        assert len(loop.held_out.sequences) == 5
        opened = open_dataset(dataset)
        assert sum(session._pool.sizes) == len(opened.select(split="train"))
        rounds = 3 * sum(session._pool.sizes) // 4
        source = session.batches()
        taken = [next(source) for _ in range(rounds)]
        assert {batch.arrays["last"].shape for batch in taken} == {(4, CHIP, CHIP)}
        source.close()


def test_batches_are_the_same_whatever_the_threads(dataset, tmp_path):
    found = []
    for workers in (0, 2):
        run = RunFolder(tmp_path / str(workers))
        with Session(small(dataset, data={"workers": workers}), run, resume=False) as session:
            session.loop(ignore, ignore, never)
            source = session.batches()
            found.append([next(source).arrays["last"] for _ in range(5)])
            source.close()
    np.testing.assert_array_equal(*found)


def test_weights_to_start_from_are_taken_with_their_settings(dataset, folder, tmp_path):
    path, network = weights_at(tmp_path / "before")
    with Session(small(dataset, weights=str(path)), folder, resume=False) as session:
        assert session.settings.model_settings["width"] == 3
        made = session.loop(ignore, ignore, never).stepper.network
        for name, tensor in network.state_dict().items():
            assert torch.equal(made.state_dict()[name], tensor)
    assert Card.model_validate_json(folder.start.read_bytes()).model == "tiny"


def test_weights_and_other_settings_contradict_each_other(dataset, folder, tmp_path):
    path, _ = weights_at(tmp_path / "before")
    with pytest.raises(UsageError, match="model_settings"):
        Session(small(dataset, weights=str(path), model_settings={"width": 8}), folder, resume=False)
    with pytest.raises(WeightsError):
        Session(small(dataset, weights=str(tmp_path / "none")), folder, resume=False)


def test_the_card_tells_of_the_data_and_what_the_start_had_learned_from(dataset, folder, tmp_path):
    other = CardDataset(name="old.zarr", fingerprint="f", sequences={"train": 9}, stacks=("byrd",))
    path, _ = weights_at(tmp_path / "before", datasets=(other,), simulated=7)
    with Session(small(dataset, weights=str(path)), folder, resume=False) as session:
        card = session._card()
    assert [one.name for one in card.data.datasets] == ["ice.zarr", "old.zarr"]
    assert card.data.datasets[0].fingerprint == fingerprint(open_dataset(dataset))
    assert card.data.simulated == 7
    assert (card.model, card.device[:3], card.precision) == ("tiny", "cpu", "float32")
    assert card.settings["width"] == 3


@pytest.fixture
def begun(dataset, tmp_path):
    """A run that was set up on a dataset of its own."""
    own = tmp_path / "own.zarr"
    shutil.copytree(dataset, own)
    run = RunFolder(tmp_path / "begun")
    with Session(small(own), run, resume=False):
        pass
    return run


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"seed": 1}, "seed"),
        ({"optimisation": {"batch": 2}}, "optimisation"),
        ({"optimisation": {"learning_rate": 0.5}}, "optimisation"),
        ({"objective": {"noise": 0.1}}, "objective"),
        ({"model_settings": {"width": 5}}, "model_settings"),
        ({"validation": {"every": 3}}, "validation"),
    ],
)
def test_a_run_does_not_go_on_with_what_would_give_other_steps(begun, tmp_path, values, name):
    with pytest.raises(UsageError, match=f"another {name}"):
        Session(small(tmp_path / "own.zarr", **values), begun, resume=True)


@pytest.mark.parametrize(
    "values",
    [
        {"optimisation": {"steps": 99}},
        {"optimisation": {"pieces": 2}},
        {"validation": {"patience": 3}},
        {"checkpoint_every": 77},
        {"half": True},
        {"data": {"workers": 3}},
        {"threads": None},
    ],
)
def test_a_run_goes_on_elsewhere_and_for_longer(begun, tmp_path, values):
    with Session(small(tmp_path / "own.zarr", **values), begun, resume=True) as session:
        assert begun.settings() == session.settings


def test_a_run_goes_on_with_the_same_data_alone(begun, tmp_path, without_validation):
    shutil.rmtree(tmp_path / "own.zarr")
    with pytest.raises(TrainingError, match="gone"):
        Session(begun.settings(), begun, resume=True)
    shutil.copytree(without_validation, tmp_path / "own.zarr")
    with pytest.raises(TrainingError, match="has changed"):
        Session(begun.settings(), begun, resume=True)


def test_a_run_goes_on_where_its_dataset_has_moved_to(begun, tmp_path):
    (tmp_path / "own.zarr").rename(tmp_path / "moved.zarr")
    with Session(small(tmp_path / "moved.zarr"), begun, resume=True) as session:
        assert session.settings.data.datasets == (str(tmp_path / "moved.zarr"),)


def test_a_record_of_the_data_that_is_damaged(begun):
    begun.data.write_text("{")
    with pytest.raises(TrainingError, match="--force"):
        Session(begun.settings(), begun, resume=True)


def test_the_network_of_the_card_is_the_one_that_is_saved(dataset, folder):
    with Session(small(dataset), folder, resume=False) as session:
        loop = session.loop(ignore, ignore, never)
        loop.run(session.batches())
    network, card = load_weights(folder.last, "tiny")
    assert card.steps == 12
    assert card.command.startswith("icenet train ice.zarr -o RUN --model tiny")
    assert sum(p.numel() for p in network.parameters()) == card.parameters
