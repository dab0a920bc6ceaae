"""Panel of the stack's display: band, colour composite, reflectance, mask, contrast."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_icenet.common.palette import MASK
from napari_icenet.gui.session.layers import StackLayers
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.theme import TIGHT, quiet
from napari_icenet.scenes.band_colours import band_title


class DisplayPanel(QWidget):
    """Shows and changes what the session's stack layers draw."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._layers: StackLayers | None = None
        self.band = QComboBox(self)
        self.band.setToolTip("The band that is shown, tracked and read under the cursor.")
        self.reflectance_toggle = QCheckBox("Reflectance", self)
        self.reflectance_toggle.setToolTip(
            "Top-of-atmosphere (Level 1) or surface reflectance (Level 2) from the scene's metadata, "
            "instead of stored values. Default: stored values."
        )
        self.composite_toggle = QCheckBox("Colour", self)
        self.composite_toggle.setToolTip("Three bands as red, green and blue. Tracking still uses the one band above.")
        self.channels = [QComboBox(self) for _ in range(3)]
        for box, colour in zip(self.channels, ("red", "green", "blue"), strict=True):
            box.setToolTip(f"The band shown in {colour}.")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(2)
        self.mask_toggle = QCheckBox("Mask", self)
        self.mask_toggle.setToolTip("Draw the product's cloud, shadow and fill flags. Tracking does not use it.")
        self.contrast_toggle = QCheckBox("Contrast follows the date", self)
        self.contrast_toggle.setToolTip(
            "Stretch each date between the 1st and 99th percentile of its clear pixels. "
            "Setting contrast yourself switches this off. Default: on."
        )
        self.legend = quiet(legend_text(), self)
        self._lay_out()
        self.band.activated.connect(self._choose_band)
        for box in self.channels:
            box.activated.connect(self._choose_channels)
        self.reflectance_toggle.toggled.connect(self._set("reflectance"))
        self.composite_toggle.toggled.connect(self._set("show_composite"))
        self.mask_toggle.toggled.connect(self._set("show_mask"))
        self.contrast_toggle.toggled.connect(self._set("auto_contrast"))
        session.stack_changed.connect(self._follow_stack)
        session.band_changed.connect(self.refresh)
        self._follow_stack()

    def refresh(self, *_: Any) -> None:
        """Show what the layers say, without changing them."""
        layers = self._layers
        self.setEnabled(layers is not None)
        if layers is None:
            return
        stack = layers.stack
        _select(self.band, layers.band)
        for box, band in zip(self.channels, layers.composite_bands or ("", "", ""), strict=True):
            _select(box, band)
            box.setEnabled(layers.show_composite)
        for toggle, on, possible in (
            (self.reflectance_toggle, layers.reflectance, layers.can_show_reflectance),
            (self.composite_toggle, layers.show_composite, layers.composite_bands is not None),
            (self.mask_toggle, layers.show_mask, True),
            (self.contrast_toggle, layers.auto_contrast, True),
        ):
            toggle.blockSignals(True)
            toggle.setChecked(on)
            toggle.setEnabled(possible)
            toggle.blockSignals(False)
        colour = len(stack.bands) >= 3
        self.composite_toggle.setVisible(colour)
        for box in self.channels:
            box.setVisible(colour)
        self.legend.setVisible(layers.show_mask)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(TIGHT)
        grid.setColumnStretch(1, 1)
        self.band.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        grid.addWidget(QLabel("Band", self), 0, 0)
        grid.addWidget(self.band, 0, 1)
        grid.addWidget(self.reflectance_toggle, 0, 2)
        channels = QHBoxLayout()
        channels.setSpacing(TIGHT)
        for box in self.channels:
            channels.addWidget(box, 1)
        grid.addWidget(self.composite_toggle, 1, 0)
        grid.addLayout(channels, 1, 1, 1, 2)
        grid.addWidget(self.mask_toggle, 2, 0)
        grid.addWidget(self.contrast_toggle, 2, 1, 1, 2)
        grid.addWidget(self.legend, 3, 0, 1, 3)

    def _follow_stack(self, *_: Any) -> None:
        if self._layers is not None:
            self._layers.changed.disconnect(self.refresh)
        self._layers = layers = self._session.layers
        for box in (self.band, *self.channels):
            box.clear()
        if layers is not None:
            for band in layers.stack.bands:
                self.band.addItem(band_title(layers.stack, band), band)
                for box in self.channels:
                    box.addItem(band, band)
            layers.changed.connect(self.refresh)
        self.refresh()

    def _choose_band(self, index: int) -> None:
        self._session.band = self.band.itemData(index)

    def _choose_channels(self, _: int) -> None:
        if self._layers is not None:
            self._layers.set_composite([box.currentData() for box in self.channels])

    def _set(self, name: str) -> Any:
        def change(value: bool) -> None:
            if self._layers is not None:
                setattr(self._layers, name, value)
                self._session.readout.update()

        return change


def legend_text() -> str:
    """The mask's colours with their names, as rich text."""
    return " &nbsp; ".join(f'<span style="color:{colour}">■</span>&nbsp;{name}' for name, colour in MASK.items())


def _select(box: QComboBox, data: str) -> None:
    box.setCurrentIndex(box.findData(data))
