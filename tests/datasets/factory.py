"""Factory of sequences: arrays by hand where a test cares, plain ones elsewhere."""

from __future__ import annotations

import numpy as np

from napari_icenet.datasets.sequences import Sequences


def sequences(chips, *, days=None, rows=None, cols=None, cloud=None, valid=None, band="B1"):
    """Sequences of the chips (n, T, C, C), a date every 16 days."""
    chips = np.asarray(chips, np.float32)
    n, frames = chips.shape[:2]
    shape = n, frames
    days = np.tile(16.0 * np.arange(frames), (n, 1)) if days is None else np.broadcast_to(days, shape).astype(float)
    rows = np.broadcast_to(100 if rows is None else rows, shape).astype(np.int64)
    cols = np.broadcast_to(100 if cols is None else cols, shape).astype(np.int64)
    times = np.datetime64("2020-01-01", "s") + (days * 86400).astype("timedelta64[s]")
    nan = np.full(shape, np.nan, np.float32)
    return Sequences(
        chips=chips, times=times, days=days, rows=rows, cols=cols, track_rows=rows.astype(float),
        track_cols=cols.astype(float), ncc=nan, peak_ratio=nan,
        valid=np.ones(shape, bool) if valid is None else np.array(valid),
        cloud=nan if cloud is None else np.broadcast_to(cloud, shape).astype(np.float32),
        fill=np.isnan(chips).mean((2, 3)), stack=np.full(n, "ice"), band=np.full(n, band),
        split=np.full(n, "train"), block=np.zeros((n, 2), np.int64),
    )  # fmt: skip
