"""Use the window as a newcomer does, with a real mouse, and take the README's pictures on the way.

    scripts/on_screen.sh .venv/bin/python scripts/screenshots.py [PERITO_MORENO] [--only NAME …] [--into FOLDER]

Opens the sample, clicks, drags c, drags the chip, scrubs time, adds two chips, exports, reopens; maps velocity;
compares predictors on a chip, side by side, and on a map, whose cells it clicks.
Quick: the same with a fifth of the patience and on coarse grids, to see whether it works at all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from skimage.io import imsave
from skimage.transform import resize

from napari_icenet.gui.app.dock import show_dock
from napari_icenet.gui.compare.tab import MAP
from napari_icenet.gui.session.drawn_areas import WHOLE
from napari_icenet.gui.session.open_sample import SIMULATED, open_sample
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets import preferences as settings

#: The README's pictures.
IMAGES = Path(__file__).parents[1] / "docs" / "images"


@dataclass
class Walk:
    """How pictures are taken.

    Attributes
    ----------
    images : Path
        Where they go.
    patience : float
        Share of the usual pauses.
    spacing, stride : int
        Of maps of velocity and of correlation, px.
    """

    images: Path = IMAGES
    patience: float = 1.0
    spacing: int = 12
    stride: int = 64


WALK = Walk()


def live(seconds: float, until: Callable[[], bool] | None = None) -> None:
    """Let the window live for a while, or until something has come about; an error where it does not."""
    end = time.monotonic() + (seconds if until else WALK.patience * seconds)
    while time.monotonic() < end:
        if until and until():
            return
        QApplication.processEvents()
        time.sleep(0.005)
    if until:
        sys.exit(f"error: what was waited for has not come about within {seconds:g} s")


class Newcomer:
    """A window, and a hand on the mouse."""

    def __init__(self, width: int, height: int) -> None:
        self.viewer = napari.Viewer(show=True)
        self.viewer.window._qt_window.resize(width, height)
        self.dock = show_dock(self.viewer)
        self.session = Session.of(self.viewer)
        self.native = self.viewer.window._qt_viewer.canvas.native

    @property
    def tracker(self) -> Any:
        return self.dock.track.control.tracker

    def open(self, job: Any) -> None:
        if job is not None:
            job.wait()
        live(2.5)

    def settle(self) -> None:
        live(60, lambda: not self.tracker.busy)
        live(1.5)

    def look(self, row: float, col: float, px: float) -> None:
        """Put a place in the middle, ``px`` pixels of the picture wide over the canvas's shorter side."""
        y, x = self.session.pixel_to_world(row, col)
        camera, scale = self.viewer.scene.camera, self.session.image.scale[-1]
        camera.center = (*tuple(camera.center)[:-2], float(y), float(x))
        camera.zoom = min(self.native.width(), self.native.height()) / (px * scale)
        live(0.5)

    def at(self, row: float, col: float) -> QPoint:
        """Where on the canvas a pixel of the picture lies."""
        y, x = self.session.pixel_to_world(row, col)
        camera = self.viewer.scene.camera
        middle = np.array([self.native.width(), self.native.height()]) / 2
        spot = middle + camera.zoom * (np.array([x, y]) - np.array(camera.center)[[-1, -2]])
        return QPoint(round(spot[0]), round(spot[1]))

    def click(self, row: float, col: float) -> None:
        QTest.mouseMove(self.native, self.at(row, col))
        live(0.2)
        QTest.mouseClick(self.native, Qt.MouseButton.LeftButton, pos=self.at(row, col))
        self.settle()

    def drag(self, start: tuple[float, float], stop: tuple[float, float]) -> None:
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(self.native, left, pos=self.at(*start))
        for share in np.linspace(0, 1, 12):
            spot = self.at(*(np.array(start) * (1 - share) + np.array(stop) * share))
            QTest.mouseMove(self.native, spot)
            live(0.05)
        QTest.mouseRelease(self.native, left, pos=self.at(*stop))
        self.settle()

    def map(self) -> None:
        """Press Map velocity and wait for the maps."""
        tab, begun = self.dock.velocity, time.monotonic()
        QTest.mouseClick(tab.run.button, Qt.MouseButton.LeftButton)
        live(600, lambda: not tab.control.busy)
        live(20, lambda: len(tab.control.layers.layers) == 4)
        live(1.0)
        print(f"mapped in {time.monotonic() - begun:.1f} s: {tab.result.summary.text()} {tab.message.text()}")

    def draw(self, line: Any) -> None:
        """Draw a flowline, and put the tool down again."""
        self.dock.velocity.along.draw.click()
        layer = self.viewer.layers["flowline"]
        layer.mode = "pan_zoom"
        layer.add(line, shape_type="path")
        live(1.5)
        self.viewer.layers.selection.active = self.session.image
        live(0.5)

    def picture(self, name: str, width: int = 1280) -> None:
        live(1.0)
        shot = self.viewer.window.screenshot(flash=False, canvas_only=False)[..., :3]
        if shot.shape[1] > width:
            shape = (round(shot.shape[0] * width / shot.shape[1]), width)
            shot = (255 * resize(shot, shape, anti_aliasing=True)).astype(np.uint8)
        imsave(WALK.images / name, shot, check_contrast=False)
        print(f"{name}: {shot.shape[1]} x {shot.shape[0]}")


