"""A simulated glacier archive with exactly known flow.

Imports ``scenes`` and the rooms above it; imported by ``evaluation``, ``training`` and ``cli``.
"""

from napari_icenet.simulation.archive import simulate, write_archive
from napari_icenet.simulation.settings import SAMPLE_SEED, Preset, SimulationSettings
from napari_icenet.simulation.simulator import Frame, Simulation
from napari_icenet.simulation.truth import Truth, load_truth

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
