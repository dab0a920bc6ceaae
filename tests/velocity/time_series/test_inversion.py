"""Many pairs become a time series: against the truth, an independent solver, garbage, and their own errors."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from napari_icenet.errors import Cancelled, UsageError
from napari_icenet.velocity.stable_ground.coregistration import coregistered
from napari_icenet.velocity.time_series.inversion import invert, redundant, series_of
from tests.velocity.maps import made

DAYS = np.array([0.0, 5, 7, 10, 20, 22, 27, 30])
SHAPE = (12, 15)


def truth(days=DAYS, shape=SHAPE):
    """Positions (date, y, x, 2), px: ice that speeds up in time and moves along lines of equal speed."""
    row, col = np.indices(shape)
    side = 0.2 * row + 0.1 * col
    share = 0.5 + side / side.max()
    across = share[..., None] * np.array([-0.1, 0.2])
    return (days + 0.01 * days**2)[:, None, None, None] * across


def network(positions, days=DAYS, pairs=None, *, noise=0.0, error=0.05, seed=0):
    """Maps of pairs (default: all) between positions, with normal errors."""
    rng = np.random.default_rng(seed)
    pairs = list(combinations(range(len(days)), 2)) if pairs is None else pairs
    out = []
    for i, j in pairs:
        moved = positions[j] - positions[i] + noise * rng.normal(size=positions[0].shape)
        out.append(made(moved[..., 0], moved[..., 1], days=(days[i], days[j]), error=error))
    return out


def spoiled(maps, date, rng, share=1.0):
    """Matches with one date are garbage, as under cloud, in a share of the cells."""
    label = str(np.datetime64("2020-01-01") + np.timedelta64(int(DAYS[date]), "D"))
    cells = rng.random(maps[0].shape) < share
    out = []
    for one in maps:
        if label in one.labels:
            wild = rng.uniform(-15, 15, (2, *one.shape)).astype(np.float32)
            one = replace(  # noqa: PLW2901
                one, drow=np.where(cells, wild[0], one.drow), dcol=np.where(cells, wild[1], one.dcol)
            )
        out.append(one)
    return out


def steps(positions):
    return np.diff(positions, axis=0)


def test_clean_pairs_give_the_truth():
    series = invert(network(truth()))
    expected = steps(truth())
    # Near the edge the way of the ice leads out of the map.
    np.testing.assert_allclose(series.drow, expected[..., 0], atol=0.01)
    np.testing.assert_allclose(series.dcol, expected[..., 1], atol=0.02)
    inner = (slice(None), slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(series.dcol[inner], expected[inner][..., 1], atol=1e-3)
    assert series.resolved.all()
    assert (series.weight > 0.98).all()
    # An interval in the middle is spanned by each pair that begins before and ends after.
    np.testing.assert_array_equal(series.pairs_used[:, 0, 0], [k * (8 - k) for k in range(1, 8)])
    metres = 15 * expected[3, 4, 5, 1] / 10 * 365.25
    assert series.vx[3, 4, 5] == pytest.approx(metres, rel=2e-3)
    assert series.unit == "m/yr"


def test_the_solution_is_that_of_an_independent_solver():
    """Plain least squares by numpy, with different errors for each pair; weights stay one without outliers."""
    days = DAYS[:5]
    positions = (days[:, None, None, None] * np.array([-0.1, 0.2])) * np.ones((4, 5, 1))
    pairs = list(combinations(range(5), 2))
    rng = np.random.default_rng(2)
    errors = rng.uniform(0.02, 0.2, len(pairs))
    # Errors so small against the claims that no pair is doubted.
    maps = [
        network(positions, days, [pair], noise=0.02 * e, error=e, seed=k)[0]
        for k, (pair, e) in enumerate(zip(pairs, errors, strict=True))
    ]
    series = invert(maps)
    design = np.array([[float(i <= k < j) for k in range(4)] for i, j in pairs])
    for cell in [(0, 0), (1, 3), (3, 4)]:
        # The same weights, so that only the algebra is compared.
        weight = np.sqrt(series.weight[(slice(None), *cell)]) / errors
        for name in ("drow", "dcol"):
            data = np.array([getattr(m, name)[cell] for m in maps])
            found = np.linalg.lstsq(design * weight[:, None], data * weight, rcond=None)[0]
            np.testing.assert_allclose(getattr(series, name)[(slice(None), *cell)], found, atol=2e-5)


def test_one_cloudy_date_does_not_spoil_the_others():
    maps = spoiled(network(truth(), noise=0.1, error=0.1), 3, np.random.default_rng(4))
    series = invert(maps)
    expected = steps(truth())
    clear = [k for k in range(7) if k not in (2, 3)]
    for name, axis in (("drow", 0), ("dcol", 1)):
        off = (getattr(series, name)[clear] - expected[clear][..., axis]) / getattr(series, f"error_{name[1:]}")[clear]
        assert np.abs(off).max() < 5
        assert off.std() == pytest.approx(1, abs=0.15)
    assert series.date_weight.argmin() == 3
    assert series.date_weight[3] < 0.2
    assert np.delete(series.date_weight, 3).min() > 0.6
    # The intervals on both sides of it are known together, not alone, and say so.
    assert not series.resolved[[2, 3]].any()
    assert series.resolved[clear].all()
    together = series.dcol[2] + series.dcol[3]
    error = series.error_col[2] + series.error_col[3]
    off = (together - (expected[2] + expected[3])[..., 1]) / error
    assert off.std() == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(series.dcol[2] / 3, series.dcol[3] / 10, rtol=1e-4)
    assert series.interval(2).valid.sum() == 0


def test_clouds_over_a_part_of_the_frame_cost_only_that_part():
    maps = network(truth(), noise=0.1, error=0.1)
    for date, seed in ((1, 5), (4, 6), (6, 7)):
        maps = spoiled(maps, date, np.random.default_rng(seed), share=0.3)
    series = invert(maps)
    off = (series.dcol - steps(truth())[..., 1])[series.resolved]
    assert np.abs(off / series.error_col[series.resolved]).max() < 6
    assert series.resolved.mean() > 0.75


def test_a_shifted_scene_contradicts_nothing_and_is_told():
    """Three pixels on one date add to all its pairs alike: seen only as a jump."""
    shifted = truth()
    shifted[3] += (2.0, -2.2)
    series = invert(network(shifted, noise=0.05, error=0.05))
    np.testing.assert_allclose(series.jump[3], (2.0, -2.2), atol=0.3)
    assert (series.date_weight > 0.8).all()
    assert any("2020-01-11 lies 2." in note or "2020-01-11 lies 3." in note for note in series.notes)
    assert any("cannot see it" in note for note in series.notes)


def test_stable_ground_takes_the_shift_of_a_scene_away():
    expected = truth()
    expected[:, :, :6] = 0
    shifted = expected.copy()
    shifted[3] += (2.0, -2.2)
    rock = np.zeros((SHAPE[0] * 16, SHAPE[1] * 16), bool)
    rock[:, : 6 * 16] = True
    maps = [coregistered(m, rock, remove=True) for m in network(shifted, noise=0.05, error=0.05)]
    series = invert(maps)
    ice = series.dcol[:, :, 6:] - steps(expected)[:, :, 6:, 1]
    assert np.abs(ice).max() < 0.15
    assert np.abs(ice / series.error_col[:, :, 6:]).max() < 5
    assert np.abs(series.jump[3]).max() < 0.2
    assert not any("off steady motion" in note for note in series.notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pairs", "claimed"), [("all", 0.1), ("near", 0.03), ("near", 0.3), ("triplet", 0.1), ("triplet", 0.03)]
)
def test_errors_hold_what_they_claim(pairs, claimed):
    """68 and 95 % of the truth lie within one and two sigma, also where matches claim too little."""
    days = DAYS[:3] if pairs == "triplet" else DAYS
    chosen = [(i, j) for i, j in combinations(range(len(days)), 2) if j - i <= 3] if pairs == "near" else None
    positions = truth(days, (40, 40))
    series = invert(network(positions, days, chosen, noise=0.1, error=claimed, seed=11))
    off = np.abs(series.dcol - steps(positions)[..., 1]) / series.error_col
    assert (off < 1).mean() == pytest.approx(0.683, abs=0.03)
    assert (off < 1.96).mean() == pytest.approx(0.95, abs=0.02)


def stretching(i, j, shape=(24, 30)):
    """A steady flow along the columns that speeds up on its way: exact from place to place."""
    col = np.arange(shape[1]) * 16 + 7.5
    return np.zeros(shape), np.ones(shape) * (col + 300) * np.expm1(0.002 * (DAYS[j] - DAYS[i]))


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_long_pairs_owe_nothing_to_the_way_the_ice_has_gone(backward):
    """Displacements of up to 49 px over cells of 16 px, in a flow whose speed grows by a tenth on the way."""
    pairs = [(i, j) for i, j in combinations(range(len(DAYS)), 2)]
    if backward:
        pairs = [(j, i) if (i + j) % 2 else (i, j) for i, j in pairs]
    maps = [made(*stretching(i, j), days=(DAYS[i], DAYS[j])) for i, j in pairs]
    series = invert(maps)
    inner = (slice(None), slice(6, 20))
    for k in range(len(DAYS) - 1):
        expected = stretching(k, k + 1)[1]
        # Taken as displacements of one place, the longest pair alone would be 3 % off.
        np.testing.assert_allclose(series.dcol[k][inner], expected[inner], rtol=6e-3)
    assert series.resolved[:, 6:20, 6:20].all()
    assert (series.weight[:, 6:20, 6:20] > 0.8).all()


@pytest.mark.slow
def test_errors_hold_what_belongs_to_a_date_where_stable_ground_shows_it():
    """Light that shifts matches on one date by 0.3 px here and there contradicts nothing."""
    shape = (30, 30)
    rng = np.random.default_rng(8)
    lit = truth(shape=shape)
    lit[:, :, :15] = 0
    lit += 0.3 * rng.normal(size=lit.shape)
    maps = network(lit, noise=0.02, error=0.02)
    quiet = invert(maps)
    assert np.median(quiet.error_col) < 0.02
    assert any("Stable ground would show it" in note for note in quiet.notes)
    rock = np.zeros((480, 480), bool)
    rock[:, :240] = True
    series = invert([coregistered(m, rock, remove=False) for m in maps])
    np.testing.assert_allclose(series.ground_spread, 0.3 * np.sqrt(2), rtol=0.2)
    off = (series.dcol - steps(truth(shape=shape))[..., 1])[:, :, 16:] / series.error_col[:, :, 16:]
    assert off.std() == pytest.approx(1, abs=0.12)
    assert any("hold the scatter over 446 cells" in note for note in series.notes)


def test_without_redundancy_errors_are_those_of_the_matches():
    pairs = list(pairwise(range(len(DAYS))))
    series = invert(network(truth(), pairs=pairs, noise=0.1, error=0.07))
    np.testing.assert_allclose(series.error_row, 0.07, rtol=0.06)
    assert np.isnan(series.residual).all()
    assert any("No interval is measured twice" in note for note in series.notes)


def test_what_is_not_measured_is_not_invented():
    maps = network(truth(), pairs=[(0, 1), (1, 3), (4, 5), (5, 6), (6, 7), (4, 6), (1, 2)])
    maps[-1] = replace(maps[-1], reason=np.full(SHAPE, 3, np.uint8))
    hole = np.zeros(SHAPE, bool)
    hole[2, 3] = True
    maps = [replace(m, reason=np.where(hole, 3, m.reason).astype(np.uint8)) for m in maps]
    series = invert(maps)
    np.testing.assert_array_equal(series.resolved[:, 0, 0], [True, False, False, False, True, True, True])
    assert np.isnan(series.drow[3]).all()
    assert np.isnan(series.drow[:, 2, 3]).all()
    assert np.isnan(series.mean.v[2, 3])
    # From 5 to 10 January is one pair: both intervals have its mean velocity.
    np.testing.assert_allclose(series.dcol[1] / 2, series.dcol[2] / 3, rtol=1e-5)
    expected = (truth()[3] - truth()[1])[6, 7, 1]
    assert (series.dcol[1] + series.dcol[2])[6, 7] == pytest.approx(expected, abs=2e-3)


def test_the_mean_is_the_steady_motion_with_its_error():
    steady = DAYS[:, None, None, None] * np.ones((*SHAPE, 1)) * (-0.1, 0.2)
    series = invert(network(steady, noise=0.1, error=0.1))
    assert series.mean.vx == pytest.approx(0.2 * 15 * 365.25, rel=0.05)
    off = (series.mean_dcol - 0.2) / series.mean_error_col
    assert off.std() == pytest.approx(1, abs=0.2)
    assert series.mean.labels == ("2020-01-01", "2020-01-31")


def test_blocks_of_cells_change_nothing(monkeypatch):
    maps = network(truth(), noise=0.1)
    whole = invert(maps)
    monkeypatch.setattr("napari_icenet.velocity.time_series.inversion._BLOCK_BYTES", 1.0)
    parts = []
    again = invert(maps, progress=lambda share, _: parts.append(share))
    np.testing.assert_allclose(again.dcol, whole.dcol, atol=2e-3)
    assert parts == sorted(parts)
    assert len(parts) > 2
    assert parts[-1] == 1


def test_it_stops_when_asked_to():
    def stop(share, text):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        invert(network(truth()), progress=stop)


def test_maps_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="no velocity map to invert"):
        invert([])
    with pytest.raises(UsageError, match="different grids"):
        invert([made(np.zeros((4, 4)), np.zeros((4, 4))), made(np.zeros((4, 5)), np.zeros((4, 5)))])


def test_the_dataset_carries_units_dates_and_the_grid():
    series = invert(network(truth(), noise=0.05))
    data = series.to_xarray()
    assert data["vx"].dims == ("interval", "y", "x")
    assert data["vx"].attrs["units"] == "m/yr"
    assert data["vx"].attrs["grid_mapping"] in data
    np.testing.assert_array_equal(data["start"].values[1:], data["end"].values[:-1])
    np.testing.assert_allclose(data["v"].values, series.v)
    assert data["weight"].shape == (28, *SHAPE)


@pytest.mark.parametrize(
    ("pairs", "closed"),
    [
        ([(0, 1)], False),
        ([(0, 1), (1, 2), (2, 3)], False),  # neighbours
        ([(0, 3), (1, 3), (2, 3)], False),  # as many as --pairs all leaves where one date fails with the others
        ([(0, 1), (1, 0)], True),  # there and back
        ([(0, 1), (1, 2), (0, 2)], True),
        ([(0, 1), (1, 2), (0, 2), (3, 4)], True),  # a loop, and a pair beside it
    ],
)
def test_a_series_needs_pairs_that_close_a_loop(pairs, closed):
    maps = network(truth(), pairs=pairs)
    assert redundant(maps) is closed
    assert (series_of(maps) is not None) is closed


def test_no_maps_have_no_series():
    assert series_of([]) is None
