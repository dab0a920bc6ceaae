"""The compiled transform against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from napari_icenet.matching.engine._numba.correlate import workspace
from napari_icenet.matching.engine._numba.fft import backward, forward, plan
from napari_icenet.matching.engine._numba.simd import LANES


@pytest.mark.parametrize("least", [16, 25, 33, 82, 98, 114, 121, 200, 256, 343])
def test_a_plan_is_long_enough_and_not_much_longer(least):
    fft = plan(least)
    assert least <= fft.length <= 1.25 * least + 2
    assert np.prod(fft.radices) == fft.length
    assert len(fft.radices) > 1


@pytest.mark.parametrize("least", [16, 21, 35, 48, 84, 98, 120, 128])
def test_there_and_back_is_the_transform_of_numpy(least):
    fft = plan(least)
    n, stride = fft.length, fft.stride
    used = n - 3
    planes, scratch = workspace(fft)
    rng = np.random.default_rng(least)
    square = np.zeros((n, n), complex)
    square[:, :used] = rng.normal(size=(n, used)) + 1j * rng.normal(size=(n, used))
    for plane, values in ((planes[0], square.real), (planes[1], square.imag)):
        plane[: n * stride].reshape(n, stride)[:, :n] = values
    forward(planes[0], planes[1], used, planes[2], planes[3], scratch, fft)
    spectrum = np.empty((n, n), complex)
    for part, plane in (("real", planes[2]), ("imag", planes[3])):
        setattr(spectrum, part, plane[LANES : LANES + n * stride].reshape(n, stride)[:, :n])
    expected = np.fft.fft2(square).T
    np.testing.assert_allclose(spectrum, expected, atol=1e-6 * np.abs(expected).max())

    for plane, values in ((planes[4], expected.real), (planes[5], expected.imag)):
        plane[: n * stride].reshape(n, stride)[:, :n] = values
    backward(planes[4], planes[5], 9, planes[6], planes[7], scratch, fft)
    again = planes[6, : n * stride].reshape(n, stride)[:, :9] + 1j * planes[7, : n * stride].reshape(n, stride)[:, :9]
    np.testing.assert_allclose(again / n**2, square[:, :9], atol=1e-5)
