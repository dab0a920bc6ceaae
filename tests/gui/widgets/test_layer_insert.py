"""New layers come where they belong, and leave the selection alone."""

from __future__ import annotations

import numpy as np
from napari.layers import Image

from napari_icenet.gui.widgets.layer_insert import insert_above, insert_below, insert_layer


def image(name):
    return Image(np.zeros((2, 2)), name=name)


def test_layers_come_above_and_below_others_and_the_selection_stays(viewer):
    low, high, stranger = image("low"), image("high"), image("stranger")
    viewer.layers.extend([low, high])
    viewer.layers.selection = {low}
    insert_above(viewer, image("over low"), [low, stranger])
    insert_below(viewer, image("under high"), [high, stranger])
    insert_above(viewer, image("top"), [stranger])
    insert_below(viewer, image("topmost"), [])
    insert_layer(viewer, image("floor"), 0)
    assert [layer.name for layer in viewer.layers] == [
        "floor", "low", "over low", "under high", "high", "top", "topmost",
    ]  # fmt: skip
    assert viewer.layers.selection == {low}
