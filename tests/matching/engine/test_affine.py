import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_icenet.matching.engine.affine import refine_affine
from napari_icenet.matching.engine.engine import Engine

SIDE, CHIP = 256, 32
#: Change of (drow, dcol) per pixel along (row, col).
STRAIN = np.array([[0.012, 0.04], [-0.015, 0.008]])
SHIFT = np.array([1.3, -2.4])
MIDDLE = SIDE / 2


def waves(seed=0, count=60):
    """A texture as a function of place: plane waves of 8 to 60 px."""
    rng = np.random.default_rng(seed)
    length, angle = 8 * (60 / 8) ** rng.uniform(size=count), rng.uniform(0, 2 * np.pi, count)
    row, col = 2 * np.pi / length * np.stack([np.sin(angle), np.cos(angle)])
    phase = rng.uniform(0, 2 * np.pi, count)

    def at(r, c):
        total = np.zeros(np.broadcast_shapes(r.shape, c.shape))
        for one in zip(row, col, phase, strict=True):
            total += np.cos(one[0] * r + one[1] * c + one[2])
        return total * np.sqrt(2 / count)

    return at


def displacement(r, c):
    """Of a place in the first picture."""
    return SHIFT[:, None] + STRAIN @ np.stack([r - MIDDLE, c - MIDDLE])


@pytest.fixture(scope="module")
def pair():
    texture = waves()
    r, c = np.mgrid[:SIDE, :SIDE].astype(float)
    # Where each pixel of the second picture came from: y = x + d(x), solved for x.
    still = np.stack([r.ravel(), c.ravel()]) - MIDDLE - SHIFT[:, None]
    came = np.linalg.solve(np.eye(2) + STRAIN, still) + MIDDLE
    return texture(r, c).astype(np.float32), texture(*came.reshape(2, SIDE, SIDE)).astype(np.float32)


@pytest.fixture(scope="module")
def places():
    rows, cols = (g.ravel() for g in np.meshgrid(np.arange(92, 165, 12), np.arange(92, 165, 12), indexing="ij"))
    return rows, cols, displacement(rows - 0.5, cols - 0.5)


def test_position_and_strain_of_known_flow(pair, places):
    rows, cols, (drow, dcol) = places
    found = refine_affine(*pair, rows, cols, chip=CHIP, drow=drow + 0.4, dcol=dcol - 0.3)
    assert found.ok.all()
    np.testing.assert_allclose(found.drow, drow, atol=0.01)
    np.testing.assert_allclose(found.dcol, dcol, atol=0.01)
    np.testing.assert_allclose(found.strain, np.broadcast_to(STRAIN, found.strain.shape), atol=2e-3)


def test_noise_and_shear_together(pair, places):
    """Better than rigid chips, and scattered as the formal errors say."""
    rng = np.random.default_rng(1)
    rows, cols, (drow, dcol) = places
    rigid, refined, scaled = [], [], []
    for _ in range(4):
        noisy = [(p + 0.3 * rng.normal(size=p.shape)).astype(np.float32) for p in pair]
        matches = Engine("cpu", threads=1).match(*noisy, rows, cols, chip=CHIP, radius=12)
        found = refine_affine(*noisy, rows, cols, chip=CHIP, drow=matches.drow, dcol=matches.dcol)
        assert found.ok.mean() > 0.95
        rigid.append(np.hypot(matches.drow - drow, matches.dcol - dcol))
        off = np.stack([found.drow - drow, found.dcol - dcol], axis=1)[found.ok]
        refined.append(np.hypot(*off.T))
        scaled.append(off / found.error[found.ok])
    assert np.sqrt(np.mean(np.square(np.concatenate(refined)))) < 0.7 * np.sqrt(np.mean(np.square(rigid)))
    assert 0.8 < np.concatenate(scaled).std() < 2


