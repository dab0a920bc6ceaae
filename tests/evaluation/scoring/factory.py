"""Factory of scores: correlations by hand, plain values elsewhere."""

import numpy as np

from napari_icenet.evaluation.scoring.scores import Scores


def scores(ncc, *, place=None, band="B1"):
    """Scores of n chips and P predictors from their correlations (n, P, 2); blocks of 64 px."""
    ncc = np.array(ncc, np.float64)
    n, kinds, _ = ncc.shape
    place = np.array([[64 * i, 0] for i in range(n)] if place is None else place, np.int64)
    nan = np.full((n, kinds, 2), np.nan)
    return Scores(
        ncc=ncc, early=ncc[:, :, 1].copy(), lacking=np.zeros((n, kinds, 2), bool), counted=np.ones((n, 2), bool),
        miss=nan.copy(), peak_ratio=nan.copy(), tracked=np.zeros((n, 2), bool), cloud=np.full(n, np.nan),
        gap=np.full(n, 32.0), texture=np.linspace(0.01, 0.1, n), held=np.ones(n, bool), place=place,
        block=place // 64, stack=np.full(n, "ice"), band=np.broadcast_to(band, n).copy(), split=np.full(n, "train"),
        start=np.full(n, np.datetime64("2020-01-01", "s")), batch=np.zeros(n, np.int64), index=np.arange(n),
    )  # fmt: skip
