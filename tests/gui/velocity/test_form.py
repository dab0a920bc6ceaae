"""The form of the Velocity tab: which pairs it asks for, and the settings that it gives."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from napari_icenet.gui.velocity.form import VelocityForm
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
