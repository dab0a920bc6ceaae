"""Outlines, flowlines and GPS points on a viewer: a layer of each kind for each file, updated in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from napari.layers import Layer, Points, Shapes

from napari_icenet.common import palette
from napari_icenet.common.types import F64
from napari_icenet.errors import UsageError
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.velocity.feature_shapes import seen
from napari_icenet.gui.widgets.job import Job
from napari_icenet.gui.widgets.layer_data import lay
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind
from napari_icenet.jobs.progress import Progress
from napari_icenet.velocity.along.gps_files import GpsPoints, read_gps
from napari_icenet.velocity.vectors.features import corners, read_features

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

OUTLINE, FLOWLINE, STATION = "#E69F00", "#D55E00", "#FFFFFF"
#: Line widths in screen pixels, whatever the zoom.
LINE_PX = {"outlines": 1.5, "flowlines": 2.2}
#: More names than this would hide the ice.
NAMED = 60
#: The layer that lines are drawn on by hand.
DRAWN = "flowline"
_MARK = "icenet features"


class FeatureLayers(LayerGroup):
    """The layers of features of one session; get it with :meth:`of`.

    A file that is read again is drawn on the layers it has. They are the user's: they stay when the group is closed.
    """

    _known: ClassVar[WeakKeyDictionary[Session, FeatureLayers]] = WeakKeyDictionary()
    on_top = True
    zoom_seconds = 0.15

    def __init__(self, session: Session) -> None:
        super().__init__(session.viewer, {}, session.shown_layers)
        self.session = session
        #: By kind: the layer's name, and what draws its features.
        self._content: dict[str, tuple[str, Callable[[Any], object]]] = {}

    @classmethod
    def of(cls, session: Session) -> FeatureLayers:
        """The layers of a session, always the same ones."""
        if session not in cls._known:
            cls._known[session] = cls(session)
        return cls._known[session]

    def close(self, *, remove: bool = False) -> None:
        """Let go of the viewer; the layers stay unless they are to be removed."""
        super().close(remove=remove)
        self._known.pop(self.session, None)

    def read(self, path: str | Path, then: Callable[[list[Layer]], object] | None = None) -> Job | None:
        """Read a file off the interface's thread, and draw what it holds.

        Points are drawn as GPS points where their columns say a velocity. Errors are shown as a
        sentence.

        Returns
        -------
        Job or None
            None where other work is under way, or no stack is open.
        """
        path, stack = Path(path), self.session.stack
        if stack is None:
            self.session.report(UsageError(f"{path.name} needs pictures to lie on; open some first."))
            return None

        def work(_progress: Progress) -> tuple[GeoDataFrame | None, GpsPoints | None]:
            if path.suffix.lower() == ".csv":
                return None, read_gps(path, stack.grid)
            found = read_features(path, stack.grid)
            return seen(found, stack.grid), read_gps(path, stack.grid) if _has_velocities(found) else None

        def draw(found: tuple[GeoDataFrame | None, GpsPoints | None]) -> None:
            features, gps = found
            layers = self.add(features, gps)
            about = () if features is None else features.attrs["notices"]
            for notice in (*about, *(gps.notices if gps is not None else ())):
                self.session.report(UsageError(notice))
            if then is not None:
                then(layers)

        return self.session.run(f"Reading {path.name}", work, draw)

    def add(self, features: GeoDataFrame | None, gps: GpsPoints | None = None) -> list[Layer]:
        """Draw features, in pixels of the shown stack; returns their layers.

        Parameters
        ----------
        features : geopandas.GeoDataFrame or None
            As :func:`~napari_icenet.gui.velocity.feature_shapes.seen` makes them.
        gps : GpsPoints, optional
            Drawn in place of the features' points, coloured by speed.
        """
        path = features.attrs.get("path") if features is not None else gps.path if gps is not None else None
        stem = "features" if path is None else path.stem
        made = []
        by_kind = {} if features is None else dict(list(features.groupby("kind")))
        if "outline" in by_kind:
            outlines = by_kind["outline"]
            rings = [[shape.exterior, *shape.interiors] for shape in outlines.geometry]
            names = [name for name, parts in zip(outlines["name"], rings, strict=True) for _ in parts]
            data = [corners(ring) for parts in rings for ring in parts]
            made.append(self._shapes("outlines", path, stem, data, names))
        if "line" in by_kind:
            lines = by_kind["line"]
            data, names = [corners(shape) for shape in lines.geometry], list(lines["name"])
            made.append(self._shapes("flowlines", path, stem, data, names))
        if gps is not None:
            made.append(self._stations(path, stem, gps))
        elif "point" in by_kind:
            made.append(self._points(path, stem, by_kind["point"]))
        return made

    def draw_by_hand(self) -> Shapes:
        """The layer to draw flowlines on, selected, with its tool for paths in hand."""
        kind = LayerKind(partial(_empty_shapes, FLOWLINE), LINE_PX["flowlines"])
        layer: Any = self._layers.get("drawn") or self._show("drawn", DRAWN, kind, lambda _layer: None)
        self._viewer.layers.selection = {layer}
        layer.mode = "add_polyline"
        drawn: Shapes = layer
        return drawn

    # Making and updating

    def _needs(self, kind: str) -> bool:
        return kind in self._content

    def _title(self, kind: str) -> str:
        return self._content[kind][0]

    def _fill(self, kind: str, layer: Any) -> None:
        self._content[kind][1](layer)

    def _show(self, key: str, name: str, kind: LayerKind, draw: Callable[[Any], object]) -> Any:
        """Draw on the layer of a key, which is made, or shown again, where the user took it away."""
        self._placement = self.session.placement(axes=2)
        self._content[key] = name, draw
        self.set_kinds({**self._kinds, key: kind})
        if key not in self._layers:
            # Of a group that was closed.
            left = next((layer for layer in self._viewer.layers if layer.metadata.get(_MARK) == key), None)
            if left is not None:
                self._take_in(key, left, name)
        self._removed.discard(key)
        self.draw(key)
        layer: Any = self._layers[key]
        layer.metadata[_MARK] = key
        layer.visible = True
        return layer

    def _shapes(self, kind: str, path: Path | None, stem: str, data: list[F64], names: list[str]) -> Layer:
        shape, colour = ("polygon", OUTLINE) if kind == "outlines" else ("path", FLOWLINE)
        placement = self.session.placement(axes=2)
        key = f"{kind} {path}"

        def draw(layer: Any) -> None:
            colour = layer.edge_color[0] if len(layer.edge_color) else layer.current_edge_color
            lay(layer, placement)
            layer.data = [(ring, shape) for ring in data]
            layer.features = {"name": names}
            layer.edge_color, layer.face_color = colour, "transparent"
            self._widths.forget(layer)
            self._set_width(key, layer)

        made: Layer = self._show(
            key, f"{stem} · {kind}", LayerKind(partial(_empty_shapes, colour), LINE_PX[kind]), draw
        )
        return made

    def _stations(self, path: Path | None, stem: str, gps: GpsPoints) -> Layer:
        columns = {"name": list(gps.names), "v": gps.v, "v_error": gps.v_error, "vx": gps.vx, "vy": gps.vy}
        places = np.stack([gps.rows, gps.cols], axis=1)
        limits = (0.0, float(gps.v.max(initial=0.0)) or 1.0)
        look: dict[str, Any] = {}
        # Small markers are mostly border: it shows the speed as well.
        for part in ("face", "border"):
            look |= {
                f"{part}_color": "v",
                f"{part}_colormap": palette.SPEED_COLORMAP,
                f"{part}_contrast_limits": limits,
            }
        return self._place(f"stations {path}", f"{stem} · GPS", places, pd.DataFrame(columns), look)

    def _points(self, path: Path | None, stem: str, points: GeoDataFrame) -> Layer:
        places = corners(points.geometry)
        # Columns of other layers are empty here.
        columns = pd.DataFrame(points.drop(columns=["kind", "layer", "geometry"])).dropna(axis=1, how="all")
        look = {"border_color": "#101418", "face_color": STATION}
        return self._place(f"points {path}", f"{stem} · points", places, columns, look)

    def _place(self, key: str, name: str, places: F64, columns: pd.DataFrame, look: dict[str, Any]) -> Layer:
        text = {"string": "{name}", "size": 10, "color": FLOWLINE, "anchor": "upper_left"}
        placement = self.session.placement(axes=2)

        def make() -> Layer:
            return Points(
                places,
                features=columns,
                size=1,
                canvas_size_limits=(11, 11),
                border_width=0.05,
                text=text if len(places) <= NAMED else None,
                **look,
            )

        def draw(layer: Any) -> None:
            lay(layer, placement)
            layer.data = places
            layer.features = columns

        made: Layer = self._show(key, name, LayerKind(make), draw)
        return made


def _empty_shapes(colour: str) -> Layer:
    return Shapes(ndim=2, edge_color=colour, face_color="transparent", opacity=1.0)


def add_features(session: Session, features: GeoDataFrame, gps: GpsPoints | None = None) -> list[Layer]:
    """Draw features that were read for the shown stack; their layers, made or updated.

    Raises
    ------
    UsageError
        No stack is open.
    """
    if session.stack is None:
        raise UsageError("features need pictures to lie on; open some first.")
    return FeatureLayers.of(session).add(seen(features, session.stack.grid), gps)


def line_of(layer: Layer, session: Session) -> F64:
    """The selected path of a Shapes layer, or its last one, in pixels of the shown stack.

    Returns
    -------
    array of float64, (n, 2)
        (row, col), wherever the layer lies.

    Raises
    ------
    UsageError
        The layer holds no path.
    """
    kinds = list(layer.shape_type) if isinstance(layer, Shapes) else []
    paths = [i for i, kind in enumerate(kinds) if kind in {"path", "line"} and len(layer.data[i]) > 1]
    if not paths:
        raise UsageError(f"the layer {layer.name} holds no line; draw a path on it, along the flow.")
    chosen = [i for i in paths if i in layer.selected_data] or paths
    world = np.array([layer.data_to_world(place)[-2:] for place in layer.data[chosen[-1]]])
    return session.world_to_pixel(world[:, 0], world[:, 1])


def _has_velocities(features: GeoDataFrame) -> bool:
    pairs = ({"vx", "vy"}, {"ve", "vn"}, {"v", "azimuth"})
    points = features[features["kind"] == "point"].dropna(axis=1, how="all")
    return any(pair <= {str(name).lower() for name in points.columns} for pair in pairs)
