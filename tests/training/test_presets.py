"""Presets: their values, and what is chosen beside them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.errors import UsageError
from napari_icenet.training.presets import PRESETS, merged, preset_values, run_settings
from napari_icenet.training.results.summary import preset_of
from napari_icenet.training.settings import make_run_settings

NESTED = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
GROUPS = st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3)


def leaves(values, before=()):
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*before, name))
        else:
            yield (*before, name), value


@pytest.mark.slow
@given(GROUPS, GROUPS)
def test_the_second_ones_values_win_and_neither_is_changed(first, second):
    before = copy.deepcopy((first, second))
    found = merged(first, second)
    assert (first, second) == before
    kept = dict(leaves(found))
    for path, value in leaves(second):
        if not isinstance(value, dict):
            assert kept[path] == value
    for path, value in leaves(first):
        ways = [path[:k] for k in range(1, len(path) + 1)]
        hidden = any(not isinstance(_at(second, way), dict) for way in ways if _has(second, way))
        if not isinstance(value, dict) and not hidden and not _has(second, path):
            assert kept[path] == value


def _has(values, path):
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return False
        values = values[name]
    return True


def _at(values, path):
    for name in path:
        values = values[name]
    return values


@pytest.mark.parametrize("name", list(PRESETS))
@pytest.mark.parametrize("model", [None, "icenet", "svg-lp"])
def test_every_preset_makes_settings_that_are_known_by_its_name(name, model):
    if (name, model) == ("paper", "icenet"):
        pytest.skip("there is none")
    settings = make_run_settings(preset_values(name, model))
    assert settings.model == (model or ("svg-lp" if name == "paper" else "icenet"))
    assert preset_of(settings) == name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "own"),
        ({"model": "svg-lp"}, "own"),
        ({"model_settings": {"width": 16}}, "quick"),
        ({"model_settings": {"width": 32}}, "own"),
        ({"model": "svg-lp", "model_settings": {"channels": 16}}, "quick"),
        ({"model": "svg-lp", "model_settings": {"channels": 64}}, "own"),
        ({"model": "svg-lp", "model_settings": {"channels": 64}, "optimisation": {"optimiser": "adam"}}, "paper"),
        ({"weights": "icenet", "model_settings": {"width": 16}}, "fine-tune"),
    ],
)
def test_a_preset_is_told_by_what_every_use_of_it_leaves_alone(values, name):
    assert preset_of(make_run_settings(values)) == name


def test_presets_are_not_changed_by_those_who_use_them():
    values = preset_values("quick")
    values["optimisation"]["steps"] = 1
    assert preset_values("quick")["optimisation"]["steps"] == 1200


@pytest.mark.parametrize(("name", "model"), [("paper", "icenet"), ("other", None)])
def test_what_there_is_not_is_refused(name, model):
    with pytest.raises(UsageError, match=name):
        preset_values(name, model)


def test_fine_tuning_goes_on_from_the_bundled_weights_or_those_named():
    assert preset_values("fine-tune", "svg-lp")["weights"] == "svg-lp"
    assert preset_values("fine-tune", weights="own")["weights"] == "own"


@pytest.mark.parametrize("kind", ["path", "text", "dataset", "list"])
def test_datasets_in_any_form_are_named_by_their_whole_path(dataset, kind, monkeypatch):
    monkeypatch.chdir(dataset.parent)
    given_as = {
        "path": dataset, "text": dataset.name, "dataset": open_dataset(dataset), "list": [dataset, dataset.name],
    }[kind]  # fmt: skip
    found = run_settings(given_as, model="tiny")
    assert set(found.data.datasets) == {str(dataset.resolve())}
    assert len(found.data.datasets) == (2 if kind == "list" else 1)


def test_choices_come_after_the_preset_and_steps_between(dataset):
    found = run_settings(dataset, preset="quick", steps=7, seed=3, optimisation={"batch": 2})
    assert (found.model, found.optimisation.steps, found.optimisation.batch, found.seed) == ("icenet", 7, 2, 3)
    assert found.optimisation.learning_rate == 2e-3
    assert run_settings(dataset, steps=7, optimisation={"steps": 8}).optimisation.steps == 8
    with pytest.raises(UsageError, match="colour"):
        run_settings(dataset, colour="red")
