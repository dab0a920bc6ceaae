"""A simulated glacier archive with exactly known flow."""

from napari_icenet.scenes.simulation.archive import simulate, write_archive
from napari_icenet.scenes.simulation.settings import SAMPLE_SEED, Preset, SimulationSettings
from napari_icenet.scenes.simulation.simulation import Frame, Simulation
from napari_icenet.scenes.simulation.truth import Truth, load_truth

__all__ = [
    "SAMPLE_SEED",
    "Frame",
    "Preset",
    "Simulation",
    "SimulationSettings",
    "Truth",
    "load_truth",
    "simulate",
    "write_archive",
]
