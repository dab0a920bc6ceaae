"""Cautions on maps: the numbers that are told, and that right maps are not told of."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from scipy.ndimage import map_coordinates

from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.cautions import AHEAD, cautions_ahead, cautions_of, judged_together, path_caution
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.pairs import make_pairs, map_pairs
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import START, cloud, moving, texture
from tests.tracking.plausibility.paths import seen_from
from tests.velocity.fields import PLAIN, make_map

GRID = Grid(320, 320, Affine(30, 0, 500_000, 0, -30, 7_000_000), CRS.from_epsg(32624))
QUICK = VelocitySettings(spacing=16, radius=10, max_chip=32)


def placed(days):
    """A stack on a map, taken on some days."""
    return moving([(0, 0)] * len(days), days=days, grid=GRID)


def test_what_the_search_cannot_reach_is_told_once_of_all_pairs():
    stack = placed([0, 16, 352, 400])
    said = cautions_ahead(stack, make_pairs(stack, "all"), VelocitySettings())
    # 25 px of 30 m in 400 days; the projection's scale is 0.9996.
    (sentence,) = said
    assert sentence.startswith(
        "2020-01-01 → 2021-02-04, and 3 more of 6 pairs: the search of ±25 px in 400 days reaches"
    )
    assert "reaches 685 m/yr; faster ice cannot be found and may be mapped wrong" in sentence
    assert "--max-speed" in sentence


def test_a_greatest_speed_a_prior_or_dates_near_by_need_no_caution():
    stack = placed([0, 16, 352])
    assert cautions_ahead(stack, [(0, 1)], VelocitySettings()) == []
    assert cautions_ahead(stack, [(0, 2)], VelocitySettings(max_speed=300)) == []
    assert cautions_ahead(stack, [(0, 2)], VelocitySettings(), prior=True) == []


def test_days_too_few_and_chips_too_wide_are_told():
    said = cautions_ahead(placed([0, 1]), [(0, 1)], VelocitySettings(chip=128))
    assert ["means 1096 m/yr" in said[0] or "means 1097 m/yr" in said[0], "wider than a third" in said[1]] == [True] * 2


def test_vectors_faster_than_the_greatest_speed_given_are_told_and_stay():
    # Two pixels of 30 m in 16 days are 1370 m/yr, and the search has 3 px at least.
    stack = moving([(0, 0), (0, 2)], side=192, days=[0, 16], grid=replace(GRID, height=192, width=192))
    plain = VelocitySettings(spacing=16, radius=3, max_chip=32)
    found = map_pair(stack, 0, 1, plain.model_copy(update={"radius": None, "max_speed": 100.0}))
    (caution,) = [one for one in found.cautions if one.kind == "speed"]
    count = int(found.valid.sum())
    assert caution.sentence.startswith(
        f"{count} valid vectors are (100 %) faster than the greatest speed given, 100 m/yr"
    )
    assert "the search of ±3 px (the least there is) in 16 days reaches 2055 m/yr" in caution.sentence
    np.testing.assert_array_equal(found.v, map_pair(stack, 0, 1, plain).v)
    slow = map_pair(stack, 0, 1, plain.model_copy(update={"radius": None, "max_speed": 1400.0}))
    assert not any(one.kind == "speed" for one in slow.cautions)


def test_how_far_a_search_reaches_at_least_is_noted():
    stack = moving([(0, 0), (0, 0)], side=192, days=[0, 16], grid=replace(GRID, height=192, width=192))
    found = map_pair(stack, 0, 1, VelocitySettings(spacing=16, max_chip=32, max_speed=100))
    assert not any(one.kind == "speed" for one in found.cautions)
    told = "The search of ±3 px (the least there is) in 16 days reaches 2055 m/yr; 100 m/yr were given."
    assert [note for note in found.notes if "reaches" in note] == [told]


def test_a_map_carries_its_own_caution_among_its_notes():
    found = map_pair(placed([0, 336]), 0, 1, QUICK)
    (caution,) = found.cautions
    assert "reaches 326 m/yr" in caution.sentence
    assert any("reaches 326 m/yr" in note for note in found.notes)
    assert cautions_of([found], leave_out=AHEAD) == []


def stretched(rate, side=384):
    """Two dates, 16 days apart, of ice that moves to the right by ``rate`` px for each column."""
    base = texture(side)
    grid = np.indices((side, side), float)
    second = map_coordinates(base, [grid[0], grid[1] / (1 + rate)], order=3, mode="reflect")
    times = [START, START + timedelta(days=16)]
    return SceneStack.from_array(np.array([base, second], np.float32), times)


def test_ice_that_reaches_the_edge_of_the_search_is_told():
    stack = stretched(0.05)
    found = map_pair(stack, 0, 1, QUICK)
    (caution,) = found.cautions
    assert caution.kind == "edge"
    assert "lie at the edge of the search of ±10 px in 16 days; faster ice is not found" in caution.sentence
    # Two columns move by 8.5 to 10 px, and some cells beside them match at the border.
    ends = found.valid & (found.dcol > 8.5)
    assert 16 <= ends.sum() <= int(caution.sentence.split()[0]) <= 2 * ends.sum()
    assert map_pair(stack, 0, 1, QUICK.model_copy(update={"radius": 30})).cautions == ()


def test_clouds_and_still_ice_reach_no_edge():
    stack = moving([(0, 0), (1, 1)], side=320)
    frames = np.stack([stack.read(i, 1) for i in (0, 1)])
    for i in (0, 1):
        frames[i, :, 100:] = cloud((320, 220), 5 + i) + np.random.default_rng(i).normal(size=(320, 220))
    clouded = SceneStack.from_array(frames, [START, START + timedelta(days=16)])
    assert map_pair(clouded, 0, 1, QUICK.model_copy(update={"spacing": 8})).cautions == ()


def field_of(speed):
    return lambda x, y: (np.where(x - x.min() > 0.5 * np.ptp(x), speed, 100.0), np.zeros_like(x))


def test_ice_that_other_pairs_show_to_be_too_fast_is_told_of_the_long_pair():
    stack = moving([(0, 0)] * 3, side=64)
    ids = [scene.id for scene in stack.scenes]
    short = make_map(field_of(1500.0), dates=("2020-01-01", "2020-02-02"))
    long = make_map(field_of(100.0), dates=("2020-02-02", "2020-08-12"))
    short, long = replace(short, scenes=(ids[0], ids[1])), replace(long, scenes=(ids[1], ids[2]))
    told = judged_together([short, long], stack)
    assert told[0].cautions == ()
    (caution,) = told[1].cautions
    # 20 px of 30 m in 192 days, and 1500 m/yr less two errors of 0.05 px in 32 days.
    assert "2020-01-01 → 2020-02-02 shows ice of 14" in caution.sentence
    assert "in 192 days reaches 11" in caution.sentence
    assert judged_together([short], stack)[0].cautions == ()


@pytest.fixture(scope="module")
def two_paths():
    """Maps of all pairs of eight dates, half of them from a row that lies 7 px away, and the stack."""
    number = [0, 1, 0, 0, 1, 1, 0, 1]
    stack = seen_from(moving([(0, 0)] * 8, side=64), [((233, 13), (233, 14))[g] for g in number])
    rng, jitter = np.random.default_rng(0), np.random.default_rng(1).normal(scale=0.1, size=(8, 2))
    maps = []
    for first, second in make_pairs(stack, "all"):
        dates = stack.labels[first], stack.labels[second]
        plain = make_map(lambda x, y: (0.05 + x / 1e4, 0 * y), frame=PLAIN, dates=dates)
        step = (number[second] - number[first]) * np.array([4.2, -5.6]) + jitter[second] - jitter[first]
        drow, dcol = (
            d + s + rng.normal(scale=0.1, size=d.shape) for d, s in zip((plain.drow, plain.dcol), step, strict=True)
        )
        scenes = stack.scenes[first].id, stack.scenes[second].id
        maps.append(
            replace(plain, drow=drow.astype(np.float32), dcol=dcol.astype(np.float32), scenes=scenes, labels=dates)
        )
    return stack, maps


def test_maps_that_follow_the_path_are_told_once(two_paths):
    stack, maps = two_paths
    said = r"positions follow the path: 233/014 lies (.*) px from 233/013 on the whole map; choose dates of one path.*"
    assert float(re.fullmatch(said, path_caution(maps, stack).sentence)[1]) == pytest.approx(7, abs=0.2)
    told = judged_together(maps, stack)
    crossing = [stack.different_geometry(*pair) for pair in make_pairs(stack, "all")]
    assert [bool(one.cautions) for one in told] == crossing
    (sentence,) = cautions_of(told, leave_out=AHEAD)
    assert "more of 28 pairs: positions follow the path" in sentence


def test_maps_of_paths_that_agree_are_not_told_of(two_paths):
    stack, maps = two_paths
    other = seen_from(stack, [(233, 13 + i % 2) for i in (0, 0, 1, 1, 0, 0, 1, 1)])
    within = [
        one for one, pair in zip(maps, make_pairs(stack, "all"), strict=True) if not stack.different_geometry(*pair)
    ]
    assert path_caution(within, other) is None
    assert path_caution(within, stack) is None


def test_pairs_across_paths_are_told_before_the_work():
    stack = seen_from(placed([0, 16, 32]), [(233, 13), (8, 11), (233, 13)])
    (sentence,) = cautions_ahead(stack, make_pairs(stack, "all"), VelocitySettings())
    assert "(233/013 and 008/011, in 2 of 3 pairs)" in sentence
    assert cautions_ahead(stack, [(0, 2)], VelocitySettings()) == []


def test_right_maps_of_several_pairs_carry_none():
    maps = map_pairs(moving([(0, 0), (2, -1), (4, -2)], side=256), [(0, 1), (1, 2)], QUICK)
    assert [one.cautions for one in maps] == [(), ()]
