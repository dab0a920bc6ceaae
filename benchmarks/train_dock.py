"""What the Train tab costs a training that it follows, and what a training costs the window.

A network is trained on all cores in a process of its own. The picture is panned and stepped through time, and a
chip dragged whose track follows live, before the training and beside it; the lateness of a timer of 10 ms tells
how long the window could not have answered. Then, in pairs of some seconds, in either order, the window lies idle
with nothing looked at, and follows the run with its curves in view; steps of both are counted in the run's own
log. Run it on a display, or under ``xvfb-run -a -s "-screen 0 1600x1000x24"``::

    python benchmarks/train_dock.py [--seconds 8] [--pairs 40] [--steps 240] [--model icenet|svg-lp]

Goals: the dock costs less than 5 % of the throughput; no block of the window above 100 ms.
``--quick`` trains a tiny network, whose steps take no time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from interactive import HEADINGS, Hand, drag, pump, run
from machine import machine

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.tab import RUNS, TrainTab
from napari_icenet.gui.widgets import preferences as choices
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes import SceneStack, open_stack
from napari_icenet.training.launch.launch import launch
from napari_icenet.training.presets import merged, preset_values
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import make_run_settings

#: A run has taken its first steps after so long, seconds.
START_LIMIT = 240.0
#: After a change of what the window does, so long is not counted, seconds.
SETTLE = 1.0


def started(folder: Path, stack: SceneStack, model: str, quick: bool = False) -> RunFolder:
    """A run on all cores that outlasts the measurement; validated now and then, as any run is."""
    chosen = DatasetSettings(
        chip=128 if min(stack.grid.shape) >= 512 and not quick else 64, stride=64, windows=1, bands=stack.bands[:1],
        validation=0.2, test=0.1,
    )  # fmt: skip
    build_dataset([stack], folder / "ice.zarr", chosen)
    values = {
        "data": {"datasets": [str(folder / "ice.zarr")]},
        "optimisation": {"steps": 100_000, "batch": 4},
        "validation": {"every": 0},
        "checkpoint_every": 100_000,
        "device": "cpu",
    }
    if quick:
        values["model_settings"] = {"width": 4, "depth": 1, "residual": 2}
        values |= {"optimisation": {"steps": 100_000, "batch": 1}, "threads": 1}
    elif model == "svg-lp":
        values["model_settings"] = {"chip": chosen.chip}
    settings = make_run_settings(merged(preset_values("quick", model), values))
    return launch(folder / "runs" / "run", settings, compare=False)


def step_times(folder: RunFolder) -> np.ndarray:
    """Moments at which steps were taken, seconds since 1970."""
    lines = folder.log.read_text().splitlines() if folder.log.exists() else []
    return np.array([line["time"] for line in map(json.loads, lines) if line["kind"] == "step"])


def wait_for_steps(folder: RunFolder) -> None:
    """Let the window live until a run has taken its first steps; end with an error where it does not."""
    end = time.monotonic() + START_LIMIT
    while len(step_times(folder)) < 5:
        if time.monotonic() > end:
            sys.exit(f"error: the run has not taken 5 steps within {START_LIMIT:.0f} s; see {folder.path}")
        pump(0.2)


def throughput(times: np.ndarray, spans: list[tuple[float, float]]) -> np.ndarray:
    """Steps per second in each span, by the steps that lie in it as a whole."""
    rates = []
    for first, last in spans:
        inside = times[(times >= first) & (times <= last)]
        rates.append((len(inside) - 1) / (inside[-1] - inside[0]) if len(inside) > 2 else np.nan)
    return np.array(rates)


def followed(folder: RunFolder, tab: TrainTab, seconds: float, pairs: int) -> None:
    """Throughput with and without the dock, in many short pairs: the machine's own pace drifts by more than that."""
    order = np.random.default_rng(0).permuted(np.tile([True, False], (pairs, 1)), axis=1)
    spans: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    cpu = 0.0
    for seen in order.ravel():
        tab.follower.set_seen(bool(seen))
        pump(SETTLE)
        began, before = time.time(), time.process_time()
        if seen:
            pump_idle(seconds)
            cpu += time.process_time() - before
        else:
            time.sleep(seconds)  # the window's own process does nothing at all
        spans[bool(seen)].append((began, time.time()))
    times = step_times(folder)
    following, without = throughput(times, spans[True]), throughput(times, spans[False])
    for name, rates in (("without", without), ("following", following)):
        low, middle, high = np.nanpercentile(rates, (25, 50, 75))
        print(f"{name:10} {middle:.3f} steps/s at the median, the middle half {low:.3f} ... {high:.3f}")
    shares = 1 - following / without
    shares = shares[np.isfinite(shares)]
    if not shares.size:
        sys.exit(f"error: too few steps fit into {seconds:g} s to be counted; take more --seconds")
    drawn = np.random.default_rng(1).choice(shares, (10_000, len(shares)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    print(
        f"the dock costs {np.median(shares):+.1%} of the throughput, 95 % interval {low:+.1%} ... {high:+.1%}, "
        f"{len(shares)} pairs of {seconds:g} s (goal: below 5 %)"
    )
    print(f"its process took {cpu / (seconds * pairs):.1%} of one core while it followed")


def pump_idle(seconds: float) -> None:
    """Let the window live as a running application does: asleep until something happens."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def moved(viewer: Any, stack: SceneStack, steps: int, words: str) -> float:
    """Pan the picture and step through time; the longest block of the window while it is panned, ms."""
    hand = Hand(viewer)
    centre = np.array(viewer.scene.camera.center)
    furthest: list[float] = []

    def panned() -> None:
        furthest.append(float(np.abs(np.array(viewer.scene.camera.center) - centre).max()))

    times = drag(hand, steps, panned)
    print(times.row(f"pan, {words}"))
    assert max(furthest) > 10, "the drag has to move the picture"
    longest = max(times.late)
    times = run(hand, lambda i: viewer.dims.set_current_step(0, i % stack.shape[0]), steps)
    print(times.row(f"step time, {words}"))
    return longest


def tracked(dock: IceNetDock, viewer: Any, stack: SceneStack, steps: int, words: str) -> float:
    """Drag a chip whose track follows; the longest block of the window meanwhile, ms."""
    dock.tabs.setCurrentWidget(dock.track)
    tracker = dock.track.control.tracker
    assert tracker is not None
    number = tracker.add(stack.shape[2] / 2, stack.shape[3] / 2, 0)
    tracker.prefetch(number)
    tracker.wait()
    pump(1.5)

    seen: set[float] = set()

    def wanted() -> tuple[float, float]:
        mark = tracker.marks[number]
        seen.add(mark.row)
        return mark.row, mark.col

    # What is made once is made in a first, short drag.
    drag(Hand(viewer), 40, wanted)
    tracker.wait()
    pump(1.5)
    times = drag(Hand(viewer), steps, wanted)
    print(times.row(f"drag a chip, {words}"))
    assert len(seen) > 10, "the drag has to move the chip"
    tracker.wait()
    dock.track.control.clear()
    pump(1.0)
    return max(times.late)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stack", nargs="?", default=None, help="default: the simulated sample")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=240, help="of panning, at 60 Hz")
    parser.add_argument("--model", default="icenet", choices=("icenet", "svg-lp"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["ICENET_HOME"] = str(home)
        # A measurement must not become the user's next settings.
        choices.location = lambda: home / "choices.json"
        stack = open_stack(options.stack or byrd_folder())
        viewer = napari.Viewer()
        viewer.window._qt_window.resize(1280, 800)
        session = Session.of(viewer)
        dock = IceNetDock(viewer)
        viewer.window.add_dock_widget(dock, name="IceNet")
        tab = dock.train
        session.add_stack(stack)
        pump(2.0)
        print(machine())
        print("| " + " | ".join([f"{'ms; painted and heartbeat: median':35}", *HEADINGS]) + " |")
        dragged = tracked(dock, viewer, stack, options.steps, "no training")
        dock.tabs.setCurrentWidget(tab)
        pump(1.0)
        before = moved(viewer, stack, options.steps, "no training")
        folder = started(home, stack, "icenet" if options.quick else options.model, options.quick)
        wait_for_steps(folder)
        tab.show_page(RUNS)
        pump(2.0)
        tab.runs.choose((folder.path,))
        pump(2.0)
        assert tab.runs.run is not None, "the dock has to have found the run"
        longest = moved(viewer, stack, options.steps, "training, dock following")
        print(f"longest block while panning: {longest:.0f} ms, without training {before:.0f} ms (goal: 100 ms)")
        dragging = tracked(dock, viewer, stack, options.steps, "training")
        print(f"longest block while dragging: {dragging:.0f} ms, without training {dragged:.0f} ms (goal: 100 ms)")
        dock.tabs.setCurrentWidget(tab)
        followed(folder, tab, options.seconds, options.pairs)
        folder.request("stop")
        while (status := folder.status()) is not None and status.state == "running":
            pump(0.2)
        pump(2.0)
        viewer.close()
        pump(0.3)


if __name__ == "__main__":
    main()
