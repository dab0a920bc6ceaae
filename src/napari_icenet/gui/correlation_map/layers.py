"""Draws correlation maps on a viewer: a layer for each predictor, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.gui.correlation_map.layer_kinds import BEST, CELLS, code_colours, code_limits, kinds, make
from napari_icenet.gui.correlation_map.picture import best_codes, layer_record, placement_of, state_codes
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.widgets.layer_insert import insert_above
from napari_icenet.predictors.predictor_set import PredictorSet

#: Size of a map's name in its own view, points.
_NAME_PT = 8


class MapLayers(QObject):
    """Draws :class:`CorrelationMaps` on a viewer, one predictor at a time or all side by side.

    A layer that the user removed stays away until :meth:`restore`; names, colours, contrast and
    opacity are set when a layer is made and never again.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the maps are drawn.

    Attributes
    ----------
    changed : Signal()
        A layer was made or removed, or maps are shown side by side, or no longer.
    """

    changed = Signal()

    def __init__(self, viewer: Any, below: Callable[[], Sequence[Layer]]) -> None:
        super().__init__()
        self._viewer = viewer
        self._below = below
        self._layers: dict[str, Layer] = {}
        self._removed: set[str] = set()
        self._maps: CorrelationMaps | None = None
        self._place: Placement | None = None
        self._kind, self._target = "", 2
        self._before: dict[Layer, bool] = {}
        self._zoomed = 1.0
        self._placed: dict[str, dict[str, Any]] = {}
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._make_next)
        viewer.layers.events.removed.connect(self._note_removed)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers there are, by what they show: a predictor's key, the states of cells, the best predictor."""
        return dict(self._layers)

    @property
    def removed(self) -> frozenset[str]:
        """What the user took away."""
        return frozenset(self._removed)

    @property
    def side_by_side(self) -> bool:
        """Whether each map has a view of its own."""
        return bool(self._before)

    @property
    def settled(self) -> bool:
        """Whether all layers are made."""
        return not self._next.isActive()

    def show(self, maps: CorrelationMaps | None, place: Placement | None, kind: str, target: int) -> None:
        """Draw maps as far as they are made.

        Parameters
        ----------
        maps : CorrelationMaps, optional
            None empties the layers and keeps them.
        place : Placement, optional
            Where the stack's pixels lie.
        kind : str
            Key of the predictor whose map lies on the picture, or the kind of another layer.
        target : {1, 2}
        """
        chosen = kind != self._kind or (maps is None) != (self._maps is None)
        self._maps, self._place, self._kind, self._target = maps, place, kind, target
        if maps is None:
            self.set_side_by_side(False)
            for layer in self._layers.values():
                _fill(layer, np.zeros_like(layer.data) if layer.data.dtype.kind == "u" else layer.data * np.nan)
            return
        self._drop_strangers(maps.predictor_set)
        self._lift()
        for shown in self._layers:
            self._draw(shown)
        if chosen and not self.side_by_side:
            self._show_one()
        if self._missing():
            self._next.start()

    def restore(self) -> None:
        """Make removed layers again."""
        self._removed.clear()
        if self._missing():
            self._next.start()
        self.changed.emit()

    def set_side_by_side(self, value: bool) -> None:
        """Give the picture and each map a view of its own, all moving together; or stack them again."""
        if value == self.side_by_side or (value and not self._layers):
            return
        viewer, grid = self._viewer, self._viewer.canvas.grid
        if value:
            shown = [*self._below()[:1], *(layer for kind, layer in self._layers.items() if kind != CELLS)]
            self._before = {layer: layer.visible for layer in viewer.layers}
            for layer in viewer.layers:
                layer.visible = layer in shown
            self._show_bars(False)
            # The first view is the picture's; maps follow in the order of their buttons.
            grid.stride, grid.shape = 1, (-1, -1)
            grid.enabled = True
        else:
            before, self._before = self._before, {}
            for layer, visible in before.items():
                if layer in viewer.layers:
                    layer.visible = visible
            grid.enabled = False
            self._show_one()
            self._show_bars(True)
        for kind in self._layers:
            self._name(kind)
        self._keep_in_view(value)
        self.changed.emit()

    def _name(self, kind: str) -> None:
        """Write its name in a map's own view."""
        layer: Any = self._layers[kind]
        name = layer.name_overlay
        name.position, name.font_size, name.visible = "bottom_left", _NAME_PT, self.side_by_side

    def _show_bars(self, value: bool) -> None:
        """Show the bars of colours, for which small views have no room; the page's histogram stands on one."""
        for kind, layer in self._layers.items():
            if kind not in (CELLS, BEST):
                layer.colorbar.visible = value

    def _keep_in_view(self, divided: bool) -> None:
        """Show the same part of the picture in the smaller views, and later in the large one again."""
        camera, canvas = self._viewer.scene.camera, self._viewer.canvas
        if divided:
            share = np.array(canvas.viewbox_size(self._viewer.layers)) / np.array(canvas.size)
            self._zoomed = float(share.min())
            camera.zoom *= self._zoomed
        else:
            camera.zoom /= self._zoomed

    def settle(self) -> None:
        """Bring thumbnails up to date; called when nothing changes any more."""
        for layer in self._layers.values():
            layer.refresh(data_displayed=False, highlight=False, extent=False)

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        if isalive(self._next):  # type: ignore[no-untyped-call]
            self._next.stop()
        self._viewer.layers.events.removed.disconnect(self._note_removed)
        self._viewer.canvas.grid.events.enabled.disconnect(self._on_grid)

    # Drawing

    def _draw(self, kind: str) -> None:
        maps, place, layer = self._maps, self._place, self._layers[kind]
        if maps is None or place is None:
            return
        values: NDArray[Any]
        if kind == CELLS:
            values = state_codes(maps, self._kind, self._target)
        elif kind == BEST:
            values = best_codes(maps, self._target)
        else:
            values = maps.values[kind][self._target - 1]
        choices = placement_of(maps, place)
        if self._placed.get(kind) != choices:
            self._placed[kind] = choices
            for key, value in choices.items():
                setattr(layer, key, value)
        _fill(layer, values)
        layer.metadata.update(layer_record(maps, kind, self._target))

    def _show_one(self) -> None:
        """Only what is chosen lies on the picture; cells without a number are coloured by why."""
        for kind, layer in self._layers.items():
            visible = self._maps is not None and kind in ((self._kind,) if self._kind == BEST else (self._kind, CELLS))
            if layer.visible != visible:
                layer.visible = visible

    # Making and losing layers

    def _missing(self) -> list[str]:
        if self._maps is None:
            return []
        order = sorted(kinds(self._maps.predictor_set), key=lambda kind: (kind != self._kind, kind != CELLS))
        return [kind for kind in order if kind not in self._layers and kind not in self._removed]

    def _make_next(self) -> None:
        """Make one missing layer, and ask for the next: each holds up the window for some tenths of a second."""
        missing = self._missing()
        if not missing or self._maps is None or self._place is None:
            return
        kind, predictor_set = missing[0], self._maps.predictor_set
        layer = self._layers[kind] = make(kind, predictor_set, **placement_of(self._maps, self._place))
        self._draw(kind)
        if self.side_by_side:
            self._show_bars(False)
        self._insert(kind, layer, predictor_set)
        if self.side_by_side:
            self._before[layer] = False
            layer.visible = kind != CELLS
            self._name(kind)
        else:
            self._show_one()
        self.changed.emit()
        self._next.start()

    def _insert(self, kind: str, layer: Layer, predictor_set: PredictorSet) -> None:
        order = kinds(predictor_set)
        lower = [self._layers[k] for k in order[: order.index(kind)] if k in self._layers]
        insert_above(self._viewer, layer, [*self._below(), *lower])

    def _lift(self) -> None:
        """Bring the maps above the picture of a stack that was opened after they were made."""
        layers = self._viewer.layers
        floor = max((layers.index(layer) for layer in self._below() if layer in layers), default=-1)
        low = [layer for layer in self._layers.values() if layers.index(layer) < floor]
        if low:
            mine = [layers.index(layer) for layer in layers if layer in self._layers.values()]
            layers.move_multiple(mine, floor + 1)

    def _drop_strangers(self, predictor_set: PredictorSet) -> None:
        """Take away maps of predictors that are no longer compared; the best may have other colours."""
        for kind in [kind for kind in self._layers if kind not in kinds(predictor_set)]:
            layer = self._layers.pop(kind)  # first, so that it does not count as removed by the user
            self._placed.pop(kind, None)
            self._viewer.layers.remove(layer)
        best: Any = self._layers.get(BEST)
        if best is not None and best.metadata.get("predictor_set") != predictor_set.model_dump(mode="json"):
            best.colormap, best.contrast_limits_range = code_colours(predictor_set), code_limits(predictor_set)
            best.contrast_limits = code_limits(predictor_set)

    def _note_removed(self, event: Any) -> None:
        for kind, layer in list(self._layers.items()):
            if layer is event.value:
                del self._layers[kind]
                self._placed.pop(kind, None)
                self._removed.add(kind)
                self._before.pop(layer, None)
                self.changed.emit()

    def _on_grid(self, event: Any) -> None:
        if not event.value and self._before:
            self.set_side_by_side(False)


def _fill(layer: Layer, values: NDArray[Any]) -> None:
    if layer.data.shape != values.shape or layer.data.dtype != values.dtype:
        layer.data = values.copy()
        return
    if np.array_equal(layer.data, values, equal_nan=values.dtype.kind == "f"):
        return
    # Other data would make the viewer work out its axes anew.
    layer.data[...] = values
    if layer.visible:
        layer.refresh(extent=False, thumbnail=False, highlight=False)
