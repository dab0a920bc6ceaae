"""The mapper as a model: newest request wins, cancelling keeps what was there, threads end."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from scipy.ndimage import gaussian_filter

from napari_icenet.errors import TrackingError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.background import VelocityMapper
from napari_icenet.velocity.settings import VelocitySettings

STEP = (1, -2)
SETTINGS = VelocitySettings(spacing=32, max_chip=32, radius=6)


@pytest.fixture(scope="module")
def stack():
    wide = 1000 + 100 * gaussian_filter(np.random.default_rng(4).normal(size=(200, 200)), 1.5)
    values = np.stack([wide[20 - i * STEP[0] :, 20 - i * STEP[1] :][:160, :160] for i in range(3)]).astype(np.float32)
    times = [datetime(2020, 1, 1) + timedelta(days=16 * i) for i in range(3)]
    grid = Grid(160, 160, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))
    return SceneStack.from_array(values, times, name="ice", grid=grid)


class Heard:
    """What a model said, in order."""

    def __init__(self, mapper):
        self.said: list[tuple] = []
        mapper.maps_changed.connect(lambda maps: self.said.append(("maps", maps)))
        mapper.busy_changed.connect(lambda busy: self.said.append(("busy", busy)))
        mapper.failed.connect(lambda sentence: self.said.append(("failed", sentence)))
        mapper.progressed.connect(lambda share, _text: self.said.append(("share", share)))

    def of(self, kind):
        return [value for name, value in self.said if name == kind]


@pytest.fixture
def mapper(stack):
    mapper = VelocityMapper(stack)
    yield mapper
    mapper.close()


class Gate:
    """Makes maps that are only names, once it is opened."""

    def __init__(self):
        self.open, self.reached = threading.Event(), threading.Event()

    def __call__(self, stack, pairs, settings, *, progress, **_choices):
        progress(0.5, "half")
        self.reached.set()
        while not self.open.wait(0.005):
            progress(0.5, "half")
        return [Named(pair) for pair in pairs]


class Named:
    def __init__(self, pair):
        self.pair, self.times = pair, tuple(np.datetime64(f"2020-01-0{1 + i}") for i in pair)


@pytest.fixture
def gate(stack):
    gate = Gate()
    gate.mapper = VelocityMapper(stack, map_pairs=gate, quality_report=lambda maps: None)
    gate.heard = Heard(gate.mapper)
    yield gate
    gate.mapper.close()


def test_maps_are_made_judged_and_told(mapper):
    heard = Heard(mapper)
    mapper.map([(0, 1), (1, 2)], SETTINGS)
    assert mapper.busy
    assert mapper.wait(60)
    assert heard.of("failed") == []
    assert heard.of("maps") == [mapper.maps]
    assert (heard.of("busy")[0], heard.of("busy")[-1]) == (True, False)
    assert heard.of("share") == sorted(heard.of("share"))
    assert [found.labels for found in mapper.maps] == [("2020-01-01", "2020-01-17"), ("2020-01-17", "2020-02-02")]
    for found in mapper.maps:
        np.testing.assert_allclose(np.median(found.drow[found.valid]), STEP[0], atol=0.03)
        np.testing.assert_allclose(np.median(found.dcol[found.valid]), STEP[1], atol=0.03)
    assert [one.labels for one in mapper.report.maps] == [found.labels for found in mapper.maps]
    assert mapper.series is None  # two pairs one after the other contradict nothing
    assert mapper.device.startswith(("CPU", "NVIDIA", "Apple"))
    assert not mapper.busy


def test_pairs_that_overlap_in_time_are_inverted(mapper):
    mapper.map([(0, 1), (1, 2), (0, 2)], SETTINGS)
    assert mapper.wait(60)
    assert len(mapper.report.closure) == 1
    rows = mapper.series.drow[np.isfinite(mapper.series.drow)]
    np.testing.assert_allclose(np.median(rows), STEP[0], atol=0.03)


def test_the_newest_request_wins(gate):
    gate.mapper.map([(0, 1)], SETTINGS)
    assert gate.reached.wait(10)
    gate.mapper.map([(1, 2)], SETTINGS)
    gate.mapper.map([(0, 2)], SETTINGS)
    gate.open.set()
    assert gate.mapper.wait(10)
    assert [found.pair for found in gate.mapper.maps] == [(0, 2)]
    assert len(gate.heard.of("maps")) == 1
    assert gate.heard.of("busy")[-1] is False
    assert not gate.mapper.busy


def test_cancelling_ends_work_and_keeps_the_maps(gate):
    gate.open.set()
    gate.mapper.map([(0, 1)], SETTINGS)
    assert gate.mapper.wait(10)
    old = gate.mapper.maps
    gate.open.clear()
    gate.reached.clear()
    gate.mapper.map([(1, 2)], SETTINGS)
    assert gate.reached.wait(10)
    gate.mapper.cancel()
    assert gate.mapper.wait(10)  # though the gate is shut
    assert gate.mapper.maps is old
    assert gate.heard.of("failed") == []
    assert not gate.mapper.busy


def test_a_request_that_still_waits_is_cancelled_too(gate):
    block = threading.Event()
    gate.mapper._worker.submit("other", lambda: block.wait(10))
    gate.mapper.map([(0, 1)], SETTINGS)
    gate.mapper.cancel()
    assert not gate.mapper.busy
    assert gate.heard.of("busy") == [True, False]
    block.set()
    assert gate.mapper.wait(10)
    assert gate.mapper.maps == ()


def test_what_goes_wrong_is_told_in_a_sentence(stack, mapper):
    heard = Heard(mapper)
    mapper.map([(0, 1)], SETTINGS.model_copy(update={"chip": 512}))
    assert mapper.wait(60)
    assert "larger than the frame of 160 × 160 px" in heard.of("failed")[0]
    assert mapper.maps == ()
    with pytest.raises(TrackingError, match="no two dates"):
        mapper.map([], SETTINGS)
    with pytest.raises(TrackingError, match="9 × 9 px and the frame 160 × 160 px"):
        mapper.map([(0, 1)], SETTINGS, stable=np.ones((9, 9), bool))
    assert not mapper.busy


def test_a_missing_prior_map_is_told(mapper, tmp_path):
    heard = Heard(mapper)
    mapper.map([(0, 1)], SETTINGS, prior=tmp_path / "none.nc")
    assert mapper.wait(60)
    assert "none.nc" in heard.of("failed")[0]
    assert mapper.maps == ()


def test_maps_from_elsewhere_replace_a_request(gate):
    gate.mapper.map([(0, 1)], SETTINGS)
    assert gate.reached.wait(10)
    other = Named((1, 2))
    gate.mapper.take([other], "report")
    assert gate.mapper.wait(10)
    assert (gate.mapper.maps, gate.mapper.report) == ((other,), "report")


def test_a_fault_of_ours_is_reported_and_does_not_end_mapping_for_good(gate, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: told.append(fault.exc_type))
    gate.open.set()
    made = gate.mapper._map_pairs
    gate.mapper._map_pairs = lambda *_args, **_choices: 1 / 0
    gate.mapper.map([(0, 1)], SETTINGS)
    assert gate.mapper.wait(10)
    assert not gate.mapper.busy
    assert gate.heard.of("busy") == [True, False]
    assert told == [ZeroDivisionError]
    gate.mapper._map_pairs = made
    gate.mapper.map([(0, 1)], SETTINGS)
    assert gate.mapper.wait(10)
    assert [found.pair for found in gate.mapper.maps] == [(0, 1)]


def test_closing_ends_the_thread_while_it_works(stack):
    gate = Gate()
    mapper = VelocityMapper(stack, map_pairs=gate, quality_report=lambda maps: None)
    mapper.map([(0, 1)], SETTINGS)
    assert gate.reached.wait(10)
    mapper.close()
    assert not any(thread.name == "icenet-velocity" for thread in threading.enumerate())
