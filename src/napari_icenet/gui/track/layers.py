"""Draws a track on a viewer: few layers, named, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
from napari.layers import Image, Layer, Points, Vectors
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_icenet.common import palette
from napari_icenet.gui.track.geometry import DASHES_PER_SIDE, dashed, links, outline, polyline, spread, square
from napari_icenet.gui.track.picture import TrackPicture
from napari_icenet.gui.widgets.layer_data import fill
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind
from napari_icenet.gui.widgets.throttle import Throttle

#: Two labels stand at least this far apart, in screen pixels.
LABEL_GAP_PX = 90.0
#: While something is dragged, chip and surface are drawn with each frame; path and labels this often.
SLOW_SECONDS, SLOW_FRAMES = 0.08, 3
_FAST, _SLOW = ("surface", "chip"), ("path", "other tracks", "dates", "lost")
#: Labels never drawn in greater number; each is drawn four times in dark, shifted by a screen pixel, and then
#: in white: readable on ice and on rock.
LABELS = 6
SHIFTS_PX = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)], float)
LABEL_POINTS = LABELS * len(SHIFTS_PX)
#: Vectors of the chip's layer: the search window in dashes, the chip, its match.
CHIP_COLOURS = [palette.SEARCH] * (4 * DASHES_PER_SIDE) + [palette.CHIP] * 4 + [palette.MATCH] * 4


class TrackLayers(LayerGroup):
    """Draws a :class:`TrackPicture` on a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the track is drawn.
    """

    on_top = True

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, KINDS, below)
        self._picture: TrackPicture | None = None
        self._slow = Throttle(lambda: self.draw(*_SLOW), seconds=SLOW_SECONDS, every=SLOW_FRAMES)

    def show(self, picture: TrackPicture | None) -> None:
        """Draw a track as it stands; None empties the layers and keeps them."""
        before, self._picture = self._picture, picture
        if picture is None:
            self._slow.stop()
            self.draw()
            return
        self.draw(*_FAST)
        if before is None or before.number != picture.number:
            self._slow.now()
        else:
            self._slow.ask()

    def forget(self) -> None:
        """Have nothing to draw any more, and leave the layers as they are until something is drawn."""
        self._slow.stop()
        self._picture = None

    def close(self, *, remove: bool = True) -> None:
        """Let go of the viewer, and take the layers away where it still shows any; may be called twice."""
        self._slow.stop()
        super().close(remove=remove)

    # Drawing

    def _needs(self, kind: str) -> bool:
        picture = self._picture
        if picture is None:
            return False
        wanted = {
            "surface": picture.surface is not None,
            "other tracks": bool(picture.others),
            "lost": bool(np.isfinite(picture.lost).all(axis=1).any()),
        }
        return wanted.get(kind, True)

    def _title(self, kind: str) -> str:
        # The other tracks belong to no single one.
        number = 1 if self._picture is None else self._picture.number
        return kind if kind == "other tracks" else f"track {number} · {kind}"

    def _fill(self, kind: str, layer: Any) -> None:
        picture = self._picture
        if picture is None:
            self._empty(kind, layer)
        elif kind == "surface":
            self._draw_surface(layer, picture)
        elif kind == "chip":
            self._set(layer, _chip_lines(picture))
        elif kind == "path":
            self._set(layer, links(picture.path, np.isfinite(picture.path[:, 0])))
        elif kind == "other tracks":
            self._draw_others(layer, picture)
        elif kind == "dates":
            self._draw_dates(layer, picture)
        else:
            self._set(layer, _finite(picture.lost))

    def _empty(self, kind: str, layer: Any) -> None:
        if kind == "surface":
            self._set(layer, np.full((2, 2), np.nan, np.float32))
        elif kind == "dates":
            self._set(layer, layer.data[:LABEL_POINTS].copy())
            self._set_labels(layer, np.full(LABEL_POINTS, "", dtype=str))
        elif kind == "lost":
            self._set(layer, np.zeros((0, 2)))
        else:
            self._set(layer, np.zeros_like(layer.data))

    def _draw_surface(self, layer: Any, picture: TrackPicture) -> None:
        if picture.surface is None:
            self._empty("surface", layer)
            return
        origin = np.asarray(self._placement.get("translate", (0.0, 0.0)))
        translate = origin + np.asarray(picture.surface_origin) * np.asarray(layer.scale)
        self._set(layer, np.asarray(picture.surface, np.float32))
        if not np.array_equal(translate, layer.translate):
            # Setting the position would draw the thumbnail too; its event, recompute the viewer's extent.
            with self._quietly(layer), layer.events.translate.blocker(), layer._block_refresh():
                layer.translate = translate
            with self._quietly(layer):
                layer.refresh(extent=False, thumbnail=False, highlight=False)

    def _draw_dates(self, layer: Any, picture: TrackPicture) -> None:
        at, texts = self._labels(layer, picture)
        self._set(layer, np.concatenate([at, _finite(picture.path)]))
        self._set_labels(layer, np.concatenate([texts, np.full(len(layer.data) - len(texts), "")]).astype(str))

    def _set_labels(self, layer: Any, label: NDArray[Any]) -> None:
        if list(layer.features["label"]) != list(label):
            with self._quietly(layer):
                layer.features = {"label": label}

    def _labels(self, layer: Layer, picture: TrackPicture) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Positions of labels, each as often as it is drawn, and their texts."""
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

    def _draw_others(self, layer: Any, picture: TrackPicture) -> None:
        parts, colour = [np.zeros((0, 2, 2))], []
        for other in picture.others:
            shapes = polyline(other.path)
            if other.at is not None:
                shapes = np.concatenate([shapes, outline(*square(*other.at, other.chip))])
            parts.append(shapes)
            colour += [other.colour] * len(shapes)
        self._set(layer, np.concatenate(parts))
        if layer.metadata.get("colours") != colour:
            layer.metadata["colours"] = colour
            if colour:
                layer.edge_color = colour

    def _set(self, layer: Any, data: NDArray[Any]) -> None:
        with self._quietly(layer):
            fill(layer, data, thumbnail=False)

    def _quietly(self, layer: Layer) -> AbstractContextManager[Any]:
        # The event of new data makes the viewer recompute all its axes, and any event repaints the list of layers:
        # time that a drag has not to spare. The stack's own picture spans the axes, and settle() catches up.
        quiet = ExitStack()
        quiet.enter_context(self._viewer.layers.events.blocker_all())
        quiet.enter_context(layer.events.data.blocker())
        return quiet

    def _follow_zoom(self) -> None:
        super()._follow_zoom()
        if self._picture is not None:
            self.draw("dates")


