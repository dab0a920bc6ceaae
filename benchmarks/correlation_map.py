"""How long a correlation map takes: from asking to its first tile, and to its last; and how soon it lets go.

    python benchmarks/correlation_map.py STACK [--t0 INDEX] [--stride PX] [--tracking robust|chain] [--every-t0]

Maps are asked for as the window does, of one band, one after the other:

- cold: nothing is there yet; processes start, pictures are read, chips are followed;
- warm: the same processes, another date of t0, so that chips are followed anew;
- again: the same date with other predictors, whose chips are known;
- with a network: SVG-LP among them; its first map also loads it in every process.

Told are the seconds to the first tile and to the whole map by the clock, those of the processors that all processes
together used, which other programs disturb less, and by how much a thread of the asking process that wants to run
every 5 ms was late at worst; in the end, how long cancelling and closing take.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path

import psutil
from machine import machine

from napari_icenet.evaluation.correlation_map.background import MapTool
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.open import open_stack
from napari_icenet.scenes.stack import SceneStack

BASELINES = ("persistence", "high-pass", "blurred")
BEAT = 0.005


class Watch:
    """Asks for maps, and looks at the clock."""

    def __init__(self, tool: MapTool, stack: SceneStack) -> None:
        self.tool, self.stack = tool, stack
        self.first = self.late = 0.0
        self.began = time.perf_counter()
        tool.maps_changed.connect(self.shown)

    def shown(self, maps: CorrelationMaps) -> None:
        """Remember when the first tile came."""
        if not self.first and (maps.state == CellState.SCORED).any():
            self.first = time.perf_counter() - self.began

    def beat(self, stop: threading.Event) -> None:
        """Find out how late this process wakes up."""
        while not stop.is_set():
            slept = time.perf_counter()
            time.sleep(BEAT)
            self.late = max(self.late, time.perf_counter() - slept - BEAT)

    def spent(self) -> float:
        """Seconds of the processors that the working processes have used so far."""
        times = (psutil.Process(pid).cpu_times() for pid in self.tool.processes)
        return sum(one.user + one.system for one in times)

    def made(self, what: str, settings: MapSettings, names: tuple[str, ...]) -> None:
        """Make one map, and say how long it took."""
        errors: list[Exception] = []
        self.tool.failed.connect(errors.append)
        self.first = self.late = 0.0
        stop = threading.Event()
        pulse = threading.Thread(target=self.beat, args=(stop,))
        pulse.start()
        spent = self.spent()
        self.began = time.perf_counter()
        self.tool.start(self.stack, settings, PredictorSet.of_names(*names))
        self.tool.wait()
        took = time.perf_counter() - self.began
        stop.set()
        pulse.join()
        self.tool.failed.disconnect(errors.append)
        if errors:
            raise errors[0]
        assert self.tool.maps is not None
        chips = len(self.tool.maps.scores)
        print(
            f"{what:15}{', '.join(names):37}{chips:6} chips"
            f"{self.first:9.2f} s{took:8.2f} s{self.spent() - spent:10.2f} s{1000 * self.late:9.0f} ms",
            flush=True,
        )


def main() -> None:
    """Make maps of a stack and print what they take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", type=Path)
    parser.add_argument("--t0", type=int, default=14, help="index of the date of t0")
    parser.add_argument("--stride", type=int, default=64)
    parser.add_argument("--tracking", choices=("robust", "chain"), default="robust")
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--every-t0", action="store_true", help="also a map over every t0")
    given = parser.parse_args()
    stack = open_stack(given.stack)
    settings = MapSettings(t0=given.t0, stride=given.stride, tracking=given.tracking)
    print(machine())
    print(f"{stack}, stride {given.stride}, tracking {given.tracking}, t0 {stack.labels[given.t0]}")
    print(f"{'':64}{'first':>9}  {'whole':>8}  {'processors':>10}{'late':>10}")
    tool = MapTool(given.processes)
    try:
        watch = Watch(tool, stack)
        watch.made("cold", settings, BASELINES)
        watch.made("warm", settings.model_copy(update={"t0": given.t0 - 1}), BASELINES)
        watch.made("again", settings, ("persistence", "high-pass", "median"))
        watch.made("with a network", settings, ("persistence", "high-pass", "svg-lp"))
        watch.made("network, warm", settings, ("persistence", "high-pass", "svg-lp"))
        if given.every_t0:
            every = settings.model_copy(update={"t0": None})
            watch.made("every t0", every, BASELINES)
            watch.made("every t0", every, ("persistence", "high-pass", "svg-lp"))
        tool.start(
            stack, settings.model_copy(update={"t0": None, "stride": 16}), PredictorSet.of_names("median", "consensus")
        )
        time.sleep(2)
        began = time.perf_counter()
        tool.cancel()
        tool.wait()
        print(f"cancelled in {1000 * (time.perf_counter() - began):.0f} ms")
    finally:
        began = time.perf_counter()
        tool.close()
        print(f"closed in {1000 * (time.perf_counter() - began):.0f} ms")


if __name__ == "__main__":
    main()
