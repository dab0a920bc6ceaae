"""Comparing while a chip is dragged: the newest request wins, and nothing stays behind."""

import threading
from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.evaluation.compare.background import CompareTool
from napari_icenet.matching.pictures import Pictures
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import START, shifted, texture

LINE_UP = PredictorSet.of_names("persistence", "high-pass")


@pytest.fixture(scope="module")
def pictures():
    base = texture(160, 3)
    frames = [shifted(base, float(t), 0.0) for t in range(12)]
    times = [START + timedelta(days=8 * t) for t in range(12)]
    return Pictures(SceneStack.from_array(np.array(frames, np.float32)[:, None], times), 1)


@pytest.fixture(scope="module")
def track(pictures):
    return follow(pictures, 64, 90, 0, TrackSettings(chip=32, scale=1.5))


@pytest.fixture
def tool():
    made = CompareTool()
    made.told = []
    made.compared.connect(made.told.append)
    yield made
    made.close()
    assert "icenet-compare" not in {thread.name for thread in threading.enumerate()}


def test_tells_part_by_part(tool, pictures, track):
    assert tool.ask(pictures, track, 8, LINE_UP)
    assert tool.wait(20)
    assert [len(part.compared) for part in tool.told] == [0, 1, 2]
    assert [part.whole for part in tool.told] == [False, False, True]


def test_the_same_question_is_not_answered_twice(tool, pictures, track):
    tool.ask(pictures, track, 8, LINE_UP)
    assert not tool.ask(pictures, track, 8, LINE_UP)
    assert tool.ask(pictures, track, 8, LINE_UP.only(LINE_UP.entries[0]))


def test_only_the_newest_question_is_answered_to_the_end(tool, pictures, track):
    for time in (4, 5, 6, 7, 8):
        tool.ask(pictures, track, time, LINE_UP)
    assert tool.wait(20)
    assert [part.time for part in tool.told if part.whole][-1] == 8
    last = max(k for k, part in enumerate(tool.told) if part.time != 8) if tool.told[0].time != 8 else -1
    assert all(part.time == 8 for part in tool.told[last + 1 :])


def test_what_is_forgotten_is_not_told(tool, pictures, track):
    tool.compared.connect(lambda _part: tool.forget(), max_args=1)
    tool.ask(pictures, track, 8, LINE_UP)
    assert tool.wait(20)
    assert len(tool.told) == 1


def test_a_place_without_ice_fails_with_a_sentence(tool, track):
    times = [START + timedelta(days=8 * t) for t in range(12)]
    empty = Pictures(SceneStack.from_array(np.full((12, 1, 160, 160), np.nan, np.float32), times), 1)
    failed = []
    tool.failed.connect(failed.append)
    tool.ask(empty, track, 8, LINE_UP)
    assert tool.wait(20)
    assert "shows enough of this ice" in str(failed[0])


def test_closed_it_answers_nothing(pictures, track):
    tool = CompareTool()
    tool.close()
    tool.close()
    assert not tool.ask(pictures, track, 8, LINE_UP)
