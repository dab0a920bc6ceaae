"""Stacks whose scenes are seen from named paths and rows."""

from dataclasses import replace

from napari_icenet.scenes.scene import Provenance
from napari_icenet.scenes.stack import SceneStack


def seen_from(stack, geometries):
    """The same stack, each scene with its (path, row)."""
    scenes = [
        replace(scene, provenance=Provenance(wrs_path=path, wrs_row=row))
        for scene, (path, row) in zip(stack.scenes, geometries, strict=True)
    ]
    return SceneStack(scenes, stack.bands, stack.grid, name=stack.name)
