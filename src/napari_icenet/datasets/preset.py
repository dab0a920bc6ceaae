"""The paper's dataset as a preset: 7 bands × 1525 chips × 12 dates = 10675 sequences."""

from __future__ import annotations

from typing import Any

from napari_icenet.datasets.settings import make_dataset_settings
from napari_icenet.datasets.tracking.chip_grid import grid_positions
from napari_icenet.errors import UsageError
from napari_icenet.scenes.stack import SceneStack

#: Chips of the paper in each of its bands.
PAPER_CHIPS = 1525
PAPER_BANDS = 7
_STEP = 4


def preset_values(name: str, stack: SceneStack, **values: Any) -> dict[str, Any]:
    """Settings of a preset for a stack; those given (not None) go before the preset's.

    Of the paper's set what is known is the number of bands, chips, dates and pixels. The stride is
    the largest multiple of 4 px that places 1525 chips on the frame (a denser one where part of it
    is fill).

    Parameters
    ----------
    name : str
        ``paper``.
    stack : SceneStack
        The first one.

    Raises
    ------
    UsageError
        There is no such preset.
    """
    if name != "paper":
        raise UsageError(f"there is no preset {name}; choose paper.")
    given = {key: value for key, value in values.items() if value is not None}
    chosen: dict[str, Any] = {
        "chip": 128, "frames": 12, "scale": 1.5, "tracking": "chain", "windows": 1, "chips": PAPER_CHIPS,
        "bands": stack.bands[:PAPER_BANDS], **given,
    }  # fmt: skip
    if "stride" not in given:
        chosen["stride"] = _stride(stack, chosen)
    return chosen


def _stride(stack: SceneStack, values: dict[str, Any]) -> int:
    """The largest stride that places enough chips where the first date shows ground."""
    from napari_icenet.datasets.tracking.chip_grid import chip_grid
    from napari_icenet.matching.pictures import Pictures

    stride = 2 * int(values["chip"])
    pictures: Pictures | None = None
    while stride > _STEP:
        settings = make_dataset_settings(**{**values, "stride": stride, "chips": None})
        if len(grid_positions(stack.grid.shape, settings)[0]) >= values["chips"]:
            # Only a grid that is dense enough is worth a look at the pictures.
            pictures = pictures or Pictures(stack, values["bands"][0])
            if len(chip_grid(pictures, 0, settings).rows) >= values["chips"]:
                return stride
        stride -= _STEP
    return _STEP
