from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet import __version__
from napari_icenet.errors import Cancelled, StackError, UsageError
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.scene import Flag
from napari_icenet.simulation import Simulation, Truth, load_truth, simulate

pytestmark = pytest.mark.slow


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def products(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.name.startswith("LC08"))


def test_same_seed_gives_identical_files(archive: Path, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", dates=3, size=256, seed=7, cloud=0.3)
    first, second = contents(archive), contents(again)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_the_bundled_sample_is_described_as_it_would_be_today() -> None:
    from napari_icenet.samples import byrd_folder
    from napari_icenet.simulation.archive import ABOUT
    from napari_icenet.simulation.landsat_product import README

    told = (byrd_folder() / "README.txt").read_text(encoding="utf-8")
    assert told == README + ABOUT
    module = re.search(r"In Python: (\S+)\.load_truth", told)
    assert module is not None
    assert module[1] == load_truth.__module__.rpartition(".")[0]


def test_folders_and_files_are_named_as_landsat_names_them(archive: Path) -> None:
    names = [p.name for p in products(archive)]
    assert names[0].startswith("LC08_L1GT_054118_20151122_")
    assert all(re.fullmatch(r"LC08_L1GT_054118_\d{8}_\d{8}_02_T2", name) for name in names)
    files = {p.name.removeprefix(names[0] + "_") for p in products(archive)[0].iterdir()}
    assert files == {f"B{n}.TIF" for n in range(1, 8)} | {"QA_PIXEL.TIF", "MTL.txt", "README.txt"}


def test_every_folder_says_that_it_is_simulated(archive: Path) -> None:
    for folder in (archive, *products(archive)):
        assert "not a measurement" in (folder / "README.txt").read_text()
    for folder in products(archive):
        text = (folder / f"{folder.name}_MTL.txt").read_text()
        assert text.count(f'ORIGIN = "Simulated by napari-icenet {__version__}; not a measurement"') == 2


def test_stack_reads_what_the_simulation_made(archive: Path, truth: Truth) -> None:
    stack = open_stack(archive)
    assert stack.shape == (3, 7, 256, 256)
    assert stack.notices == []
    assert stack.grid.crs is not None
    assert stack.grid.crs.to_epsg() == 3031
    assert stack.grid.transform == truth.grid.transform
    assert all(scene.provenance.simulated for scene in stack.scenes)
    np.testing.assert_allclose(stack.days, truth.days, atol=1 / 86400)
    frame = Simulation(truth.record.settings).frame(1)
    for band in ("B1", "B7"):
        read = stack.read(1, band, reflectance=True)
        # Half a step of the stored values, seen under a sun 24° high.
        np.testing.assert_allclose(read, np.maximum(frame.reflectance[band], 0), atol=0.001)
    # The frame's flags survive the way through QA_PIXEL.
    np.testing.assert_array_equal(stack.flags(1), frame.flags)


def test_fill_is_zero_and_a_measurement_never_is(archive: Path) -> None:
    for folder in products(archive):
        with rasterio.open(folder / f"{folder.name}_QA_PIXEL.TIF") as file:
            fill = file.read(1) == 1
        assert fill.any()
        for band in range(1, 8):
            with rasterio.open(folder / f"{folder.name}_B{band}.TIF") as file:
                assert file.dtypes == ("uint16",)
                np.testing.assert_array_equal(file.read(1) == 0, fill)


def test_sun_in_the_metadata_is_that_of_the_date(archive: Path, truth: Truth) -> None:
    simulation = Simulation(truth.record.settings)
    for date, folder in enumerate(products(archive)):
        text = (folder / f"{folder.name}_MTL.txt").read_text()
        elevation = float(re.findall(r"SUN_ELEVATION = (\S+)", text)[0])
        assert elevation == pytest.approx(simulation.sun(date).elevation, abs=1e-6)


def test_byrd_lies_in_the_middle(truth: Truth) -> None:
    longitude, latitude = truth.grid.lonlat(127.5, 127.5)
    assert float(longitude) == pytest.approx(153.1861, abs=0.001)
    assert float(latitude) == pytest.approx(-80.0236, abs=0.0003)


def test_truth_comes_back_as_it_was(archive: Path, truth: Truth) -> None:
    simulation = Simulation(truth.record.settings)
    np.testing.assert_array_equal(truth.jitter, simulation.jitter)
    assert truth.times == simulation.times
    assert load_truth(archive / "truth").record == truth.record


def test_displacements_add_up(truth: Truth) -> None:
    row, col = np.array([100.0, 128.0, 150.0]), np.array([200.0, 128.0, 60.0])
    first = truth.displacement(row, col, 0, 1)
    second = truth.displacement(row + first[0], col + first[1], 1, 2)
    np.testing.assert_allclose(np.add(first, second), truth.displacement(row, col, 0, 2), atol=1e-9)
    np.testing.assert_allclose(truth.displacement(row, col, 1, 1), 0, atol=1e-9)


def test_velocity_is_in_metres_a_year_on_the_ground(archive: Path, truth: Truth) -> None:
    vx, vy = truth.velocity(127.5, 127.5)
    assert float(np.hypot(vx, vy)) == pytest.approx(725, abs=0.01)
    assert vx < 0
    with rasterio.open(archive / "truth" / "vx.tif") as file:
        np.testing.assert_allclose(file.read(1)[127:129, 127:129].mean(), vx, atol=0.5)
    with rasterio.open(archive / "truth" / "stable.tif") as file:
        np.testing.assert_array_equal(file.read(1).astype(bool), truth.stable)


def test_cloud_truth_beside_the_scenes(archive: Path, truth: Truth) -> None:
    flags = open_stack(archive).flags(1)
    with rasterio.open(next((archive / "truth").glob("*20151208*_cloud.tif"))) as file:
        cloud = file.read(1) == 1
    inside = (flags & Flag.FILL) == 0
    assert (((flags & Flag.CLOUD) > 0) == cloud)[inside].mean() > 0.8


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        simulate(mine, dates=1, size=256, bands=1)
    with pytest.raises(UsageError, match="not made by"):
        simulate(mine, dates=1, size=256, bands=1, overwrite=True)
    assert contents(tmp_path) == {"mine/notes.txt": b"keep"}


def test_overwrite_replaces_a_simulated_archive(tmp_path: Path) -> None:
    out = simulate(tmp_path / "out", dates=2, size=256, bands=1)
    simulate(out, dates=1, size=256, bands=2, overwrite=True)
    assert len(products(out)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    seen: list[float] = []

    def stop(share: float, text: str) -> None:
        seen.append(share)
        if len(seen) == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        simulate(tmp_path / "out", dates=2, size=256, bands=1, progress=stop)
    assert seen == [0.0, 0.5]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "word"),
    [({"size": 100}, "size"), ({"dates": 0}, "dates"), ({"bands": 9}, "bands"), ({"cloud": 2}, "cloud")],
)
def test_impossible_numbers_are_named(tmp_path: Path, given: dict[str, float], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        simulate(tmp_path / "out", **given)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=re.escape(str(tmp_path))):
        load_truth(tmp_path)
    (tmp_path / "truth.json").write_text("{")
    with pytest.raises(StackError, match="cannot be read"):
        load_truth(tmp_path)
