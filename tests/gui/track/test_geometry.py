"""Outlines, dashes, paths and labels against hand-made numbers."""

from __future__ import annotations

import numpy as np

from napari_icenet.gui.track.geometry import DASH_SHARE, dashed, links, outline, polyline, spread, square


def test_an_even_chip_covers_its_pixels():
    # Side 4 at (10, 20): rows 8 … 11, whose outer edges lie at 7.5 and 11.5.
    assert square(10, 20, 4) == (7.5, 17.5, 11.5, 21.5)


def test_an_outline_closes():
    sides = outline(0, 0, 4, 6)
    np.testing.assert_allclose(sides.sum(axis=1), np.roll(sides[:, 0], -1, axis=0))


def test_dashes_start_at_corners_and_cover_their_share():
    dashes = dashed(0, 0, 8, 8, per_side=4)
    assert dashes.shape == (16, 2, 2)
    assert {(0, 0), (0, 8), (8, 8), (8, 0)} <= {tuple(p) for p in dashes[:, 0]}
    np.testing.assert_allclose(np.abs(dashes[:, 1]).sum(), 4 * 8 * DASH_SHARE)


def test_a_link_over_an_unknown_date_is_dashed():
    points = np.array([[0, 0], [0, 1], [9, 9], [0, 6]], float)
    path = links(points, [True, True, False, True], dashes=5)
    np.testing.assert_allclose(path[0], [[0, 0], [0, 1]])
    over = path[1:]
    assert len(over) == 5
    np.testing.assert_allclose(over[:, 1], np.tile([0, 0.5], (5, 1)))
    assert links(points, [False] * 4).shape == (0, 2, 2)


def test_a_polyline_passes_over_nan():
    path = polyline([[0, 0], [np.nan, np.nan], [2, 2]])
    np.testing.assert_allclose(path, [[[0, 0], [2, 2]]])


def test_labels_keep_their_distance():
    points = np.array([[0, 0], [0, 5], [0, 12], [np.nan, np.nan], [0, 30]], float)
    np.testing.assert_array_equal(spread(points, [1], 10), [False, True, False, False, True])
    np.testing.assert_array_equal(spread(points, [], 0), [True, True, True, False, True])
