from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.errors import StackError
from napari_icenet.evaluation.reference_measure import ReferenceMeasure, reference_measure
from napari_icenet.evaluation.scoring.table import PAPER
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.simulation import Simulation, SimulationSettings

pytestmark = pytest.mark.slow

#: As many as the paper's sequences have.
DATES = 12


def stack_of(simulation: Simulation, dates: int) -> SceneStack:
    pictures = [list(simulation.frame(date).reflectance.values()) for date in range(dates)]
    return SceneStack.from_array(
        np.array(pictures), simulation.times[:dates], bands=simulation.bands, grid=simulation.grid
    )


@pytest.fixture(scope="module")
def byrd() -> ReferenceMeasure:
    # All seven bands, as the paper: noise and clouds count more in some than in others.
    simulation = Simulation(SimulationSettings.of("byrd"), quick=True)
    return reference_measure(stack_of(simulation, DATES), chips=25)


@pytest.mark.parametrize("name", ["persistence", "high-pass"])
def test_byrd_reaches_the_papers_means(byrd: ReferenceMeasure, name: str) -> None:
    assert byrd.rows[name]["mean"] == pytest.approx(PAPER[name]["mean"], abs=0.05)
    # Most chips are lost, few are very much alike, as in the paper.
    assert byrd.rows[name]["low"] == pytest.approx(PAPER[name]["low"], abs=0.15)
    assert byrd.rows[name]["high"] < 0.12


def test_the_text_states_figures_and_sample(byrd: ReferenceMeasure) -> None:
    text = byrd.as_text()
    assert f"{byrd.rows['high-pass']['mean']:.3f}" in text
    assert f"on {byrd.chips} chips of 128 px in 7 bands" in text
    assert "t0 is date 10 of 12" in text


def test_still_ice_is_measured_as_by_hand() -> None:
    # Ice at rest with noise of its own on each date: chips stay, and correlations are those of the places.
    generator = np.random.default_rng(3)
    ground = np.cumsum(np.cumsum(generator.standard_normal((160, 160)), axis=0), axis=1)
    ground = (ground / ground.std()).astype(np.float32)
    pictures = ground + 0.3 * generator.standard_normal((4, 160, 160)).astype(np.float32)
    times = [np.datetime64("2020-01-01", "s").item().replace(day=1 + n) for n in range(4)]
    settings = EvaluationSettings(chip=64, stride=96)
    measure = reference_measure(SceneStack.from_array(pictures, times), settings=settings)
    expected: dict[str, list[float]] = {"none": [], "high-pass": []}
    for row in (32, 128):
        for col in (32, 128):
            for name, found in expected.items():
                # Two past frames: t0 is the second, t2 the fourth.
                t0, t2 = (prefilter(name)(pictures[n, row - 32 : row + 32, col - 32 : col + 32].copy()) for n in (1, 3))
                found.append(float(np.corrcoef(t0.ravel(), t2.ravel())[0, 1]))
    assert measure.chips == 4
    assert measure.rows["persistence"]["mean"] == pytest.approx(np.mean(expected["none"]), abs=1e-4)
    assert measure.rows["high-pass"]["mean"] == pytest.approx(np.mean(expected["high-pass"]), abs=1e-4)


def test_two_dates_are_too_few() -> None:
    times = [np.datetime64("2020-01-01", "s").item(), np.datetime64("2020-01-17", "s").item()]
    stack = SceneStack.from_array(np.zeros((2, 160, 160), np.float32), times)
    with pytest.raises(StackError, match="2 dates"):
        reference_measure(stack)
