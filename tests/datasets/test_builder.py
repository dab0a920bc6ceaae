from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from numpy.testing import assert_array_equal

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.cut import cut
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.parts import make_part
from napari_icenet.datasets.schema import VERSION
from napari_icenet.datasets.store import work_folder
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.scenes.stack import SceneStack
from tests.datasets.ice import SETTINGS, moving, stack_of

pytestmark = pytest.mark.process

BANDS = 2


def pictures(dates: int = 6, seed: int = 0):
    return np.stack([moving(dates, seed=seed), moving(dates, seed=seed + 50)], axis=1)


def contents(path: Path) -> dict[str, str]:
    """Digest of every file of a store."""
    return {
        str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(path.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def stack():
    return stack_of(pictures())


@pytest.fixture(scope="module")
def built(stack, tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "icenet.zarr"
    build_dataset([stack], path, SETTINGS)
    return path


def test_the_store_holds_what_was_cut(built, stack):
    icenet = open_dataset(built)
    expected = [cut(stack, SETTINGS, band=band, start=start) for band in ("B1", "B2") for start in range(3)]
    assert len(icenet) == sum(len(part) for part in expected)
    read, first = icenet.read(slice(None)), 0
    for part in expected:
        here = read[first : first + len(part)]
        for name, values in vars(part).items():
            assert_array_equal(getattr(here, name), values, err_msg=name)
        first += len(part)
    assert_array_equal(icenet.read([5, 0, 5]).chips, read.chips[[5, 0, 5]])
    assert not work_folder(built).exists()


def test_any_reader_of_zarr_finds_the_arrays(built):
    group = zarr.open_consolidated(built)
    chips = group["chips"]
    assert chips.dtype == np.uint16
    assert chips.chunks == (1, 4, 16, 16)
    assert_array_equal(
        np.where(group["missing"][7], np.nan, chips[7].astype(np.float32)), open_dataset(built).read(7).chips[0]
    )
    attributes = group.attrs.asdict()
    assert (attributes["format"], attributes["version"]) == ("icenet dataset", 1)
    assert attributes["dataset"]["settings"]["chip"] == 16
    assert attributes["dataset"]["simulated"] is False
    assert [scene["id"] for scene in attributes["dataset"]["stacks"][0]["scenes"]][:1]


def test_levels_are_those_of_the_pictures(built):
    icenet = open_dataset(built)
    last = len(icenet) - 1
    mean, deviation = icenet.levels([0, last])
    values = pictures().astype(np.float64)
    for n, (first, band) in enumerate(((0, 0), (2, 1))):
        frames = values[first : first + 4, band].reshape(4, -1)
        np.testing.assert_allclose(mean[n], frames.mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(deviation[n], frames.std(axis=1), rtol=1e-6)


def test_missing_pixels_come_back_as_missing(tmp_path):
    fill = np.zeros((6, 96, 96), bool)
    fill[1:, 40:44, 40:44] = True
    values = moving()
    values[:, 60, 60] = 0  # dark, not missing
    stack = stack_of(values, fill=fill)
    build_dataset([stack], tmp_path / "a.zarr", SETTINGS.model_copy(update={"min_valid": 0.5}))
    icenet = open_dataset(tmp_path / "a.zarr")
    sequences = icenet.read(slice(None))
    for n in range(len(sequences)):
        for t in range(1, 4):
            r, c = sequences.rows[n, t] - 8, sequences.cols[n, t] - 8
            time = int((sequences.times[n, t] - stack.times[0]) / np.timedelta64(16, "D"))
            if 0 <= r <= 80 and 0 <= c <= 80:
                expected = np.where(fill[time], np.nan, values[time].astype(np.float32))[r : r + 16, c : c + 16]
                assert_array_equal(sequences.chips[n, t], expected)


def test_twice_the_same(built, stack, tmp_path):
    build_dataset([stack], tmp_path / "icenet.zarr", SETTINGS)
    assert contents(tmp_path / "icenet.zarr") == contents(built)


def test_later_scenes_extend_it_as_if_built_at_once(stack, built, tmp_path, monkeypatch):
    path = tmp_path / "icenet.zarr"
    build_dataset([stack_of(pictures()[:5])], path, SETTINGS)
    made = []
    monkeypatch.setattr(
        "napari_icenet.datasets.build_parts.make_part",
        lambda p, job, *a, **k: made.append(job) or make_part(p, job, *a, **k),
    )
    build_dataset([stack], path, SETTINGS)
    assert contents(path) == contents(built)
    # Only the window that ends on the new date was made, in both bands.
    assert [(job.band, job.first) for job in made] == [("B1", 2), ("B2", 2)]
    build_dataset([stack], path, SETTINGS)
    assert len(made) == 2


def test_another_stack_extends_it_as_if_built_at_once(stack, tmp_path):
    other = stack_of(pictures(seed=9), name="glacier")
    build_dataset([stack, other], tmp_path / "at_once.zarr", SETTINGS)
    build_dataset([stack], tmp_path / "later.zarr", SETTINGS)
    build_dataset([other], tmp_path / "later.zarr", SETTINGS)
    assert contents(tmp_path / "at_once.zarr") == contents(tmp_path / "later.zarr")
    icenet = open_dataset(tmp_path / "later.zarr")
    assert set(icenet.stack) == {"ice", "glacier"}
    assert len(icenet.select(stack="ice", band="B2")) == 3 * 36


def test_processes_make_the_same(built, stack, tmp_path):
    build_dataset([stack], tmp_path / "icenet.zarr", SETTINGS, workers=2)
    assert contents(tmp_path / "icenet.zarr") == contents(built)


SLOW_BUILD = """
import sys, time
from napari_icenet.datasets import build_parts
from tests.datasets.test_builder import SETTINGS, build_dataset, make_part, pictures, stack_of
made = 0
def slowly(*args, **kwargs):
    global made
    if made == 3:
        print("three", flush=True)
        time.sleep(600)
    made += 1
    return make_part(*args, **kwargs)
build_parts.make_part = slowly
build_dataset([stack_of(pictures())], sys.argv[1], SETTINGS)
"""


def test_a_killed_build_goes_on_where_it_was(built, stack, tmp_path, monkeypatch):
    path = tmp_path / "icenet.zarr"
    root = Path(__file__).parents[2]
    job = subprocess.Popen([sys.executable, "-c", SLOW_BUILD, str(path)], stdout=subprocess.PIPE, cwd=root, text=True)
    assert job.stdout is not None
    assert job.stdout.readline().strip() == "three"
    job.send_signal(signal.SIGKILL)
    job.wait()
    job.stdout.close()
    assert not path.exists()
    with pytest.raises(DatasetError, match=r"icenet.zarr is not finished; run icenet dataset again"):
        open_dataset(path)
    made = []
    monkeypatch.setattr(
        "napari_icenet.datasets.build_parts.make_part",
        lambda p, job, *a, **k: made.append(job.key) or make_part(p, job, *a, **k),
    )
    build_dataset([stack], path, SETTINGS)
    assert len(made) == 3
    assert contents(path) == contents(built)


def test_nothing_is_overwritten_unasked(built, stack, tmp_path):
    path = tmp_path / "icenet.zarr"
    shutil.copytree(built, path)
    before = contents(path)
    other = SETTINGS.model_copy(update={"stride": 32})
    with pytest.raises(DatasetError, match=r"was made with stride 16, not 32; .* with force=True"):
        build_dataset([stack], path, other)
    with pytest.raises(DatasetError, match=r"holds scenes of ice that are no longer there"):
        build_dataset([stack_of(pictures()[:5])], path, SETTINGS)
    assert contents(path) == before
    build_dataset([stack], path, other, force=True)
    assert len(open_dataset(path)) < len(open_dataset(built))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("…")
    with pytest.raises(DatasetError, match="no dataset made by icenet and is left as it is"):
        build_dataset([stack], tmp_path / "thesis", SETTINGS, force=True)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "…"


def test_half_a_store_and_a_newer_one_are_told(built, stack, tmp_path):
    half = tmp_path / "half.zarr"
    shutil.copytree(built, half)
    (half / "chips" / "c.7.0.0.0").unlink()
    with pytest.raises(DatasetError, match=r"half.zarr is an incomplete dataset; copy it again"):
        open_dataset(half)
    with pytest.raises(DatasetError, match="incomplete"):
        build_dataset([stack], half, SETTINGS)
    (half / "zarr.json").unlink()
    with pytest.raises(DatasetError, match="incomplete"):
        open_dataset(half)
    build_dataset([stack], half, SETTINGS, force=True)
    assert contents(half) == contents(built)
    attributes = json.loads((half / "zarr.json").read_text())
    attributes["attributes"]["version"] = VERSION + 1
    (half / "zarr.json").write_text(json.dumps(attributes))
    with pytest.raises(DatasetError, match=rf"made by a newer napari-icenet \(format {VERSION + 1}\); update"):
        open_dataset(half)
    with pytest.raises(DatasetError, match="does not exist"):
        open_dataset(tmp_path / "nowhere.zarr")


def test_a_damaged_chunk_is_told(built, tmp_path):
    path = tmp_path / "icenet.zarr"
    shutil.copytree(built, path)
    (path / "chips" / "c.0.0.0.0").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"c.0.0.0.0 is damaged"):
        open_dataset(path).read(0)


def test_different_bands(stack, tmp_path):
    grey = stack_of(moving(), name="grey")
    with pytest.raises(DatasetError, match=r"ice has the bands B1, B2 and grey has B1; .* --bands B1"):
        build_dataset([stack, grey], tmp_path / "a.zarr", SETTINGS)
    build_dataset([stack, grey], tmp_path / "a.zarr", SETTINGS.model_copy(update={"bands": ("B1",)}))
    assert set(open_dataset(tmp_path / "a.zarr").band) == {"B1"}
    with pytest.raises(UsageError, match="same name"):
        build_dataset([stack, stack_of(moving())], tmp_path / "b.zarr", SETTINGS)
    with pytest.raises(DatasetError, match="different types"):
        build_dataset([grey, stack_of(moving(dtype=np.float32))], tmp_path / "b.zarr", SETTINGS)


class AllCloud:
    def read(self, window):
        return np.full((window.height, window.width), 2, np.uint8)


def test_all_cloud_and_all_fill(tmp_path):
    clear = stack_of(moving())
    hidden = SceneStack(
        [type(s)(**{**vars(s), "mask": AllCloud()}) for s in clear.scenes], clear.bands, clear.grid, name="ice"
    )
    with pytest.raises(DatasetError, match=r"ice is hidden by cloud or flat on all dates"):
        build_dataset([hidden], tmp_path / "a.zarr", SETTINGS)
    empty = stack_of(moving(), fill=np.ones((6, 96, 96), bool))
    with pytest.raises(DatasetError, match=r"ice shows no chip of 16 pixels"):
        build_dataset([empty], tmp_path / "a.zarr", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_needs_its_library(stack, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"dask.distributed; install napari-icenet\[cluster\]"):
        build_dataset([stack], tmp_path / "a.zarr", SETTINGS, scheduler="tcp://nowhere:1")


def test_batches_hold_every_sequence_of_a_split_once(built):
    icenet = open_dataset(built)
    batches = list(icenet.batches(None, 50, seed=3))
    assert [len(b) for b in batches] == [50] * (len(icenet) // 50) + [len(icenet) % 50]
    order = np.random.default_rng(3).permutation(len(icenet))
    assert_array_equal(np.concatenate([b.chips for b in batches]), icenet.read(order).chips)
    for split in ("train", "validation", "test"):
        found = [s for b in icenet.batches(split, 7, seed=0) for s in b.split]
        assert found == [split] * int((icenet.split == split).sum())
    with pytest.raises(UsageError, match="no split training; choose train, validation, test"):
        icenet.select(split="training")
