"""Texts on the choices of data, and the defaults for a stack."""

from __future__ import annotations

from typing import Any, Final

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.gui.forms.field_editor import Look
from napari_icenet.scenes.stack import SceneStack

SOURCES: Final = {
    "stack": ("Open stack", "Cut sequences from the scenes that are open; made once, and kept for further runs."),
    "dataset": ("Dataset", "Learn from sequences that were cut before, here or by icenet dataset."),
}
_FIRST = DatasetSettings()
#: Settings of the dataset in the form; descriptions, limits and defaults are the settings' own.
LOOKS: Final = {
    "chip": Look("Chip", step=16, suffix=" px", note="The network foresees chips of this size; small frames get less."),
    "stride": Look("Every", step=8, suffix=" px", note="Half of it takes four times as long, for as many sequences."),
    "scale": Look("c", step=0.1, note="Larger follows faster ice and finds more false peaks."),
    "frames": Look("Frames", note="The last two are foreseen."),
    "split_by": Look("Hold out", titles={"area": "Blocks of ground", "time": "Later dates"}),
    "tracking": Look("Tracking", titles={"chain": "Chain (paper)", "robust": "Robust"}, note="Robust takes longer."),
    "seed": Look("Seed", note="Another number lays the blocks out anew."),
}
#: What is chosen beside the settings.
TIPS: Final = {
    "bands": "Bands that are learned from; each gives sequences of its own. Default: all.",
    "dates": "Dates that are used. Take out those that show no ice. Default: all.",
    "area": "Ground that is learned from: the whole frame, or inside an area you drew. Default: the whole frame.",
    "held_out": (
        "Shares of the ground, or of the time, for validation and for the test. "
        f"Default: {100 * _FIRST.validation:g} % each."
    ),
    "spare": (
        "Hold out the same ice as when the weights were trained that the run starts from, where they know this ice: "
        "otherwise ice that they have learned would count as held out. Default: on."
    ),
    "dataset": "A dataset made here or by icenet dataset, ….zarr.",
}
#: With fewer blocks than this on the frame, none is left to hold out.
_LEAST_BLOCKS = 6


def suited(stack: SceneStack) -> dict[str, Any]:
    """Sizes and splits that suit a stack: small frames get small chips, and are split by time."""
    height, width = stack.grid.shape
    dates = len(stack.times)
    chip = next((side for side in (128, 64, 32) if min(height, width) >= 3 * side), 16)
    smallest_block = 3 * chip
    by_time = (height / smallest_block) * (width / smallest_block) < _LEAST_BLOCKS and dates > 7
    # A border in time needs windows of dates on either side of it.
    frames = max(3, min(_FIRST.frames, dates - 4 if by_time else dates))
    return {
        "chip": chip, "stride": chip // 2 if not by_time else max(8, chip // 4), "frames": frames,
        "split_by": "time" if by_time else "area",
    }  # fmt: skip
