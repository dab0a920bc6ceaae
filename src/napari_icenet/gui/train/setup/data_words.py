"""Texts on the choices of data, and the defaults for a stack."""

from __future__ import annotations

from typing import Any, Final

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.scenes.stack import SceneStack

SOURCES: Final = {
    "stack": ("Open stack", "Cut sequences from the scenes that are open; made once, and kept for further runs."),
    "dataset": ("Dataset", "Learn from sequences that were cut before, here or by icenet dataset."),
}
SPLIT_BY: Final = {"area": "Blocks of ground", "time": "Later dates"}
TRACKINGS: Final = {"chain": "Chain (paper)", "robust": "Robust"}
_FIRST = DatasetSettings()
TIPS: Final = {
    "bands": "Bands that are learned from; each gives sequences of its own. Default: all.",
    "dates": "Dates that are used. Take out those that show no ice. Default: all.",
    "area": "Ground that is learned from: the whole frame, or inside an area you drew. Default: the whole frame.",
    "chip": (
        f"Side of the chip in pixels, even. The network foresees chips of this size. Default: {_FIRST.chip} px, and "
        "less on small frames."
    ),
    "scale": (
        "Scale factor c: a chip is searched for in a window of c times its side. Larger follows faster ice and finds "
        f"more false peaks. Default: {_FIRST.scale:g}."
    ),
    "stride": (
        "Distance between chips on the first date. Halving it gives four times as many sequences, and takes four "
        f"times as long. Default: {_FIRST.stride} px."
    ),
    "frames": f"Consecutive dates of a sequence; its last two are foreseen. Default: {_FIRST.frames}.",
    "split_by": (
        "What is held out, to judge the network on: blocks of ground, or the later dates of all ground, for frames "
        "too small for blocks. Default: blocks."
    ),
    "held_out": "Shares of the ground, or of the time, for validation and for the test. Default: 15 % each.",
    "tracking": (
        "Chain: each chip is the best match of the last one, as in the paper. Robust: frames that fail do not move "
        "the track, so that all frames show the same ice; slower. Default: chain."
    ),
    "spare": (
        "Hold out the same ice as when the weights were trained that the run starts from, where they know this ice: "
        "otherwise ice that they have learned would count as held out. Default: on."
    ),
    "seed": "Which blocks are held out; another number lays them out anew. Default: 0.",
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
