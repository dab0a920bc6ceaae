"""An outline that is moved must not have its shader compiled again."""

import numpy as np
from napari.layers import Vectors
from vispy.visuals.shaders.program import ModularProgram

from napari_icenet.gui.session.vispy_patch import keep_mesh_shaders


def test_moved_vectors_keep_their_shader_and_are_drawn_in_place(make_napari_viewer, monkeypatch):
    keep_mesh_shaders()
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((64, 64), np.uint8), contrast_limits=(0, 1))
    start = np.array([[[10.0, 5.0], [0.0, 20.0]]])
    layer = viewer.add_layer(Vectors(start, edge_color="#FF0000", edge_width=4, vector_style="line", opacity=1.0))
    before = viewer.screenshot(canvas_only=True, flash=False)
    built = []
    build = ModularProgram._build
    monkeypatch.setattr(ModularProgram, "_build", lambda self: built.append(self) or build(self))
    layer.data = start + np.array([[[40.0, 0.0], [0.0, 0.0]]])
    after = viewer.screenshot(canvas_only=True, flash=False)
    rows = [np.flatnonzero(((shot[..., 0] > 200) & (shot[..., 1] < 50)).any(axis=1)).mean() for shot in (before, after)]
    assert rows[1] > rows[0] + 40 * viewer.scene.camera.zoom * 0.9
    assert not built
