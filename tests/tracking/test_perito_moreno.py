"""The trunk of a real glacier under changing cloud."""

import os
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.open import open_stack
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings

pytestmark = [pytest.mark.real, pytest.mark.slow]

CLEAR = ["2020-01-31", "2020-02-05", "2020-02-07", "2020-02-10", "2020-02-20", "2020-02-22"]
#: Dates on which no ice shows through at row 600, column 500.
OVERCAST = [
    "2020-01-06", "2020-01-08", "2020-01-16", "2020-01-18", "2020-02-15", "2020-03-01", "2020-03-11", "2020-03-16",
]  # fmt: skip
#: Rows and columns the trunk moves each day, px.
ROW_RATE, COL_RATE = -0.13, 0.20
SETTINGS = TrackSettings(chip=128, scale=1.5)


@pytest.fixture(scope="module")
def stack():
    folder = os.environ.get("ICENET_REAL_DATA")
    if not folder:
        pytest.skip("ICENET_REAL_DATA does not name a folder with the real Perito Moreno series")
    return open_stack(Path(folder) / "perito_moreno")


@pytest.fixture(scope="module")
def pictures(stack):
    return Pictures(stack, 1)


def test_the_ice_is_followed_through_the_clouds(stack, pictures):
    track = follow(pictures, 600, 500, 0, SETTINGS)
    clear = [stack.time_index(date) for date in CLEAR]
    assert track.valid[clear].all()
    assert not track.valid[[stack.time_index(date) for date in OVERCAST]].any()
    assert track.valid[stack.time_index("2020-03-13")]
    known = np.flatnonzero(track.valid)
    days = np.asarray(track.days)[known]
    assert np.polyfit(days, track.cols[known], 1)[0] == pytest.approx(COL_RATE, abs=0.03)
    assert np.polyfit(days, track.rows[known], 1)[0] == pytest.approx(ROW_RATE, abs=0.03)
    # Nothing jumps: the jitter between two frames is about a pixel.
    smooth = np.stack([600 + ROW_RATE * days, 500 + COL_RATE * days])
    assert np.hypot(*(np.stack([track.rows[known], track.cols[known]]) - smooth)).max() < 2.5


def test_many_chips_keep_the_clear_dates_and_believe_no_cloud(stack, pictures):
    clear = [stack.time_index(date) for date in CLEAR]
    kept, rates = [], []
    for row, col in [(560, 420), (600, 620), (700, 420), (740, 540), (820, 300), (480, 700)]:
        track = follow(pictures, row, col, clear[0], SETTINGS)
        kept.append(track.valid[clear].mean())
        known = np.flatnonzero(track.valid)
        days = np.asarray(track.days)[known]
        for place in (track.rows[known], track.cols[known]):
            rate = np.polyfit(days, place, 1)
            rates.append(np.abs(place - np.polyval(rate, days)).max())
    assert np.mean(kept) > 0.9
    assert max(rates) < 2.5


def test_a_chain_drifts_away_while_a_cloud_passes(stack, pictures):
    chain = follow(pictures, 600, 500, 0, SETTINGS.model_copy(update={"tracking": "chain"}))
    last = stack.time_index("2020-02-22")
    assert chain.valid.all()
    assert np.hypot(chain.rows[last] - 593.5, chain.cols[last] - 509.7) > 5
