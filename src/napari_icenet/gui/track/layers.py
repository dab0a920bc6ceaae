"""Draws a track on a viewer: few layers, named, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
from napari.layers import Layer, Vectors
from numpy.typing import NDArray

from napari_icenet.gui.track.layer_kinds import LABEL_POINTS, LABELS, LINE_PX, MAKERS, ORDER, SHIFTS_PX, layer_name
from napari_icenet.gui.track.picture import TrackPicture
from napari_icenet.gui.track.shapes import dashed, links, outline, polyline, spread, square
from napari_icenet.gui.widgets.layer_insert import insert_below
from napari_icenet.gui.widgets.throttle import Throttle

#: Two labels stand at least this far apart, in screen pixels.
LABEL_GAP_PX = 90.0
#: While something is dragged, chip and surface are drawn with each frame; path and labels this often.
SLOW_SECONDS, SLOW_FRAMES = 0.08, 3


class TrackLayers:
    """Draws a :class:`TrackPicture` on a viewer.

    A layer that the user removed stays away until :meth:`restore`; colours, contrast, opacity
    and visibility are set when a layer is made and never again.

    Parameters
    ----------
    viewer : napari.Viewer
    made : callable, optional
        Called with each layer that is made.
    """

    def __init__(self, viewer: Any, made: Callable[[Layer], object] | None = None) -> None:
        self._viewer = viewer
        self._made = made
        self._layers: dict[str, Layer] = {}
        self._removed: set[str] = set()
        self._widths: dict[str, float] = {}
        self._picture: TrackPicture | None = None
        self._placement: dict[str, Any] = {}
        self._slow = Throttle(self._draw_slow, seconds=SLOW_SECONDS, every=SLOW_FRAMES)
        self._zoom = Throttle(self._follow_zoom, seconds=0.03, every=1)
        viewer.scene.camera.events.zoom.connect(self._wait_for_zoom)
        viewer.layers.events.removed.connect(self._note_removed)

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers there are, by what they show."""
        return dict(self._layers)

    @property
    def removed(self) -> frozenset[str]:
        """What the user took away."""
        return frozenset(self._removed)

    def place(self, placement: dict[str, Any]) -> None:
        """Lay all layers on another stack's grid: ``scale``, ``translate``, ``units``, ``axis_labels`` of (y, x)."""
        self._placement = dict(placement)
        for kind, layer in self._layers.items():
            for key, value in placement.items():
                setattr(layer, key, value)
            self._widths.pop(kind, None)
        self._follow_zoom()

    def show(self, picture: TrackPicture | None) -> None:
        """Draw a track as it stands; None empties the layers and keeps them."""
        before, self._picture = self._picture, picture
        if picture is None:
            self._slow.stop()
            self._empty()
            return
        self._draw_surface(picture)
        self._draw_chip(picture)
        if before is None or before.number != picture.number:
            for kind, layer in self._layers.items():
                layer.name = layer_name(kind, picture.number)
            self._slow.now()
        else:
            self._slow.ask()

    def settle(self) -> None:
        """Bring thumbnails and extents up to date; called when nothing moves any more."""
        for layer in self._layers.values():
            layer.refresh(data_displayed=False, highlight=False)

    def restore(self) -> None:
        """Make removed layers again."""
        self._removed.clear()
        picture, self._picture = self._picture, None
        if picture is not None:
            self.show(picture)

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        self._zoom.stop()
        self._slow.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._wait_for_zoom)
        self._viewer.layers.events.removed.disconnect(self._note_removed)

    # Drawing

    def _draw_slow(self) -> None:
        picture = self._picture
        if picture is None:
            return
        self._set_vectors("path", links(picture.path, np.isfinite(picture.path[:, 0])))
        self._draw_others(picture)
        self._draw_dates(picture)

    def _draw_surface(self, picture: TrackPicture) -> None:
        values = picture.surface
        if values is None:
            layer = self._layers.get("surface")
            if layer is not None and np.isfinite(layer.data).any():
                self._replace(layer, np.full((2, 2), np.nan, np.float32))
            return
        layer = self._layer("surface")
        if layer is None:
            return
        origin = np.asarray(self._placement.get("translate", (0.0, 0.0)))
        translate = origin + np.asarray(picture.surface_origin) * np.asarray(layer.scale)
        moved, same = not np.array_equal(translate, layer.translate), layer.data.shape == values.shape
        if same:
            layer.data[...] = values
        else:
            self._replace(layer, np.array(values, np.float32))
        if moved:
            # Setting the position would draw the thumbnail too; its event, recompute the viewer's extent.
            with self._quietly(layer), layer.events.translate.blocker(), layer._block_refresh():
                layer.translate = translate
        if moved or same:
            self._repaint(layer)

    def _draw_chip(self, picture: TrackPicture) -> None:
        nothing = np.zeros((4, 2, 2))
        window = dashed(*(square(*picture.window) if picture.window else (0.0, 0.0, 0.0, 0.0)))
        chip = outline(*square(*picture.at, picture.chip))
        match = nothing if picture.match is None else outline(*square(*picture.match, picture.chip))
        self._set_vectors("chip", np.concatenate([window, chip, match]))

    def _draw_dates(self, picture: TrackPicture) -> None:
        layer = self._layer("dates")
        if layer is not None:
            at, texts = self._labels(layer, picture)
            self._set_points(layer, np.concatenate([at, _finite(picture.path)]))
            label = np.concatenate([texts, np.full(len(layer.data) - len(texts), "")]).astype(str)
            if list(layer.features["label"]) != list(label):
                with self._quietly(layer):
                    layer.features = {"label": label}
        lost = _finite(picture.lost)
        if len(lost) or "lost" in self._layers:
            layer = self._layer("lost")
            if layer is not None:
                self._set_points(layer, lost)

    def _set_points(self, layer: Layer, data: NDArray[np.float64]) -> None:
        if layer.data.shape != data.shape:
            self._replace(layer, data)
        elif not np.array_equal(layer.data, data):
            layer.data[...] = data
            self._repaint(layer)

    def _labels(self, layer: Layer, picture: TrackPicture) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Where labels stand, each as often as it is drawn, and what they say."""
        pixel = 1 / float(self._viewer.scene.camera.zoom) / np.abs(np.asarray(layer.scale))
        known = np.flatnonzero(np.isfinite(picture.path[:, 0]))
        # The date shown comes first, then the ends of the path, then what finds room.
        first = [picture.now, *known[-1:], *known[:1]]
        at = picture.path.copy()
        at[picture.now] = picture.match or picture.at
        found = np.flatnonzero(spread(at / pixel, first, LABEL_GAP_PX))
        chosen = sorted((int(i) for i in found), key=lambda i: i != picture.now)[:LABELS]
        texts, where = np.full(LABELS, "", dtype=object), np.tile(at[picture.now], (LABELS, 1))
        for slot, i in enumerate(chosen):
            texts[slot], where[slot] = picture.labels[i], at[i]
        texts[0] = f"{picture.labels[picture.now]}  {picture.note}".rstrip()
        where += np.array([0.0, 8.0]) * pixel
        return (where[None] + SHIFTS_PX[:, None] * pixel).reshape(-1, 2), np.tile(texts, len(SHIFTS_PX))

    def _draw_others(self, picture: TrackPicture) -> None:
        if not picture.others and "other tracks" not in self._layers:
            return
        layer = self._layer("other tracks")
        if layer is None:
            return
        parts, colour = [np.zeros((0, 2, 2))], []
        for other in picture.others:
            shapes = polyline(other.path)
            if other.at is not None:
                shapes = np.concatenate([shapes, outline(*square(*other.at, other.chip))])
            parts.append(shapes)
            colour += [other.colour] * len(shapes)
        data = np.concatenate(parts)
        if len(data) == len(layer.data) and layer.metadata.get("colours") == colour:
            self._set_vectors("other tracks", data)
            return
        self._replace(layer, data)
        layer.metadata["colours"] = colour
        if colour:
            layer.edge_color = colour

    def _set_vectors(self, kind: str, data: NDArray[np.float64]) -> None:
        layer = self._layer(kind)
        if not isinstance(layer, Vectors):
            return
        if layer.data.shape != data.shape:
            self._replace(layer, data)
        elif not np.array_equal(layer.data, data):
            layer.data[...] = data
            self._repaint(layer)

    def _empty(self) -> None:
        for kind, layer in self._layers.items():
            if kind == "surface":
                self._replace(layer, np.full((2, 2), np.nan, np.float32))
            elif kind == "lost":
                self._set_points(layer, np.zeros((0, 2)))
            elif kind == "dates":
                self._set_points(layer, layer.data[:LABEL_POINTS].copy())
                layer.features = {"label": np.full(LABEL_POINTS, "", dtype=str)}
            else:
                self._set_vectors(kind, np.zeros_like(layer.data))

    def _quietly(self, layer: Layer) -> AbstractContextManager[Any]:
        # The event of new data makes the viewer recompute all its axes, and any event repaints the list of layers:
        # time that a drag has not to spare. The stack's own picture spans the axes, and settle() catches up.
        quiet = ExitStack()
        quiet.enter_context(self._viewer.layers.events.blocker_all())
        quiet.enter_context(layer.events.data.blocker())
        return quiet

    def _repaint(self, layer: Layer) -> None:
        with self._quietly(layer):
            layer.refresh(extent=False, thumbnail=False, highlight=False)

    def _replace(self, layer: Layer, data: NDArray[Any]) -> None:
        with self._quietly(layer):
            layer.data = data

    # Making and losing layers

    def _layer(self, kind: str) -> Layer | None:
        layer = self._layers.get(kind)
        if layer is not None or kind in self._removed:
            return layer
        number = 1 if self._picture is None else self._picture.number
        layer = MAKERS[kind](name=layer_name(kind, number), **self._placement)
        self._layers[kind] = layer
        above = [self._layers[k] for k in ORDER[ORDER.index(kind) + 1 :] if k in self._layers]
        insert_below(self._viewer, layer, above)
        self._set_width(kind, layer)
        if self._made is not None:
            self._made(layer)
        return layer

    def _note_removed(self, event: Any) -> None:
        for kind, layer in list(self._layers.items()):
            if layer is event.value:
                del self._layers[kind]
                self._removed.add(kind)
                self._widths.pop(kind, None)

    # Widths that do not grow with the zoom

    def _wait_for_zoom(self, _event: Any = None) -> None:
        self._zoom.ask()

    def _follow_zoom(self) -> None:
        for kind, layer in self._layers.items():
            self._set_width(kind, layer)
        if self._picture is not None:
            self._draw_dates(self._picture)

    def _set_width(self, kind: str, layer: Layer) -> None:
        if kind not in LINE_PX:
            return
        if kind in self._widths and not np.isclose(layer.edge_width, self._widths[kind]):
            return  # the user chose a width of their own
        width = LINE_PX[kind] / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        if kind in self._widths and abs(width / self._widths[kind] - 1) < 0.04:
            return
        self._widths[kind] = width
        layer.edge_width = width


def _finite(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[np.isfinite(points).all(axis=1)]
