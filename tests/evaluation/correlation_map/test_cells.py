"""Which cells are asked for, and in which order they are worked on."""

import numpy as np
import pytest

from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.settings import MapSettings

SETTINGS = MapSettings(chip=32, stride=16, tracking="chain")


def test_a_cell_belongs_to_an_area_where_its_centre_does():
    area = np.zeros((160, 200), bool)
    area[60:100, 90:130] = True
    cells = choose_cells((160, 200), SETTINGS, area)
    assert cells.rows.tolist() == list(range(16, 145, 16))
    assert cells.cols.tolist() == list(range(16, 185, 16))
    r, c = np.nonzero(cells.asked)
    assert set(cells.rows[r]) == {64, 80, 96}
    assert set(cells.cols[c]) == {96, 112, 128}
    assert (cells.followed == cells.asked).all()


def test_robust_tracking_asks_the_neighbours_too():
    area = np.zeros((640, 640), bool)
    area[300:340, 300:340] = True
    cells = choose_cells((640, 640), SETTINGS.model_copy(update={"tracking": "robust"}), area)
    r, c = np.nonzero(cells.followed)
    assert cells.rows[r].min() <= 304 - 3 * 32
    assert cells.cols[c].max() >= 336 + 3 * 32
    assert cells.followed.sum() < cells.followed.size


def test_tiles_hold_every_asked_cell_once_from_the_middle_outwards():
    area = np.zeros((640, 640), bool)
    area[100:500, 200:600] = True
    cells = choose_cells((640, 640), SETTINGS, area)
    tiles = cells.tiles(4)
    assert np.array_equal(np.sort(np.concatenate(tiles)), np.flatnonzero(cells.asked))
    away = [
        np.hypot(cells.rows[t // len(cells.cols)].mean() - 300, cells.cols[t % len(cells.cols)].mean() - 400)
        for t in tiles
    ]
    assert away[0] < 60
    assert away[-1] > 200


@pytest.mark.parametrize(("shape", "why"), [((10, 10), "10 × 10"), ((160, 200), "no chip of 32 px")])
def test_an_area_that_holds_no_cell_is_refused(shape, why):
    with pytest.raises(UsageError, match=why):
        choose_cells((160, 200), SETTINGS, np.zeros(shape, bool))
