"""A stack made of another: some of its bands and scenes, or the same with the size of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_icenet.scenes.raster.pixel_size import with_metres, with_pixel_size
from napari_icenet.scenes.scene import Covariates
from napari_icenet.scenes.selection.choice import SceneChoice
from napari_icenet.scenes.stack import SceneStack


def part_of(
    stack: SceneStack, bands: Sequence[str | int] | None, choice: SceneChoice, metres: float | None
) -> SceneStack:
    """Some bands and scenes of a stack, on its grid; the stack itself where all are wanted.

    Parameters
    ----------
    stack : SceneStack
    bands : sequence of str or int, optional
        Default: all.
    choice : SceneChoice
    metres : float, optional
        Side of a pixel, as for :func:`sized`.

    Raises
    ------
    UsageError
        There is no such band, the choice does not fit the scenes, or the map has other metres.
    """
    part = stack if bands is None and not choice else _part_of(stack, bands, choice)
    return part if metres is None else sized(part, metres)


def _part_of(stack: SceneStack, bands: Sequence[str | int] | None, choice: SceneChoice) -> SceneStack:
    names = stack.bands if bands is None else [stack.band(band) for band in bands]
    scenes, notices = choice.apply(stack.scenes, stack.name, stack.notices)
    part = SceneStack(scenes, names, stack.grid, name=stack.name, area=stack.area, notices=notices)
    if stack.covariates is not None:
        chosen = {id(scene) for scene in scenes}
        kept = [i for i, scene in enumerate(stack.scenes) if id(scene) in chosen]
        part.covariates = Covariates(stack.covariates.names, stack.covariates.values[kept])
    return part


def sized(stack: SceneStack, metres: float) -> SceneStack:
    """The stack with pixels of so many metres; itself where its map says the same.

    Raises UsageError: its map has other metres.
    """
    grid = with_pixel_size(stack.grid, metres, stack.name)
    if grid == stack.grid:
        return stack
    scenes = [replace(scene, grid=grid) for scene in stack.scenes]
    notices = with_metres(stack.notices, metres)
    made = SceneStack(scenes, stack.bands, grid, name=stack.name, area=stack.area, notices=notices)
    made.covariates = stack.covariates
    return made
