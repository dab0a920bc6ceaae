"""Contrast that suits each date, until the user sets another one by hand."""

from __future__ import annotations

from typing import Any

from psygnal import Signal


class AutoContrast:
    """Sets the contrast of a picture while it is on.

    Parameters
    ----------
    viewer : napari.Viewer
    picture : napari.layers.Image

    Attributes
    ----------
    on : bool
        Whether contrast follows the date.
    taken_over : Signal()
        The user has set the contrast by hand, and it is off.
    """

    taken_over = Signal()

    def __init__(self, viewer: Any, picture: Any) -> None:
        self.on = True
        self._viewer, self._picture = viewer, picture
        self._setting = False
        picture.events.contrast_limits.connect(self._was_set)

    def show(self, limits: tuple[float, float] | None) -> None:
        """Set the contrast, if it is on; None leaves it as it is."""
        picture = self._picture
        if not self.on or limits is None or tuple(picture.contrast_limits) == limits:
            return
        self._setting = True
        try:
            spread = limits[1] - limits[0]
            lowest, highest = picture.contrast_limits_range
            # The slider's ends stay while they are of use: each change of them repaints the list of layers.
            if limits[0] < lowest or limits[1] > highest or highest - lowest > 8 * spread:
                picture.contrast_limits_range = (limits[0] - spread, limits[1] + spread)
            # With the new date the list of layers was told to repaint this row; of the contrast it repaints all.
            with self._viewer.layers.events.blocker_all():
                picture.contrast_limits = limits
        finally:
            self._setting = False

    def _was_set(self, _event: Any = None) -> None:
        if not self._setting and self.on:
            self.on = False
            self.taken_over.emit()
