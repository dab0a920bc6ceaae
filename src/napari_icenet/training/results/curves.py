"""The curves of a run, read as they grow: losses, throughput, and correlations on held-out chips."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64
from napari_icenet.training.results.downsample import downsampled, smoothed
from napari_icenet.training.run_folder.folder import EventPosition, RunFolder

#: Bytes read at a time: some hundred steps, a few milliseconds.
BATCH = 64 * 1024
#: A smooth curve is the mean over this share of the steps so far.
_WINDOW = 1 / 50
_RESULTS = ("t1", "t2", "persistence_t1", "persistence_t2")
#: What a line says beside its values.
_NO_CURVE = {"kind", "step", "time", "skipped"}
#: Curves in the order in which they matter; others follow.
_ORDER = ("loss", "mse", "peak", "kl")


@dataclass(frozen=True, eq=False)
class Validation:
    """Mean correlations on the same held-out chips, validation by validation.

    Attributes
    ----------
    step : array of float64, (n,)
    t1, t2, persistence_t1, persistence_t2 : array of float64, (n,)
    best : array of bool, (n,)
        Whether it was the best so far.
    samples : tuple of Path or None
        Pictures of some of the chips and what was predicted.
    """

    step: F64
    t1: F64
    t2: F64
    persistence_t1: F64
    persistence_t2: F64
    best: NDArray[np.bool_]
    samples: tuple[Path | None, ...]


class _Column:
    """Numbers that come one after the other; those between two that came are missing."""

    def __init__(self) -> None:
        self._values = array("d")

    def put(self, at: int, value: float) -> None:
        """Set the value behind all others."""
        self._values.extend([np.nan] * (at - len(self._values)))
        self._values.append(value)

    def upto(self, count: int) -> F64:
        """The first so many."""
        self._values.extend([np.nan] * (count - len(self._values)))
        return np.array(self._values[:count], np.float64)


class Curves:
    """All curves of a run, kept in memory, read bit by bit.

    Attributes
    ----------
    behind : bool
        Whether there is more to be read at once.
    afresh : int
        How often the log was read anew: at first, and when the run was resumed from an earlier step.
    """

    def __init__(self, folder: str | Path | RunFolder) -> None:
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(folder)
        self.behind, self.afresh = False, 0
        self._position: EventPosition | None = None
        self._clear()

    def _clear(self) -> None:
        self._steps = 0
        self._step = _Column()
        self._columns: dict[str, _Column] = {}
        self._validations: list[dict[str, Any]] = []
        self._notices: list[tuple[int, str]] = []
        self._told: Validation | None = None

    def update(self, most_bytes: int = BATCH) -> bool:
        """Read what is new, at most so many bytes of it.

        Returns
        -------
        bool
            Whether anything has changed.
        """
        events, position, afresh = self.folder.events(self._position, most_bytes)
        if position == EventPosition():
            # There is no log yet, or no more.
            gone, self._position = self._position is not None, None
            if gone:
                self._clear()
            return gone
        first, self._position = self._position is None, position
        self.behind = bool(events) and self._left(position)
        if afresh and not first:
            self._clear()
            self.afresh += 1
        for event in events:
            self._take(event)
        return bool(events) or (afresh and not first)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the curves: the loss and its parts first."""
        known = [name for name in _ORDER if name in self._columns]
        return (*known, *(name for name in self._columns if name not in known))

    @property
    def steps(self) -> int:
        """The last step that is known of; 0 before the first."""
        return int(self._step.upto(self._steps)[-1]) if self._steps else 0

    def series(self, name: str, most: int = 2000) -> tuple[F64, F64]:
        """Steps and values of a curve, thinned to so many points; its extremes are among them.

        A curve that there is not is empty.
        """
        return downsampled(*self._whole(name), most)

    def smooth(self, name: str, most: int = 2000) -> tuple[F64, F64]:
        """The same, as a running mean over a fiftieth of the steps so far."""
        steps, values = self._whole(name)
        return downsampled(steps, smoothed(values, max(1, round(len(values) * _WINDOW))), most)

    @property
    def validation(self) -> Validation:
        """Correlations on held-out chips; the same object until there are others."""
        if self._told is None:
            self._told = self._make_validation()
        return self._told

    @property
    def notices(self) -> tuple[tuple[int, str], ...]:
        """Notices of the run, each with its step."""
        return tuple(self._notices)

    def _make_validation(self) -> Validation:
        found = self._validations
        numbers = {name: np.array([_number(one.get(name)) for one in found], np.float64) for name in _RESULTS}
        return Validation(
            step=np.array([_number(one.get("step")) for one in found], np.float64),
            best=np.array([bool(one.get("best")) for one in found], bool) & np.isfinite(numbers["t2"]),
            samples=tuple(
                self.folder.path / one["sample"] if isinstance(one.get("sample"), str) else None for one in found
            ),
            **numbers,
        )

    def _whole(self, name: str) -> tuple[F64, F64]:
        column = self._columns.get(name)
        if column is None:
            return np.empty(0), np.empty(0)
        return self._step.upto(self._steps), column.upto(self._steps)

    def _left(self, position: EventPosition) -> bool:
        try:
            return self.folder.log.stat().st_size > position.offset
        except OSError:
            return False

    def _take(self, event: dict[str, Any]) -> None:
        kind, step = event.get("kind"), event.get("step")
        if not isinstance(step, int):
            return
        if kind == "validation":
            self._validations.append(event)
            self._told = None
        elif kind == "notice":
            self._notices.append((step, str(event.get("text", ""))))
        elif kind == "step":
            at = self._steps
            self._steps += 1
            self._step.put(at, step)
            for name, value in event.items():
                if name not in _NO_CURVE:
                    self._columns.setdefault(name, _Column()).put(at, _number(value))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
