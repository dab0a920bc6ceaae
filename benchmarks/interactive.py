"""From the mouse to the painted frame, and the event loop's heartbeat, in a real napari window.

Each action is driven by real Qt events at 60 Hz, first in napari with the picture alone, then with the Track
dock and a chip. Run it on a display, or under ``xvfb-run -a -s "-screen 0 1600x1000x24"``::

    python benchmarks/interactive.py [STACK] [--steps 60] [--scale 2.0]

"painted" is the time from the event to the end of the first drawing of the canvas that shows its result, or that
of a later event. The heartbeat is a timer of 10 ms; its lateness is how long the window could not have answered.
"CPU per step" is how long the interface's own thread worked: it depends least on what else the machine does.
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

from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets import preferences as settings
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes import SceneStack, open_stack

TICK_MS, BEAT_MS = 16, 10


@dataclass
class Times:
    """What one action took, milliseconds."""

    painted: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def row(self, name: str) -> str:
        """One line of the table."""
        values = (
            np.median(self.painted),
            np.percentile(self.painted, 95),
            np.median(self.late),
            np.percentile(self.late, 99),
            max(self.late),
            self.cpu,
        )
        return (
            "| "
            + " | ".join([f"{name:35}", *(f"{v:{len(h)}.0f}" for v, h in zip(values, HEADINGS, strict=True))])
            + " |"
        )


HEADINGS = ("painted", "95 %", "heartbeat late", "99 %", "most", "CPU per step")


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


def run(hand: Hand, act: Callable[[int], Any], steps: int, shown: Callable[[], Any] | None = None) -> Times:
    """Act ``steps`` times at 60 Hz and measure.

    Parameters
    ----------
    act : callable
        Does one step and returns what is to be seen of it.
    shown : callable
        What is seen: a step counts as painted when that, or what a later step asked for, is drawn.
        Default: with the next drawing.
    """
    times, wanted, begun, done = Times(), [], [], {"step": 0, "painted": 0}
    beat = {"due": time.perf_counter() + BEAT_MS / 1e3}

    def on_beat() -> None:
        now = time.perf_counter()
        times.late.append(max(0.0, (now - beat["due"]) * 1e3))
        beat["due"] = now + BEAT_MS / 1e3

    def on_tick() -> None:
        if done["step"] < steps:
            begun.append(time.perf_counter())
            wanted.append(act(done["step"]))
            done["step"] += 1

    def on_draw(_event: Any) -> None:
        now, seen, first = time.perf_counter(), None if shown is None else shown(), done["painted"]
        last = [i for i in range(first, done["step"]) if shown is None or wanted[i] == seen]
        if last:
            times.painted.extend((now - start) * 1e3 for start in begun[first : last[-1] + 1])
            done["painted"] = last[-1] + 1

    hand.canvas._scene_canvas.events.draw.connect(on_draw, position="last")
    heart, ticker = QTimer(), QTimer()
    for timer, interval, slot in ((heart, BEAT_MS, on_beat), (ticker, TICK_MS, on_tick)):
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(slot)
        timer.start(interval)
    end, cpu = time.perf_counter() + 60, time.thread_time()
    while done["painted"] < steps and time.perf_counter() < end:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    times.cpu = 1e3 * (time.thread_time() - cpu) / steps
    heart.stop()
    ticker.stop()
    hand.canvas._scene_canvas.events.draw.disconnect(on_draw)
    return times


def drag(hand: Hand, steps: int, wanted: Callable[[], Any], shown: Callable[[], Any] | None = None) -> Times:
    """Press in the middle of the canvas and move in a circle of 40 px; ``wanted`` says what each move asked for."""
    x, y = hand.native.width() / 2, hand.native.height() / 2
    hand.mouse(QEvent.Type.MouseButtonPress, x, y, True)

    def move(i: int) -> Any:
        angle = 2 * np.pi * (i + 1) / steps
        hand.mouse(QEvent.Type.MouseMove, x + 40 * np.sin(angle), y + 40 * (1 - np.cos(angle)), True)
        return wanted()

    times = run(hand, move, steps, shown)
    hand.mouse(QEvent.Type.MouseButtonRelease, x, y, False)
    return times


def alone(stack: SceneStack, steps: int) -> None:
    """Napari with the picture and nothing else."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    viewer.add_image(np.stack([stack.read(t, stack.bands[0]) for t in range(stack.shape[0])]))
    pump(1.0)
    hand = Hand(viewer)
    centre, furthest = np.array(viewer.scene.camera.center), []

    def panned() -> None:
        furthest.append(float(np.abs(np.array(viewer.scene.camera.center) - centre).max()))

    print(drag(hand, steps, panned).row("napari alone: drag the picture"))
    assert max(furthest) > 10, "the drag has to move the picture"
    times = run(hand, lambda i: viewer.dims.set_current_step(0, i % stack.shape[0]), steps)
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
    control = dock.track.control
    tracker = control.tracker
    assert tracker is not None
    tracker.change(scale=scale)
    number = tracker.add(stack.shape[2] / 2, stack.shape[3] / 2, 0)
    tracker.prefetch(number)
    tracker.wait()
    pump(1.0)
    hand = Hand(viewer)
    on_layers: list[Any] = [None]

    def note() -> None:
        # Sent when the layers hold a result; it counts once the canvas is drawn after that.
        track = control.selected_track()
        if track is not None and track.complete and control.live.surface(track, tracker.time) is not None:
            on_layers[0] = (track.origin_row, track.origin_col, track.settings.scale)

    control.frame.connect(note)

    def wanted() -> Any:
        mark = tracker.marks[number]
        return mark.row, mark.col, tracker.settings.scale

    def shown() -> Any:
        return on_layers[0]

    def settle() -> None:
        tracker.wait()
        pump(0.8)

    print(drag(hand, steps, wanted, shown).row("drag the chip: track, surface, path"))
    settle()
    print(drag(hand, steps, wanted).row("drag the chip: its outline"))
    settle()
    slider = dock.track.form.scale

    def turn(i: int) -> Any:
        slider.setValue(1.1 + 2.9 * i / steps)
        return wanted()

    print(run(hand, turn, steps, shown).row("drag c: track, surface, path"))
    tracker.change(scale=scale)
    settle()
    x, y = hand.native.width() / 2, hand.native.height() / 2

    def wheel(i: int) -> Any:
        hand.wheel(x, y, i % 20 < 10)
        return wanted()

    print(run(hand, wheel, steps, shown).row("Alt and wheel: track, surface, path"))
    settle()
    times = run(hand, lambda i: setattr(session, "time", i % stack.shape[0]), steps)
    print(times.row("step time"))
    viewer.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stack", nargs="?", default=None, help="default: the simulated sample")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--scale", type=float, default=2.0)
    options = parser.parse_args()
    # A measurement must not become the user's next settings.
    settings.location = lambda: Path(tempfile.gettempdir()) / "napari-icenet-benchmark.json"
    stack = open_stack(options.stack or byrd_folder())
    print("| " + " | ".join([f"{'ms; painted and heartbeat: median':35}", *HEADINGS]) + " |")
    print("|" + "|".join("-" * (len(h) + 1) + ":" for h in (" " * 35, *HEADINGS)) + "|")
    alone(stack, options.steps)
    tracking(stack, options.steps, options.scale)


if __name__ == "__main__":
    main()
