"""The kinds of layers that a stack is drawn on, and how each is made."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

from napari_icenet.common.palette import AREA, MASK
from napari_icenet.gui.session.area_outline import outlines
from napari_icenet.scenes.stack import SceneStack


def add_picture(viewer: Any, data: Any, name: str, limits: tuple[float, float], placement: dict[str, Any]) -> Layer:
    """Add one band in grey.

    Parameters
    ----------
    viewer : napari.Viewer
    data : array or list of array
        Frames (time, y, x); a list holds them at several resolutions.
    name : str
    limits : (float, float)
        Of the contrast.
    placement : dict
        ``scale``, ``translate``, ``units``, ``axis_labels`` of layers (time, y, x).
    """
    first = not viewer.layers
    layer: Layer = viewer.add_image(
        data,
        multiscale=isinstance(data, list),
        name=name,
        colormap="gray",
        # One frame at a time, in its own type: a mean over dates would be another picture.
        projection_mode="none",
        contrast_limits=limits,
        # napari starts in the middle of an axis: hidden, the frame there is not read in vain.
        visible=False,
        **placement,
    )
    if first:
        viewer.dims.set_current_step(0, 0)
    layer.visible = True
    return layer


def add_composite(viewer: Any, data: Any, name: str, picture: Layer, placement: dict[str, Any]) -> Layer:
    """Add three bands in colour: just above the grey picture, below whatever is drawn on it."""
    layer: Layer = viewer.add_image(
        data, rgb=True, projection_mode="none", multiscale=isinstance(data, list), name=name, **placement
    )
    viewer.layers.move(viewer.layers.index(layer), viewer.layers.index(picture) + 1)
    return layer


def add_mask(viewer: Any, data: Any, name: str, placement: dict[str, Any]) -> Layer:
    """Add what hides the ice, a colour for each reason."""
    from napari.utils.colormaps import DirectLabelColormap

    colours: dict[int | None, Any] = {None: (0, 0, 0, 0), 0: (0, 0, 0, 0)}
    colours.update(enumerate(MASK.values(), 1))
    layer: Layer = viewer.add_labels(
        data,
        multiscale=isinstance(data, list),
        name=name,
        colormap=DirectLabelColormap(color_dict=colours),
        opacity=0.45,
        **placement,
    )
    layer.editable = False
    return layer


def add_area(viewer: Any, stack: SceneStack, name: str, placement: dict[str, Any]) -> Layer | None:
    """Add the outline of a stack's area of interest, the same at all dates; None where it has none."""
    if stack.area is None:
        return None
    layer: Layer = viewer.add_shapes(
        outlines(stack.area),
        shape_type="path",
        edge_color=AREA,
        edge_width=max(1.0, max(stack.grid.shape) / 400),
        name=name,
        **{key: value[-2:] for key, value in placement.items()},
    )
    layer.editable = False
    return layer
