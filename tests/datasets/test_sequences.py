"""Sequences: chosen, put together, and their covariates by name."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from napari_icenet.datasets.sequences import SPLITS, Sequences
from tests.datasets.factory import sequences

FRAMES, SIDE = 4, 6


def made(count=3, seed=0, **values):
    chips = np.random.default_rng(seed).normal(size=(count, FRAMES, SIDE, SIDE))
    return sequences(chips, rows=np.arange(count)[:, None] + 100, **values)


def with_covariates(count, names, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, FRAMES, len(names)))
    return replace(made(count, seed), covariates=values, covariate_names=tuple(names))


@pytest.mark.parametrize("index", [slice(1, None), [2, 0], np.array([True, False, True]), slice(0, 0)], ids=str)
@pytest.mark.parametrize("names", [(), ("wind",), ("wind", "snow")])
def test_a_choice_is_one_of_every_array(index, names):
    whole = with_covariates(3, names) if names else made()
    some = whole[index]
    for field in fields(Sequences):
        value = getattr(whole, field.name)
        if field.name == "covariate_names" or value is None:
            assert getattr(some, field.name) == value
        else:
            np.testing.assert_array_equal(getattr(some, field.name), value[index])
    assert len(some) == len(whole.days[index])


def test_batches_are_put_together_in_order():
    parts = [made(2, 0), made(3, 1), made(1, 2)]
    whole = Sequences.concatenated(parts)
    assert len(whole) == 6
    first = 0
    for part in parts:
        here = whole[first : first + len(part)]
        for field in fields(Sequences):
            value = getattr(part, field.name)
            if value is None or field.name == "covariate_names":
                assert getattr(here, field.name) == value
            else:
                np.testing.assert_array_equal(getattr(here, field.name), value, field.name)
        first += len(part)


def test_covariates_are_joined_by_name_and_missing_where_unknown():
    one, two, none = with_covariates(2, ("wind", "snow")), with_covariates(1, ("snow", "rain"), 1), made(1, 2)
    whole = Sequences.concatenated([one, two, none])
    assert whole.covariate_names == ("wind", "snow", "rain")
    np.testing.assert_array_equal(whole.covariates[:2, :, :2], one.covariates)
    np.testing.assert_array_equal(whole.covariates[2, :, 1:], two.covariates[0])
    assert np.isnan(whole.covariates[:2, :, 2]).all()
    assert np.isnan(whole.covariates[2, :, 0]).all()
    assert np.isnan(whole.covariates[3]).all()


@pytest.mark.parametrize(
    ("names", "order"), [(("snow", "wind"), [1, 0]), (("wind",), [0]), (("other", "snow"), [None, 1]), ((), [])]
)
def test_covariates_in_the_order_of_names(names, order):
    whole = with_covariates(3, ("wind", "snow"))
    found = whole.covariates_by_name(names)
    assert found.shape == (3, FRAMES, len(names))
    for k, at in enumerate(order):
        if at is None:
            assert np.isnan(found[..., k]).all()
        else:
            np.testing.assert_array_equal(found[..., k], whole.covariates[..., at])


def test_who_knows_no_covariates_has_none_of_any_name():
    assert np.isnan(made().covariates_by_name(("wind",))).all()


@pytest.mark.parametrize(
    ("days", "since"),
    [([0, 5, 6, 20], [0, 5, 1, 14]), ([0, 0, 0, 1], [0, 0, 0, 1]), ([0, 1, 2, 4], [0, 1, 1, 2])],
)
def test_days_since_the_frame_before(days, since):
    np.testing.assert_allclose(made(2, days=days).days_since_last, [since] * 2)


def test_names_of_splits_are_their_codes_order():
    assert SPLITS == ("train", "validation", "test", "none")
