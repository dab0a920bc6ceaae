"""Cautions on tracks: before they are followed, and by what was found."""

from datetime import timedelta

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.plausibility.track import cautions_ahead, cautions_of
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import START, cloud, moving
from tests.tracking.plausibility.paths import seen_from

SETTINGS = TrackSettings(chip=48, scale=2.0)


def placed(days):
    """A stack on a map, taken on some days."""
    grid = Grid(320, 320, Affine(30, 0, 500_000, 0, -30, 7_000_000), CRS.from_epsg(32624))
    return moving([(0, 0)] * len(days), days=days, grid=grid)


def test_the_longest_time_between_two_dates_counts_before_anything_is_followed():
    stack = placed([0, 16, 352, 368])
    (caution,) = cautions_ahead(stack, SETTINGS)
    # 24 px of 30 m in 336 days, the projection's scale of 0.9996 divided out.
    assert "the search of ±24 px in 336 days (2020-01-17 to 2020-12-18) reaches 783 m/yr" in caution.sentence
    assert cautions_ahead(placed([0, 16, 48]), SETTINGS) == []
    assert cautions_ahead(stack, TrackSettings(chip=48, scale=4.0)) == []


def hidden(dates, positions):
    """Ice that moves through positions, under cloud on some dates."""
    clear = moving(positions)
    frames = np.stack([clear.read(i, 1) for i in range(len(positions))])
    for date in dates:
        frames[date] = cloud(frames[0].shape, date) + np.random.default_rng(date).normal(size=frames[0].shape)
    times = [START + timedelta(days=16 * i) for i in range(len(positions))]
    return SceneStack.from_array(frames.astype(np.float32), times, name="ice")


def test_ice_that_leaves_the_search_while_it_is_lost_is_told():
    positions = [(6 * i, -2 * i) for i in range(9)]
    track = follow(hidden(range(3, 7), positions), 140, 160, 0, SETTINGS)
    assert list(np.flatnonzero(track.valid)) == [0, 1, 2]
    (caution,) = track.cautions
    assert "the search of ±24 px about the last position, of 2020-02-02, cannot find the ice on 2020-05-08" in (
        caution.sentence
    )
    assert "it moves 36 px in those 96 days: choose c = 2.6." in caution.sentence
    again = follow(hidden(range(3, 7), positions), 140, 160, 0, TrackSettings(chip=48, scale=2.6))
    assert list(np.flatnonzero(again.valid)) == [0, 1, 2, 7, 8]
    assert again.cautions == ()


def test_ice_that_stays_within_the_search_is_not_told_of():
    track = follow(hidden([3, 4], [(2 * i, -i) for i in range(8)]), 140, 160, 0, SETTINGS)
    assert list(np.flatnonzero(~track.valid)) == [3, 4]
    assert track.cautions == ()


@pytest.mark.parametrize(("shift", "told"), [((4.2, 5.6), True), ((0.1, -0.1), False)])
def test_positions_that_follow_the_path_are_told_and_others_not(shift, told):
    other = [0, 1, 0, 0, 1, 1, 0, 1, 0, 1]
    positions = [(1.5 * i + shift[0] * g, -0.5 * i + shift[1] * g) for i, g in enumerate(other)]
    stack = seen_from(moving(positions), [((233, 13), (233, 14))[g] for g in other])
    track = follow(stack, 140, 160, 0, SETTINGS)
    assert track.valid.all()
    if not told:
        assert track.cautions == ()
        return
    (caution,) = track.cautions
    assert caution.sentence == (
        "positions follow the path: 233/014 lies 7.0 px from 233/013; choose dates of one path (--only, "
        "--same-geometry) or co-register them (--coregister)."
    )


def test_each_kind_is_told_once_with_the_worst_of_the_tracks():
    slow, fast = Caution("gap", "slow.", 1.0), Caution("gap", "fast.", 2.0)
    said = cautions_of({1: [slow], 3: [fast, Caution("rock", "rock.")], 4: []})
    assert said == ["track 3, and 1 more of 3 tracks: fast.", "track 3: rock."]
