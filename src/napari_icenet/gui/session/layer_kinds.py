"""The kinds of layers that a stack is drawn on, and how each is made."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Labels, Layer, Shapes
from napari.utils.colormaps import DirectLabelColormap

from napari_icenet.common.palette import AREA, MASK
from napari_icenet.gui.session.area_outline import outlines
from napari_icenet.gui.session.placement import of_plane
from napari_icenet.scenes.stack import SceneStack


def make_picture(data: Any, limits: tuple[float, float], placement: dict[str, Any]) -> Layer:
    """Layer of one band in grey, hidden.

    Parameters
    ----------
    data : array or list of array
        Frames (time, y, x); a list holds them at several resolutions.
    limits : (float, float)
        Of the contrast.
    placement : dict
        ``scale``, ``translate``, ``units``, ``axis_labels`` of layers (time, y, x).
    """
    return Image(
        data,
        multiscale=isinstance(data, list),
        colormap="gray",
        # One frame at a time, in its own type: a mean over dates would be another picture.
        projection_mode="none",
        contrast_limits=limits,
        # napari starts in the middle of an axis: hidden, the frame there is not read in vain.
        visible=False,
        **placement,
    )


def make_composite(data: Any, placement: dict[str, Any]) -> Layer:
    """Layer of three bands in colour."""
    return Image(data, rgb=True, projection_mode="none", multiscale=isinstance(data, list), **placement)


def make_mask(data: Any, placement: dict[str, Any]) -> Layer:
    """Layer of what hides the ice, a colour for each reason."""
    colours: dict[int | None, Any] = {None: (0, 0, 0, 0), 0: (0, 0, 0, 0)}
    colours.update(enumerate(MASK.values(), 1))
    layer = Labels(
        data,
        multiscale=isinstance(data, list),
        colormap=DirectLabelColormap(color_dict=colours),
        opacity=0.45,
        **placement,
    )
    layer.editable = False
    return layer


def make_area(stack: SceneStack, placement: dict[str, Any]) -> Layer:
    """Outline of a stack's area of interest, the same at all dates."""
    assert stack.area is not None
    layer = Shapes(
        outlines(stack.area),
        shape_type="path",
        edge_color=AREA,
        edge_width=max(1.0, max(stack.grid.shape) / 400),
        **of_plane(placement),
    )
    layer.editable = False
    return layer
