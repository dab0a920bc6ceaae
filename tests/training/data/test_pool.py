"""Where examples come from: datasets, simulated ice, and their sub-pixel places."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.errors import Cancelled, TrainingError
from napari_icenet.predictors.registration import moved, register
from napari_icenet.simulation.glacier import TrainingSettings, draw_glacier
from napari_icenet.simulation.sequences import sequences_of
from napari_icenet.training.data.examples import Examples
from napari_icenet.training.data.pool import DatasetSource, HeldSource, Pool
from napari_icenet.training.data.simulated import simulated_examples
from napari_icenet.training.data.subpixel_positions import dataset_positions, positions_of

pytestmark = pytest.mark.slow

SIMULATION = TrainingSettings(chip=32, frames=3, size=256, bands=1, per_glacier=3)


def examples(count, value=0.0, positions=None):
    return Examples(
        chips=np.full((count, 3, 8, 8), value, np.float16).astype(np.float16),
        days=np.tile(np.arange(3.0), (count, 1)) + np.arange(count)[:, None],
        valid=np.ones((count, 3), bool),
        cloud=np.zeros((count, 3), np.float32),
        positions=positions,
        simulated=np.ones(count, bool),
    )


def test_sequences_come_in_the_order_asked_for():
    pool = Pool([HeldSource(examples(4, 1.0)), HeldSource(examples(4, 2.0))])
    got = pool.read([(1, 3), (0, 2), (1, 0), (0, 0)])
    assert got.chips[:, 0, 0, 0].tolist() == [2, 1, 2, 1]
    assert got.chips.dtype == np.float32
    assert got.days[:, 0].tolist() == [3, 2, 0, 0]
    assert got.positions is None


def test_places_are_there_only_where_all_have_them():
    positions = np.ones((4, 3, 2))
    both = Pool([HeldSource(examples(4, positions=positions)), HeldSource(examples(4, positions=positions))])
    assert both.read([(0, 0), (1, 0)]).positions.shape == (2, 3, 2)
    mixed = Pool([HeldSource(examples(4, positions=positions)), HeldSource(examples(4))])
    assert mixed.read([(0, 0), (1, 0)]).positions is None


def test_sources_without_sequences_are_left_out():
    assert Pool([HeldSource(examples(0)), HeldSource(examples(2))]).sizes == (2,)
    with pytest.raises(TrainingError, match="there are no training sequences"):
        Pool([HeldSource(examples(0))])


def test_a_dataset_is_read_by_split(dataset):
    opened = open_dataset(dataset)
    train = opened.select(split="train")
    source = DatasetSource(opened, train, np.arange(len(train) * 10.0).reshape(-1, 5, 2))
    got = source.read(np.array([5, 1]))
    stored = opened.read(train[[5, 1]])
    np.testing.assert_array_equal(got.chips, stored.chips)
    np.testing.assert_array_equal(got.days, stored.days)
    assert got.positions[0, 0, 0] == 50
    assert not got.simulated.any()


def test_places_say_where_frames_show_what_the_first_shows(dataset):
    opened = open_dataset(dataset)
    base = opened.read(opened.select(split="train")[:1]).chips[0, 0]
    true = np.array([[0, 0], [0.4, -0.7], [-1.2, 0.3]])
    frames = moved(np.stack([base] * 3), -true)
    positions = positions_of(frames)
    np.testing.assert_array_equal(positions[0], 0)
    np.testing.assert_allclose(positions, true, atol=0.15)
    np.testing.assert_allclose(positions - positions[-1], register(frames).positions, atol=1e-12)


def test_places_are_worked_out_once(dataset, tmp_path, monkeypatch):
    opened = open_dataset(dataset)
    indices = opened.select(split="train")[:20]
    told = []
    first = dataset_positions(opened, indices, tmp_path / "p.npy", threads=2, progress=lambda f, t: told.append(f))
    assert told == [0.8, 1.0]
    for at in (0, 7, 19):
        np.testing.assert_array_equal(first[at], positions_of(opened.read(indices[[at]]).chips[0]))
    monkeypatch.setattr("napari_icenet.training.data.subpixel_positions.positions_of", None)
    np.testing.assert_array_equal(dataset_positions(opened, indices, tmp_path / "p.npy"), first)
    (tmp_path / "p.npy").write_bytes((tmp_path / "p.npy").read_bytes()[:-8])
    with pytest.raises(TypeError):  # damaged: it would be worked out again
        dataset_positions(opened, indices, tmp_path / "p.npy", threads=1)


def test_simulated_sequences_are_those_of_the_simulation(tmp_path):
    held = simulated_examples(5, SIMULATION, tmp_path, seed=4, threads=1)
    glaciers = [sequences_of(draw_glacier(SIMULATION, 4, number), SIMULATION).chips for number in range(3)]
    expected = np.concatenate(glaciers)[:5]
    np.testing.assert_array_equal(held.chips, expected.astype(np.float16))
    assert held.simulated.all()
    np.testing.assert_array_equal(held.positions[0], positions_of(expected[0]))


def test_simulated_sequences_go_on_where_they_were(tmp_path, monkeypatch):
    def stop(fraction, text):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        simulated_examples(5, SIMULATION, tmp_path, threads=1, progress=stop)
    whole = simulated_examples(5, SIMULATION, tmp_path, threads=1)
    monkeypatch.setattr("napari_icenet.training.data.simulated.draw_glacier", None)
    np.testing.assert_array_equal(simulated_examples(3, SIMULATION, tmp_path, threads=1).chips, whole.chips[:3])
    other = SIMULATION.model_copy(update={"clear_sky": True})
    with pytest.raises(TypeError):  # other settings are other ice
        simulated_examples(3, other, tmp_path, threads=1)
