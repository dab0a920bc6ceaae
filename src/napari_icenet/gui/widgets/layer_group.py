"""The layers that one part of the window draws on: made once, kept above the picture, removed with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from napari.layers import Layer
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_icenet.gui.widgets.dialogs import is_shown
from napari_icenet.gui.widgets.layer_data import lay
from napari_icenet.gui.widgets.layer_insert import insert_layer
from napari_icenet.gui.widgets.line_width import LineWidths
from napari_icenet.gui.widgets.throttle import Throttle

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer of a group.

    Attributes
    ----------
    make : callable
        Makes the layer, empty.
    line_px : float, optional
        Width of its lines in screen pixels, whatever the zoom.
    """

    make: Callable[[], Layer]
    line_px: float | None = None


class LayerGroup(QObject):
    """Layers of several kinds that lie above a picture.

    Each layer is made once, when there is something to draw on it, and updated in place. Colours,
    contrast, opacity, visibility, line width and name are the user's once they have changed them. A layer that
    the user removed stays away until :meth:`restore`, or until the picture and the whole group are gone. A hidden
    layer is left as it is, and drawn when it is shown: napari fails on one whose data shrink meanwhile.

    A subclass says what is drawn: :meth:`_needs`, :meth:`_fill`, :meth:`_title`.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    kinds : mapping of str to LayerKind
        From bottom to top.
    below : callable
        Layers of the picture, above which the group lies.

    Attributes
    ----------
    changed : Signal()
        A layer was made, removed, hidden or shown.
    made : Signal(Layer)
    """

    changed = Signal()
    made = Signal(object)

    #: Whether the group lies above all other layers, or right above its picture.
    on_top: ClassVar[bool] = False
    #: Whether the window may take a breath between two layers that are made: each takes some tenths of a second.
    one_by_one: ClassVar[bool] = False
    #: Line widths follow the zoom at most this often.
    zoom_seconds: ClassVar[float] = 0.03

    def __init__(self, viewer: Any, kinds: Mapping[str, LayerKind], below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__()
        self._viewer, self._kinds, self._below = viewer, dict(kinds), below
        self._layers: dict[str, Any] = {}
        self._titles: dict[str, tuple[str, str]] = {}
        self._removed: set[str] = set()
        self._outdated: set[str] = set()
        self._broken: set[str] = set()
        self._placement: dict[str, Any] = {}
        self._closed = False
        self._widths = LineWidths(viewer)
        self._zoom = Throttle(self._follow_zoom, seconds=self.zoom_seconds, every=1)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._make_next)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        viewer.layers.events.removed.connect(self._on_removed)
        self._in_batch = self._postponed = False
        viewer.layers.events.begin_batch.connect(self._on_batch)
        viewer.layers.events.end_batch.connect(self._on_batch_done, position="last")

    # What is

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers there are, by kind."""
        return dict(self._layers)

    @property
    def removed(self) -> frozenset[str]:
        """Kinds whose layer the user took away."""
        return frozenset(self._removed)

    @property
    def settled(self) -> bool:
        """True if all layers are made."""
        return not self._next.isActive()

    # What is drawn: for subclasses

    def _needs(self, kind: str) -> bool:
        """True if there is something to draw, so that a layer of this kind is to be made."""
        raise NotImplementedError

    def _fill(self, kind: str, layer: Any) -> None:
        """Draw what there is on a layer, or empty it; never called for a hidden one, but for a new one."""
        raise NotImplementedError

    def _title(self, kind: str) -> str:
        """The name of a layer in the list of layers, as things stand."""
        return kind

    def _roof(self) -> Iterable[Layer]:
        """Layers of others that the group stays under, as far as its picture lets it."""
        return ()

    def _order_of_making(self) -> Iterable[str]:
        """Kinds in the order in which they are made: what is seen comes first."""
        return self._kinds

    def _on_shown(self, kind: str, layer: Any) -> None:
        """Follow a layer that was shown or hidden, by whomever."""

    # What is done

    def draw(self, *kinds: str) -> None:
        """Draw kinds, by default all: make what is missing and needed, leave what is hidden for later."""
        if self._closed:
            return
        if self._in_batch:
            self._postponed = True  # while many layers are removed at once napari fails on one that is made
            return
        self._lift()
        for kind in kinds or tuple(self._kinds):
            layer = self._layers.get(kind)
            if layer is not None:
                if layer.visible:
                    self._update(kind, layer)
                else:
                    self._outdated.add(kind)
        self._make_next(kinds)

    def place(self, placement: dict[str, Any]) -> None:
        """Lay all layers on another stack's grid: ``scale``, ``translate``, ``units``, ``axis_labels`` of (y, x)."""
        self._placement = dict(placement)
        for layer in self._layers.values():
            lay(layer, placement)
            self._widths.forget(layer)
        self._follow_zoom()

    def set_kinds(self, kinds: Mapping[str, LayerKind]) -> None:
        """Have other kinds, and take away the layers of those that are no more."""
        self._kinds = dict(kinds)
        for kind in [kind for kind in self._layers if kind not in kinds]:
            self.take_away(kind)
        self._removed &= set(kinds)

    def take_away(self, kind: str) -> None:
        """Take a layer out of the viewer; it is made again when it is needed."""
        layer = self._let_go(kind)
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def restore(self) -> None:
        """Make all layers again that the user removed."""
        self.bring_back(*self._removed)

    def bring_back(self, *kinds: str) -> None:
        """Make layers of these kinds again, if the user removed them."""
        self._removed -= set(kinds)
        self.draw()
        self.changed.emit()

    def settle(self) -> None:
        """Bring thumbnails and extents up to date; called when nothing moves any more."""
        for layer in list(self._layers.values()):
            layer.refresh(data_displayed=False, highlight=False)

    def close(self, *, remove: bool = True) -> None:
        """Let go of the viewer, and take the layers away where it still shows any; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._zoom.stop()
        if isalive(self._next):  # type: ignore[no-untyped-call]
            self._next.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.layers.events.begin_batch.disconnect(self._on_batch)
        self._viewer.layers.events.end_batch.disconnect(self._on_batch_done)
        gone = [self._let_go(kind) for kind in list(self._layers)]
        if remove and is_shown(self._viewer):
            for layer in gone:
                if layer in self._viewer.layers:
                    self._viewer.layers.remove(layer)

    # Making layers

    def _make_next(self, kinds: Iterable[str] = ()) -> None:
        if self._in_batch:
            self._postponed = True
            return
        among = set(kinds or self._kinds) - self._broken
        missing = [
            kind
            for kind in self._order_of_making()
            if kind in among and kind not in self._layers and kind not in self._removed and self._needs(kind)
        ]
        for kind in missing[:1] if self.one_by_one else missing:
            if kind not in self._layers:  # another's insertion may have moved the camera, which draws some
                self._make(kind)
        if self.one_by_one and missing and not self._closed:
            self._next.start()

    def _make(self, kind: str) -> None:
        layer: Any = self._kinds[kind].make()
        lay(layer, self._placement)
        # Filled before it is inserted, when the viewer works out its axes and draws it.
        self._fill(kind, layer)
        layer.name = title = self._title(kind)
        index = self._index_for(kind)
        # Known before it is inserted: with the first layer of all napari moves the camera, which draws some anew.
        self._layers[kind], self._titles[kind] = layer, (title, title)
        try:
            insert_layer(self._viewer, layer, index)
        except Exception:
            self._layers.pop(kind, None)
            raise
        if kind not in self._layers:  # others removed it while it was inserted
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
            return
        self._take_in(kind, layer, title)
        self._set_width(kind, layer)
        self.made.emit(layer)
        self.changed.emit()

    def _take_in(self, kind: str, layer: Layer, title: str) -> None:
        """Have a layer that is in the viewer, called ``title`` as far as that was free, for one's own."""
        self._layers[kind] = layer
        self._titles[kind] = title, layer.name
        layer.events.visible.connect(self._on_visible)

    def _index_for(self, kind: str) -> int:
        order, stacked = tuple(self._kinds), list(self._viewer.layers)
        at = {other: stacked.index(layer) for other, layer in self._layers.items() if layer in stacked}
        split = order.index(kind)
        lower = [at[other] for other in order[:split] if other in at]
        upper = [at[other] for other in order[split + 1 :] if other in at]
        upper += [stacked.index(layer) for layer in self._roof() if layer in stacked]
        floor = self._floor(stacked)
        if upper:
            return max(floor, min(upper))
        if self.on_top or not (floor or lower):
            return len(stacked)
        return max(floor, 1 + max(lower, default=-1))

    def _floor(self, stacked: list[Layer]) -> int:
        """The lowest place in the list of layers that is above the picture."""
        return 1 + max((stacked.index(layer) for layer in self._below() if layer in stacked), default=-1)

    def _lift(self) -> None:
        """Bring the layers above a picture that came, or was moved, above them."""
        stacked = list(self._viewer.layers)
        floor = self._floor(stacked)
        low = sorted(at for layer in self._layers.values() if layer in stacked and (at := stacked.index(layer)) < floor)
        if low:
            self._viewer.layers.move_multiple(low, floor)

    # Updating layers

    def _update(self, kind: str, layer: Any) -> None:
        self._outdated.discard(kind)
        try:
            self._fill(kind, layer)
        # napari may fail on any layer, and what goes on around must not fail with it.
        except Exception:  # noqa: BLE001
            _log.exception("the layer %s cannot be drawn on; it is made anew", layer.name)
            self._let_go(kind)
            self._broken.add(kind)
            QTimer.singleShot(0, partial(self._make_anew, kind, layer))
            return
        if kind in self._layers:
            self._name(kind, layer)

    def _make_anew(self, kind: str, broken: Layer) -> None:
        self._broken.discard(kind)
        if is_shown(self._viewer) and broken in self._viewer.layers:
            self._viewer.layers.remove(broken)
            self.draw(kind)

    def _name(self, kind: str, layer: Any) -> None:
        title, (before, given) = self._title(kind), self._titles[kind]
        # A name that the user gave stays; napari adds a number to one that is taken.
        if title != before and layer.name == given:
            layer.name = title
            self._titles[kind] = title, layer.name

    def _set_width(self, kind: str, layer: Any) -> None:
        width = self._kinds[kind].line_px
        if width is not None:
            self._widths.set(layer, width)

    def _follow_zoom(self) -> None:
        for kind, layer in list(self._layers.items()):
            self._set_width(kind, layer)

    # What others do

    def _let_go(self, kind: str) -> Any:
        """Forget a layer, so that its removal isn't taken for the user's."""
        layer = self._layers.pop(kind, None)
        self._titles.pop(kind, None)
        self._outdated.discard(kind)
        if layer is not None:
            layer.events.visible.disconnect(self._on_visible)
        return layer

    def _kind_of(self, layer: Layer) -> str | None:
        return next((kind for kind, one in self._layers.items() if one is layer), None)

    def _on_removed(self, event: Any) -> None:
        kind = self._kind_of(event.value)
        if kind is not None:
            self._let_go(kind)
            self._removed.add(kind)
        # Who clears the whole list says nothing of single layers.
        if not self._layers and not any(layer in self._viewer.layers for layer in self._below()):
            self._removed.clear()
        if kind is not None:
            self.changed.emit()

    def _on_batch(self, _event: Any = None) -> None:
        self._in_batch = True

    def _on_batch_done(self, _event: Any = None) -> None:
        self._in_batch = False
        if self._postponed:
            self._postponed = False
            QTimer.singleShot(0, self.draw)

    def _on_visible(self, event: Any) -> None:
        kind = self._kind_of(event.source)
        if kind is None:
            return
        layer = self._layers[kind]
        if layer.visible and kind in self._outdated:
            self._update(kind, layer)
        self._on_shown(kind, layer)
        self.changed.emit()

    def _on_zoom(self, _event: Any = None) -> None:
        self._zoom.ask()
