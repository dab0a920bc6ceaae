"""From the mouse to the painted frame, and the event loop's heartbeat, in a real napari window.

Each action is driven by real Qt events at 60 Hz, first in napari with the picture alone, then with the Track
dock and a chip. Run it on a display, or under ``xvfb-run -a -s "-screen 0 1600x1000x24"``::

    python benchmarks/interactive.py STACK [--steps 60] [--scale 2.0]

"painted" is the time from the event to the end of the next drawing of the canvas that shows its result.
The heartbeat is a timer of 10 ms; its lateness is how long the window could not have answered. The last column
is the time the interface's thread worked for each step: unlike the others it does not depend on what else runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_icenet.gui import settings
from napari_icenet.gui.dock import IceNetDock
from napari_icenet.gui.session import Session
from napari_icenet.scenes import SceneStack, open_stack

TICK_MS, BEAT_MS = 16, 10


@dataclass
class Times:
    """What one action took, milliseconds."""

    handled: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def row(self, name: str) -> str:
        """One line of the table."""
        parts = [
            f"{np.median(values):7.1f}{np.percentile(values, 95):8.1f}{max(values):8.1f}"
            for values in (self.handled, self.painted, self.late)
            if values
        ]
        return "  ".join([f"{name:34}", *parts, f"{self.cpu:8.1f}"])


class Hand:
    """Moves the mouse over a canvas and watches what it draws."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.canvas = viewer.window._qt_viewer.canvas
        self.native = self.canvas.native
        self.drawn = 0.0
        self.canvas._scene_canvas.events.draw.connect(self._on_draw, position="last")

    def _on_draw(self, _event: Any) -> None:
        self.drawn = time.perf_counter()

    def mouse(self, kind: QEvent.Type, x: float, y: float, pressed: bool) -> None:
        """Press, move or release the left button."""
        none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
        button = none if kind == QEvent.Type.MouseMove else left
        at = QPointF(x, y)
        event = QMouseEvent(
            kind,
            at,
            QPointF(self.native.mapToGlobal(at.toPoint())),
            button,
            left if pressed else none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.native, event)

    def wheel(self, x: float, y: float, up: bool) -> None:
        """Turn the wheel by one step, with Alt held."""
        at, delta = QPointF(x, y), QPoint(120 if up else -120, 0)  # Qt turns the wheel sideways with Alt
        event = QWheelEvent(
            at,
            QPointF(self.native.mapToGlobal(at.toPoint())),
            QPoint(),
            delta,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.AltModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.native, event)


def pump(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.001)


def run(hand: Hand, act: Callable[[int], None], steps: int, shown: Callable[[], bool]) -> Times:
    """Act ``steps`` times at 60 Hz and measure."""
    times, waiting, done = Times(), [], {"step": 0}
    beat = {"due": time.perf_counter() + BEAT_MS / 1e3}

    def on_beat() -> None:
        now = time.perf_counter()
        times.late.append(max(0.0, (now - beat["due"]) * 1e3))
        beat["due"] = now + BEAT_MS / 1e3

    def on_tick() -> None:
        if done["step"] >= steps:
            return
        start = time.perf_counter()
        act(done["step"])
        times.handled.append((time.perf_counter() - start) * 1e3)
        waiting.append(start)
        done["step"] += 1

    def on_draw(_event: Any) -> None:
        if shown():
            now = time.perf_counter()
            times.painted.extend((now - start) * 1e3 for start in waiting)
            waiting.clear()

    hand.canvas._scene_canvas.events.draw.connect(on_draw, position="last")
    heart, ticker = QTimer(), QTimer()
    for timer, interval, slot in ((heart, BEAT_MS, on_beat), (ticker, TICK_MS, on_tick)):
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(slot)
        timer.start(interval)
    end, cpu = time.perf_counter() + 60, time.thread_time()
    while (done["step"] < steps or waiting) and time.perf_counter() < end:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    times.cpu = 1e3 * (time.thread_time() - cpu) / steps
    heart.stop()
    ticker.stop()
    hand.canvas._scene_canvas.events.draw.disconnect(on_draw)
    return times


def drag(hand: Hand, steps: int, shown: Callable[[], bool]) -> Times:
    """Press in the middle of the canvas and move in a circle of 40 px."""
    x, y = hand.native.width() / 2, hand.native.height() / 2
    hand.mouse(QEvent.Type.MouseButtonPress, x, y, True)
    angle = 2 * np.pi / steps
    times = run(
        hand,
        lambda i: hand.mouse(
            QEvent.Type.MouseMove, x + 40 * np.sin(angle * (i + 1)), y + 40 * (1 - np.cos(angle * (i + 1))), True
        ),
        steps,
        shown,
    )
    hand.mouse(QEvent.Type.MouseButtonRelease, x, y, False)
    return times


def alone(stack: SceneStack, steps: int) -> None:
    """Napari with the picture and nothing else."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    viewer.add_image(np.stack([stack.read(t, stack.bands[0]) for t in range(stack.shape[0])]))
    pump(1.0)
    hand = Hand(viewer)
    print(drag(hand, steps, _always).row("napari alone: drag the picture"))
    times = run(hand, lambda i: viewer.dims.set_current_step(0, i % stack.shape[0]), steps, _always)
    print(times.row("napari alone: step time"))
    viewer.close()
    pump(0.3)


def tracking(stack: SceneStack, steps: int, scale: float) -> None:
    """The Track dock, with a chip in the middle."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    session = Session.of(viewer)
    dock = IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet")
    dock.tabs.setCurrentWidget(dock.track)
    session.add_stack(stack)
    pump(1.0)
    tracker = dock.track.control.tracker
    assert tracker is not None
    tracker.change(scale=scale)
    number = tracker.add(stack.shape[2] / 2, stack.shape[3] / 2, 0)
    tracker.prefetch(number)
    tracker.wait()
    pump(1.0)
    hand = Hand(viewer)

    def shown() -> bool:
        track, mark = tracker.tracks.get(number), tracker.marks[number]
        wanted = (mark.row, mark.col, tracker.settings.scale)
        return track is not None and (track.origin_row, track.origin_col, track.settings.scale) == wanted

    print(drag(hand, steps, shown).row("drag the chip, result painted"))
    pump(0.5)
    print(drag(hand, steps, _always).row("drag the chip, chip painted"))
    pump(0.5)
    slider = dock.track.form.scale
    times = run(hand, lambda i: slider.setValue(1.1 + 2.9 * i / steps), steps, shown)
    print(times.row("drag c, result painted"))
    tracker.change(scale=scale)
    pump(0.5)
    x, y = hand.native.width() / 2, hand.native.height() / 2
    print(run(hand, lambda i: hand.wheel(x, y, i % 20 < 10), steps, shown).row("Alt and wheel"))
    pump(0.5)
    times = run(hand, lambda i: setattr(session, "time", i % stack.shape[0]), steps, _always)
    print(times.row("step time"))
    viewer.close()


def _always() -> bool:
    return True


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stack")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--scale", type=float, default=2.0)
    options = parser.parse_args()
    # A measurement must not become the user's next settings.
    settings.location = lambda: Path(tempfile.gettempdir()) / "napari-icenet-benchmark.json"
    stack = open_stack(options.stack)
    columns = ("event handled", "painted", "heartbeat late")
    print("  ".join([f"{'ms: median, 95 %, most':34}", *(f"{name:>23}" for name in columns), f"{'CPU/step':>8}"]))
    alone(stack, options.steps)
    tracking(stack, options.steps, options.scale)


if __name__ == "__main__":
    main()
