"""The Compare tab in a real napari window: click to film strip, maps, and the event loop's heartbeat.

    python benchmarks/compare.py [STACK] [--at ROW,COL] [--date INDEX] [--repeats 12] [--stride 64]

Run it on a display, or under ``scripts/on_screen.sh``. "Film strip" is the time from the click on another piece of
ice, which is followed through all dates first, until the rows of all predictors are drawn; then from a step of the
time slider. The map is of one t0, every 64 px of the whole frame unless ``--stride`` says otherwise. The heartbeat is
a timer of 10 ms; its lateness is how long the window could not have answered. Quick: ``--repeats 1 --stride 256``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from interactive import BEAT_MS, Hand, pump
from machine import machine
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication

from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.compare.tab import CHIP, MAP
from napari_icenet.gui.session.drawn_areas import WHOLE
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets import preferences as settings
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.samples import byrd_folder

FOUR = ("persistence", "high-pass", "blurred", "svg-lp")
THREE = ("persistence", "high-pass", "blurred")


class Heart:
    """Beats every 10 ms and notes how late."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(1000 * (now - self._last) - BEAT_MS)
        self._last = now

    def told(self) -> str:
        """Since it was asked last."""
        late, self.late = np.array(self.late or [0.0]), []
        median, most = np.median(late), np.percentile(late, 99)
        return f"heartbeat late: median {median:.0f}, 99 % {most:.0f}, most {late.max():.0f} ms"


class Painted(QObject):
    """Notes when a widget was painted last."""

    def __init__(self, widget: Any) -> None:
        super().__init__(widget)
        self.last = 0.0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: Any, event: Any) -> bool:  # noqa: N802 (Qt's name)
        """Look at each event, and take none."""
        if event.type() == QEvent.Type.Paint:
            self.last = time.perf_counter()
        return False


class Desk:
    """A window with the Compare tab in front."""

    def __init__(self, path: Path) -> None:
        self.viewer = napari.Viewer(show=True)
        self.viewer.window._qt_window.resize(1600, 1000)
        self.session = Session.of(self.viewer)
        self.dock = IceNetDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="IceNet", area="right")
        self.session.open(path).wait()
        self.compare = self.dock.compare
        self.dock.tabs.setCurrentWidget(self.compare)
        self.hand = Hand(self.viewer)
        self.painted = Painted(self.compare.chip.strip)
        pump(2.0)

    def click(self, row: float, col: float) -> None:
        """Press and release at a pixel of the stack."""
        y, x = self.session.pixel_to_world(row, col)
        camera = self.viewer.scene.camera
        middle = np.array([self.hand.native.width(), self.hand.native.height()]) / 2
        at = middle + camera.zoom * (np.array([x, y]) - np.array(camera.center)[[-1, -2]])
        self.hand.mouse(QEvent.Type.MouseButtonPress, *at, True)
        self.hand.mouse(QEvent.Type.MouseButtonRelease, *at, False)

    def until_drawn(self, act: Any, date: int) -> float:
        """Milliseconds from an action until a whole comparison of this date is drawn."""
        strip, before = self.compare.chip.strip, self.compare.chip.strip.comparison
        start = time.perf_counter()
        act()

        def drawn() -> bool:
            made = strip.comparison
            return made is not None and made is not before and made.whole and made.time == date

        while not drawn() and time.perf_counter() < start + 30:
            # As an event loop that waits does: one that spins would keep the interpreter from other threads.
            QApplication.processEvents()
            time.sleep(0.001)
        known = time.perf_counter()
        while self.painted.last < known and time.perf_counter() < start + 30:
            QApplication.processEvents()
            time.sleep(0.001)
        return 1000 * (self.painted.last - start)


def film_strip(desk: Desk, heart: Heart, at: tuple[float, float], date: int, repeats: int) -> None:
    """Click here and there, and step time."""
    desk.compare.show_page(CHIP)
    desk.compare.chooser.show_line_up(PredictorSet.of_names(*FOUR))
    desk.session.time = date
    control = desk.dock.track.control
    desk.until_drawn(lambda: desk.click(*at), date)
    desk.until_drawn(lambda: setattr(desk.session, "time", date - 1), date - 1)
    pump(1.0)
    heart.told()
    moves, steps = [], []
    for k in range(repeats):
        desk.session.time = date
        pump(0.6)
        row, col = at[0] + 9 * (k % 4), at[1] + 7 * (k % 3) - 10 * (k % 2)
        number = control.tracker.selected
        moves.append(desk.until_drawn(lambda n=number, r=row, c=col: control.tracker.move(n, r, c, date), date))
        pump(0.4)
        steps.append(desk.until_drawn(lambda: setattr(desk.session, "time", date - 1), date - 1))
        pump(0.4)
    for name, times in (("chip elsewhere, followed anew", moves), ("another date", steps)):
        print(f"film strip, {name}: median {np.median(times):.0f} ms, best {min(times):.0f}, worst {max(times):.0f}")
    print(f"  {heart.told()}")


def correlation_map(desk: Desk, heart: Heart, date: int, names: tuple[str, ...], stride: int) -> None:
    """Map the whole frame twice: with processes that have to start, and with those that are there."""
    desk.compare.show_page(MAP)
    desk.compare.chooser.show_line_up(PredictorSet.of_names(*names))
    page = desk.compare.map
    desk.session.time = date
    page.form.show_settings(MapSettings(band=desk.session.band, stride=stride, t0=date))
    page.form.where.setCurrentText(WHOLE)
    pump(1.0)
    for name in ("first", "again"):
        heart.told()
        start = time.perf_counter()
        page.map()
        while page.control.busy and time.perf_counter() < start + 600:
            QApplication.processEvents()
            time.sleep(0.001)
        print(f"map of {', '.join(names)}, {name}: {time.perf_counter() - start:.1f} s")
        pump(2.0)
        print(f"  {heart.told()}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stack", nargs="?", type=Path)
    parser.add_argument("--at", default="318,345")
    parser.add_argument("--date", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=12)
    parser.add_argument("--stride", type=int, default=64, help="of the maps, px")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings.location = lambda: Path(folder) / "settings.json"
        print(machine())
        desk = Desk(given.stack or byrd_folder())
        heart = Heart()
        row, col = (float(v) for v in given.at.split(","))
        film_strip(desk, heart, (row, col), given.date, given.repeats)
        correlation_map(desk, heart, given.date, THREE, given.stride)
        correlation_map(desk, heart, given.date, ("persistence", "high-pass", "svg-lp"), given.stride)
        desk.viewer.close()


if __name__ == "__main__":
    main()
