"""Which dates are paired, and maps of several pairs."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.errors import SceneWarning, TrackingError, UsageError
from napari_icenet.scenes.scene import Provenance
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.pairs import make_pairs, map_pairs
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import START, moving

SETTINGS = VelocitySettings(spacing=32, radius=10, max_chip=32)
STEPS = [(0, 0), (1.5, -1), (3.2, -1.7), (4.1, -3.5)]


@pytest.fixture(scope="module")
def stack():
    return moving(STEPS, side=160)


def test_neighbours_in_time_or_all(stack):
    assert make_pairs(stack) == [(0, 1), (1, 2), (2, 3)]
    assert make_pairs(stack, "all") == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_scenes_of_one_time_are_not_paired():
    twins = moving([(0, 0), (1, 1), (2, 2)], side=64, days=[0, 0, 16])
    assert make_pairs(twins, "all") == [(0, 2), (1, 2)]
    assert make_pairs(twins) == [(1, 2)]


def test_what_cannot_be_paired_is_told(stack):
    with pytest.raises(UsageError, match="no pairs called some; choose consecutive or all"):
        make_pairs(stack, "some")
    with pytest.raises(UsageError, match="ice has no two dates"):
        make_pairs(moving([(0, 0)], side=64))


def test_every_pair_has_its_map_as_if_made_alone(stack, tmp_path):
    told = []
    pairs = make_pairs(stack, "all")
    maps = map_pairs(stack, pairs, SETTINGS, workplace=tmp_path, progress=lambda f, t: told.append((f, t)))
    for (first, second), found in zip(pairs, maps, strict=True):
        assert np.nanmedian(found.drow) == pytest.approx(STEPS[second][0] - STEPS[first][0], abs=0.03)
        assert np.nanmedian(found.dcol) == pytest.approx(STEPS[second][1] - STEPS[first][1], abs=0.03)
    np.testing.assert_array_equal(maps[4].drow, map_pair(stack, 1, 3, SETTINGS).drow)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert told[0][1].startswith("pair 1 of 6, 2020-01-01 → 2020-01-17")
    assert len([p for p in tmp_path.iterdir() if list(p.glob("*.npz"))]) == 6


def test_pixels_are_read_once_for_all_pairs(stack, monkeypatch):
    reads = []
    original = SceneStack.read

    def read(self, time, *args, **kwargs):
        reads.append(time)
        return original(self, time, *args, **kwargs)

    monkeypatch.setattr(SceneStack, "read", read)
    map_pairs(stack, make_pairs(stack, "all"), SETTINGS)
    assert sorted(reads) == [0, 1, 2, 3]


def test_a_pair_that_cannot_be_mapped_is_left_out_with_a_warning():
    frames = np.stack([moving(STEPS, side=160).read(i, 1) for i in range(4)])
    frames[2] = np.nan
    stack = SceneStack.from_array(frames, [START + timedelta(days=16 * i) for i in range(4)], name="ice")
    with pytest.warns(SceneWarning, match="2020-02-02 holds no valid pixel"):
        maps = map_pairs(stack, make_pairs(stack), SETTINGS)
    assert [found.labels for found in maps] == [("2020-01-01", "2020-01-17")]
    with pytest.raises(TrackingError, match="2020-02-02 holds no valid pixel"):
        map_pairs(stack, [(1, 2), (2, 3)], SETTINGS)


def held_still(*blank):
    """Four dates of still ground; some of them show nothing but the left."""
    frames = np.stack([moving([(0, 0)] * 4, side=160).read(i, 1) for i in range(4)])
    for date in blank:
        frames[date, :, 60:] = np.nan
    return SceneStack.from_array(frames, [START + timedelta(days=16 * i) for i in range(4)], name="ice")


def test_a_mask_too_small_is_refused_before_the_work():
    settings = VelocitySettings(spacing=16, radius=6, max_chip=32, coregister=True)
    mask = np.zeros((160, 160), bool)
    mask[40:100, 40:80] = True
    told = []
    with pytest.raises(TrackingError, match=r"only \d of the map's points, 16 px apart, have a chip of 32 px or more"):
        map_pairs(held_still(), [(0, 1), (1, 2)], settings, stable=mask, progress=lambda f, text: told.append(text))
    assert told == []
    # A closer spacing, as the sentence says, is the way out.
    closer = settings.model_copy(update={"spacing": 8})
    assert len(map_pairs(held_still(), [(0, 1)], closer, stable=mask)) == 1


def test_pairs_with_too_few_matches_on_stable_ground_are_told_together_and_left_out():
    settings = VelocitySettings(spacing=16, radius=6, max_chip=32, coregister=True)
    mask = np.zeros((160, 160), bool)
    mask[:, 70:] = True
    with pytest.warns(SceneWarning) as warned:
        maps = map_pairs(held_still(2), [(0, 1), (1, 2), (2, 3), (1, 3)], settings, stable=mask)
    assert [found.labels for found in maps] == [("2020-01-01", "2020-01-17"), ("2020-01-17", "2020-02-18")]
    (told,) = [str(one.message) for one in warned if "stable ground" in str(one.message)]
    assert told.startswith(
        "2 of 4 pairs have too few valid matches on stable ground and are left out "
        "(2020-01-17 → 2020-02-02 and 2020-02-02 → 2020-02-18): only 0 valid matches lie on stable ground"
    )


def seen_from(*places, side=64):
    """A stack whose dates are seen from (path, row), or (path, row, sensor); None is unknown."""
    stack = moving([(0, 0)] * len(places), side=side)
    seen = [(None, None) if place is None else place for place in places]
    seen = [Provenance(wrs_path=path, wrs_row=row, sensor=(*rest, "LC08")[0]) for path, row, *rest in seen]
    scenes = [replace(scene, provenance=one) for scene, one in zip(stack.scenes, seen, strict=True)]
    return SceneStack(scenes, stack.bands, stack.grid, name="ice")


def test_pairs_of_one_path_and_row():
    stack = seen_from((5, 9), (6, 9), (5, 9), (6, 9), (5, 9), (7, 9))
    assert make_pairs(stack, same_geometry=True) == [(0, 2), (1, 3), (2, 4)]
    assert make_pairs(stack, "all", same_geometry=True) == [(0, 2), (0, 4), (1, 3), (2, 4)]
    assert make_pairs(stack) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert not any("path" in notice.message for notice in stack.notices)


def test_equal_numbers_of_landsat_1_are_another_geometry():
    stack = seen_from((233, 13, "LM01"), (233, 13, "LT05"), (233, 13, "LM02"), (233, 13, "LC08"))
    assert make_pairs(stack, same_geometry=True) == [(0, 2), (1, 3)]
    assert stack.different_geometry(0, 1)
    assert not stack.different_geometry(0, 2)


def test_dates_of_unknown_geometry_are_in_no_pair_and_told_once():
    stack = seen_from((5, 9), None, (5, 9), None)
    with pytest.warns(SceneWarning, match="2020-01-17 and 1 more have no known path and row"):
        assert make_pairs(stack, same_geometry=True) == [(0, 2)]
    told = list(stack.notices)
    assert make_pairs(stack, "all", same_geometry=True) == [(0, 2)]
    assert stack.notices == told


def test_without_two_dates_of_one_path_and_row_it_says_what_there_is():
    with pytest.raises(
        UsageError, match=r"no two dates of one path and row; .* 005/009 \(1 date\), 006/009 \(1 date\)"
    ):
        make_pairs(seen_from((5, 9), (6, 9)), same_geometry=True)
    with pytest.raises(UsageError, match="none of its scenes has a known path and row"):
        make_pairs(seen_from(None, None), same_geometry=True)


@pytest.mark.parametrize(
    ("places", "told"), [([(5, 9), (6, 9)], "005/009 and 006/009"), ([None, (6, 9)], "an unknown one and 006/009")]
)
def test_a_pair_that_is_named_is_held_to_it(places, told):
    settings = VelocitySettings(spacing=32, radius=6, max_chip=32, same_geometry=True)
    with pytest.raises(UsageError, match=rf"2020-01-01 and 2020-01-17 are not of one path and row \({told}\)"):
        map_pairs(seen_from(*places), [(0, 1)], settings)


def test_one_geometry_changes_no_map():
    stack = seen_from((5, 9), (5, 9), side=96)
    settings = VelocitySettings(spacing=32, radius=6, max_chip=32)
    free, held = (map_pairs(stack, [(0, 1)], settings.model_copy(update={"same_geometry": s})) for s in (False, True))
    np.testing.assert_array_equal(free[0].drow, held[0].drow)
