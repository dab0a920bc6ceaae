"""Splits by time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import DatasetSettings, make_dataset_settings
from napari_icenet.datasets.splits.periods import split_of_windows
from napari_icenet.errors import DatasetError, UsageError
from tests.datasets.ice import moving, stack_of

SETTINGS = DatasetSettings(chip=16, frames=4, stride=16, split_by="time", validation=0.2, test=0.2)


@pytest.fixture(scope="module")
def pictures():
    return moving(20, 64, (0, 1))


@pytest.fixture(scope="module")
def built(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("time") / "ice.zarr"
    build_dataset([stack_of(pictures)], out, SETTINGS)
    return open_dataset(out)


@pytest.mark.slow
def test_no_predicted_frame_is_trained_on(built):
    times = built.tables["times"]
    shown = {name: times[built.select(split=name)] for name in ("train", "validation", "test")}
    assert all(len(rows) for rows in shown.values())
    assert shown["train"].max() < shown["validation"][:, -2:].min()
    assert shown["validation"].max() < shown["test"][:, -2:].min()
    assert not set(shown["train"].ravel()) & set(shown["test"][:, -2:].ravel())


@pytest.mark.slow
def test_shares(built):
    windows = {
        name: len(np.unique(built.tables["times"][built.select(split=name), 0]))
        for name in ("train", "validation", "test", "none")
    }
    # 17 windows of 4 of 20 dates; one at each border belongs to no split.
    assert windows == {"train": 11, "validation": 2, "test": 2, "none": 2}


@pytest.mark.slow
def test_all_the_ground_is_in_every_split(built):
    for name in ("train", "validation", "test"):
        chosen = built.select(split=name)
        assert len(chosen) % len(np.unique(built.tables["times"][chosen, 0])) == 0
        assert {tuple(place) for place in np.stack([built.tables[k][chosen, 0] for k in ("rows", "cols")], 1)} == {
            (r, c) for r in (8, 24, 40, 56) for c in (8, 24, 40, 56)
        }


@pytest.mark.slow
def test_the_record_tells_the_days_and_an_extended_dataset_keeps_them(built, pictures, tmp_path):
    days = built.record.settings.train_until, built.record.settings.validation_until
    assert None not in days
    out = tmp_path / "ice.zarr"
    build_dataset([stack_of(pictures[:16])], out, SETTINGS)
    first = open_dataset(out).record.settings
    build_dataset([stack_of(pictures)], out, SETTINGS)
    extended = open_dataset(out)
    assert extended.record.settings.train_until == first.train_until
    at_once = tmp_path / "once.zarr"
    whole = SETTINGS.model_copy(
        update={"train_until": first.train_until, "validation_until": first.validation_until}
    )  # fmt: skip
    build_dataset([stack_of(pictures)], at_once, whole)
    np.testing.assert_array_equal(extended.tables["split"], open_dataset(at_once).tables["split"])


def test_days_may_be_named():
    settings = make_dataset_settings(
        frames=3, split_by="time", train_until="2020-01-03", validation_until="2020-01-05T12:00"
    )
    assert settings.train_until == datetime(2020, 1, 3, tzinfo=UTC)
    days = np.datetime64("2020-01-01", "s") + np.arange(8) * np.timedelta64(86400, "s")
    times = np.stack([days[i : i + 3] for i in range(6)])
    assert split_of_windows(times, settings).tolist() == [0, 3, 1, 3, 2, 2]
    with pytest.raises(UsageError, match="Validation_until lies before train_until"):
        make_dataset_settings(split_by="time", train_until="2020-01-03", validation_until="2020-01-01")


def test_too_few_dates(pictures, tmp_path):
    with pytest.raises(DatasetError, match="3 windows of 4 dates are too few to be split by time"):
        build_dataset([stack_of(pictures[:6])], tmp_path / "ice.zarr", SETTINGS)


def test_split_by_area_is_written_as_before_there_was_another():
    assert not {"split_by", "train_until", "validation_until"} & set(DatasetSettings().model_dump())
    assert "split_by" in SETTINGS.model_dump(mode="json")
    assert DatasetSettings.model_validate(SETTINGS.model_dump(mode="json")) == SETTINGS
