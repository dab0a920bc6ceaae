"""What predictors are shown."""

import numpy as np
import pytest

from napari_icenet.evaluation.scoring.past import all_templates, past_of, templates
from tests.datasets.factory import sequences
from tests.evaluation.chips import SIDE, Ahead, AheadTogether, Oldest, noise

T0 = 7


@pytest.fixture
def shown():
    days = np.array([0, 5, 10, 20, 30, 50, 60, 80, 97, 120, 130, 200])
    valid = np.ones((2, 12), bool)
    valid[1, 3] = False
    return sequences(noise(2, 12, SIDE, SIDE), days=days, valid=valid, cloud=0.1 * np.arange(12) % 1)


def test_the_past_is_the_eight_frames_up_to_t0(shown):
    past = past_of(shown, 1, T0, 2)
    assert np.array_equal(past.chips, shown.chips[1, :8])
    assert past.days.tolist() == [-80, -75, -70, -60, -50, -30, -20, 0]
    assert past.valid.tolist() == [True, True, True, False, True, True, True, True]
    assert past.horizon == 40
    assert past.steps == 2
    assert past.cloud.tolist() == pytest.approx([0.1 * i for i in range(8)])
    assert past_of(shown, 1, T0, 1).horizon == 17


def test_longer_sequences_show_the_last_eight(shown):
    assert np.array_equal(past_of(shown, 0, 9, 2).chips, shown.chips[0, 2:10])


def test_a_template_is_made_once_where_the_target_does_not_matter(shown):
    near, far = (past_of(shown, 0, T0, target) for target in (1, 2))
    first, second = templates(Oldest(), near, far)
    assert first is second
    assert near.steps == 1
    assert near.was_asked
    first, second = templates(Ahead(), near, far)
    assert first.template[0, 0] - shown.chips[0, 7, 0, 0] == pytest.approx(17)
    assert second.template[0, 0] - shown.chips[0, 7, 0, 0] == pytest.approx(40)


def test_predictors_of_many_at_once_give_what_single_ones_give(shown):
    made = all_templates([Ahead(), AheadTogether(), Oldest()], shown, T0)
    for i in range(2):
        past, (single, together, oldest) = made(i)
        assert np.array_equal(past.chips, shown.chips[i, :8])
        for one, other in zip(single, together, strict=True):
            assert np.array_equal(one.template, other.template)
        assert oldest[0] is oldest[1]
