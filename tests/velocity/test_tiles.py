"""Points in tiles and batches: each once, in windows that hold all they need."""

import numpy as np
import pytest

from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.matching.pictures import TILE, Pictures
from napari_icenet.scenes.grid import Window
from napari_icenet.velocity.search_plan import Search
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.tiles import PairMatcher, Points, batches, tiles_of
from tests.tracking.glacier import moving


def grid_points(height, width, spacing, shift=(0, 0)):
    rows, cols = (a.ravel() * spacing + spacing // 2 for a in np.indices((height // spacing, width // spacing)))
    return Points(rows, cols, np.full_like(rows, shift[0]), np.full_like(rows, shift[1]))


def test_every_chosen_point_lies_in_one_tile():
    points = grid_points(1300, 1100, 16)
    chosen = np.flatnonzero(np.random.default_rng(0).random(len(points.rows)) < 0.3)
    tiles = tiles_of(points, chosen, 1100)
    np.testing.assert_array_equal(np.sort(np.concatenate([tile.points for tile in tiles])), chosen)
    for tile in tiles:
        assert set(points.rows[tile.points] // TILE * 3 + points.cols[tile.points] // TILE) == {tile.number}


def test_no_points_make_no_tile():
    assert tiles_of(grid_points(600, 600, 16), np.array([], np.intp), 600) == []


def test_batches_are_small_for_large_windows_and_hold_each_point_once():
    points = grid_points(512, 512, 8)
    chosen = np.arange(len(points.rows))
    for chip, radius in ((32, (25, 25)), (128, (64, 64)), (128, (300, 300))):
        parts = list(batches(points, chosen, chip, radius))
        most = max(16, 1e7 / (chip + 2 * radius[0]) ** 2)
        assert max(len(part) for part in parts) <= most
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), chosen)
        # Neighbours stay together: their windows overlap.
        spans = [np.ptp(points.rows[part]) * np.ptp(points.cols[part]) for part in parts]
        assert np.median(spans) <= 3 * 64 * max(len(part) for part in parts)


def test_a_window_holds_chips_and_search_windows():
    points = Points(np.array([100, 140]), np.array([200, 200]), np.array([-30, 0]), np.array([5, 0]))
    assert points.window(np.array([0, 1]), 32, (10, 20)) == Window(44, 164, 122, 77)


@pytest.mark.parametrize("shift", [(0, 0), (20, -15)])
def test_matches_by_batch_are_those_of_the_whole_frame(shift):
    stack = moving([(0, 0), (18.3, -12.6)], side=256)
    pictures, points = Pictures(stack, 1, "box"), grid_points(256, 256, 8, shift)
    settings, search = VelocitySettings(chip=32), Search((32,), (22, 22))
    matcher = PairMatcher(pictures, 0, 1, points, search, settings, Engine())
    (tile,) = tiles_of(points, np.arange(len(points.rows)), 256)
    shares = []
    found = matcher.match(tile, 32, shares.append)
    whole = Window(0, 0, 256, 256)
    expected = Engine().match(
        pictures.read(0, whole), pictures.read(1, whole), points.rows, points.cols, chip=32, radius=(22, 22),
        shift_rows=points.shift_rows, shift_cols=points.shift_cols, min_peak_ratio=settings.min_peak_ratio,
        min_overlap=settings.min_overlap,
    )  # fmt: skip
    mixed = found.reason == reason_code(LostReason.MIXED)
    np.testing.assert_array_equal(found.reason[~mixed], expected.reason[~mixed])
    assert mixed.mean() < 0.01
    np.testing.assert_allclose(found.drow, expected.drow, atol=2e-3)
    np.testing.assert_allclose(found.ncc, expected.ncc, atol=1e-4)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert found.valid.mean() > 0.5
    assert abs(np.median(found.drow[found.valid]) - 18.3) < 0.03
