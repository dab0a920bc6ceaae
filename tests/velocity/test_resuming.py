"""A run that was killed, and the run after it."""

import subprocess
import sys
import time

import numpy as np
import pytest

from napari_icenet.matching.engine.engine import Engine
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.open import open_stack
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import moving

pytestmark = pytest.mark.process

SETTINGS = VelocitySettings(band="B4", spacing=32, radius=12, max_chip=64)
#: Maps a pair into the folder that it is given, and rests a while after each tile so that it can be killed.
SCRIPT = """
import sys, time
from napari_icenet.scenes.open import open_stack
from napari_icenet.velocity import map_pair, tile_checkpoint
from napari_icenet.velocity.settings import VelocitySettings
write = tile_checkpoint.FinishedTiles.write
def slow(self, *args):
    write(self, *args)
    time.sleep(0.5)
tile_checkpoint.FinishedTiles.write = slow
from pathlib import Path
settings = VelocitySettings.model_validate_json(sys.argv[3])
map_pair.map_pair(open_stack(sys.argv[1]), 0, 1, settings, workplace=Path(sys.argv[2]))
"""


class Counting(Engine):
    """Counts the points it matches."""

    points = 0

    def match(self, first, second, rows, cols, **kwargs):
        self.points += len(rows)
        return super().match(first, second, rows, cols, **kwargs)


def same(one, other):
    for name in ("drow", "dcol", "ncc", "peak_ratio", "error_row", "chip_size", "reason"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_killed_run_continues_from_its_finished_tiles(tmp_path):
    sample = byrd_folder()
    command = [sys.executable, "-c", SCRIPT, str(sample), str(tmp_path), SETTINGS.model_dump_json()]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("chip*.npz"))) < 2 and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    finished = list(tmp_path.glob("chip*.npz"))
    stack = open_stack(sample)
    again, whole = Counting(), Counting()
    resumed = map_pair(stack, 0, 1, SETTINGS, workplace=tmp_path, engine=again)
    fresh = map_pair(stack, 0, 1, SETTINGS, engine=whole)
    assert 2 <= len(finished) < len(list(tmp_path.glob("chip*.npz")))
    assert 0 < again.points < whole.points / 2
    same(resumed, fresh)
    third = Counting()
    same(map_pair(stack, 0, 1, SETTINGS, workplace=tmp_path, engine=third), fresh)
    assert third.points == 0


@pytest.fixture(scope="module")
def drifting():
    return moving([(0, 0), (3.3, -2.6)], side=192)


@pytest.mark.parametrize(
    ("change", "reused"),
    [
        ({}, True),
        ({"coregister": False, "memory_gb": 2.0, "max_chip": 128}, True),
        ({"min_peak_ratio": 1.2}, False),
        ({"radius": 11}, False),
        ({"prefilter": "none"}, False),
    ],
)
def test_only_tiles_made_alike_are_reused(drifting, tmp_path, change, reused):
    settings = VelocitySettings(spacing=32, radius=10, max_chip=32)
    map_pair(drifting, 0, 1, settings, workplace=tmp_path)
    counting = Counting()
    map_pair(drifting, 0, 1, settings.model_copy(update=change), workplace=tmp_path, engine=counting)
    every_point = 36
    assert (counting.points < every_point) == reused


def test_other_pixels_under_the_same_name_start_anew(drifting, tmp_path):
    settings = VelocitySettings(spacing=32, radius=10, max_chip=32)
    map_pair(drifting, 0, 1, settings, workplace=tmp_path)
    other = moving([(0, 0), (-2.2, 1.4)], side=192)
    found = map_pair(other, 0, 1, settings, workplace=tmp_path)
    assert np.nanmedian(found.drow) == pytest.approx(-2.2, abs=0.02)


def test_a_damaged_tile_is_made_again(drifting, tmp_path):
    settings = VelocitySettings(spacing=32, radius=10, max_chip=32)
    fresh = map_pair(drifting, 0, 1, settings, workplace=tmp_path)
    (path,) = tmp_path.glob("chip*.npz")
    path.write_bytes(path.read_bytes()[:100])
    same(map_pair(drifting, 0, 1, settings, workplace=tmp_path), fresh)
