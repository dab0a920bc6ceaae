"""Outlines, flowlines and GPS points on a viewer: a layer of each kind for each file, updated in place."""

from __future__ import annotations

from collections.abc import Callable
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
from napari_icenet.gui.widgets.layer_insert import insert_layer
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.progress import Progress
from napari_icenet.velocity.along.gps_files import GpsPoints, read_gps
from napari_icenet.velocity.vectors.features import corners, read_features

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: What a layer shows: a kind, and the file it is from.
Mark = tuple[str, Path | None]
OUTLINE, FLOWLINE, STATION = "#E69F00", "#D55E00", "#FFFFFF"
#: Line widths in screen pixels, whatever the zoom.
LINE_PX = {"outlines": 1.5, "flowlines": 2.2}
#: More names than this would hide the ice.
NAMED = 60
#: The layer that lines are drawn on by hand.
DRAWN = "flowline"
_MARK = "icenet features"


class FeatureLayers:
    """The layers of features of one session; get it with :meth:`of`.

    Colours and widths are set when a layer is made; the user's own are kept. A file that is read
    again is drawn on the layers it has.
    """

    _known: ClassVar[WeakKeyDictionary[Session, FeatureLayers]] = WeakKeyDictionary()

    def __init__(self, session: Session) -> None:
        self.session = session
        self._viewer = session.viewer
        self._widths: dict[Layer, float] = {}
        self._zoom = Throttle(self._follow_zoom, seconds=0.15, every=1)
        self._viewer.scene.camera.events.zoom.connect(self._wait_for_zoom)
        self._viewer.layers.events.removed.connect(self._forget)

    @classmethod
    def of(cls, session: Session) -> FeatureLayers:
        """The layers of a session, always the same ones."""
        if session not in cls._known:
            cls._known[session] = cls(session)
        return cls._known[session]

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        self._zoom.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._wait_for_zoom)
        self._viewer.layers.events.removed.disconnect(self._forget)
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
            made.append(self._shapes(("outlines", path), f"{stem} · outlines", data, names))
        if "line" in by_kind:
            lines = by_kind["line"]
            data, names = [corners(shape) for shape in lines.geometry], list(lines["name"])
            made.append(self._shapes(("flowlines", path), f"{stem} · flowlines", data, names))
        if gps is not None:
            made.append(self._stations(path, f"{stem} · GPS", gps))
        elif "point" in by_kind:
            made.append(self._points(path, f"{stem} · points", by_kind["point"]))
        return made

    def draw(self) -> Shapes:
        """The layer to draw flowlines on, selected, with its tool for paths in hand."""
        layer = self._find("drawn", None)
        if layer is None:
            layer = Shapes(ndim=2, name=DRAWN, edge_color=FLOWLINE, face_color="transparent", opacity=1.0)
            self._insert("flowlines", layer, ("drawn", None))
        self._viewer.layers.selection = {layer}
        layer.mode = "add_polyline"
        return layer

    # Making and updating

    def _find(self, kind: str, path: Path | None) -> Any | None:
        return next((layer for layer in self._viewer.layers if layer.metadata.get(_MARK) == (kind, path)), None)

    def _insert(self, width: str, layer: Layer, mark: Mark) -> None:
        layer.metadata[_MARK] = mark
        for key, value in self.session.placement(axes=2).items():
            setattr(layer, key, value)
        insert_layer(self._viewer, layer)
        if width in LINE_PX:
            self._set_width(layer, LINE_PX[width])

    def _shapes(self, mark: Mark, name: str, data: list[F64], names: list[str]) -> Layer:
        kind = mark[0]
        shape = "polygon" if kind == "outlines" else "path"
        layer = self._find(*mark)
        if layer is None:
            colour = OUTLINE if kind == "outlines" else FLOWLINE
            look = {"edge_color": colour, "face_color": "transparent", "opacity": 1.0}
            layer = Shapes(data, shape_type=shape, name=name, features={"name": names}, **look)
            self._insert(kind, layer, mark)
        else:
            colour = layer.edge_color[0] if len(layer.edge_color) else layer.current_edge_color
            layer.data = [(ring, shape) for ring in data]
            layer.features = {"name": names}
            layer.edge_color, layer.face_color = colour, "transparent"
            self._widths.pop(layer, None)
            self._set_width(layer, LINE_PX[kind])
        return layer

    def _stations(self, path: Path | None, name: str, gps: GpsPoints) -> Layer:
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
        return self._place(("stations", path), name, places, pd.DataFrame(columns), look)

    def _points(self, path: Path | None, name: str, points: GeoDataFrame) -> Layer:
        places = corners(points.geometry)
        # Columns of other layers are empty here.
        columns = pd.DataFrame(points.drop(columns=["kind", "layer", "geometry"])).dropna(axis=1, how="all")
        look = {"border_color": "#101418", "face_color": STATION}
        return self._place(("points", path), name, places, columns, look)

    def _place(self, mark: Mark, name: str, places: F64, columns: pd.DataFrame, look: dict[str, Any]) -> Layer:
        layer = self._find(*mark)
        if layer is not None:
            layer.data = places
            layer.features = columns
            return layer
        text = {"string": "{name}", "size": 10, "color": FLOWLINE, "anchor": "upper_left"}
        layer = Points(
            places,
            name=name,
            features=columns,
            size=1,
            canvas_size_limits=(11, 11),
            border_width=0.05,
            text=text if len(places) <= NAMED else None,
            **look,
        )
        self._insert("", layer, mark)
        return layer

    # Widths that do not grow with the zoom

    def _wait_for_zoom(self, _event: Any = None) -> None:
        self._zoom.ask()

    def _follow_zoom(self) -> None:
        for layer in list(self._widths):
            kind = layer.metadata[_MARK][0]
            self._set_width(layer, LINE_PX["outlines" if kind == "outlines" else "flowlines"])

    def _set_width(self, layer: Any, screen_px: float) -> None:
        before = self._widths.get(layer)
        if before is not None and len(layer.edge_width) and not np.allclose(layer.edge_width, before):
            return  # the user chose a width of their own
        width = screen_px / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        if before is not None and abs(width / before - 1) < 0.1:
            return
        self._widths[layer] = width
        if len(layer.edge_width):
            layer.edge_width = [width] * len(layer.edge_width)
        # With the event it would be set on the selected shapes once more.
        with layer.block_update_properties():
            layer.current_edge_width = width

    def _forget(self, event: Any) -> None:
        self._widths.pop(event.value, None)


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
