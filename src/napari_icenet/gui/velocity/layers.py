"""Draws a velocity map on a viewer: few layers, named, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels, Layer, Vectors
from napari.utils import Colormap, DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import Signal

from napari_icenet.common import palette
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.velocity.picture import Arrows, arrows_of, ncc_of, speed_of
from napari_icenet.gui.velocity.placement import cells_placement
from napari_icenet.gui.widgets.layer_data import fill, lay
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind
from napari_icenet.matching.lost_reason import REASONS
from napari_icenet.velocity.velocity_map import VelocityMap

_NAMES = {"ncc": "velocity · NCC", "validity": "velocity · validity", "arrows": "velocity · arrows"}


class VelocityLayers(LayerGroup):
    """Draws a :class:`VelocityMap` on a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the map is drawn.

    Attributes
    ----------
    scale_changed : Signal()
        Arrows are drawn longer or shorter on the screen.
    """

    scale_changed = Signal()
    one_by_one: ClassVar[bool] = True

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, KINDS, below)
        self._limits: WeakKeyDictionary[Layer, tuple[float, float]] = WeakKeyDictionary()
        self._arrows: Arrows | None = None
        self._unit = ""
        self._shown: tuple[VelocityMap, Placement, float] | None = None
        self.changed.connect(self.scale_changed)

    @property
    def screen_px_per_unit(self) -> float | None:
        """Length on the screen of an arrow per unit of speed; None without arrows."""
        layer: Any = self._layers.get("arrows")
        if layer is None or self._arrows is None or not layer.visible or not len(self._arrows.data):
            return None
        zoom = float(self._viewer.scene.camera.zoom) * float(abs(layer.scale[-1]))
        return self._arrows.px_per_unit * float(layer.length) * zoom

    def show(self, found: VelocityMap | None, place: Placement | None = None, top: float = 1.0) -> None:
        """Draw a map; None empties the layers and keeps them.

        Parameters
        ----------
        found : VelocityMap, optional
        place : Placement, optional
            Where the map's frame lies.
        top : float
            Speed of the last colour and the longest arrow, the same for all maps that are compared.
        """
        self._shown = None if found is None or place is None else (found, place, top)
        if found is None or place is None:
            self._arrows = None
        else:
            self._unit = found.unit
        self.draw()
        self.scale_changed.emit()

    # Drawing

    def _needs(self, kind: str) -> bool:
        return self._shown is not None

    def _title(self, kind: str) -> str:
        return _NAMES.get(kind, f"velocity · speed, {self._unit}")

    def _order_of_making(self) -> Iterable[str]:
        return "speed", "arrows", "ncc", "validity"

    def _fill(self, kind: str, layer: Any) -> None:
        if self._shown is None:
            empty: dict[str, NDArray[Any]] = {"arrows": np.zeros((0, 2, 2)), "validity": np.zeros((2, 2), np.uint8)}
            fill(layer, empty.get(kind, np.full((2, 2), np.nan, np.float32)))
            return
        found, place, top = self._shown
        if kind == "arrows":
            self._arrows = arrows_of(found, top)
            layer.data = self._arrows.data
            layer.features = {"speed": self._arrows.speed}
            lay(layer, place.layer_choices(2))
            self._set_width(kind, layer)
            return
        values: NDArray[Any] = {"speed": speed_of, "ncc": ncc_of}.get(kind, lambda m: m.reason.astype(np.uint8))(found)
        fill(layer, values)
        lay(layer, cells_placement(place, found.settings.spacing))
        if kind == "speed":
            self._set_limits(layer, top)

    def _set_limits(self, layer: Any, top: float) -> None:
        limits = (0.0, top)
        chosen = tuple(float(v) for v in layer.contrast_limits)
        if not np.allclose(chosen, self._limits.get(layer, chosen)):
            return  # the user chose limits of their own
        layer.contrast_limits_range = (0.0, max(limits[1], float(np.nanmax(layer.data, initial=limits[1]))))
        layer.contrast_limits = self._limits[layer] = limits

    def _follow_zoom(self) -> None:
        super()._follow_zoom()
        self.scale_changed.emit()


def _make_speed() -> Layer:
    """Speed from zero on, perceptually uniform, with its colour bar; clear where there is none."""
    layer = _image(palette.SPEED_COLORMAP, (0.0, 1.0), True)
    layer.opacity = 0.75
    return layer


def _make_ncc() -> Layer:
    """Correlation, −1 to 1 on a diverging map with 0 in the middle."""
    return _image(Colormap(list(palette.NCC_STOPS), name="NCC"), (-1.0, 1.0), False)


def _make_validity() -> Layer:
    """Layer of the reasons why cells are not valid, a colour for each; clear where they are."""
    named: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    named |= {code: palette.reason_colour(reason.name) for code, reason in enumerate(REASONS) if reason is not None}
    layer = Labels(
        np.zeros((2, 2), np.uint8),
        colormap=DirectLabelColormap(color_dict=named),
        opacity=0.85,
        blending="translucent_no_depth",
        visible=False,
    )
    layer.editable = False
    return layer


def _make_arrows() -> Layer:
    """Direction and speed, thinned; readable on every colour of the speed."""
    return Vectors(
        np.zeros((0, 2, 2)),
        ndim=2,
        edge_color=palette.ARROW,
        vector_style="arrow",
        opacity=1.0,
        blending="translucent_no_depth",
    )


def _image(colormap: Any, limits: tuple[float, float], visible: bool) -> Layer:
    layer = Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=colormap,
        contrast_limits=limits,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        visible=visible,
    )
    bar = layer.colorbar
    bar.position, bar.size, bar.visible = "bottom_right", (16.0, 150.0), True
    return layer


#: From bottom to top.
KINDS = {
    "speed": LayerKind(_make_speed),
    "ncc": LayerKind(_make_ncc),
    "validity": LayerKind(_make_validity),
    "arrows": LayerKind(_make_arrows, 3.6),
}
