from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.cut import cut
from napari_icenet.datasets.settings import DatasetSettings
from tests.datasets.ice import moving, stack_of, texture

pytestmark = pytest.mark.slow

SETTINGS = DatasetSettings(chip=48, frames=8, scale=1.5, stride=24, tracking="robust", min_valid=1.0)
SIDE = 240
STEP = 1, 2
#: Fine texture, so that no chip of cloud looks like a chip of ice.
WIDTH = 0.35


def hidden(*dates: int):
    """Eight dates of moving ice, some of them hidden by clouds that lie elsewhere on each."""
    pictures = moving(dates=8, side=SIDE, step=STEP, width=WIDTH).astype(np.float32)
    for t in dates:
        pictures[t] = texture(SIDE, 100 + t, WIDTH)
    return stack_of(pictures)


def inner(found):
    """Chips that stay well inside, where the torus and the picture are the same."""
    return (np.abs(found.rows[:, 0] - 116) <= 50) & (np.abs(found.cols[:, 0] - 112) <= 50)


def off_the_ice(found):
    """Largest distance of the cut chips from the ice of the first frame, px, (n,)."""
    t = np.arange(found.rows.shape[1])
    rows, cols = found.rows - found.rows[:, :1] - STEP[0] * t, found.cols - found.cols[:, :1] - STEP[1] * t
    return np.hypot(rows, cols).max(axis=1)


@pytest.mark.parametrize("clouds", [(), (3,), (2, 3, 4), (6, 7)])
def test_all_frames_show_the_same_ice(clouds):
    found = cut(hidden(*clouds), SETTINGS, band=1, start=0)
    chosen = inner(found)
    assert chosen.sum() >= 16
    assert off_the_ice(found)[chosen].max() <= 1
    clear = [t for t in range(8) if t not in clouds]
    assert found.valid[chosen][:, clear].mean() > 0.97
    assert not found.valid[chosen][:, list(clouds)].any()
    assert np.isnan(found.ncc[chosen][:, list(clouds)]).all()


def test_a_cloud_on_the_first_date_is_no_start():
    found = cut(hidden(0), SETTINGS, band=1, start=0)
    chosen = inner(found)
    assert not found.valid[chosen, 0].any()
    assert found.valid[chosen][:, 1:].mean() > 0.97
    # From the second date on it is one and the same ice; the first was placed where it must have been.
    t = np.arange(8)
    assert np.ptp(found.rows[chosen] - STEP[0] * t, axis=1).max() <= 1
    assert np.ptp(found.cols[chosen] - STEP[1] * t, axis=1).max() <= 1


def test_the_chain_strays_where_robust_does_not():
    stack = hidden(2, 3, 4)
    astray = cut(stack, SETTINGS, band=1, start=0, mode="chain")
    assert np.median(off_the_ice(astray)[inner(astray)]) > 3


def test_nothing_is_found_in_clouds_alone():
    found = cut(hidden(*range(8)), SETTINGS, band=1, start=0)
    assert found.valid.mean() < 0.02


def test_fill_fails_a_frame():
    pictures = moving(dates=8, side=SIDE, step=STEP, width=WIDTH).astype(np.float32)
    pictures[4, :, :] = np.nan
    found = cut(stack_of(pictures), SETTINGS, band=1, start=0)
    chosen = inner(found)
    assert not found.valid[:, 4].any()
    assert off_the_ice(found)[chosen].max() <= 1
