"""The compiled search for peaks is the other one's twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

pytest.importorskip("numba")

from napari_icenet.matching.engine import peaks
from napari_icenet.matching.engine._numba.compile import compile_kernels


def surfaces() -> np.ndarray:
    rng = np.random.default_rng(0)
    made = [gaussian_filter(rng.normal(size=(41, 37)), s) for s in rng.uniform(0.4, 4, 300)]
    found = np.stack(made).astype(np.float32)
    found /= 1.05 * np.abs(found).max(axis=(1, 2), keepdims=True)
    found[0] = np.nan
    found[1, 10:20] = np.nan
    found[2] = 0.3
    found[3] = -0.5
    found[4, 20, 18] = np.nan
    found[5] = np.nan
    found[5, 3, 3] = 0.4
    found[6, 0, 0] = 1
    found[7, 1, 30] = 1
    found[8] = -np.abs(found[8])
    return found


@pytest.mark.parametrize("shape", [(41, 37), (9, 9), (4, 7), (3, 3), (1, 1)])
def test_both_find_the_same(shape, monkeypatch):
    pieces = surfaces()[:, : shape[0], : shape[1]]
    assert compile_kernels()
    compiled = peaks.find_peaks(pieces, pixels=400.0, share=0.5)
    monkeypatch.setattr(peaks, "kernels", lambda: None)
    plain = peaks.find_peaks(pieces, pixels=400.0, share=0.5)
    for name in vars(plain):
        np.testing.assert_allclose(getattr(compiled, name), getattr(plain, name), rtol=1e-6, atol=1e-9, err_msg=name)
