import threading
from datetime import datetime

import numpy as np
import pytest

from napari_icenet.gui.session import frame_cache as module
from napari_icenet.gui.session.frame_cache import FrameCache, level_count, picks, read_level
from napari_icenet.gui.session.frame_sources import BandFrames
from napari_icenet.gui.session.lazy_frames import LazyFrames, pyramid
from napari_icenet.scenes.stack import SceneStack

SIDE = 2500


@pytest.fixture(scope="module")
def large():
    """Two dates that are too large to be read while drawing; the value tells row and column."""
    row, col = np.ogrid[:SIDE, : SIDE + 3]
    picture = (row * 10_000 + col).astype(np.float64)
    times = [datetime(2020, 1, 1), datetime(2020, 2, 1)]
    return SceneStack.from_array(np.stack([picture, picture + 0.5]), times, name="large")


@pytest.fixture
def cache(qapp):
    cache = FrameCache()
    yield cache
    cache.close()


@pytest.mark.parametrize(("size", "level"), [(7800, 3), (2503, 2), (7, 1), (1, 0), (640, 0)])
def test_a_level_keeps_the_pixels_where_napari_draws_them(size, level):
    kept = picks(size, level)
    # napari draws pixel i of a level at i · size / len(level) of the full one.
    np.testing.assert_allclose(kept, np.arange(kept.size) * size / kept.size, atol=0.5)
    assert kept[-1] < size


def test_only_large_frames_have_a_pyramid():
    assert level_count((640, 640)) == level_count((2048, 100)) == 1
    assert level_count((7800, 7800)) == 4


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_level_is_read_strip_by_strip(large, level):
    source = BandFrames(large, "B1")
    full = large.scenes[0].bands["B1"].read(large.grid.full_window)
    expected = full[np.ix_(picks(SIDE, level), picks(SIDE + 3, level))]
    np.testing.assert_array_equal(read_level(source, 0, level), expected)


def test_drawing_does_not_wait_and_others_get_exact_values(large, cache, qtbot):
    frames = LazyFrames(BandFrames(large, "B1"), cache)
    drawn = frames[0, :, :]
    assert drawn.shape == (SIDE, SIDE + 3)
    assert np.isnan(drawn).all()
    with qtbot.waitSignal(cache.loaded, timeout=60_000):
        pass
    np.testing.assert_array_equal(frames[0, :, :], frames[0])
    # On another thread, as a plugin would, even a tuple waits.
    found = []
    thread = threading.Thread(target=lambda: found.append(frames[1, 100, 200]))
    thread.start()
    thread.join()
    assert found == [100 * 10_000 + 200 + 0.5]


def test_coarse_first_then_exact(large, cache, qtbot):
    levels = pyramid(BandFrames(large, "B1"), cache)
    source, coarsest = levels[0].source, len(levels) - 1
    cache.read(source, 0, coarsest)
    window = levels[0][:, 800:1000, 1200:1300]
    coarse = window[0, :, :]
    exact = large.scenes[0].bands["B1"].read(large.grid.full_window)[800:1000, 1200:1300]
    # No more than half a coarse pixel off: 2 rows and 2 columns.
    step = 2**coarsest
    assert np.abs(coarse // 10_000 - exact // 10_000).max() <= step / 2 + 1
    assert not np.array_equal(coarse, exact)
    with qtbot.waitSignal(cache.loaded, timeout=60_000):
        pass
    np.testing.assert_array_equal(window[0, :, :], exact)


def test_old_frames_make_room(large, qapp):
    cache = FrameCache(limit=int(1.5 * SIDE * (SIDE + 3) * 8))
    source = BandFrames(large, "B1")
    cache.read(source, 0)
    cache.read(source, 1)
    assert cache.held(source, 0) is None
    assert cache.held(source, 1) is not None
    cache.forget(source)
    assert cache.held(source, 1) is None
    cache.close()


def test_the_newest_wish_comes_first(large, cache, monkeypatch, qtbot):
    order, begun, gate = [], threading.Event(), threading.Event()

    def read_slowly(source, time, level):
        begun.set()
        gate.wait(10)
        order.append(names[source])
        return np.zeros((2, 2))

    monkeypatch.setattr(module, "read_level", read_slowly)
    names = {BandFrames(large, "B1"): name for name in ("running", "soon", "later", "urgent", "newest")}
    for source, name in names.items():
        cache.ask(source, 0, urgent=name in ("urgent", "newest"))
        # The first is being read before the others are known, so that all of them wait.
        assert begun.wait(10)
    gate.set()
    qtbot.waitUntil(lambda: len(order) == 5, timeout=60_000)
    assert order == ["running", "newest", "urgent", "soon", "later"]
