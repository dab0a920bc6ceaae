"""The napari layers of one stack: picture, colour composite, mask, area of interest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.compat import isalive

from napari_icenet.gui.session.contrast import AutoContrast
from napari_icenet.gui.session.date_axis import go_to_frame
from napari_icenet.gui.session.frame_cache import FrameCache, level_count
from napari_icenet.gui.session.frame_sources import BandFrames, CompositeFrames, FrameSource, MaskFrames
from napari_icenet.gui.session.layer_kinds import make_area, make_composite, make_mask, make_picture
from napari_icenet.gui.session.lazy_frames import pyramid
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind
from napari_icenet.scenes.band_colours import natural_colours
from napari_icenet.scenes.stack import SceneStack


class StackLayers(LayerGroup):
    """Layers of one stack: ``picture``, ``composite``, ``mask``, ``area``.

    ``changed`` also tells that contrast follows the date, or no longer, and that another band is shown.

    Parameters
    ----------
    viewer : napari.Viewer
    stack : SceneStack
    placement : dict
        ``scale``, ``translate``, ``units``, ``axis_labels`` of layers (time, y, x).
    cache : FrameCache
    first : BandFrames, optional
        The band to show first, perhaps decoded already; default the first band.

    Attributes
    ----------
    image : napari.layers.Image
        The picture; the stack is closed when it is removed.
    """

    def __init__(
        self,
        viewer: Any,
        stack: SceneStack,
        placement: dict[str, Any],
        cache: FrameCache,
        first: BandFrames | None = None,
    ) -> None:
        # Made with the place they keep: the outline has no axis of dates, and napari reads others when inserted.
        makers = {
            "picture": lambda: make_picture(self._data("picture"), self._source.limits(0) or (0.0, 1.0), placement),
            "composite": lambda: make_composite(self._data("composite"), placement),
            "mask": lambda: make_mask(self._data("mask"), placement),
            "area": lambda: make_area(stack, placement),
        }
        super().__init__(viewer, {kind: LayerKind(make) for kind, make in makers.items()}, tuple)
        self.stack, self.cache = stack, cache
        self._source: BandFrames = first or BandFrames(stack, stack.bands[0])
        self._sources = {self._source.key: self._source}
        self._time = 0
        self._visible = True
        self._hidden: list[str] = []
        self._wanted = {"picture", "area"}
        self.composite_bands = natural_colours(stack)
        self._composite_source = CompositeFrames(stack, self.composite_bands) if self.composite_bands else None
        self._mask_source = MaskFrames(stack)
        cache.ask(self._source, 0, self._coarsest)
        alone = not viewer.layers
        self.draw("picture")
        self.image: Any = self._layers["picture"]
        if alone:
            go_to_frame(viewer, 0)
        self.image.visible = True
        self._contrast = AutoContrast(viewer, self.image)
        self._contrast.taken_over.connect(self.changed.emit)
        self._update_contrast()
        self.draw("area")
        viewer.layers.selection.active = self.image
        cache.loaded.connect(self._frame_loaded)
        self._prefetch()

    # What is shown ---------------------------------------------------------------------------

    @property
    def source(self) -> BandFrames:
        """The shown band."""
        return self._source

    @property
    def band(self) -> str:
        """Name of the shown band."""
        return self._source.band

    @band.setter
    def band(self, name: str) -> None:
        self._show_source(self.stack.band(name), self.reflectance)

    @property
    def reflectance(self) -> bool:
        """True if reflectance is shown instead of stored values."""
        return self._source.reflectance

    @reflectance.setter
    def reflectance(self, value: bool) -> None:
        self._show_source(self.band, value)

    @property
    def can_show_reflectance(self) -> bool:
        """True if some date's metadata give the shown band's reflectance."""
        return any(self._source.has_scaling(t) for t in range(len(self.stack.scenes)))

    @property
    def time(self) -> int:
        """Index of the shown date."""
        return self._time

    @time.setter
    def time(self, index: int) -> None:
        self._time = index
        self._update_contrast()
        self._prefetch()

    @property
    def waiting(self) -> bool:
        """True if nothing of the shown date is decoded yet."""
        source = self._composite_source if self.show_composite else self._source
        levels = range(level_count(self.stack.grid.shape))
        return source is not None and all(self.cache.held(source, self._time, k) is None for k in levels)

    @property
    def visible(self) -> bool:
        """True if the stack is the one on display."""
        return self._visible

    @visible.setter
    def visible(self, value: bool) -> None:
        if value == self._visible:
            return
        self._visible = value
        if not value:
            self._hidden = [kind for kind, layer in self._layers.items() if layer.visible]
        for kind in self._hidden:
            if kind in self._layers:
                self._layers[kind].visible = value
        if value:
            self._viewer.layers.selection.active = self.image

    @property
    def show_mask(self) -> bool:
        """True if the mask is drawn over the picture."""
        return self._is_shown("mask")

    @show_mask.setter
    def show_mask(self, value: bool) -> None:
        self._show("mask", value)

    @property
    def show_composite(self) -> bool:
        """True if three bands are shown in colour instead of one in grey."""
        return self._is_shown("composite")

    @show_composite.setter
    def show_composite(self, value: bool) -> None:
        if value and self.composite_bands is None:
            return
        self._show("composite", value)
        self.image.visible = not value

    def set_composite(self, bands: Sequence[str]) -> None:
        """Choose the composite's red, green and blue."""
        red, green, blue = (self.stack.band(band) for band in bands)
        if (red, green, blue) == self.composite_bands:
            return
        self._forget_composite()
        self.composite_bands = red, green, blue
        self._composite_source = CompositeFrames(self.stack, self.composite_bands)
        self.draw("composite")
        self._prefetch()

    @property
    def auto_contrast(self) -> bool:
        """True if contrast follows the date; off once the user has set it by hand."""
        return self._contrast.on

    @auto_contrast.setter
    def auto_contrast(self, value: bool) -> None:
        if value != self._contrast.on:
            self._contrast.on = value
            self._update_contrast()
            self.changed.emit()

    def close(self, *, remove: bool = True) -> None:
        """Take the layers out of the viewer and drop the decoded frames; may be called twice."""
        if self._closed:
            return
        if isalive(self.cache):  # type: ignore[no-untyped-call]  # Qt may have taken it down with the window
            self.cache.loaded.disconnect(self._frame_loaded)
        super().close(remove=remove)
        for band in self._sources.values():
            self.cache.forget(band)
        self.cache.forget(self._mask_source)
        self._forget_composite()

    # Drawing ---------------------------------------------------------------------------------

    def _needs(self, kind: str) -> bool:
        return kind in self._wanted and (kind != "area" or self.stack.area is not None)

    def _fill(self, kind: str, layer: Any) -> None:
        source = self._source_of(kind)
        if source is not None and (layer.data[0] if layer.multiscale else layer.data).source is not source:
            layer.data = self._data(kind)

    def _title(self, kind: str) -> str:
        return f"{self.stack.name} · { {'picture': self.band, 'area': 'area of interest'}.get(kind, kind) }"

    def _on_shown(self, kind: str, layer: Any) -> None:
        if self._visible:
            self._prefetch()

    def _is_shown(self, kind: str) -> bool:
        return kind in self._layers and bool(self._layers[kind].visible)

    def _show(self, kind: str, value: bool) -> None:
        if value and kind not in self._layers:
            self._wanted.add(kind)
            self.bring_back(kind)
            self._prefetch()
        if kind in self._layers:
            self._layers[kind].visible = value

    @property
    def _coarsest(self) -> int:
        return level_count(self.stack.grid.shape) - 1

    def _source_of(self, kind: str) -> FrameSource | None:
        sources: dict[str, FrameSource | None] = {
            "picture": self._source,
            "composite": self._composite_source,
            "mask": self._mask_source,
        }
        return sources.get(kind)

    def _data(self, kind: str) -> Any:
        source = self._source_of(kind)
        assert source is not None
        levels = pyramid(source, self.cache)
        return levels if len(levels) > 1 else levels[0]

    # Keeping up ------------------------------------------------------------------------------

    def _show_source(self, band: str, reflectance: bool) -> None:
        old, key = self._source, (band, reflectance)
        if key == old.key:
            return
        if key not in self._sources:
            self._sources[key] = BandFrames(self.stack, band, reflectance=reflectance)
        self._source = self._sources[key]
        # Limits of one band mean nothing in another: its own come back, or are found anew.
        if reflectance != old.reflectance:
            self._contrast.on = True
        self.draw("picture")
        self._update_contrast()
        self._prefetch()
        self.changed.emit()

    def _update_contrast(self) -> None:
        self._contrast.show(self._source.limits(self._time))

    def _frame_loaded(self, source: FrameSource, time: int) -> None:
        if time != self._time or not self._visible:
            return
        if source is self._source:
            self._update_contrast()
        for kind, layer in self._layers.items():
            if source is self._source_of(kind):
                layer.refresh(extent=False)

    def _prefetch(self) -> None:
        """Decode what is likely wanted next: the dates nearby first, then all where they fit."""
        kinds = ["composite" if self.show_composite else "picture", *(["mask"] if self.show_mask else [])]
        count = len(self.stack.scenes)
        nearest = sorted(range(count), key=lambda t: abs(t - self._time))
        height, width = self.stack.grid.shape
        for source in filter(None, map(self._source_of, kinds)):
            pixels = -(-height // 2**self._coarsest) * -(-width // 2**self._coarsest)
            frame = pixels * source.dtype.itemsize * int(np.prod(source.channels, dtype=int))
            fitting = max(3, int(self.cache.limit / 4 / frame))
            for time in nearest[:fitting]:
                if self.cache.held(source, time, self._coarsest) is None:
                    self.cache.ask(source, time, self._coarsest, urgent=False)

    def _forget_composite(self) -> None:
        if self._composite_source is not None:
            self.cache.forget(self._composite_source)
