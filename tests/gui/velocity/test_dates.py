"""The map that is shown with a date: by which of its dates, and what stays where several fit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_icenet.gui.velocity.dates import map_at, pair_of

TIMES = np.array("2020-01-01", "datetime64[s]") + np.arange(6) * np.timedelta64(16, "D")
STACK = SimpleNamespace(times=TIMES, scenes=[SimpleNamespace(id=f"scene {i}") for i in range(6)])


def maps(*pairs):
    return [SimpleNamespace(times=(TIMES[i], TIMES[j]), scenes=(f"scene {i}", f"scene {j}")) for i, j in pairs]


@pytest.mark.parametrize(
    ("pairs", "time", "now", "index"),
    [
        ([(0, 1), (1, 2), (2, 3)], 1, 0, 1),  # starts there, though the first ends there
        ([(0, 3), (3, 4)], 1, 1, 0),  # spans it
        ([(0, 1), (1, 2)], 2, 0, 1),  # ends on it
        ([(0, 1), (1, 2)], 5, 1, 1),  # none fits
        ([(1, 2), (1, 4)], 1, 1, 1),  # both start there: the one shown stays
        ([(4, 1), (0, 1)], 2, 1, 0),  # backward in time
        ([(0, 1)], 5, 3, 0),  # there were more before
    ],
)
def test_the_map_of_a_date(pairs, time, now, index):
    assert map_at(STACK, maps(*pairs), time, now) == index


def test_a_map_of_other_dates_belongs_to_none():
    (found,) = maps((2, 4))
    assert pair_of(STACK, found) == (2, 4)
    other = SimpleNamespace(times=(TIMES[2], TIMES[4] + np.timedelta64(1, "D")), scenes=found.scenes)
    assert pair_of(STACK, other) is None
    assert map_at(STACK, [other, found], 3, 0) == 1


def test_of_two_scenes_of_one_time_a_map_belongs_to_its_own():
    twins = SimpleNamespace(times=TIMES[[0, 0, 1]], scenes=[SimpleNamespace(id=name) for name in ("a", "b", "c")])
    later = SimpleNamespace(times=(TIMES[0], TIMES[1]), scenes=("b", "c"))
    assert pair_of(twins, later) == (1, 2)
    elsewhere = SimpleNamespace(times=(TIMES[0], TIMES[1]), scenes=("x", "c"))
    assert pair_of(twins, elsewhere) == (0, 2)
