"""Areas that are drawn on the picture, and who hears of them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Shapes

from napari_icenet.errors import TrackingError
from napari_icenet.gui.session.drawn_areas import AreaWatch, area_layers, area_of, outline_of, start_drawing

SQUARE = np.array([[2.0, 2], [2, 12], [12, 12], [12, 2]])


@pytest.fixture
def layer():
    found = Shapes(ndim=2)
    found.add([SQUARE, SQUARE + 20], shape_type=["polygon", "ellipse"])
    return found


def test_what_counts_is_heard_of(layer):
    heard = []
    watch = AreaWatch(lambda: heard.append(1))
    watch.watch([layer])

    def news():
        found, heard[:] = bool(heard), []
        return found

    layer.add([SQUARE + 40], shape_type="polygon")
    assert news()
    layer.mode = "select"
    assert news()
    layer.selected_data = {1}
    assert news()
    layer.remove_selected()
    assert news()
    layer.data = [SQUARE]
    assert news()
    watch.watch([])
    layer.add([SQUARE + 40], shape_type="polygon")
    layer.mode = "pan_zoom"
    assert not news()


def test_a_polygon_that_grows_is_not(layer):
    heard = []
    watch = AreaWatch(lambda: heard.append(1))
    watch.watch([layer])
    layer.events.data(value=layer.data, action="changing", data_indices=(0,), vertex_indices=((),))
    assert not heard
    layer.events.data(value=layer.data, action="changed", data_indices=(0,), vertex_indices=((),))
    assert heard


def test_an_ellipse_has_its_own_outline(layer):
    np.testing.assert_array_equal(outline_of(layer, 0), SQUARE)
    corners = outline_of(layer, 1)
    np.testing.assert_allclose(np.hypot(*(corners - 27).T), 5)


def test_drawing_goes_on_on_a_hidden_layer_and_on_a_new_one_after_it_was_removed(session, stack):
    session.add_stack(stack)
    layer = start_drawing(session, "my area", "#ff0000", "20")
    layer.add(SQUARE + 20, shape_type="polygon")
    layer.visible = False
    assert area_of(session, "my area").any()
    assert start_drawing(session, "my area", "#ff0000", "20") is layer
    assert layer.visible
    session.viewer.layers.remove(layer)
    assert not area_layers(session, "my area")
    with pytest.raises(TrackingError, match="no longer there"):
        area_of(session, "my area")
    again = start_drawing(session, "my area", "#ff0000", "20")
    assert again is not layer
    assert again.mode == "add_polygon"


def test_areas_outlive_the_stack_and_its_watch(session, stack):
    session.add_stack(stack)
    layer, heard = start_drawing(session, "my area", "#ff0000", "20"), []
    watch = AreaWatch(lambda: heard.append(1))
    watch.watch([layer])
    session.close_stack(stack)
    with pytest.raises(TrackingError, match="open scenes"):
        area_of(session, "my area")
    session.viewer.layers.remove(layer)
    watch.watch([])
    layer.add(SQUARE, shape_type="polygon")
    assert not heard
