from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking import evidence as correlate
from napari_icenet.tracking.evidence import Correlator
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import cloud, moving

STEPS = np.array([(0, 0), (0.4, 1.3), (0.8, 2.6), (1.7, 3.4), (2.1, 5.2), (2.5, 6.5), (3.4, 7.7)])
SETTINGS = TrackSettings(chip=96, scale=1.8)


@pytest.fixture(scope="module")
def pictures():
    """Moving ice, one date overcast and one half under cloud."""
    stack = moving(STEPS, noise=2)
    frames = np.stack([stack.read(t, 1) for t in range(len(STEPS))])
    frames[2] = cloud(frames[2].shape, seed=2)
    frames[4][:, 150:] = cloud(frames[4].shape, seed=4)[:, 150:]
    return Pictures(SceneStack.from_array(frames, [s.time for s in stack.scenes], name="ice"), 1)


@pytest.mark.parametrize("time", [0, 3, 6])
@pytest.mark.parametrize(
    "change",
    [{}, {"template": "first"}, {"template": "high-pass"}, {"centring": "velocity"}, {"tracking": "chain"}],
    ids=str,
)
def test_a_second_thread_changes_nothing(pictures, time, change):
    settings = SETTINGS.model_copy(update=change)
    alone = follow(pictures, 160, 150, time, settings)
    with ThreadPoolExecutor(1) as pool:
        helped = follow(pictures, 160, 150, time, settings, pool=pool)
    # As text, for NaN is not equal to itself.
    assert str(helped.observations) == str(alone.observations)


def test_the_next_search_is_begun_and_used(pictures, monkeypatch):
    clear = Pictures(moving(STEPS, noise=2), 1)
    begun, made = [], []
    begin, search = Correlator.begin, Correlator._sharp_match
    monkeypatch.setattr(Correlator, "begin", lambda self, *what: begun.append(what) or begin(self, *what))
    monkeypatch.setattr(Correlator, "_sharp_match", lambda self, *what: made.append(what) or search(self, *what))
    with ThreadPoolExecutor(1) as pool:
        assert follow(clear, 160, 150, 0, SETTINGS, pool=pool).valid.all()
    assert len(begun) == len(STEPS) - 2
    assert len(made) == len(STEPS) - 1


def test_coarse_to_fine_decides_as_the_whole_surface_does(pictures, monkeypatch):
    quick = follow(pictures, 160, 150, 0, SETTINGS)
    monkeypatch.setattr(correlate, "peak_patch", lambda *_: None)
    whole = follow(pictures, 160, 150, 0, SETTINGS)
    assert [fix.reason for fix in quick.observations] == [fix.reason for fix in whole.observations]
    assert [fix.firm for fix in quick.observations] == [fix.firm for fix in whole.observations]
    for name in ("rows", "cols", "ncc"):
        np.testing.assert_allclose(getattr(quick, name), getattr(whole, name), atol=1e-4)
