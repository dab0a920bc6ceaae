from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.simulation.glacier import CENTRE, SimulatedGlacier, TrainingSettings, draw_glacier
from napari_icenet.simulation.sequences import SimulatedSequences, sequences_of
from napari_icenet.simulation.simulator import Simulation

pytestmark = pytest.mark.slow

#: Small and quick: four dates of small chips.
SMALL = TrainingSettings(chip=64, frames=4, size=256, bands=2, per_glacier=5)


def all_of(glaciers: int, settings: TrainingSettings, seed: int) -> list[SimulatedSequences]:
    return [sequences_of(draw_glacier(settings, seed, number), settings) for number in range(glaciers)]


@pytest.fixture(scope="module")
def made() -> list[SimulatedSequences]:
    return all_of(3, SMALL, 5)


@pytest.fixture(scope="module")
def glacier() -> SimulatedGlacier:
    return draw_glacier(SMALL.model_copy(update={"clear_sky": True}), 5, 0)


def test_sequences_are_each_of_another_glacier_and_whole(made: list[SimulatedSequences]) -> None:
    assert len({batch.chips.tobytes() for batch in made}) == 3
    for batch in made:
        assert 1 <= len(batch) <= SMALL.per_glacier
        assert batch.chips.shape == (len(batch), 4, 64, 64)
        assert batch.chips.dtype == np.float32
        assert np.all(np.diff(batch.days, axis=1) >= 15)
        assert set(batch.band) <= {"B1", "B2"}
        fill = np.isnan(batch.chips).mean(axis=(2, 3))
        np.testing.assert_array_equal(batch.valid, (batch.cloud <= 0.3) & (fill <= 0.5))


def test_same_seed_gives_the_same_sequences(made: list[SimulatedSequences]) -> None:
    for batch, again in zip(made[:2], all_of(2, SMALL, 5), strict=True):
        np.testing.assert_array_equal(batch.chips, again.chips)
        np.testing.assert_array_equal(batch.true_rows, again.true_rows)
        np.testing.assert_array_equal(batch.band, again.band)


def test_another_seed_gives_other_ice(made: list[SimulatedSequences]) -> None:
    (other,) = all_of(1, SMALL, 6)
    assert not np.array_equal(other.chips[0], made[0].chips[0])


def test_glaciers_differ_in_flow_light_and_sky() -> None:
    few = [draw_glacier(SMALL, 5, number).settings for number in range(3)]
    for name in ("seed", "speed", "heading", "cloud", "crevasse_slope", "snow", "noise"):
        assert len({getattr(settings, name) for settings in few}) == 3, name


def test_positions_are_those_of_the_simulation(glacier: SimulatedGlacier) -> None:
    batch = sequences_of(glacier, SMALL)
    plain = Simulation(glacier.settings)
    for t, date in enumerate(glacier.dates):
        row, col = batch.true_rows[:, 0], batch.true_cols[:, 0]
        drow, dcol = plain.displacement(row + CENTRE, col + CENTRE, int(glacier.dates[0]), int(date))
        np.testing.assert_allclose(batch.true_rows[:, t], row + drow, atol=1e-9)
        np.testing.assert_allclose(batch.true_cols[:, t], col + dcol, atol=1e-9)
    r, c = round(batch.true_rows[0, 2]), round(batch.true_cols[0, 2])
    chip = glacier.pictures[2, glacier.bands.index(str(batch.band[0])), r - 32 : r + 32, c - 32 : c + 32]
    np.testing.assert_array_equal(batch.chips[0, 2], chip)


def test_quick_pictures_are_those_of_the_archive(glacier: SimulatedGlacier) -> None:
    date = int(glacier.dates[1])
    exact = Simulation(glacier.settings).frame(date, ["B2"]).reflectance["B2"]
    quick = glacier.pictures[1, 1]
    np.testing.assert_array_equal(np.isnan(quick), np.isnan(exact))
    difference = (quick - exact)[np.isfinite(exact)]
    # A sixtieth of a pixel: far below the texture that it moves.
    assert difference.std() < 0.06 * np.nanstd(exact)
