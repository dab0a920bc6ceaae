"""``--coregister`` of ``icenet track`` and ``icenet dataset``: what it corrects, says and refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.scenes.store.zarr_store import save_stack
from tests.tracking.glacier import moving
from tests.valley import FLOW, PATHS, SHIFTS, valley

AT = ("--at", "160,130", "--chip", 64, "--scale", 1.25)
SMALL = ("--chip", 32, "--frames", 4, "--stride", 32, "--windows", 1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    return save_stack(valley(SHIFTS[:4], paths=PATHS)[0], tmp_path_factory.mktemp("stacks") / "valley.zarr")


@pytest.fixture(scope="module")
def rock(tmp_path_factory):
    path = tmp_path_factory.mktemp("masks") / "rock.png"
    Image.fromarray(np.uint8(255 * valley(SHIFTS[:1])[1])).save(path)
    return path


@pytest.mark.parametrize("by_mask", [True, False])
def test_a_track_is_less_the_shifts_and_they_are_told(icenet, stack, rock, by_mask):
    said = icenet("track", stack, *AT, *(("--stable", rock) if by_mask else ("--coregister",)))
    assert said.code == 0, said.err
    assert [line.partition(":")[0] for line in said.lines] == [f"shift of path/row {p:03}/115" for p in PATHS]
    told = [float(line.partition(": ")[2].partition(" px")[0]) for line in said.lines]
    assert told == pytest.approx([0.15, 6.1], abs=0.03)
    table = said.table
    assert table["valid"].all()
    np.testing.assert_allclose(table["drow"][1:], FLOW[0], atol=0.15)
    np.testing.assert_allclose(table["dcol"][1:], FLOW[1], atol=0.15)
    np.testing.assert_allclose(table["col"], 130 + np.arange(4) * FLOW[1] + SHIFTS[:4, 1], atol=0.2)
    np.testing.assert_allclose(table["shift_col"], SHIFTS[:4, 1], atol=0.05)
    assert set(table["shift_source"]) == {"mask" if by_mask else "slow mode"}
    assert "shift_col" not in icenet("track", stack, *AT).table


def test_shifts_are_written_with_their_figure(icenet, stack, tmp_path):
    said = icenet("track", stack, *AT, "--coregister", "--shifts", tmp_path / "s.csv", "-o", tmp_path / "t.csv")
    assert said.code == 0, said.err
    np.testing.assert_allclose(pd.read_csv(tmp_path / "s.csv")["shift_row"], SHIFTS[:4, 0], atol=0.05)
    assert (tmp_path / "s.png").exists()


def test_a_dataset_is_co_registered(icenet, stack, rock, tmp_path):
    out = tmp_path / "icenet.zarr"
    said = icenet("dataset", stack, "-o", out, *SMALL, "--tracking", "robust", "--stable", rock)
    assert said.code == 0, said.err
    assert "shifts     co-registered by mask, shift known on 4 of 4 dates" in said.out
    assert "shift of path/row 012/115: +6." in said.err
    made = open_dataset(out)
    moved = np.diff(made.tables["track_cols"], axis=1)
    ice = np.abs(made.tables["rows"][:, 0] - 160) <= 24
    assert ice.any()
    assert np.median(moved[ice]) == pytest.approx(FLOW[1], abs=0.1)
    assert np.median(moved[~ice]) == pytest.approx(0, abs=0.1)


def test_what_cannot_be_measured_is_one_sentence(icenet, stack, tmp_path):
    everywhere = save_stack(moving([(0, 0), (0.4, 1.5), (0.8, 3)]), tmp_path / "ice.zarr")
    for command in (("track", everywhere, *AT), ("dataset", everywhere, "-o", tmp_path / "d.zarr", "--frames", 3)):
        assert "give a mask of stable ground, or leave co-registration off" in icenet(*command, "--coregister").error(1)
    assert "add --coregister" in icenet("track", stack, *AT, "--shifts", tmp_path / "s.csv").error(2)
    said = icenet("track", stack, *AT, "--coregister", "--shifts", tmp_path / "s.txt")
    assert "end the name in .csv" in said.error(2)
    assert icenet("track", stack, *AT, "--stable", tmp_path / "none.png").error(1)
