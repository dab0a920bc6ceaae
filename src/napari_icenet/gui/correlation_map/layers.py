"""Draws correlation maps on a viewer: a layer for each predictor, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.gui.correlation_map.layer_kinds import (
    BEST,
    CELLS,
    code_colours,
    code_limits,
    kinds,
    layer_name,
    make,
)
from napari_icenet.gui.correlation_map.picture import best_codes, layer_record, placement_of, state_codes
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.widgets.layer_data import fill, lay
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind
from napari_icenet.predictors.predictor_set import PredictorSet

#: Size of a map's name in its own view, points.
_NAME_PT = 8


class MapLayers(LayerGroup):
    """Draws :class:`CorrelationMaps` on a viewer, one predictor at a time or all side by side.

    The kinds are the predictors' keys, the states of cells, and the best predictor.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the maps are drawn.
    """

    one_by_one: ClassVar[bool] = True

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, {}, below)
        self._maps: CorrelationMaps | None = None
        self._place: Placement | None = None
        self._predictors = PredictorSet(entries=())
        self._kind, self._target = "", 2
        self._before: dict[Layer, bool] = {}
        self._zoomed = 1.0
        self.made.connect(self._on_made)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    @property
    def side_by_side(self) -> bool:
        """True if each map has a view of its own."""
        return bool(self._before)

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
        elif maps.predictor_set != self._predictors:
            self._set_predictors(maps.predictor_set)
        self.draw()
        if maps is not None and chosen and not self.side_by_side:
            self._show_one()

    def set_side_by_side(self, value: bool) -> None:
        """Give the picture and each map a view of its own, all moving together; or stack them again."""
        if value == self.side_by_side or (value and not self._layers):
            return
        viewer, grid = self._viewer, self._viewer.canvas.grid
        if value:
            shown = [*tuple(self._below())[:1], *(layer for kind, layer in self._layers.items() if kind != CELLS)]
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
            self._name_view(kind)
        self._keep_in_view(value)
        self.changed.emit()

    def _name_view(self, kind: str) -> None:
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

    def close(self, *, remove: bool = True) -> None:
        """Let go of the viewer, and take the layers away where it still shows any; may be called twice."""
        if not self._closed:
            self._viewer.canvas.grid.events.enabled.disconnect(self._on_grid)
        super().close(remove=remove)

    # Drawing

    def _needs(self, kind: str) -> bool:
        return self._maps is not None and self._place is not None

    def _title(self, kind: str) -> str:
        return layer_name(kind, self._predictors)

    def _order_of_making(self) -> Iterable[str]:
        return sorted(self._kinds, key=lambda kind: (kind != self._kind, kind != CELLS))

    def _fill(self, kind: str, layer: Any) -> None:
        maps, place = self._maps, self._place
        if maps is None or place is None:
            fill(layer, np.full_like(layer.data, 0 if layer.data.dtype.kind == "u" else np.nan))
            return
        values: NDArray[Any]
        if kind == CELLS:
            values = state_codes(maps, self._kind, self._target)
        elif kind == BEST:
            values = best_codes(maps, self._target)
        else:
            values = maps.values[kind][self._target - 1]
        lay(layer, placement_of(maps, place))
        fill(layer, values, thumbnail=False)
        layer.metadata.update(layer_record(maps, kind, self._target))

    def _show_one(self) -> None:
        """Only what is chosen lies on the picture; cells without a number are coloured by why."""
        for kind, layer in self._layers.items():
            visible = self._maps is not None and kind in ((self._kind,) if self._kind == BEST else (self._kind, CELLS))
            if layer.visible != visible:
                layer.visible = visible

    def _set_predictors(self, predictors: PredictorSet) -> None:
        """Take away maps of predictors that are no longer compared; the best may have other colours."""
        self._predictors = predictors
        self.set_kinds({kind: LayerKind(partial(make, kind, predictors)) for kind in kinds(predictors)})
        best: Any = self._layers.get(BEST)
        if best is not None:
            best.colormap, best.contrast_limits_range = code_colours(predictors), code_limits(predictors)
            best.contrast_limits = code_limits(predictors)

    def _on_made(self, layer: Any) -> None:
        kind = self._kind_of(layer)
        if kind is None:
            return
        if self.side_by_side:
            self._show_bars(False)
            self._before[layer] = False
            layer.visible = kind != CELLS
            self._name_view(kind)
        else:
            self._show_one()

    def _let_go(self, kind: str) -> Any:
        layer = super()._let_go(kind)
        self._before.pop(layer, None)
        return layer

    def _on_grid(self, event: Any) -> None:
        if not event.value and self._before:
            self.set_side_by_side(False)
