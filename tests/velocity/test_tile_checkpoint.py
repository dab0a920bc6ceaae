"""Finished tiles on disk: found again by the same run, and by no other."""

import numpy as np
import pytest

from napari_icenet.errors import TrackingError
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.velocity.tile_checkpoint import FinishedTiles


def some(count=5):
    found = Matches.empty(count, 32, LostReason.FILL)
    found.drow[:] = np.arange(count) / 3
    found.reason[0] = 0
    return found


def test_what_was_written_is_read_again(tmp_path):
    FinishedTiles(tmp_path / "a" / "b", "one").write(32, 7, some())
    found = FinishedTiles(tmp_path / "a" / "b", "one").read(32, 7, 5)
    np.testing.assert_array_equal(found.drow, some().drow)
    np.testing.assert_array_equal(found.reason, some().reason)
    assert found.chip.dtype == np.uint16


def test_another_run_does_not_find_it_and_clears_the_folder_of_tiles_alone(tmp_path):
    FinishedTiles(tmp_path, "one").write(32, 7, some())
    (tmp_path / "notes.txt").write_text("mine")
    other = FinishedTiles(tmp_path, "two")
    assert other.read(32, 7, 5) is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made_from.txt", "notes.txt"]
    assert FinishedTiles(tmp_path, "one").read(32, 7, 5) is None


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_half_a_file_is_no_tile(tmp_path, keep):
    tiles = FinishedTiles(tmp_path, "one")
    tiles.write(32, 7, some())
    path = tiles.path(32, 7)
    path.write_bytes(path.read_bytes()[:keep])
    assert tiles.read(32, 7, 5) is None


def test_a_tile_of_another_number_of_points_is_none(tmp_path):
    tiles = FinishedTiles(tmp_path, "one")
    tiles.write(32, 7, some(4))
    assert tiles.read(32, 7, 5) is None
    assert tiles.read(64, 7, 4) is None


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="name a folder that can be written"):
        FinishedTiles(tmp_path / "file" / "below", "one")