def simulated() -> None:
    """The sample, from opening to reopening."""
    one = Newcomer(1440, 900)
    one.open(open_sample(one.session, SIMULATED))
    one.session.layers.show_composite = True
    live(2)
    one.picture("scenes.png")
    one.session.layers.show_composite = False
    one.dock.tabs.setCurrentWidget(one.dock.track)
    one.look(320, 330, 430)
    one.click(330, 400)
    print("clicked:", {n: (round(m.row), round(m.col)) for n, m in one.tracker.marks.items()})
    for c in np.linspace(2.0, 1.6, 9):
        one.dock.track.form.scale.setValue(c)
        live(0.05)
    one.settle()
    one.drag((330, 400), (318, 345))
    print("dragged:", {n: (round(m.row), round(m.col)) for n, m in one.tracker.marks.items()})
    for t in range(12):
        one.session.time = t
        live(0.3)
    one.session.time = 5
    one.picture("track.png")
    one.look(315, 310, 560)
    one.session.time = 0
    one.click(300, 470)
    one.click(270, 170)
    one.session.time = 8
    one.picture("three_tracks.png")
    folder = Path(tempfile.mkdtemp())
    before = [track.rows for track in one.tracker.tracks.values()]
    one.dock.track.control.export(folder / "tracks.csv")
    one.dock.track.control.export(folder / "tracks.geojson")
    print((folder / "tracks.csv").read_text().splitlines()[1][:120])
    one.tracker.clear()
    one.settle()
    one.dock.track.control.reopen(folder / "tracks.csv")
    one.settle()
    after = [track.rows for track in one.tracker.tracks.values()]
    print("reopened:", len(after), all(np.allclose(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)))
    one.viewer.close()


def velocity() -> None:
    """Maps of the sample's consecutive pairs, and the speed along a line drawn on them."""
    one = Newcomer(1440, 900)
    one.open(open_sample(one.session, SIMULATED))
    tab = one.dock.velocity
    one.dock.tabs.setCurrentWidget(tab)
    live(1)
    tab.form.boxes["pairs"].setCurrentIndex(1)
    tab.form.editors["spacing"].widget.setValue(WALK.spacing)
    tab.form.editors["coregister"].widget.setChecked(True)
    one.map()
    one.draw(np.array([(330.0, 590.0), (318, 430), (330, 270), (372, 40)]))
    one.session.time = 4
    one.look(320, 320, 660)
    one.picture("velocity.png")
    tab.control.layers.layers["speed"].visible = False
    tab.control.layers.layers["validity"].visible = True
    tab.more.expand()
    one.picture("velocity_validity.png")
    one.viewer.close()


def perito_moreno_velocity(folder: str) -> None:
    """Real maps of clear dates, and the speed along the glacier."""
    one = Newcomer(1440, 900)
    one.open(one.session.open(folder))
    tab, labels = one.dock.velocity, list(one.session.stack.labels)
    one.dock.tabs.setCurrentWidget(tab)
    tab.form.boxes["first"].setCurrentIndex(labels.index("2020-01-31"))
    tab.form.boxes["second"].setCurrentIndex(labels.index("2020-02-20"))
    one.session.time = labels.index("2020-01-31")
    tab.form.editors["coregister"].set_value(False)  # remembered of the simulated glacier; here nothing stands still
    one.map()
    one.draw(np.array([(1000.0, 330.0), (800, 420), (600, 560), (430, 760), (330, 900)]))
    one.look(640, 500, 1120)
    one.picture("velocity_perito_moreno.png")
    one.viewer.close()


