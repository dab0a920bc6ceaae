"""Stacks whose scenes are seen from named paths and rows."""

from dataclasses import replace

from napari_icenet.scenes.scene import Provenance
from napari_icenet.scenes.stack import SceneStack


def seen_from(stack, geometries):
    """The same stack, each scene with its (path, row), or (path, row, sensor)."""
    scenes = [
        replace(scene, provenance=Provenance(wrs_path=path, wrs_row=row, sensor=sensor[0] if sensor else None))
        for scene, (path, row, *sensor) in zip(stack.scenes, geometries, strict=True)
    ]
    return SceneStack(scenes, stack.bands, stack.grid, name=stack.name)
