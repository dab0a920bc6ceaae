"""The layers on which a track is drawn: few, named, made once, updated in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Layer, Points, Vectors
from napari.utils import Colormap
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_icenet.gui import colours
from napari_icenet.gui.track_picture import TrackPicture
from napari_icenet.gui.track_shapes import dashed, links, outline, polyline, spread, square

#: Line widths in screen pixels, whatever the zoom.
LINE_PX = {"search window": 1.6, "chip": 2.2, "match": 2.2, "path": 1.6, "other tracks": 1.4, "stable ground": 1.8}
#: From bottom to top.
ORDER = ("surface", "other tracks", "stable ground", "path", "search window", "chip", "match", "lost", "dates")
#: Two date labels stand at least this far apart, in screen pixels.
LABEL_GAP_PX = 58.0


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
        self._labels_for: tuple[Any, ...] = ()
        self._zoomed = QTimer()
        self._zoomed.setSingleShot(True)
        self._zoomed.setInterval(30)
        self._zoomed.timeout.connect(self._follow_zoom)
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
            self._empty()
            return
        self._draw_surface(picture)
        n = picture.chip
        self._set_vectors("chip", outline(*square(*picture.at, n)))
        gone = np.zeros((4, 2, 2))
        self._set_vectors("match", gone if picture.match is None else outline(*square(*picture.match, n)))
        box = picture.window and square(*picture.window)
        self._set_vectors("search window", dashed(*(box or (0.0, 0.0, 0.0, 0.0))))
        self._set_vectors("path", links(picture.path, np.isfinite(picture.path[:, 0])))
        self._draw_points(picture)
        self._draw_others(picture)
        if picture.stable is not None or "stable ground" in self._layers:
            at = picture.stable
            self._set_vectors("stable ground", gone if at is None else outline(*square(*at[0], at[1])))
        if before is None or before.number != picture.number:
            self._rename(picture.number)

    def settle(self) -> None:
        """Bring thumbnails and extents up to date; called when nothing moves any more."""
        for layer in self._layers.values():
            layer.refresh(data_displayed=False, highlight=False)

    def restore(self) -> None:
        """Make removed layers again."""
        self._removed.clear()
        if self._picture is not None:
            self._labels_for = ()
            self.show(self._picture)
            self._rename(self._picture.number)

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        self._zoomed.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._wait_for_zoom)
        self._viewer.layers.events.removed.disconnect(self._note_removed)

    # Drawing

    def _draw_surface(self, picture: TrackPicture) -> None:
        values = picture.surface
        if values is None:
            layer = self._layers.get("surface")
            if layer is not None and np.isfinite(layer.data).any():
                _replace(layer, np.full((2, 2), np.nan, np.float32))
            return
        layer = self._layer("surface")
        if layer is None:
            return
        scale, origin = np.asarray(layer.scale), np.asarray(self._placement.get("translate", (0.0, 0.0)))
        translate = origin + np.asarray(picture.surface_origin) * scale
        moved = not np.array_equal(translate, layer.translate)
        same = layer.data.shape == values.shape
        if same:
            layer.data[...] = values
        else:
            _replace(layer, np.array(values, np.float32), refresh=not moved)
        if moved:
            # Setting the position repaints the values too; its event would recompute the viewer's extent each time.
            with layer.events.translate.blocker():
                layer.translate = translate
        elif same:
            _repaint(layer)

    def _draw_points(self, picture: TrackPicture) -> None:
        self._set_points("lost", picture.lost)
        self._set_points("dates", picture.path)
        zoom = float(self._viewer.scene.camera.zoom)
        key = (picture.labels, picture.now, picture.note, round(np.log(zoom) * 8), np.round(picture.path, 1).tobytes())
        if key == self._labels_for:
            return
        self._labels_for = key
        n = len(picture.labels)
        texts = np.full(n, "", dtype=object)
        if picture.match is not None or picture.window is None:
            texts[picture.now] = f"{picture.labels[picture.now]}  {picture.note}".rstrip()
        known = np.flatnonzero(np.isfinite(picture.path[:, 0]))
        if known.size:
            scale = np.abs(np.asarray(self._placement.get("scale", (1.0, 1.0))))
            first = [picture.now, known[-1], known[0]]
            for i in np.flatnonzero(spread(picture.path * scale * zoom, first, LABEL_GAP_PX)):
                texts[i] = texts[i] or picture.labels[i]
        missed = np.full(n, "", dtype=object)
        if picture.match is None and picture.note:
            missed[picture.now] = f"{picture.labels[picture.now]}  {picture.note}"
        for kind, text in (("dates", texts), ("lost", missed)):
            layer = self._layers.get(kind)
            if layer is not None and len(layer.data) == n and list(layer.features["label"]) != list(text):
                layer.features = {"label": text.astype(str)}

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
            layer.data[...] = data
            _repaint(layer)
            return
        _replace(layer, data)
        layer.metadata["colours"] = colour
        if colour:
            layer.edge_color = colour

    def _set_vectors(self, kind: str, data: NDArray[np.float64]) -> None:
        layer = self._layer(kind)
        if layer is None or not isinstance(layer, Vectors):
            return
        if layer.data.shape != data.shape:
            _replace(layer, data)
        elif not np.array_equal(layer.data, data):
            layer.data[...] = data
            _repaint(layer)

    def _set_points(self, kind: str, at: NDArray[np.float64]) -> None:
        layer = self._layer(kind)
        if layer is None or not isinstance(layer, Points):
            return
        shown = np.isfinite(at).all(axis=1)
        where = np.where(shown[:, None], at, 0.0)
        if len(layer.data) != len(where):
            _replace(layer, where)
            layer.features = {"label": np.full(len(where), "", dtype=str)}
            self._labels_for = ()
            layer.shown = shown
        elif not np.array_equal(layer.data, where) or not np.array_equal(layer.shown, shown):
            layer.data[...] = where
            layer.shown = shown  # repaints

    def _empty(self) -> None:
        self._labels_for = ()
        for kind, layer in self._layers.items():
            if isinstance(layer, Vectors):
                _replace(layer, np.zeros((0, 2, 2))) if kind == "other tracks" else self._set_vectors(
                    kind, np.zeros_like(layer.data)
                )
            elif isinstance(layer, Points):
                layer.shown = np.zeros(len(layer.data), bool)
            else:
                _replace(layer, np.full((2, 2), np.nan, np.float32))

    # Making and losing layers

    def _layer(self, kind: str) -> Layer | None:
        layer = self._layers.get(kind)
        if layer is not None or kind in self._removed:
            return layer
        selected = set(self._viewer.layers.selection)
        layer = MAKERS[kind](name=kind, **self._placement)
        self._layers[kind] = layer
        above = [self._layers[k] for k in ORDER[ORDER.index(kind) + 1 :] if k in self._layers]
        index = min((self._viewer.layers.index(other) for other in above), default=len(self._viewer.layers))
        self._viewer.layers.insert(index, layer)
        # A new layer must not take the selection: the user's tools stay on the picture.
        if selected:
            self._viewer.layers.selection = selected
        if self._picture is not None:
            layer.name = f"track {self._picture.number} · {kind}"
        self._set_width(kind, layer)
        if self._made is not None:
            self._made(layer)
        return layer

    def _rename(self, number: int) -> None:
        for kind, layer in self._layers.items():
            # The ground and the other tracks belong to no single track.
            name = kind if kind in {"other tracks", "stable ground"} else f"track {number} · {kind}"
            if layer.name != name:
                layer.name = name

    def _note_removed(self, event: Any) -> None:
        for kind, layer in list(self._layers.items()):
            if layer is event.value:
                del self._layers[kind]
                self._removed.add(kind)

    # Widths that do not grow with the zoom

    def _wait_for_zoom(self, _event: Any = None) -> None:
        if not self._zoomed.isActive():
            self._zoomed.start()

    def _follow_zoom(self) -> None:
        for kind, layer in self._layers.items():
            self._set_width(kind, layer)
        if self._picture is not None:
            self._draw_points(self._picture)

    def _set_width(self, kind: str, layer: Layer) -> None:
        if kind not in LINE_PX or not isinstance(layer, Vectors):
            return
        if kind in self._widths and not np.isclose(layer.edge_width, self._widths[kind]):
            return  # the user chose a width of their own
        width = LINE_PX[kind] / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        if kind in self._widths and abs(width / self._widths[kind] - 1) < 0.04:
            return
        self._widths[kind] = width
        layer.edge_width = width


def _repaint(layer: Layer) -> None:
    layer.refresh(extent=False, thumbnail=False, highlight=False)


def _replace(layer: Layer, data: NDArray[Any], *, refresh: bool = True) -> None:
    # The event of new data makes the viewer recompute all its axes, 10 ms that a drag has not to spare;
    # the stack's own picture spans them anyway.
    with layer.events.data.blocker():
        layer.data = data


def _vectors(colour: str) -> Callable[..., Layer]:
    def make(**kwargs: Any) -> Layer:
        return Vectors(
            np.zeros((0, 2, 2)),
            ndim=2,
            edge_color=colour,
            vector_style="line",
            opacity=1.0,
            blending="translucent_no_depth",
            **kwargs,
        )

    return make


def _points(border: str, face: str, size: float, text: str) -> Callable[..., Layer]:
    def make(**kwargs: Any) -> Layer:
        return Points(
            np.zeros((0, 2)),
            ndim=2,
            size=1,
            face_color=face,
            border_color=border,
            border_width=0.16,
            features={"label": np.array([], dtype=str)},
            text={"string": "{label}", "size": 9, "color": text, "anchor": "upper_left"},
            canvas_size_limits=(size, size),
            **kwargs,
        )

    return make


def _surface(**kwargs: Any) -> Layer:
    return Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=Colormap(list(colours.NCC_STOPS), name="NCC"),
        contrast_limits=(-1.0, 1.0),
        opacity=0.55,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        **kwargs,
    )


#: How each layer is made, by what it shows.
MAKERS: dict[str, Callable[..., Layer]] = {
    "surface": _surface,
    "other tracks": _vectors("#FFFFFF"),
    "stable ground": _vectors(colours.STABLE),
    "path": _vectors(colours.MATCH),
    "search window": _vectors(colours.SEARCH),
    "chip": _vectors(colours.CHIP),
    "match": _vectors(colours.MATCH),
    "lost": _points(colours.LOST, "transparent", 9, colours.LOST),
    "dates": _points("#FFFFFF", colours.MATCH, 7, "#FFFFFF"),
}
