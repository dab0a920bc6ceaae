"""New layers come where they belong, and leave the selection alone."""

from __future__ import annotations

import numpy as np
from napari.layers import Image

from napari_icenet.gui.widgets.layer_insert import insert_layer


def image(name):
    return Image(np.zeros((2, 2)), name=name)


def test_layers_come_above_and_below_others_and_the_selection_stays(viewer):
    low, high = image("low"), image("high")
    viewer.layers.extend([low, high])
    viewer.layers.selection = {low}
    insert_layer(viewer, image("over low"), 1)
    insert_layer(viewer, image("under high"), 2)
    insert_layer(viewer, image("top"))
    insert_layer(viewer, image("topmost"))
    insert_layer(viewer, image("floor"), 0)
    assert [layer.name for layer in viewer.layers] == [
        "floor", "low", "over low", "under high", "high", "top", "topmost",
    ]  # fmt: skip
    assert viewer.layers.selection == {low}
