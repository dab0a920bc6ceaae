"""Shift of each date's picture against one of them, as ground that stands still shows it, and its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.text import signed
from napari_icenet.common.types import F64, Bool
from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: How ground that stands still was known.
Source = Literal["mask", "slow mode"]
#: Colours of paths and rows in a figure, in the order of their first dates (Okabe–Ito).
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_OTHER_DATES = "dates of unknown path/row"


@dataclass(frozen=True, repr=False, eq=False)
class DateShifts(Described):
    """Shifts of the dates of a stack against its reference date: what is to be taken off positions.

    A place of the ground that is at (row, col) in the picture of the reference date is at
    (row + drow[t], col + dcol[t]) in that of date t.

    Attributes
    ----------
    drow, dcol : array of float64, (time,)
        Shift, px; 0 at the reference, NaN where it is not known.
    error_between : array of float64, (time, time)
        One-sigma error along an axis of the difference between the shifts of two dates, px.
    source : {'mask', 'slow mode'}
        Ground that a mask names, or that the slow mode of the maps shows.
    stands_in : array of bool, (time,)
        True where a date could not be measured and has the median shift of its path and row.
    reference : int
        Index of the date that shifts are given against.
    times : array of datetime64[s], (time,)
    labels : tuple of str
        The dates, as the stack labels them.
    paths : tuple of str
        Path and row of each date, such as ``011/012``; empty where not known.
    spread : float
        How much one pair's displacements scatter over the ground, one sigma along an axis (median of the
        pairs), px: where it is large, terrain is shifted by more in one place than in another.
    pairs : int
        Pairs of dates that were measured.
    """

    drow: F64
    dcol: F64
    error_between: F64
    source: Source
    stands_in: Bool
    reference: int
    times: np.typing.NDArray[np.datetime64]
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    spread: float
    pairs: int

    def facts(self) -> dict[str, str]:
        """Facts of shifts: dates, how large, how sure, from what."""
        known = self.known
        length = np.hypot(self.drow, self.dcol)[known]
        unknown = int((~known).sum())
        return {
            "dates": dates_text(self.times, "dates"),
            "largest": f"up to {length.max():.2f} px",
            "error": f"± {np.median(self.error[known]):.2g} px",
            "source": self.source,
            "pairs": f"{self.pairs} pairs",
            "unknown": f"{unknown} not known" if unknown else "",
        }

    @property
    def known(self) -> Bool:
        """True where the shift of a date is known, (time,)."""
        return np.isfinite(self.drow)

    @property
    def error(self) -> F64:
        """One-sigma error (time,) of the shift against the reference date along an axis, px; NaN where not known."""
        return np.asarray(self.error_between[self.reference])

    @cached_property
    def likely(self) -> tuple[F64, F64]:
        """(drow, dcol) to centre a search by: where the shift is not known, that of the nearest date with a known one.

        Nearest in order; of the same path and row, where one of these is known.
        """
        at, dates = np.flatnonzero(self.known), np.arange(len(self.drow))
        paths = np.array(self.paths)
        away = np.abs(dates[:, None] - at) + len(dates) * (paths[:, None] != paths[at])
        nearest = at[away.argmin(axis=1)]
        return self.drow[nearest], self.dcol[nearest]

    def against(self, time: int) -> tuple[F64, F64]:
        """(drow, dcol), each (time,), against another date; all NaN where that one's shift is not known."""
        return self.drow - self.drow[time], self.dcol - self.dcol[time]

    @property
    def measured(self) -> list[tuple[float, float, float] | None]:
        """(drow, dcol, error) of each date as plain numbers; None where not known."""
        rows = np.stack([self.drow, self.dcol, self.error], axis=1).tolist()
        return [(row, col, error) if known else None for (row, col, error), known in zip(rows, self.known, strict=True)]

    def of_dates(self, dates: Sequence[int]) -> DateShifts:
        """The shifts of some of the dates, by index, against the same one or else the first whose shift is known.

        Raises
        ------
        UsageError
            The shift of none of them is known.
        """
        at = np.asarray(dates, np.intp)
        known = np.flatnonzero(self.known[at])
        if not known.size:
            raise UsageError(
                f"The shift of none of {named([self.labels[i] for i in at])} is known; choose other dates."
            )
        reference = int(known[0]) if self.reference not in at else int(np.flatnonzero(at == self.reference)[0])
        drow, dcol = (axis[at] for axis in self.against(int(at[reference])))
        return replace(
            self, drow=drow, dcol=dcol, error_between=self.error_between[np.ix_(at, at)],
            stands_in=self.stands_in[at], reference=reference, times=self.times[at],
            labels=tuple(self.labels[i] for i in at), paths=tuple(self.paths[i] for i in at),
        )  # fmt: skip

    def check(self, labels: Sequence[str], name: str) -> None:
        """Refuse shifts of other dates than those of a stack, by its labels and name.

        Raises
        ------
        UsageError
        """
        if tuple(labels) != self.labels:
            raise UsageError(f"The shifts of {name} were measured on other dates than it has; measure them again.")

    def source_of(self, time: int) -> str:
        """Where a date's shift is from: ``mask``, ``slow mode``, ``path/row``; empty where it is not known."""
        if not self.known[time]:
            return ""
        return "path/row" if self.stands_in[time] else self.source

    def columns(self, time: int) -> dict[str, Any]:
        """Columns of a table with a row per date: shifts against one of them, their error (px), and their source."""
        drow, dcol = self.against(time)
        error = np.where(np.isfinite(drow), self.error_between[time], np.nan)
        sources = [self.source_of(t) for t in range(len(self.labels))]
        return {"shift_row": drow, "shift_col": dcol, "shift_error": error, "shift_source": sources}

    def to_dataframe(self) -> pd.DataFrame:
        """A row per date: ``date, path_row, shift_row, shift_col, shift_error, shift_source`` (px; NaN: not known)."""
        import pandas as pd

        return pd.DataFrame({"date": self.labels, "path_row": self.paths} | self.columns(self.reference))

    def lines(self) -> list[str]:
        """A line per path and row: how many dates, their median shift, and its error."""
        out = []
        for path, dates in self._by_path().items():
            known = dates[self.known[dates]]
            name = f"path/row {path}" if path else "all dates" if len(set(self.paths)) == 1 else _OTHER_DATES
            if not known.size:
                out.append(f"{name}: not known on any of {len(dates)} dates")
                continue
            row, col = (signed(float(np.median(d[known]))) for d in (self.drow, self.dcol))
            stand_ins = int(self.stands_in[known].sum())
            lent = f", {stand_ins} of them by the others of this path/row" if stand_ins else ""
            out.append(
                f"{name}: {row} px along rows, {col} px along columns against {self.labels[self.reference]} "
                f"(median of {len(known)} of {len(dates)} dates{lent}; each ± {np.median(self.error[known]):.2g} px)"
            )
        return out

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the shifts over the dates with one-sigma errors, coloured by path and row.

        Dots are along rows, triangles along columns; hollow ones have the median of their path and row.

        Parameters
        ----------
        ax : Axes, optional
            Default: new ones.
        """
        from matplotlib.lines import Line2D

        from napari_icenet.common.plot import NEUTRAL, dated, new_axes

        axes = new_axes(ax)
        axes.axhline(0, color=NEUTRAL, linewidth=0.8, alpha=0.5)
        named: list[Line2D] = []
        for number, (path, dates) in enumerate(self._by_path().items()):
            colour = _COLOURS[number % len(_COLOURS)]
            for values, marker in ((self.drow, "o"), (self.dcol, "^")):
                for chosen, face in ((~self.stands_in, colour), (self.stands_in, "none")):
                    at = dates[chosen[dates] & self.known[dates]]
                    if at.size:
                        axes.errorbar(
                            self.times[at], values[at], self.error[at], fmt=marker, color=colour, markersize=5,
                            markerfacecolor=face, elinewidth=1, capsize=2,
                        )  # fmt: skip
            if path or len(set(self.paths)) > 1:
                named.append(Line2D([], [], color=colour, linewidth=4, label=path or _OTHER_DATES))
        for marker, name in (("o", "rows"), ("^", "columns")):
            named.append(Line2D([], [], color=NEUTRAL, marker=marker, linestyle="", label=f"along {name}"))
        axes.set_ylabel(f"shift against {self.labels[self.reference]} (px)")
        axes.legend(handles=named, frameon=False, labelcolor=NEUTRAL, fontsize=9)
        return dated(axes)

    def _by_path(self) -> dict[str, np.typing.NDArray[np.intp]]:
        """Indices of the dates of each path and row, in the order of their first dates."""
        return {path: np.flatnonzero([p == path for p in self.paths]) for path in dict.fromkeys(self.paths)}


def named(labels: Sequence[str], most: int = 12) -> str:
    """Names in one list, ``a, b and c``; of many, the first ones and how many more."""
    shown = list(labels[:most])
    if len(labels) > most:
        return f"{', '.join(shown)} and {len(labels) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
