"""The napari layers of one stack: pictures, colour composite, mask, area of interest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from psygnal import Signal

from napari_icenet.gui.session.contrast import AutoContrast
from napari_icenet.gui.session.frame_cache import FrameCache, level_count
from napari_icenet.gui.session.frame_sources import BandFrames, CompositeFrames, FrameSource, MaskFrames
from napari_icenet.gui.session.layer_kinds import add_area, add_composite, add_mask, add_picture
from napari_icenet.gui.session.lazy_frames import pyramid
from napari_icenet.scenes.band_colours import natural_colours
from napari_icenet.scenes.stack import SceneStack


class StackLayers:
    """Layers of one stack, made once and updated in place.

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
    shown_changed : Signal()
        Something is shown that was not, or no longer: mask, composite, automatic contrast.
    """

    shown_changed = Signal()

    def __init__(
        self,
        viewer: Any,
        stack: SceneStack,
        placement: dict[str, Any],
        cache: FrameCache,
        first: BandFrames | None = None,
    ) -> None:
        self.viewer, self.stack, self.cache = viewer, stack, cache
        self._placement = placement
        self._source = first or BandFrames(stack, stack.bands[0])
        self._sources = {self._source.key: self._source}
        self._time = 0
        self._visible = True
        self._hidden: list[Any] = []
        self.composite_bands = natural_colours(stack)
        self._composite_source: CompositeFrames | None = None
        self._mask_source = MaskFrames(stack)
        self.composite: Any = None
        self.mask: Any = None
        self.area: Any = None
        cache.ask(self._source, 0, self._coarsest)
        self.image: Any = add_picture(
            viewer, self._data(self._source), self._name(self.band), self._source.limits(0) or (0.0, 1.0), placement
        )
        self._contrast = AutoContrast(viewer, self.image)
        self._contrast.taken_over.connect(self.shown_changed.emit)
        self._update_contrast()
        self.area = add_area(viewer, stack, self._name("area of interest"), placement)
        viewer.layers.selection.active = self.image
        cache.loaded.connect(self._frame_loaded)
        self._prefetch()

    # What is shown ---------------------------------------------------------------------------

    @property
    def layers(self) -> tuple[Any, ...]:
        """All layers of the stack that are in the viewer."""
        mine = (self.image, self.composite, self.mask, self.area)
        return tuple(layer for layer in mine if layer is not None and layer in self.viewer.layers)

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
        if value:
            for layer in self._hidden:
                layer.visible = True
            self.viewer.layers.selection.active = self.image
        else:
            self._hidden = [layer for layer in self.layers if layer.visible]
            for layer in self._hidden:
                layer.visible = False

    @property
    def show_mask(self) -> bool:
        """True if the mask is drawn over the picture."""
        return self.mask is not None and bool(self.mask.visible)

    @show_mask.setter
    def show_mask(self, value: bool) -> None:
        if value and self.mask not in self.viewer.layers:
            self._add_mask()
            self.viewer.layers.selection.active = self.image
        if self.mask is not None and self.mask in self.viewer.layers:
            self.mask.visible = value

    @property
    def show_composite(self) -> bool:
        """True if three bands are shown in colour instead of one in grey."""
        return self.composite is not None and bool(self.composite.visible)

    @show_composite.setter
    def show_composite(self, value: bool) -> None:
        if value and self.composite_bands is None:
            return
        if value and self.composite not in self.viewer.layers:
            self._add_composite()
        if self.composite is not None and self.composite in self.viewer.layers:
            self.composite.visible = value
        self.image.visible = not value
        self._prefetch()
        self.shown_changed.emit()

    def set_composite(self, bands: Sequence[str]) -> None:
        """Choose the composite's red, green and blue."""
        bands = tuple(self.stack.band(band) for band in bands)
        if bands == self.composite_bands:
            return
        self.composite_bands = (bands[0], bands[1], bands[2])
        if self.composite is not None and self.composite in self.viewer.layers:
            self._forget_composite()
            self._composite_source = CompositeFrames(self.stack, self.composite_bands)
            self.composite.data = self._data(self._composite_source)
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
            self.shown_changed.emit()

    def remove(self) -> None:
        """Take the layers out of the viewer and drop the decoded frames."""
        self.cache.loaded.disconnect(self._frame_loaded)
        for layer in self.layers:
            self.viewer.layers.remove(layer)
        for source in self._sources.values():
            self.cache.forget(source)
        self.cache.forget(self._mask_source)
        self._forget_composite()

    # Making the layers -----------------------------------------------------------------------

    @property
    def _coarsest(self) -> int:
        return level_count(self.stack.grid.shape) - 1

    def _data(self, source: FrameSource) -> Any:
        levels = pyramid(source, self.cache)
        return levels if len(levels) > 1 else levels[0]

    def _name(self, what: str) -> str:
        return f"{self.stack.name} · {what}"

    def _add_mask(self) -> None:
        self.mask = add_mask(self.viewer, self._data(self._mask_source), self._name("mask"), self._placement)
        self.mask.events.visible.connect(self._mask_toggled)
        self._mask_toggled()

    def _add_composite(self) -> None:
        assert self.composite_bands is not None
        self._composite_source = CompositeFrames(self.stack, self.composite_bands)
        data, name = self._data(self._composite_source), self._name("composite")
        self.composite = add_composite(self.viewer, data, name, self.image, self._placement)
        self.viewer.layers.selection.active = self.image

    # Keeping up ------------------------------------------------------------------------------

    def _show_source(self, band: str, reflectance: bool) -> None:
        old, key = self._source, (band, reflectance)
        if key == old.key:
            return
        if key not in self._sources:
            self._sources[key] = BandFrames(self.stack, band, reflectance=reflectance)
        self._source = self._sources[key]
        named = self.image.name == self._name(old.band)
        # Limits of one band mean nothing in another: its own come back, or are found anew.
        if reflectance != old.reflectance:
            self._contrast.on = True
        self.image.data = self._data(self._source)
        if named:
            self.image.name = self._name(band)
        self._update_contrast()
        self._prefetch()
        self.shown_changed.emit()

    def _update_contrast(self) -> None:
        self._contrast.show(self._source.limits(self._time))

    def _mask_toggled(self, event: Any = None) -> None:
        self._prefetch()
        self.shown_changed.emit()

    def _frame_loaded(self, source: FrameSource, time: int) -> None:
        if time != self._time or not self._visible:
            return
        if source is self._source:
            self._update_contrast()
            self.image.refresh(extent=False)
        elif source is self._composite_source and self.composite is not None:
            self.composite.refresh(extent=False)
        elif source is self._mask_source and self.mask is not None:
            self.mask.refresh(extent=False)

    def _prefetch(self) -> None:
        """Decode what is likely wanted next: the dates nearby first, then all where they fit."""
        shown: list[FrameSource] = []
        if self.show_composite and self._composite_source is not None:
            shown.append(self._composite_source)
        else:
            shown.append(self._source)
        if self.show_mask:
            shown.append(self._mask_source)
        count = len(self.stack.scenes)
        nearest = sorted(range(count), key=lambda t: abs(t - self._time))
        height, width = self.stack.grid.shape
        for source in shown:
            pixels = -(-height // 2**self._coarsest) * -(-width // 2**self._coarsest)
            frame = pixels * source.dtype.itemsize * int(np.prod(source.channels, dtype=int))
            fitting = max(3, int(self.cache.limit / 4 / frame))
            for time in nearest[:fitting]:
                if self.cache.held(source, time, self._coarsest) is None:
                    self.cache.ask(source, time, self._coarsest, urgent=False)

    def _forget_composite(self) -> None:
        if self._composite_source is not None:
            self.cache.forget(self._composite_source)
            self._composite_source = None
