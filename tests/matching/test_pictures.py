from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.zncc import norm_map
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow, prefetch
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import START, texture


@pytest.fixture(scope="module")
def frame():
    picture = texture(700).astype(np.float32)
    picture[:60, :90] = np.nan
    return picture


@pytest.fixture
def stack(frame):
    return SceneStack.from_array(np.stack([frame, frame[::-1]]), [START, START.replace(day=9)])


WINDOWS = [Window(500, 500, 40, 40), Window(-20, 650, 80, 100), Window(10, 10, 690, 690), Window(900, 0, 5, 5)]


@pytest.mark.slow
@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("name", ["none", "high-pass", "sobel"])
def test_windows_over_tiles_equal_the_whole_picture(stack, frame, window, name):
    padded = np.pad(frame, 1100, constant_values=np.nan)
    whole = prefilter(name)(padded)[window.row + 1100 :, window.col + 1100 :][: window.height, : window.width]
    got = Pictures(stack, 1, name).read(0, window)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(got), np.isnan(whole))
    np.testing.assert_allclose(got, whole, atol=5e-3)


def test_norms_are_those_of_the_window_or_unknown_beside_fill(stack):
    pictures = Pictures(stack, 1)
    window = Window(470, 480, 96, 96)
    np.testing.assert_allclose(pictures.norms(0, window, 32), norm_map(pictures.read(0, window), 32), rtol=1e-4)
    assert pictures.norms(0, Window(40, 60, 96, 96), 32) is None
    assert pictures.norms(0, Window(60, 90, 96, 96), 32) is not None
    assert pictures.norms(0, Window(640, 640, 96, 96), 32) is None


def test_dragging_reads_no_pixels_after_the_first_time(stack, monkeypatch):
    pictures, settings = Pictures(stack, 1), TrackSettings(chip=64, scale=1.5)
    prefetch(pictures, 350, 350, settings)
    reads = []
    original = stack.read
    monkeypatch.setattr(stack, "read", lambda *a, **k: (reads.append(a), original(*a, **k))[1])
    for col in range(350, 366):
        follow(pictures, 350, col, 0, settings)
    assert reads == []
    follow(pictures.filtered("none"), 350, 350, 1, settings)
    assert reads == []


def test_cache_stays_within_its_limit_and_forgets_the_oldest():
    cache = TileCache(limit=1000)
    made = []

    def make(key):
        made.append(key)
        return np.zeros(100, np.float32)

    for key in "abcab":
        cache.get(key, lambda key=key: make(key))
    assert cache.nbytes <= 1000
    assert made == ["a", "b", "c", "a", "b"]
    cache.get("b", lambda: make("b"))
    assert len(made) == 5
    cache.clear()
    assert cache.nbytes == 0


@pytest.mark.slow
def test_cache_is_safe_between_threads(stack):
    pictures = Pictures(stack, 1, "high-pass", cache=TileCache(limit=3_000_000))
    expected = Pictures(stack, 1, "high-pass").read(0, Window(100, 100, 500, 500)).copy()
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: pictures.read(0, Window(100, 100, 500, 500)), range(24)):
            np.testing.assert_array_equal(got, expected)
    assert pictures.cache.nbytes <= 3_000_000


def test_cached_pixels_cannot_be_overwritten(stack):
    got = Pictures(stack, 1).read(0, Window(100, 100, 10, 10))
    with pytest.raises(ValueError, match="read-only"):
        got[0, 0] = 1
