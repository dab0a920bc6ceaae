"""Tables of the tracks and of the selected track's dates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_icenet.common import palette
from napari_icenet.common.text import number_text
from napari_icenet.gui.track.picture import track_colour
from napari_icenet.gui.track.series import TrackSeries
from napari_icenet.gui.widgets.number_table import NumberTable, swatch
from napari_icenet.matching.lost_reason import LostReason


class TrackTable(NumberTable):
    """The tracks of a stack."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [
                ("#", "Number and colour of the track."),
                ("mean speed", "Net motion from the first to the last valid date over the time between, ± one sigma."),
                ("azimuth", "Direction of motion, degrees clockwise from true north (without a map: from the top)."),
                ("NCC", "Median peak correlation of the valid dates."),
                ("dates", "Dates on which the chip was found, of all."),
            ],
            parent,
        )
        self._fix_widths({0: 46, 2: 58, 3: 42, 4: 46})
        self.numbers: list[int] = []

    def show_tracks(self, series: Sequence[TrackSeries], selected: int | None, stable: int | None = None) -> None:
        """Fill the table; ``selected`` and ``stable`` are numbers of tracks."""
        self.numbers = [one.track.number for one in series]
        self._set_rows(len(series))
        for row, one in enumerate(series):
            number, track = one.track.number, one.track
            first = self._set(row, 0, f"{number}{' ⚓' if number == stable else ''}")
            colour = (
                palette.CHIP if number == selected else palette.STABLE if number == stable else track_colour(number)
            )
            if first.data(Qt.ItemDataRole.UserRole) != colour:
                first.setData(Qt.ItemDataRole.UserRole, colour)
                first.setIcon(swatch(colour))
            mean, error = one.track.mean_speed
            self._set(row, 1, f"{number_text(mean, error)} {track.speed_unit}" if np.isfinite(mean) else "")
            self._set(row, 2, f"{one.mean_azimuth:.0f}°" if np.isfinite(one.mean_azimuth) else "")
            self._set(row, 3, f"{one.median_ncc:.2f}" if np.isfinite(one.median_ncc) else "")
            self._set(row, 4, f"{int(track.valid.sum())}/{len(track.observations)}")
        self.mark(self.numbers.index(selected) if selected in self.numbers else -1)


class DateTable(NumberTable):
    """The dates of one track."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [
                ("date", "Acquisition, UTC."),
                ("speed", "Since the last valid date, ± one sigma."),
                ("azim.", "Direction of motion since the last valid date."),
                ("NCC", "Height of the correlation peak."),
                ("ratio", "Peak ratio: height of the peak over that of its best rival. Near 1 is ambiguous."),
                ("f–b", "Forward–backward error: by how many pixels the backward match misses the start."),
                ("state", "Found, or why the chip is lost."),
            ],
            parent,
        )
        self._fix_widths({0: 74, 2: 34, 3: 36, 4: 31, 5: 31, 6: 66})

    def show_series(self, series: TrackSeries | None, now: int) -> None:
        """Fill the table with a track, and mark a date."""
        if series is None:
            self._set_rows(0)
            return
        track = series.track
        self._set_rows(len(track.observations))
        heading = self.horizontalHeaderItem(1)
        if heading is not None and heading.text() != track.speed_unit:
            heading.setText(track.speed_unit)
        for i, fix in enumerate(track.observations):
            lost = not fix.valid
            self._set(i, 0, series.labels[i][:10], tip=series.labels[i], faint=lost)
            self._set(i, 1, number_text(track.speed[i], track.speed_error[i]))
            self._set(i, 2, _number(track.azimuth[i], "{:.0f}°"))
            # Of a lost date they say how strong the match was that is not accepted.
            self._set(i, 3, _number(fix.ncc, "{:.2f}"), faint=lost)
            self._set(i, 4, _number(fix.peak_ratio, "{:.1f}"), faint=lost)
            self._set(i, 5, _number(fix.round_trip_px, "{:.2f}"), faint=lost)
            tip = fix.reason.sentence if isinstance(fix.reason, LostReason) else ""
            self._set(i, 6, series.state(i).removeprefix("lost: "), tip=tip, faint=lost)
        self.mark(now)


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else ""
