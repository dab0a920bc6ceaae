"""Neighbours of cells by offset: each once, those beyond the map told apart."""

from __future__ import annotations

import numpy as np

from napari_icenet.velocity.neighbours import neighbours


def test_each_neighbour_comes_once_and_the_cell_itself_never():
    rows, cols = np.array([0, 2]), np.array([0, 3])
    found = [set(), set()]
    for down, right, inside, r, c in neighbours(rows, cols, (4, 5), range(-2, 3, 2)):
        for i in range(2):
            if inside[i]:
                place = int(r[i]), int(c[i])
                assert place == (rows[i] + down, cols[i] + right)
                assert place not in found[i]
                found[i].add(place)
            else:
                assert (r[i], c[i]) == (0, 0) or not inside[i]
    assert found[0] == {(0, 2), (2, 0), (2, 2)}
    assert found[1] == {(0, 1), (0, 3), (2, 1)}
