"""One scene per acquisition, and the bands they share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Notice, Provenance, Scene
from napari_icenet.scenes.selection.select import choose_bands, mixed_meanings, newest_of_each_acquisition

USUAL = {
    "sensor": "LC08", "level": "L1TP", "collection": "02", "tier": "T1", "wrs_path": 5, "wrs_row": 9,
    "processed": date(2020, 9, 8),
}  # fmt: skip


def scene(name, *, day=1, hour=0, bands=("B1",), **origin):
    source = ArrayBand(np.zeros((4, 4), np.uint16))
    return Scene(
        name, datetime(2020, 1, day, hour), Grid(4, 4), dict.fromkeys(bands, source),
        provenance=Provenance(location=Path(name), **{**USUAL, **origin}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "better"),
    [
        ({"processed": date(2021, 1, 1)}, True),
        ({"processed": date(2019, 1, 1)}, False),
        ({"processed": None}, False),
        ({"collection": "01"}, False),
        ({"tier": "RT"}, False),
        ({"processed": date(2021, 1, 1), "tier": "RT", "collection": "01"}, True),
        ({"hour": 12, "processed": date(2021, 1, 1)}, True),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_newest_processing_is_kept(other, better, first):
    one, two = scene("one"), scene("two", **other)
    kept, notices = newest_of_each_acquisition([one, two] if first else [two, one])
    best, worse = (two, one) if better else (one, two)
    assert kept == [best]
    assert [notice.scene for notice in notices] == [worse.id]
    assert best.id in notices[0].message


@pytest.mark.parametrize(
    "other", [{"day": 2}, {"sensor": "LC09"}, {"wrs_path": 6}, {"wrs_row": 10}, {"wrs_row": None}, {"sensor": None}]
)
def test_other_acquisitions_stand_beside_each_other(other):
    scenes = [scene("one"), scene("two", **other)]
    assert newest_of_each_acquisition(scenes) == (scenes, [])


def test_scenes_of_unknown_origin_are_never_the_same():
    scenes = [scene(str(k), sensor=None) for k in range(3)]
    assert newest_of_each_acquisition(scenes) == (scenes, [])


def test_the_level_that_most_scenes_have_comes_before_the_date():
    others = [scene(f"o{k}", day=k, level="L2SP") for k in (5, 6, 7)]
    surface, top = scene("surface", level="L2SP"), scene("top", processed=date(2022, 1, 1))
    kept, notices = newest_of_each_acquisition([*others, surface, top])
    assert kept == [*others, surface]
    assert [notice.scene for notice in notices] == ["top"]
    # L1TP and L1GT are of one level.
    alone = [scene("a", level="L1GT", processed=date(2021, 1, 1)), scene("b", level="L1TP")]
    assert newest_of_each_acquisition(alone)[0] == [alone[0]]


def test_the_order_is_that_given():
    scenes = [scene("c", day=3), scene("a", day=1), scene("b", day=2), scene("a2", day=1, processed=date(2021, 1, 1))]
    assert [one.id for one in newest_of_each_acquisition(scenes)[0]] == ["c", "a2", "b"]


def test_one_that_is_there_twice_is_told_by_its_place():
    one, again = scene("same"), scene("same")
    _, (notice,) = newest_of_each_acquisition([one, again])
    assert str(one.provenance.location) in notice.message


@pytest.mark.parametrize(
    ("of_each", "bands", "left_out"),
    [
        ([("B1", "B2")] * 3, ("B1", "B2"), 0),
        ([("B10", "B2", "B1")], ("B1", "B2", "B10"), 0),
        ([("B1", "B2"), ("B1",)], ("B1", "B2"), 0),
        ([("B1", "B2"), ("B1",), ("B1",)], ("B1",), 1),
        # None is shared by half: all of them then.
        ([("B1",), ("B2",), ("B3",)], ("B1", "B2", "B3"), 0),
    ],
)
def test_bands_that_half_of_the_scenes_have(of_each, bands, left_out):
    scenes = [scene(str(k), day=k + 1, bands=each) for k, each in enumerate(of_each)]
    found, notices = choose_bands(scenes, None, "ice")
    assert found == bands
    assert sum(notice.scene is None for notice in notices) == left_out
    lacking = {one.id for one in scenes if set(bands) - set(one.bands)}
    assert {notice.scene for notice in notices if notice.scene is not None} == lacking


@pytest.mark.parametrize(
    ("asked", "bands"), [(["B2"], ("B2",)), ([2, "B1"], ("B2", "B1")), (["2", "B2", 2], ("B2",)), ([], ())]
)
def test_bands_that_are_asked_for_come_in_that_order_once(asked, bands):
    assert choose_bands([scene("a", bands=("B1", "B2"))], asked, "ice")[0] == bands


def test_a_band_that_no_scene_has_is_refused():
    with pytest.raises(UsageError, match=r"ice .*B1"):
        choose_bands([scene("a")], ["B7"], "ice")


def test_what_was_told_is_not_told_again():
    scenes = [scene("a", bands=("B1", "B2")), scene("b", day=2, bands=("B1",))]
    _, (told,) = choose_bands(scenes, None, "ice")
    assert told.scene == "b"
    assert "B2" in told.message
    known = Notice("B2 of b is damaged.", "b", lacks=("B2",))
    assert choose_bands(scenes, None, "ice", [known])[1] == []


@pytest.mark.parametrize(
    ("sensors", "levels", "count"),
    [
        (("LC08", "LC09"), ("L1TP",), 0),
        (("LT05", "LE07"), ("L1TP",), 0),
        (("LE07", "LC08"), ("L1TP",), 1),
        (("LM01", "LM03"), ("L1TP",), 0),
        (("LM05", "LT05"), ("L1TP",), 1),
        (("LC08",), ("L1TP", "L1GT"), 0),
        (("LC08",), ("L1TP", "L2SP"), 1),
        (("LT05", "LC09"), ("L2SP", "L1TP"), 2),
        ((None, "LC08"), (None,), 0),
    ],
)
def test_numbers_that_do_not_mean_the_same_are_told(sensors, levels, count):
    scenes = [scene(f"{s}{lv}", sensor=s, level=lv) for s in sensors for lv in levels]
    notices = mixed_meanings(scenes)
    assert len(notices) == count
    if len({s for s in sensors if s}) > 1 and count:
        assert all(sensor in notices[0].message for sensor in sensors)
