import numpy as np

from napari_icenet.predictors.svg_lp_1 import unit_range


def test_each_frame_by_its_own_mean_and_deviation():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(3, 32, 32)).astype(np.float32)
    frames[1] = 500 + 40 * frames[1]
    frames[0, 0, 0] = 1e3
    made, known = unit_range(frames)
    assert made.dtype == np.float32
    assert known.all()
    expected = 0.5 + (frames - frames.mean((1, 2), keepdims=True)) / frames.std((1, 2), keepdims=True) / 6
    np.testing.assert_allclose(made, np.clip(expected, 0, 1), atol=1e-5)
    assert made[0, 0, 0] == 1


def test_missing_and_flat_are_in_the_middle_and_unknown():
    frames = np.random.default_rng(0).normal(size=(3, 32, 32)).astype(np.float32)
    frames[0, :8] = np.nan
    frames[1] = 7
    frames[2] = np.nan
    made, known = unit_range(frames)
    np.testing.assert_array_equal(known.mean((1, 2)), [0.75, 0, 0])
    assert (made[~known] == 0.5).all()
    part, _ = unit_range(frames[:1, 8:])
    np.testing.assert_allclose(made[0, 8:], part[0], atol=1e-6)
