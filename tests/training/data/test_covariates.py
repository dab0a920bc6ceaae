"""Covariates in training: they are learned from where they tell something, and judged and told with the weights."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import UsageError
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.models.weights import load_weights
from napari_icenet.scenes.covariates import give_covariates
from napari_icenet.training.data.covariates import covariate_settings
from napari_icenet.training.data.examples import Examples
from napari_icenet.training.data.pool import DatasetSource, HeldSource, Pool
from napari_icenet.training.objectives.icenet import IceNetObjective, IceNetObjectiveSettings
from napari_icenet.training.settings import make_run_settings
from napari_icenet.training.train import train
from tests.datasets.ice import moving, stack_of
from tests.scenes.products import TRANSFORM_UTM, write_tiff

pytestmark = pytest.mark.slow

SIDE = 32
NAMES = ("wind (m/s)",)


def snow_or_ice(n, seed):
    """Nine frames of n places; the last shows the ice, and of those before half does: calm days tell which."""
    rng = np.random.default_rng(seed)
    both = rng.normal(size=(n, 2, SIDE, SIDE))
    calm = np.array([rng.permutation([True] * 4 + [False] * 4) for _ in range(n)])
    calm = np.concatenate([calm, np.ones((n, 1), bool)], axis=1)
    chips = np.where(calm[..., None, None], both[:, :1], both[:, 1:]) + 0.3 * rng.normal(size=(n, 9, SIDE, SIDE))
    return SimpleNamespace(
        chips=chips.astype(np.float32),
        days=np.tile(np.arange(9.0), (n, 1)),
        valid=np.ones((n, 9), bool),
        cloud=np.full((n, 9), np.nan, np.float32),
        positions=np.zeros((n, 9, 2)),
        covariates=np.where(calm, 4.0, 14.0)[..., None],
    )


def trained(names, *, steps=60):
    torch.manual_seed(0)
    scales = ((9.0, 5.0),) * len(names)
    network = IceNetwork(IceNetSettings(width=8, depth=1, residual=0, covariates=names, covariate_scales=scales))
    # Nine frames, so that the target is always the last.
    settings = IceNetObjectiveSettings(consecutive=1, reversed_time=0, crops=0, drop_any=0, hide_covariates=0)
    objective = IceNetObjective(network, settings)
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    found = []
    for step in range(steps):
        made = objective.prepare(snow_or_ice(8, step), np.random.default_rng(step))
        losses = objective.losses({k: torch.from_numpy(v) for k, v in made.items()}, step, torch.Generator())
        optimiser.zero_grad()
        losses["loss"].backward()
        optimiser.step()
        found.append(float(losses["ncc"]))
    return objective, np.mean(found[-10:])


def test_what_only_a_covariate_tells_is_learned_from_it():
    _, without = trained(())
    objective, with_ = trained(NAMES)
    # Without it nothing tells ice from snow: at best the mean of both, which correlates by √½.
    assert without < 0.75
    assert with_ > 0.9
    # Hidden from the network that learned from it, it is missed.
    hidden = IceNetObjective(objective.network, objective.settings.model_copy(update={"hide_covariates": 1.0}))
    made = hidden.prepare(snow_or_ice(16, 99), np.random.default_rng(0))
    assert np.isnan(made["covariates"][:, -7:]).all()
    with torch.no_grad():
        lost = hidden.losses({k: torch.from_numpy(v) for k, v in made.items()}, 0, torch.Generator())
    assert float(lost["ncc"]) < with_ - 0.1


def test_batches_of_networks_without_them_are_as_they_were():
    objective = IceNetObjective(IceNetwork(IceNetSettings(width=8, depth=1, residual=0)))
    examples = snow_or_ice(3, 0)
    told = objective.prepare(examples, np.random.default_rng(5))
    examples.covariates = None
    plain = objective.prepare(examples, np.random.default_rng(5))
    assert set(told) == set(plain)
    assert "covariates" not in told
    for name in told:
        np.testing.assert_array_equal(told[name], plain[name])


@pytest.fixture(scope="module")
def weather(tmp_path_factory):
    path = tmp_path_factory.mktemp("weather") / "weather.csv"
    lines = ["date,wind (m/s),aerosol"]
    lines += [f"2020-{m:02d}-{d:02d},{3 + k},{0.1 * k if k % 2 else ''}" for k, (m, d) in enumerate(DAYS)]
    path.write_text("\n".join(lines) + "\n")
    return path


#: Dates of the stacks here.
DAYS = [(1, 1), (1, 17), (2, 2), (2, 18), (3, 5), (3, 21)]
SETTINGS = DatasetSettings(chip=32, frames=5, scale=1.5, stride=16, block=2.5, gap=4, validation=0.25, test=0.1)


@pytest.fixture(scope="module")
def windy(weather, tmp_path_factory):
    stack = stack_of(moving(6, 288, (0, 1)))
    give_covariates([stack], weather)
    path = tmp_path_factory.mktemp("windy") / "windy.zarr"
    build_dataset([stack], path, SETTINGS)
    return path


def settings(path, *covariates):
    return make_run_settings(
        {
            "model": "icenet",
            "model_settings": {"width": 8, "depth": 1, "residual": 0, "covariates": covariates},
            "data": {"datasets": [str(path)], "workers": 1, "simulated": 6},
            "optimisation": {"steps": 3, "batch": 4, "warm_up": 1},
            "validation": {"every": 3, "sequences": 8, "samples": 0},
            "device": "cpu",
            "threads": 1,
        }
    )


@pytest.fixture(scope="module")
def run(windy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    assert train(settings(windy, "wind", "aerosol"), folder).state == "finished"
    return folder


def test_a_run_tells_names_and_scales_over_the_training_split(run, windy):
    network, card = load_weights(run / "best.safetensors")
    assert card.settings["covariates"] == ["wind (m/s)", "aerosol"]
    dataset = open_dataset(windy)
    values = dataset.covariates(dataset.select(split="train")).reshape(-1, 2)
    wanted = [[np.nanmean(column), np.nanstd(column)] for column in values.T]
    np.testing.assert_allclose(card.settings["covariate_scales"], wanted, rtol=1e-12)
    assert network.settings.covariate_scales == tuple(map(tuple, card.settings["covariate_scales"]))
    assert set(type(network).limits) <= set(card.limits)


def test_a_run_with_covariates_goes_on(run, windy):
    assert train(settings(windy, "wind", "aerosol"), run, resume=True).state == "finished"


def test_weights_with_covariates_are_judged_with_and_without(run, windy, weather, icenet, tmp_path):
    pictures = tmp_path / "ice"
    pictures.mkdir()
    for (month, day), picture in zip(DAYS, moving(6, 288, (0, 1)), strict=True):
        write_tiff(pictures / f"2020{month:02d}{day:02d}.tif", picture, transform=TRANSFORM_UTM)
    store = tmp_path / "own.zarr"
    same = ("--chip", 32, "--frames", 5, "--scale", 1.5, "--stride", 32)
    made = icenet("dataset", pictures, "-o", store, *same, "--covariates", weather)
    assert made.code == 0, made.err
    assert "covariates 2: wind (m/s), aerosol" in made.out
    judged = ("--predictors", "persistence,icenet", "--weights", run / "best.safetensors")
    reports = {}
    for name, words in {
        "dataset": (store, *judged),
        "stack": (pictures, *same, "--tracking", "chain", *judged, "--covariates", weather),
        "without": (pictures, *same, "--tracking", "chain", *judged),
    }.items():
        said = icenet("evaluate", *words, "-o", tmp_path / name)
        assert said.code == 0, said.err
        reports[name] = json.loads((tmp_path / name / "table.json").read_text()), said.err
    for target in ("t1", "t2"):
        ours, stack = (reports[name][0]["chain"][target]["icenet"] for name in ("dataset", "stack"))
        assert ours["mean"] == pytest.approx(stack["mean"], abs=1e-6)
    assert reports["stack"][0]["provenance"]["covariates"] == ["wind (m/s)", "aerosol"]
    lacking = "IceNet was trained with wind (m/s), aerosol of each date"
    assert [lacking in reports[name][1] for name in ("dataset", "stack", "without")] == [False, False, True]
    assert reports["without"][1].count(lacking) == 1
    refused = icenet("evaluate", store, *judged, "--covariates", weather, "-o", tmp_path / "no")
    assert "is a dataset and has its own" in refused.error(2)
    (tmp_path / "bad.csv").write_text("date,wind\n2020-01-01,calm\n")
    bad = icenet("dataset", pictures, "-o", tmp_path / "no.zarr", *same, "--covariates", tmp_path / "bad.csv")
    assert "calm is no number for wind" in bad.error(1)
    assert not (tmp_path / "no.zarr").exists()


def test_covariates_that_the_data_do_not_have_are_refused(windy, tmp_path):
    with pytest.raises(
        UsageError, match=r"no covariate rain, they have wind \(m/s\), aerosol; add it with icenet data"
    ):
        train(settings(windy, "rain"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    plain = tmp_path / "plain.zarr"
    build_dataset([stack_of(moving(6, 288, (0, 1)))], plain, SETTINGS)
    with pytest.raises(UsageError, match="no covariate wind, they have none"):
        covariate_settings(["wind"], [open_dataset(plain)], None)


def test_a_covariate_that_never_changes_is_refused(tmp_path):
    stack = stack_of(moving(6, 288, (0, 1)))
    (tmp_path / "w.csv").write_text("date,wind\n" + "".join(f"2020-{m:02d}-{d:02d},3\n" for m, d in DAYS))
    give_covariates([stack], tmp_path / "w.csv")
    build_dataset([stack], tmp_path / "d.zarr", SETTINGS)
    with pytest.raises(UsageError, match="wind is the same on all dates"):
        covariate_settings(["wind"], [open_dataset(tmp_path / "d.zarr")], None)


def test_the_pool_reads_them_by_name_and_simulated_ice_has_none(windy):
    dataset = open_dataset(windy)
    at = dataset.select(split="train")
    source = DatasetSource(dataset, at, covariates=("aerosol", "rain"))
    read = source.read(np.array([2, 0]))
    np.testing.assert_array_equal(read.covariates[..., 0], dataset.covariates(at[[2, 0]])[..., 1])
    assert np.isnan(read.covariates[..., 1]).all()
    assert DatasetSource(dataset, at).read(np.array([0])).covariates is None
    plain = source.read(np.array([0, 1]))
    held = HeldSource(Examples(**{**vars(plain), "covariates": None}))
    both = Pool([source, held]).read([(1, 1), (0, 2)])
    assert np.isnan(both.covariates[0]).all()
    np.testing.assert_array_equal(both.covariates[1], read.covariates[0])
