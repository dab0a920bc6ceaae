"""Layers of others beside a stack in metres: that their units are others is said once at most."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from tests.gui.conftest import make_stack


@pytest.fixture
def told():
    said = []

    def hear(notification):
        said.append(str(notification.message))

    notification_manager.notification_ready.connect(hear)
    yield said
    notification_manager.notification_ready.disconnect(hear)


def draw(viewer, qtbot):
    viewer.screenshot(canvas_only=True, flash=False)
    qtbot.wait(20)


def of_units(told):
    return [sentence for sentence in told if "units" in sentence.lower()]


@pytest.mark.parametrize("selected", [True, False])
def test_new_layers_by_naparis_buttons_count_in_metres_too(make_napari_viewer, qtbot, told, selected):
    from napari_icenet.gui.session.session import Session

    viewer = make_napari_viewer(show=True)
    session = Session.of(viewer)
    session.add_stack(make_stack())
    buttons = viewer.window._qt_viewer.layerButtons
    for button in (buttons.newPointsButton, buttons.newShapesButton) * 2:
        viewer.layers.selection = {session.image} if selected else set()
        button.click()
        draw(viewer, qtbot)
        assert [str(unit) for unit in viewer.layers[-1].units[-2:]] == ["meter", "meter"]
    assert not of_units(told)


def test_of_layers_without_units_it_is_said_once_at_most(make_napari_viewer, qtbot, told):
    from napari_icenet.gui.session.session import Session

    viewer = make_napari_viewer(show=True)
    session = Session.of(viewer)
    session.add_stack(make_stack())
    for _ in range(3):
        layer = viewer.add_image(np.zeros((4, 64, 64)))
        draw(viewer, qtbot)
        viewer.add_points(np.zeros((1, 3)))
        draw(viewer, qtbot)
        session.layers.show_mask = True
        draw(viewer, qtbot)
        viewer.layers.remove(layer)
        viewer.layers.remove(session.layers.layers["mask"])
        draw(viewer, qtbot)
    assert len(of_units(told)) <= 1