def test_missing_pixels_take_no_part(pair, places):
    rows, cols, (drow, dcol) = places
    first, second = (p.copy() for p in pair)
    holes = gaussian_filter(np.random.default_rng(2).normal(size=first.shape), 4)
    first[holes > np.quantile(holes, 0.9)] = np.nan
    second[:, 120:124] = np.nan
    found = refine_affine(first, second, rows, cols, chip=CHIP, drow=drow + 0.2, dcol=dcol + 0.2)
    assert found.ok.mean() > 0.9
    np.testing.assert_allclose(found.drow[found.ok], drow[found.ok], atol=0.03)
    np.testing.assert_allclose(found.dcol[found.ok], dcol[found.ok], atol=0.03)
    # Whatever stands in the hole of one does not matter.
    moved = refine_affine(
        np.where(np.isnan(first), np.nan, first * 3 + 1000).astype(np.float32), second, rows, cols,
        chip=CHIP, drow=drow + 0.2, dcol=dcol + 0.2,
    )  # fmt: skip
    np.testing.assert_allclose(moved.drow, found.drow, atol=2e-3)


def test_what_cannot_be_refined_stays_as_it_was(pair):
    first, second = pair
    flat, nothing = np.full_like(first, 7), np.full_like(first, np.nan)
    rows, cols, drow, dcol = (
        np.array([128, 128, 5, 128]),
        np.array([128, 128, 128, 255]),
        np.full(4, 1.3),
        np.full(4, -2),
    )
    drow[1] = np.nan
    for one, other in ((flat, second), (first, flat), (nothing, second), (first, nothing), (flat, flat)):
        found = refine_affine(one, other, rows, cols, chip=CHIP, drow=drow, dcol=dcol)
        assert not found.ok.any()
        np.testing.assert_array_equal(found.drow, drow)
        np.testing.assert_array_equal(found.dcol, dcol)
        assert not found.strain.any()
        assert np.isnan(found.error).all()
    found = refine_affine(first, second, rows, cols, chip=CHIP, drow=drow, dcol=dcol)
    np.testing.assert_array_equal(found.ok, [True, False, False, False])


def test_a_false_match_is_not_dragged_along(pair):
    found = refine_affine(*pair, [128, 100], [128, 150], chip=CHIP, drow=[20.0, -15.0], dcol=[9.0, 12.0])
    np.testing.assert_array_equal(found.drow[~found.ok], np.array([20.0, -15.0])[~found.ok])
    assert (np.abs(found.drow - (20, -15)) <= 1.5).all()


def test_no_points(pair):
    found = refine_affine(*pair, [], [], chip=CHIP, drow=[], dcol=[])
    assert found.drow.shape == (0,)
    assert found.strain.shape == (0, 2, 2)


def test_batches_do_not_depend_on_each_other(pair, places):
    rows, cols, (drow, dcol) = places
    every = refine_affine(*pair, rows, cols, chip=64, drow=drow, dcol=dcol)
    some = refine_affine(*pair, rows[7:9], cols[7:9], chip=64, drow=drow[7:9], dcol=dcol[7:9])
    np.testing.assert_allclose(some.drow, every.drow[7:9], atol=2e-3)


def test_large_chips_bend_across_a_margin():
    """Where displacement is curved, the mean of a chip is not the displacement of its centre."""
    texture, rng = waves(3), np.random.default_rng(3)
    r, c = np.mgrid[:160, :160].astype(float)
    down = 2 + 1.5e-3 * (c - 80) ** 2 / 2
    noise = 0.2 * rng.normal(size=(2, 160, 160))
    first, second = (texture(r, c) + noise[0]).astype(np.float32), (texture(r - down, c) + noise[1]).astype(np.float32)
    rows, cols = np.array([70, 80, 90]), np.array([80, 80, 80])
    start = {"drow": [2.3, 2.3, 2.3], "dcol": [0.0, 0.0, 0.0]}
    bent = refine_affine(first, second, rows, cols, chip=64, **start)
    assert bent.ok.all()
    np.testing.assert_allclose(bent.drow, 2, atol=0.05)
    np.testing.assert_allclose(bent.dcol, 0, atol=0.05)
    # A smaller chip has no such choice, and sees its mean.
    stiff = refine_affine(first, second, rows, cols, chip=62, **start)
    assert (stiff.drow > 2.15).all()
