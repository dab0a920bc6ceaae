"""How the splits of a dataset are kept apart, told so that two datasets can be compared."""

from __future__ import annotations

from typing import Any

from napari_icenet.datasets.settings import DatasetSettings


def how_split(settings: DatasetSettings) -> dict[str, Any]:
    """What decides which ice of a dataset is held out, as a card tells it."""
    if settings.split_by == "time":
        days = {"train_until": settings.train_until, "validation_until": settings.validation_until}
        return {"by": "time"} | {name: None if day is None else day.isoformat() for name, day in days.items()}
    return {
        "by": "area", "block_px": settings.block_px, "gap_px": settings.gap_px, "seed": settings.seed,
        "validation": settings.validation, "test": settings.test,
    }  # fmt: skip
