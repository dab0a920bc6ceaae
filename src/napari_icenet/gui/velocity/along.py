"""Speed along drawn or loaded lines, and beside GPS: what is worked out as lines and maps change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.layers import Layer, Points, Shapes
from qtpy.QtCore import QObject, Signal

from napari_icenet.errors import IceNetError, UsageError
from napari_icenet.gui.velocity.control import VelocityControl
from napari_icenet.gui.velocity.feature_layers import FeatureLayers, line_of
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.velocity.along.flowline import along
from napari_icenet.velocity.along.gps import compare

#: While a line is drawn or dragged, its profile follows this often.
PROFILE_SECONDS = 0.12


class VelocityAlong(QObject):
    """Follows lines and GPS points of a window, and samples the maps at them on a thread of its own.

    Parameters
    ----------
    control : VelocityControl

    Attributes
    ----------
    profile_made : Signal(object)
        The :class:`~napari_icenet.velocity.along.flowline.FlowlineProfile`, or None.
    comparison_made : Signal(object)
        The :class:`~napari_icenet.velocity.along.gps.Comparison`, or None.
    """

    profile_made = Signal(object)
    comparison_made = Signal(object)

    def __init__(self, control: VelocityControl) -> None:
        super().__init__()
        self.control, self.session = control, control.session
        self.features = FeatureLayers.of(control.session)
        self.gps: Path | None = None
        self._layer: Layer | None = None
        self._latest: dict[str, object] = {}
        self._worker = LatestWorker("icenet-flowline", lambda _busy: None)
        self._pace = Throttle(self._ask_profile, seconds=PROFILE_SECONDS, every=1)
        self._layers = control.viewer.layers
        self._layers.events.inserted.connect(self._on_inserted)
        self._layers.events.removed.connect(self._on_removed)
        self._layers.selection.events.active.connect(self._on_active)
        control.maps_changed.connect(self._on_maps)
        for layer in self._layers:
            self._watch(layer)

    @property
    def busy(self) -> bool:
        """True if something is still to be worked out."""
        return self._worker.busy or self._pace.waiting

    def read(self, path: Path) -> None:
        """Draw what a file holds; a line in it is followed, GPS points are compared."""

        def then(layers: list[Layer]) -> None:
            lines = [layer for layer in layers if self._has_line(layer)]
            if lines:
                self.follow(lines[0])
            if any(isinstance(layer, Points) and "v" in layer.features for layer in layers):
                self.gps = path
                self._ask_comparison()

        self.features.read(path, then)

    def draw(self) -> None:
        """Take the tool for lines in hand."""
        if self.session.stack is not None:
            self.follow(self.features.draw_by_hand())

    def follow(self, layer: Layer) -> None:
        """Show the speed along a layer's line, as it is and as it changes."""
        self._layer = layer
        self._pace.ask()

    def close(self) -> None:
        """End the thread and let go of the viewer."""
        self._pace.stop()
        self._worker.close()
        self._layers.events.inserted.disconnect(self._on_inserted)
        self._layers.events.removed.disconnect(self._on_removed)
        self._layers.selection.events.active.disconnect(self._on_active)
        for layer in self._layers:
            self._unwatch(layer)
        self.features.close()

    # What layers say

    def _watch(self, layer: Layer) -> None:
        if isinstance(layer, Shapes):
            layer.events.data.connect(self._on_line)
            layer.events.highlight.connect(self._on_line)

    def _unwatch(self, layer: Layer) -> None:
        if isinstance(layer, Shapes):
            layer.events.data.disconnect(self._on_line)
            layer.events.highlight.disconnect(self._on_line)

    def _on_inserted(self, event: Any) -> None:
        self._watch(event.value)

    def _on_removed(self, event: Any) -> None:
        self._unwatch(event.value)
        if event.value is self._layer:
            self._layer = None
            self._pace.ask()

    def _on_active(self, event: Any) -> None:
        layer = event.value
        # A layer that is being removed may be the active one a moment longer.
        if layer is not None and layer is not self._layer and layer in self._layers and self._has_line(layer):
            self.follow(layer)

    def _has_line(self, layer: Layer) -> bool:
        if not isinstance(layer, Shapes) or any(layer in stack.layers.values() for stack in self.session.all_layers):
            return False  # the outline of a stack's area of interest is no flowline
        return any(kind in {"path", "line"} for kind in layer.shape_type)

    def _on_line(self, event: Any) -> None:
        layer = event.source
        if layer is self._layer or (layer is self._layers.selection.active and self._has_line(layer)):
            self.follow(layer)

    def _on_maps(self) -> None:
        self._ask_profile()
        self._ask_comparison()

    # Working it out

    def _ask_profile(self) -> None:
        layer, maps, series = self._layer, self.control.maps, self.control.series
        if layer is None or not maps or not self._has_line(layer):
            self._nothing("profile")
            return
        try:
            line = line_of(layer, self.session)
        except UsageError:
            # The last line has just been taken away.
            self._nothing("profile")
            return
        name = layer.name
        self._submit("profile", lambda: along(series or maps, line, name=name))

    def _ask_comparison(self) -> None:
        path, maps = self.gps, [found for found in self.control.maps if found.frame.on_earth]
        if path is None or not maps:
            self._nothing("gps")
            return
        self._submit("gps", lambda: compare(maps, path))

    def _submit(self, key: str, work: Callable[[], Any]) -> None:
        control, token = self.control, object()
        self._latest[key] = token

        def job() -> None:
            found = None
            try:
                found = work()
            except IceNetError as error:
                control.say(str(error))
            self._on_done(key, token, found)

        self._worker.submit(key, job)

    def _nothing(self, key: str) -> None:
        self._worker.drop(key)
        self._latest[key] = None
        self._on_done(key, None, None)

    @on_main_thread
    def _on_done(self, key: str, token: object, found: Any) -> None:
        # What has come from the thread may be out of date by now.
        if self._latest[key] is token:
            (self.profile_made if key == "profile" else self.comparison_made).emit(found)
