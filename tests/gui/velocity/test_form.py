"""The form of the Velocity tab: which pairs it asks for, and the settings that it gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from napari_icenet.errors import UsageError
from napari_icenet.gui.velocity.form import VelocityForm
from napari_icenet.scenes.scene import Provenance
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.pairs import make_pairs


def dated(*days):
    times = [datetime(2020, 1, 1) + timedelta(days=day) for day in days]
    return SceneStack.from_array(np.zeros((len(days), 1, 64, 64), np.float32), times, name="ice")


@pytest.fixture
def form(qtbot):
    form = VelocityForm()
    qtbot.addWidget(form)
    return form


def choose(form, choice):
    box = form.boxes["pairs"]
    box.setCurrentIndex(box.findData(choice))


@pytest.mark.parametrize("choice", ["consecutive", "all"])
def test_many_pairs_are_those_of_the_command_line(form, choice):
    twins = dated(0, 0, 16, 32)
    form.show_stack(twins, "1")
    choose(form, choice)
    assert form.pairs == make_pairs(twins, choice)


def test_two_scenes_of_one_time_are_not_what_it_starts_with(form):
    form.show_stack(dated(0, 0, 16), "1")
    assert form.pairs == [(0, 2)]


@pytest.mark.parametrize("days", [(0,), (0, 0)])
@pytest.mark.parametrize("choice", ["two", "consecutive", "all"])
def test_without_two_times_there_is_no_pair(form, days, choice):
    form.show_stack(dated(*days), "1")
    choose(form, choice)
    assert form.pairs == []


@pytest.fixture
def two_paths():
    """Four dates, every second one from another path."""
    stack = dated(0, 16, 32, 48)
    paths = [Provenance(wrs_path=5 + k % 2, wrs_row=9) for k in range(4)]
    scenes = [replace(scene, provenance=one) for scene, one in zip(stack.scenes, paths, strict=True)]
    return SceneStack(scenes, stack.bands, stack.grid, name="ice")


def test_the_switch_of_one_path_and_row_is_that_of_the_settings(form, two_paths):
    form.show_stack(two_paths, "1")
    choose(form, "consecutive")
    switch = form.editors["same_geometry"].widget
    assert not form.settings().same_geometry
    assert form.pairs == [(0, 1), (1, 2), (2, 3)]
    switch.setChecked(True)
    assert form.settings().same_geometry
    assert form.pairs == [(0, 2), (1, 3)]
    choose(form, "all")
    assert form.pairs == make_pairs(two_paths, "all", same_geometry=True)


def test_two_dates_of_two_paths_are_told_before_the_run(form, two_paths):
    form.show_stack(two_paths, "1")
    form.editors["same_geometry"].widget.setChecked(True)
    with pytest.raises(UsageError, match="are not of one path and row"):
        _ = form.pairs
    form.boxes["second"].setCurrentIndex(2)
    assert form.pairs == [(0, 2)]
