"""The command in a card: read back by the command line's own words, it gives the same settings."""

from __future__ import annotations

import json
import shlex

import pytest

from napari_icenet.training.settings import RunSettings, command_of, make_run_settings


def read_back(command: str) -> RunSettings:
    """Settings of the words of a command, as ``--set`` sets them."""
    words = iter(shlex.split(command)[2:])
    values: dict = {"data": {"datasets": []}}
    for word in words:
        if word == "-o":
            next(words)
        elif word == "--model":
            values["model"] = next(words)
        elif word == "--set":
            key, _, text = next(words).partition("=")
            try:
                value = json.loads(text)
            except ValueError:
                value = text
            place = values
            *groups, last = key.split(".")
            for group in groups:
                place = place.setdefault(group, {})
            place[last] = value
        else:
            values["data"]["datasets"].append(word)
    return make_run_settings(values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"model": "svg-lp", "model_settings": {"channels": 16, "lost": "skipped"}},
        {"optimisation": {"steps": 7, "betas": [0.5, 0.9], "clip": None, "precision": "bf16"}},
        {"data": {"bands": ["B1", "B 4"], "simulated": 8, "simulated_share": 0.25, "shares": [1.5, 2.0]}},
        {"validation": {"options": {"samples": 3}, "every": 0}, "half": True, "seed": 9},
        {"weights": "icenet", "objective": {"noise": 0.1, "name": "it's"}},
    ],
)
def test_the_command_says_all_that_differs_from_the_defaults(values):
    data = {"datasets": ["a.zarr", "b c.zarr"], **values.get("data", {})}
    settings = make_run_settings({**values, "data": data})
    assert read_back(command_of(settings)) == settings


def test_defaults_are_left_out():
    assert command_of(RunSettings()) == "icenet train -o RUN --model icenet"


@pytest.mark.parametrize(
    "values", [{"device": "cpu"}, {"threads": 3}, {"data": {"workers": 7}}, {"data": {"pool": "/somewhere"}}]
)
def test_where_it_ran_is_left_out(values):
    assert command_of(make_run_settings(values)) == command_of(RunSettings())


def test_files_are_named_without_their_folders():
    settings = make_run_settings({"weights": "/home/me/own.safetensors", "data": {"datasets": ["/home/me/ice.zarr"]}})
    command = command_of(settings)
    assert "/home" not in command
    assert command.startswith("icenet train ice.zarr -o RUN")
    assert "weights=own.safetensors" in command
