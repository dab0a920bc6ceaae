"""What an evaluation is asked to do."""

import pytest

from napari_icenet.evaluation.settings import EvaluationSettings


@pytest.mark.parametrize(("frames", "t0"), [(12, 9), (3, 0), (10, 7), (20, 17)])
def test_the_last_two_frames_are_t1_and_t2(frames, t0):
    assert EvaluationSettings(frames=frames).t0 == t0
