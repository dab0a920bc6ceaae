"""The command ``icenet evaluate`` on small stacks: the report, and what it refuses."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.models.card import Card, CardData, CardDataset
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.models.weights import save_weights
from napari_icenet.predictors.registry import fitting
from tests.scenes.products import TRANSFORM_UTM, write_tiff
from tests.tracking.glacier import cloud, shifted, texture

pytestmark = pytest.mark.process

SMALL = ("--chip", 32, "--stride", 32, "--frames", 5)
DAYS = ("20200101", "20200117", "20200202", "20200218", "20200305", "20200321")


def write(folder, change=lambda i, picture: picture):
    """Six dated pictures of ice that moves a pixel and a half a date."""
    folder.mkdir()
    base, rng = texture(128), np.random.default_rng(0)
    for i, day in enumerate(DAYS):
        picture = 50 * (shifted(base, 0, 1.5 * i) + rng.normal(size=base.shape))
        write_tiff(folder / f"{day}.tif", change(i, picture).astype("uint16"), transform=TRANSFORM_UTM)
    return folder


@pytest.fixture(scope="module")
def ice(tmp_path_factory):
    # Date 2 is cloud, which is t0 of the windows that begin on date 0.
    sky = 50 * cloud((128, 128), 1)
    return write(tmp_path_factory.mktemp("evaluate") / "ice", lambda i, picture: sky if i == 2 else picture)


@pytest.fixture(scope="module")
def report(ice, tmp_path_factory):
    from napari_icenet.cli.main import main

    out = tmp_path_factory.mktemp("report") / "report"
    with pytest.raises(SystemExit) as end:
        main(["evaluate", str(ice), *map(str, SMALL), "-o", str(out)])
    assert end.value.code == 0
    return out


def test_the_table_has_every_predictor_target_and_mode(report):
    table = json.loads((report / "table.json").read_text())
    for mode in ("chain", "robust"):
        assert list(table[mode]) == ["t1", "t2"]
        for rows in table[mode].values():
            assert list(rows) == list(fitting(32))
            for row in rows.values():
                assert {"mean", "low", "medium", "high", "n"} <= set(row)
                assert row["low"] + row["medium"] + row["high"] == pytest.approx(1)
                assert row["n"] == rows["persistence"]["n"]
    assert table["provenance"]["windows"] == 2
    assert table["provenance"]["t0"] == 3
    assert table["provenance"]["displacement_error"] == "closure"


def test_the_papers_table_stands_beside(report):
    text = (report / "table.md").read_text()
    assert "| machine learning | 0.362 | 0.393 | 0.557 | 0.0504 |" in text
    assert "template for t1 with the chip at t2" in text


def test_figures_and_maps_are_there_and_georeferenced(report):
    for name in ("correlation_maps.png", "panels_chain.png", "panels_robust.png", "strata.png"):
        assert (report / name).stat().st_size > 10_000
    maps = sorted(path.name for path in (report / "maps").iterdir())
    assert maps == sorted(f"{mode}_{name}.tif" for mode in ("chain", "robust") for name in fitting(32))
    with rasterio.open(report / "maps" / "robust_median.tif") as file:
        assert file.crs.is_projected
        assert file.res == (32 * TRANSFORM_UTM.a, 32 * TRANSFORM_UTM.a)
        shown = file.read(1)
    assert np.isfinite(shown).any()


def test_twice_gives_the_same_numbers_and_replaces_only_when_told(report, ice, icenet):
    before = (report / "table.json").read_bytes()
    assert "--force" in icenet("evaluate", ice, *SMALL, "-o", report).error(2)
    again = icenet("evaluate", ice, *SMALL, "-o", report, "--force")
    assert again.code == 0
    assert "Persistence" in again.out
    assert (report / "table.json").read_bytes() == before
    assert not [p for p in report.parent.iterdir() if p.name != report.name]


def test_a_dataset_gives_what_its_stack_gives(ice, report, icenet, tmp_path):
    from napari_icenet.scenes.open import open_stack

    store = tmp_path / "ice.zarr"
    build_dataset([open_stack(ice)], store, DatasetSettings(chip=32, stride=32, frames=5, scale=1.5))
    said = icenet("evaluate", store, "--predictors", "persistence,consensus", "-o", tmp_path / "out")
    assert said.code == 0, said.err
    ours = json.loads((tmp_path / "out" / "table.json").read_text())
    stack = json.loads((report / "table.json").read_text())
    assert "robust" not in ours
    for target in ("t1", "t2"):
        for name in ("persistence", "consensus"):
            for key in ("mean", "low", "high", "n", "interval"):
                assert ours["chain"][target][name][key] == pytest.approx(stack["chain"][target][name][key])
    wrong = icenet("evaluate", store, "--tracking", "robust", "-o", tmp_path / "no").error(2)
    assert "chain" in wrong
    # Own weights join the predictors that fit the dataset's chips.
    weights = save_weights(tmp_path / "own", *untrained(ice))
    said = icenet("evaluate", store, "--weights", weights, "-o", tmp_path / "own-report")
    assert said.code == 0, said.err
    assert list(json.loads((tmp_path / "own-report" / "table.json").read_text())["chain"]["t2"]) == list(fitting(32))
    assert "--chip" in icenet("evaluate", store, "--chip", 64, "-o", tmp_path / "no").error(2)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--predictors", "median,magic"), 2, "persistence, high-pass, blurred, median, consensus"),
        (("--split", "test"), 2, "--split"),
        (("--weights", "model.safetensors"), 1, "model.safetensors"),
        (("--frames", 12), 1, "6 dates"),
        (("--chip", 256), 1, "256"),
        (("--bands", "9"), 2, "9"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(ice, icenet, tmp_path, words, code, told):
    out = tmp_path / "report"
    options = dict(zip(SMALL[::2], SMALL[1::2], strict=True)) | dict(zip(words[::2], words[1::2], strict=True))
    said = icenet("evaluate", ice, *(word for pair in options.items() for word in pair), "-o", out)
    assert told in said.error(code)
    assert not out.exists()


def test_scenes_that_show_nothing_are_refused(icenet, tmp_path):
    flat = write(tmp_path / "flat", lambda i, picture: np.full_like(picture, 9000))
    assert "no chip" in icenet("evaluate", flat, *SMALL, "-o", tmp_path / "out").error(1)
    assert not (tmp_path / "out").exists()


def test_other_folders_are_left_alone(ice, icenet, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert "left as it is" in icenet("evaluate", ice, *SMALL, "-o", tmp_path / "mine", "--force").error(2)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"
    assert "-o REPORT" in icenet("evaluate", ice, *SMALL).error(2)


def untrained(ice):
    """A small network for chips of any size, and its card."""
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=4))
    card = Card(
        model="icenet", settings=network.settings.model_dump(), version="0", created=datetime.now(UTC),
        data=CardData(datasets=(CardDataset(name="own.zarr", fingerprint="0", sequences={}, stacks=(ice.name,)),)),
    )  # fmt: skip
    return network, card


def test_weights_of_a_run_of_ones_own_are_judged(ice, icenet, tmp_path):
    weights = save_weights(tmp_path / "own", *untrained(ice))
    out = tmp_path / "report"
    options = dict(zip(SMALL[::2], SMALL[1::2], strict=True)) | {"--predictors": "persistence,icenet"}
    words = [word for pair in options.items() for word in pair]
    said = icenet("evaluate", ice, *words, "--weights", weights, "-o", out)
    table = json.loads((out / "table.json").read_text())
    assert set(table["chain"]["t2"]) == {"persistence", "icenet"}
    assert str(weights) in json.dumps(table["provenance"]["predictors"]["icenet"])
    assert "trained on parts of" in said.err
    told = table["provenance"]["trained_here"]["icenet"]
    assert told["flatters"]
    assert told["stacks"] == [ice.name]
    text = (out / "table.md").read_text()
    assert f"**{told['sentence']}**" in text
    best = table["chain"]["t2"]["icenet"]["best_baseline"]
    assert best["name"] == "persistence"
    assert best["difference"] == pytest.approx(
        table["chain"]["t2"]["icenet"]["mean"] - table["chain"]["t2"]["persistence"]["mean"]
    )
    assert "Less the best baseline of this table, Persistence (the highest mean over the same chips" in text
    assert ("no difference shown" in text) == any(
        table[mode][target]["icenet"]["best_baseline"]["verdict"] == "no difference shown"
        for mode in ("chain", "robust")
        for target in ("t1", "t2")
    )
    again = icenet("evaluate", ice, *words, "--weights", weights, "--weights", weights, "-o", tmp_path / "no")
    assert "two files" in again.error(2)
