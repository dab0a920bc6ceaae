"""The layers of a velocity map on a viewer without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.velocity.layers import VelocityLayers
from tests.velocity.maps import made

PLACE = Placement((0.0, 0.0), (15.0, 15.0), "metre")
J = np.arange(4)[None].repeat(3, axis=0)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def layers(viewer, qtbot):
    stack = viewer.add_image(np.zeros((2, 48, 64)), name="stack", scale=(1, 15, 15))
    layers = VelocityLayers(viewer, lambda: [stack])
    layers.show(made(0 * J, J + 1.0), PLACE, 500.0)
    qtbot.waitUntil(lambda: layers.settled)
    return layers


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_layers_lie_in_their_order_above_the_stack(viewer, layers):
    assert names(viewer) == [
        "stack", "velocity · speed, m/yr", "velocity · NCC", "velocity · validity", "velocity · arrows"
    ]  # fmt: skip
    assert [layer.visible for layer in viewer.layers] == [True, True, False, False, True]


def test_speed_is_drawn_up_to_the_top_that_is_asked_for(layers):
    speed = layers.layers["speed"]
    np.testing.assert_allclose(speed.data[0] / speed.data[0, 0], [1, 2, 3, 4], rtol=1e-3)
    assert list(speed.contrast_limits) == [0, 500]


def test_limits_that_the_user_chose_stay(layers):
    speed = layers.layers["speed"]
    layers.show(made(0 * J, J + 2.0), PLACE, 700.0)
    assert list(speed.contrast_limits) == [0, 700]
    speed.contrast_limits = (10, 20)
    layers.show(made(0 * J, J + 1.0), PLACE, 300.0)
    assert list(speed.contrast_limits) == [10, 20]


def test_a_hidden_map_is_drawn_when_it_is_shown(layers):
    ncc = layers.layers["ncc"]
    layers.show(made(0 * J, J + 1.0, ncc=np.full(J.shape, 0.5, np.float32)), PLACE, 500.0)
    assert (ncc.data == np.float32(0.8)).all()
    ncc.visible = True
    assert (ncc.data == np.float32(0.5)).all()


def test_nothing_is_left_of_a_map_that_went(layers):
    assert layers.screen_px_per_unit > 0
    layers.show(None)
    assert not np.isfinite(layers.layers["speed"].data).any()
    assert len(layers.layers["arrows"].data) == 0
    assert layers.screen_px_per_unit is None
    assert layers.layers["speed"].name == "velocity · speed, m/yr"
