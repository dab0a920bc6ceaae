"""The layers of a track on a viewer without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_icenet.gui.track.layers import LABEL_POINTS, TrackLayers
from napari_icenet.gui.track.picture import OtherTrack, TrackPicture

PATH = np.array([(20.0, 20.0), (22.0, 23.0), (np.nan, np.nan), (26.0, 29.0)])
LOST = np.where(np.isfinite(PATH), np.nan, 24.0)
PICTURE = TrackPicture(
    number=1, chip=8, at=(22.0, 23.0), path=PATH, lost=LOST, labels=("a", "b", "c", "d"), now=1, match=(22.0, 23.0),
    window=(22.0, 23.0, 16), surface=np.linspace(-1, 1, 35, dtype=np.float32).reshape(5, 7), surface_origin=(18, 19),
)  # fmt: skip
OTHER = OtherTrack(2, "#ff0000", (40.0, 40.0), 8, PATH + 20)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def stack(viewer):
    return viewer.add_image(np.zeros((4, 64, 64)), name="stack", scale=(1, 30, 30))


@pytest.fixture
def layers(viewer, stack):
    layers = TrackLayers(viewer, lambda: [layer for layer in (stack,) if layer in viewer.layers])
    layers.place({"scale": (30.0, 30.0), "translate": (0.0, 0.0)})
    layers.show(PICTURE)
    return layers


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_layers_lie_in_their_order_above_the_stack(viewer, layers):
    assert names(viewer) == ["stack", *(f"track 1 · {kind}" for kind in ("surface", "path", "chip", "lost", "dates"))]


def test_the_surface_lies_where_the_chip_was_looked_for(layers):
    surface = layers.layers["surface"]
    np.testing.assert_array_equal(surface.data, PICTURE.surface)
    np.testing.assert_allclose(surface.translate, (18 * 30, 19 * 30))


def test_found_and_lost_places_are_points(layers):
    np.testing.assert_allclose(layers.layers["dates"].data[LABEL_POINTS:], PATH[[0, 1, 3]])
    np.testing.assert_allclose(layers.layers["lost"].data, [(24, 24)])


def test_other_tracks_come_with_their_colour_and_go_with_it(layers):
    layers.show(replace(PICTURE, others=(OTHER,), number=3))
    others = layers.layers["other tracks"]
    np.testing.assert_allclose(others.edge_color, [(1, 0, 0, 1)] * len(others.data))
    layers.show(replace(PICTURE, number=1))
    assert len(others.data) == 0


def test_another_track_takes_over_the_layers_and_their_names(viewer, layers):
    before = layers.layers
    layers.show(replace(PICTURE, number=2))
    assert layers.layers == before
    assert before["path"].name == "track 2 · path"


def test_nothing_is_left_of_a_track_that_went(layers):
    layers.show(None)
    now = layers.layers
    assert not np.isfinite(now["surface"].data).any()
    assert not now["chip"].data.any()
    assert (len(now["lost"].data), len(now["dates"].data)) == (0, LABEL_POINTS)


@pytest.mark.parametrize("kind", ["lost", "dates", "surface", "chip", "path"])
def test_a_layer_hidden_while_its_track_goes_is_empty_when_shown(layers, kind):
    layer = layers.layers[kind]
    layer.visible = False
    layers.show(None)
    layer.visible = True
    there = {"surface": np.isfinite, "dates": lambda _: layer.data[LABEL_POINTS:]}.get(kind, np.asarray)(layer.data)
    assert not there.any()


def test_all_is_drawn_on_the_next_stack_after_the_list_was_cleared(viewer, layers):
    viewer.layers.clear()
    layers.show(None)
    viewer.add_image(np.zeros((4, 64, 64)), name="next")
    layers.show(PICTURE)
    assert len(layers.layers) == 5
    assert names(viewer)[0] == "next"


def test_a_layer_removed_while_its_update_waits_stays_away(viewer, layers, qtbot):
    for now in (0, 1, 3):
        layers.show(replace(PICTURE, now=now))
    viewer.layers.remove(layers.layers["dates"])
    qtbot.waitUntil(lambda: not layers._slow.waiting)
    assert layers.removed == {"dates"}
    assert "track 1 · dates" not in names(viewer)


def test_closing_while_an_update_waits(viewer, layers, qtbot):
    for now in (0, 1, 3):
        layers.show(replace(PICTURE, now=now))
    layers.close()
    assert not layers._slow.waiting
    assert names(viewer) == ["stack"]