def _chip_lines(picture: TrackPicture) -> NDArray[np.float64]:
    """Search window, chip and match; lines that are not to be seen have no length."""
    window = dashed(*(square(*picture.window) if picture.window else (0.0, 0.0, 0.0, 0.0)))
    chip = outline(*square(*picture.at, picture.chip))
    match = np.zeros((4, 2, 2)) if picture.match is None else outline(*square(*picture.match, picture.chip))
    return np.concatenate([window, chip, match])


def _finite(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[np.isfinite(points).all(axis=1)]


def _make_surface() -> Layer:
    """Correlation, −1 to 1 on a diverging map with 0 in the middle."""
    return Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=Colormap(list(palette.NCC_STOPS), name="NCC"),
        contrast_limits=(-1.0, 1.0),
        opacity=0.55,
        blending="translucent_no_depth",
        interpolation2d="nearest",
    )


def _make_chip() -> Layer:
    """Search window, chip and match; vectors that are not to be seen have no length."""
    return _vectors(len(CHIP_COLOURS), CHIP_COLOURS)


def _make_path() -> Layer:
    """The way of the selected track."""
    return _vectors(0, palette.MATCH)


def _make_others() -> Layer:
    """Chips and ways of the tracks that are not selected."""
    return _vectors(0, "#FFFFFF")


def _make_dates() -> Layer:
    """Labels, carried by points that are not seen, and after them the points where the chip was found."""
    clear = ["transparent"] * LABEL_POINTS
    layer = Points(
        np.zeros((LABEL_POINTS, 2)),
        size=1,
        canvas_size_limits=(7, 7),
        face_color=clear,
        border_color=clear,
        border_width=0,
        features={"label": np.full(LABEL_POINTS, "", dtype=str)},
        text={
            "string": "{label}",
            "size": 10,
            "anchor": "upper_left",
            "color": ["#101418"] * (LABEL_POINTS - LABELS) + ["#FFFFFF"] * LABELS,
        },
    )
    # What is added later takes these, or what the user chooses.
    layer.current_face_color = layer.current_border_color = palette.MATCH
    return layer


def _make_lost() -> Layer:
    """Marks where the chip was looked for in vain: hollow, so that nobody takes them for positions."""
    layer = Points(np.zeros((0, 2)), ndim=2, size=1, border_width=0.2, canvas_size_limits=(10, 10))
    layer.current_face_color, layer.current_border_color = "transparent", palette.LOST
    return layer


def _vectors(count: int, colour: Any) -> Layer:
    return Vectors(
        np.zeros((count, 2, 2)),
        ndim=2,
        edge_color=colour,
        vector_style="line",
        opacity=1.0,
        blending="translucent_no_depth",
    )


#: From bottom to top.
KINDS = {
    "surface": LayerKind(_make_surface),
    "other tracks": LayerKind(_make_others, 1.5),
    "path": LayerKind(_make_path, 1.6),
    "chip": LayerKind(_make_chip, 2.0),
    "lost": LayerKind(_make_lost),
    "dates": LayerKind(_make_dates),
}