def perito_moreno(folder: str) -> None:
    """A real series with clouds."""
    one = Newcomer(1440, 900)
    one.open(one.session.open(folder))
    one.dock.tabs.setCurrentWidget(one.dock.track)
    one.tracker.change(scale=1.5)
    one.look(610, 480, 420)
    one.click(600, 500)
    one.session.time = 16
    one.picture("perito_moreno.png")
    one.session.time = 13
    one.picture("lost.png")
    one.viewer.close()


def compare(one: Newcomer, at: tuple[float, float], date: int, suffix: str) -> None:
    """The film strip with its overlays, the views side by side, and the map, with a cell that is clicked."""
    tab = one.dock.compare
    one.dock.tabs.setCurrentWidget(tab)
    one.session.time = 0
    one.look(*at, 330)
    one.click(*at)
    one.session.time = date
    strip = tab.chip.strip
    live(60, lambda: strip.comparison is not None and strip.comparison.whole and strip.comparison.time == date)
    one.picture(f"compare{suffix}.png")
    QTest.mouseClick(tab.chip.aside, Qt.MouseButton.LeftButton)
    one.picture(f"side_by_side{suffix}.png")
    QTest.mouseClick(tab.chip.aside, Qt.MouseButton.LeftButton)
    one.dock.track.control.clear()
    one.viewer.reset_view()
    tab.show_page(MAP)
    tab.map.form.editors["stride"].widget.setValue(WALK.stride)
    tab.map.form.where.setCurrentText(WHOLE)
    live(1.0)
    begun = time.monotonic()
    QTest.mouseClick(tab.map.run.button, Qt.MouseButton.LeftButton)
    live(900, lambda: not tab.map.control.busy)
    print(f"mapped correlation in {time.monotonic() - begun:.1f} s: {tab.map.said.text()}")
    live(3.0)
    one.picture(f"map{suffix}.png")
    tab.map.control.layers.set_side_by_side(True)
    one.picture(f"map_side_by_side{suffix}.png")
    tab.map.control.layers.set_side_by_side(False)
    live(0.5)
    maps = tab.map.control.maps
    i, j = max(
        np.argwhere(np.isfinite(maps.values["persistence"][1])), key=lambda cell: maps.values["icenet"][1][*cell]
    )
    QTest.mouseClick(one.native, Qt.MouseButton.LeftButton, pos=one.at(maps.rows[i], maps.cols[j]))
    live(60, lambda: strip.comparison is not None and strip.comparison.whole)
    print(f"a click on cell {i}, {j}: {tab.chip.headline.text()}")
    one.viewer.close()


def simulated_compare() -> None:
    """The sample."""
    one = Newcomer(1440, 900)
    one.open(open_sample(one.session, SIMULATED))
    compare(one, (318.0, 345.0), 7, "_simulated")


def perito_moreno_compare(folder: str) -> None:
    """A real series: t0 is under cloud."""
    one = Newcomer(1440, 900)
    one.open(one.session.open(folder))
    one.dock.track.control.change(scale=1.5)
    compare(one, (600.0, 500.0), list(one.session.stack.labels).index("2020-02-12"), "")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("perito_moreno", nargs="?")
    parser.add_argument("--only", nargs="*", help="names of the walks")
    parser.add_argument("--into", type=Path, default=IMAGES, help="folder of the pictures; default: the README's")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    # What is chosen here must not become the user's next settings.
    settings.location = lambda: Path(tempfile.gettempdir()) / "napari-icenet-screenshots.json"
    WALK.images = given.into
    if given.quick:
        WALK.patience, WALK.spacing, WALK.stride = 0.2, 64, 192
    given.into.mkdir(parents=True, exist_ok=True)
    for walk in (simulated, velocity, simulated_compare):
        if given.only is None or walk.__name__ in given.only:
            walk()
    for real in (perito_moreno, perito_moreno_velocity, perito_moreno_compare):
        if given.perito_moreno and (given.only is None or real.__name__ in given.only):
            real(given.perito_moreno)
