"""Covariates in datasets: what was given with the stacks is read with their sequences."""

import json

import numpy as np
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.cut import cut
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.errors import DatasetError
from napari_icenet.scenes.scene import Covariates
from napari_icenet.training.data.fingerprint import fingerprint
from tests.datasets.ice import SETTINGS, moving, stack_of
from tests.datasets.test_builder import contents

pytestmark = pytest.mark.slow

NAN = float("nan")
WIND = np.array([[1.5, 100], [2.5, NAN], [3.5, 300], [4.5, 400], [5.5, 500], [NAN, NAN]])


def windy(dates=6, name="ice", names=("wind (m/s)", "pressure (Pa)"), seed=0):
    stack = stack_of(moving(dates, seed=seed), name)
    stack.covariates = Covariates(names, WIND[:dates, : len(names)])
    return stack


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "icenet.zarr"
    build_dataset([windy()], path, SETTINGS)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "icenet.zarr"
    build_dataset([stack_of(moving(6))], path, SETTINGS)
    return path


def test_sequences_carry_what_was_given_of_their_dates(built):
    icenet = open_dataset(built)
    assert icenet.record.covariates == ("wind (m/s)", "pressure (Pa)")
    read = icenet.read(slice(None))
    assert read.covariate_names == icenet.record.covariates
    first = (read.times[:, 0] - np.datetime64("2020-01-01")) // np.timedelta64(16, "D")
    for values, start in zip(read.covariates, first, strict=True):
        np.testing.assert_array_equal(values, WIND[start : start + 4])
    np.testing.assert_array_equal(icenet.covariates([3, 0]), read.covariates[[3, 0]])


def test_cutting_gives_what_the_store_gives(built):
    one = cut(windy(), SETTINGS, band="B1", start=1)
    icenet = open_dataset(built)
    assert one.covariate_names == icenet.record.covariates
    np.testing.assert_array_equal(one.covariates, np.broadcast_to(WIND[1:5], one.covariates.shape))


def test_a_dataset_without_any_is_what_it_was_before_there_were_any(plain, built):
    attributes = json.loads((plain / "zarr.json").read_text())["attributes"]
    assert attributes["version"] == 1
    assert "covariates" not in json.dumps(attributes["dataset"])
    assert json.loads((built / "zarr.json").read_text())["attributes"]["version"] == 2
    icenet = open_dataset(plain)
    assert icenet.covariates([0, 1]) is None
    assert icenet.read([0]).covariates is None
    assert "covariates" not in icenet.record.model_dump_json()
    assert fingerprint(icenet) != fingerprint(open_dataset(built))


def test_they_may_be_given_later_and_stay(built, plain, tmp_path):
    path = tmp_path / "icenet.zarr"
    build_dataset([stack_of(moving(6))], path, SETTINGS)
    build_dataset([windy()], path, SETTINGS)
    assert contents(path) == contents(built)
    # Once more without: what is known of the dates stays.
    build_dataset([stack_of(moving(6))], path, SETTINGS)
    assert contents(path) == contents(built)


def test_new_dates_and_new_stacks_have_none_until_they_are_given(tmp_path):
    path = tmp_path / "icenet.zarr"
    build_dataset([windy(5)], path, SETTINGS)
    build_dataset([stack_of(moving(6))], path, SETTINGS)
    last = open_dataset(path).read([-1])
    np.testing.assert_array_equal(last.covariates[0], [*WIND[2:5], [NAN, NAN]])
    build_dataset([stack_of(moving(6, seed=9), "other")], path, SETTINGS)
    icenet = open_dataset(path)
    assert np.isnan(icenet.covariates(icenet.select(stack="other"))).all()
    np.testing.assert_array_equal(icenet.covariates(icenet.select(stack="ice")[:1])[0], WIND[:4])
    with pytest.raises(DatasetError, match=r"has the covariates wind .* for ice, .*name these stacks, too"):
        build_dataset([windy(6, "other", ("rain (mm)",), 9)], path, SETTINGS)
    build_dataset([windy(6, "other", seed=9)], path, SETTINGS)
    assert np.isfinite(open_dataset(path).covariates(icenet.select(stack="other")[:1])[0, 0]).all()


def test_stacks_with_different_ones_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="different covariates"):
        build_dataset([windy(), windy(6, "other", ("rain (mm)",), 9)], tmp_path / "d.zarr", SETTINGS)


def test_lots_with_different_ones_are_joined_by_name(built, plain):
    with_, without = open_dataset(built).read([0, 1]), open_dataset(plain).read([2])
    both = Sequences.concatenated([without, with_])
    assert both.covariate_names == with_.covariate_names
    assert np.isnan(both.covariates[0]).all()
    np.testing.assert_array_equal(both.covariates[1:], with_.covariates)
    np.testing.assert_array_equal(both[1:].covariates, with_.covariates)
    assert Sequences.concatenated([without, without]).covariates is None
    swapped = with_.covariates_by_name(("pressure (Pa)", "rain", "wind (m/s)"))
    np.testing.assert_array_equal(swapped[..., [2, 0]], with_.covariates)
    assert np.isnan(swapped[..., 1]).all()
