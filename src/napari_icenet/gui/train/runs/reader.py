"""Read what is shown of one run from its folder, bit by bit and only where something has changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from napari_icenet.common.types import Series
from napari_icenet.training.results.before_after import Comparing, comparing, read_comparison
from napari_icenet.training.results.comparison import BeforeAfter
from napari_icenet.training.results.curves import Curves, Validation
from napari_icenet.training.run_folder.folder import RunFolder

#: Points of a curve at most: the plot is narrower than that.
POINTS = 800
#: A long log is read for at most so long before what was read is shown.
PATIENCE_S = 0.4
#: Between two batches of a log the window gets its turn.
BREATH_S = 0.002
#: Logged with each step, but nothing that is minimised.
_NO_LOSS = ("seconds", "sequences_per_second", "learning_rate", "grad_norm")
#: Of what the process said, the end.
LOG_BYTES = 16 * 1024


@dataclass(frozen=True, eq=False)
class RunView:
    """View of one run. A snapshot: nothing in it changes.

    Attributes
    ----------
    folder : Path
    raw, smooth : dict of str to (steps, values)
        Curves by name, thinned; as logged, and as running means. The same objects as in the view before
        where no step has been taken since; so is ``validation``.
    validation : Validation
    notices : tuple of (int, str)
        What the run found worth telling, with its step.
    samples : tuple of Path
        Pictures of held-out chips, oldest first.
    log : str
        The end of what its process said.
    result : BeforeAfter, optional
        The table of before and after.
    comparing : Comparing, optional
        How far that table is.
    """

    folder: Path
    raw: dict[str, Series]
    smooth: dict[str, Series]
    validation: Validation
    notices: tuple[tuple[int, str], ...] = ()
    samples: tuple[Path, ...] = ()
    log: str = ""
    result: BeforeAfter | None = None
    comparing: Comparing | None = None

    @property
    def steps(self) -> int:
        """The last step in the curves."""
        return int(max((steps[-1] for steps, _ in self.raw.values() if len(steps)), default=0))


@dataclass
class RunReader:
    """Reads one run. Belongs to one thread.

    Parameters
    ----------
    folder : Path
    """

    folder: Path
    _stamps: dict[str, float] = field(default_factory=dict)
    _samples: tuple[Path, ...] = ()
    _log: str = ""
    _result: BeforeAfter | None = None
    _comparing: Comparing | None = None
    _raw: dict[str, Series] = field(default_factory=dict)
    _smooth: dict[str, Series] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._run = RunFolder(self.folder)
        self._curves = Curves(self._run)
        self._shown = False

    @property
    def behind(self) -> bool:
        """True if there is more to be read at once."""
        return self._curves.behind

    def read(self) -> RunView | None:
        """Read the view of the run now; None where nothing has changed since the last time."""
        changed = self._read_curves()
        if changed:
            self._make_curves()
        changed |= self._read_samples()
        changed |= self._read_log()
        changed |= self._read_result()
        if not changed and self._shown:
            return None
        self._shown = True
        return self._view()

    def _read_curves(self) -> bool:
        if not self._moved("log", self._run.log) and not self._curves.behind:
            return False
        changed, end = False, time.monotonic() + PATIENCE_S
        while True:
            changed |= self._curves.update()
            if not self._curves.behind or time.monotonic() > end:
                return changed
            time.sleep(BREATH_S)

    def _read_samples(self) -> bool:
        if not self._moved("samples", self.folder / "samples"):
            return False
        before, self._samples = self._samples, tuple(self._run.samples())
        return self._samples != before

    def _read_log(self) -> bool:
        if not self._moved("output", self._run.output):
            return False
        try:
            with open(self._run.output, "rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - LOG_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            text = ""
        # Progress that was written over itself: only what stood there last is read.
        lines = [line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").splitlines()]
        before, self._log = self._log, "\n".join(line for line in lines if line.strip())
        return self._log != before

    def _read_result(self) -> bool:
        found, before = self._result, self._comparing
        if self._moved("comparison", self._run.comparison):
            self._result = read_comparison(self.folder)
        # One that is going on may end without a word.
        if self._moved("comparing", self._run.comparing) or (before is not None and before.state == "running"):
            self._comparing = comparing(self.folder)
        return bool(self._result is not found or self._comparing != before)

    def _make_curves(self) -> None:
        curves = self._curves
        names = [name for name in curves.names if name not in _NO_LOSS]
        self._raw = {name: curves.series(name, POINTS) for name in names}
        self._smooth = {name: curves.smooth(name, POINTS) for name in names}

    def _view(self) -> RunView:
        return RunView(
            self.folder,
            raw=self._raw,
            smooth=self._smooth,
            validation=self._curves.validation,
            notices=self._curves.notices,
            samples=self._samples,
            log=self._log,
            result=self._result,
            comparing=self._comparing,
        )

    def _moved(self, name: str, path: Path) -> bool:
        """True if a file has changed since this was asked last."""
        try:
            stat = path.stat()
            stamp = stat.st_mtime_ns + stat.st_size / 2**40
        except OSError:
            stamp = -1.0
        moved = self._stamps.get(name) != stamp
        self._stamps[name] = stamp
        return moved
