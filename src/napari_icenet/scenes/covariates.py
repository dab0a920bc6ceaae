"""Further facts of each date, such as wind or aerosol depth, from a table that the user brings.

The file is a CSV with a line for each date: a column ``date`` (ISO, with a time where the day alone does
not tell which acquisition is meant) and columns of numbers, whose headers name quantity and unit::

    date,wind (m/s),aerosol optical depth
    2020-01-31,3.2,0.08
    2020-02-16T14:03,,0.11

An empty cell is missing. Commas, semicolons or tabs separate the cells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np

from napari_icenet.common.csv_table import number_of, read_cells
from napari_icenet.common.types import F64
from napari_icenet.errors import SceneError, UsageError
from napari_icenet.scenes.dates import parse_dates
from napari_icenet.scenes.scene import Covariates
from napari_icenet.scenes.stack import SceneStack

DATE = "date"
#: No table is wider; no name longer.
MOST_COLUMNS, MOST_LETTERS = 64, 100
_UNIT = re.compile(r"\s*[(\[].*[)\]]\s*$")


@dataclass(frozen=True, eq=False)
class CovariateTable:
    """A file of covariates.

    Attributes
    ----------
    path : Path
    names : tuple of str, (K,)
    times : tuple of datetime, (n,)
        UTC; midnight where only the day is given.
    timed : tuple of bool, (n,)
        Whether a time is given.
    values : array of float64, (n, K)
        NaN where missing.
    """

    path: Path
    names: tuple[str, ...]
    times: tuple[datetime, ...]
    timed: tuple[bool, ...]
    values: F64

    def at(self, times: Sequence[datetime]) -> F64:
        """Values at acquisitions, (time, K); NaN where the file knows nothing.

        A line belongs to the acquisitions of its day; one with a time to the acquisition of the day that is
        nearest in time. Of several that belong to an acquisition the nearest counts.

        Parameters
        ----------
        times : sequence of datetime
            UTC, of all acquisitions of a stack.
        """
        of_day: dict[date, list[int]] = {}
        for row, when in enumerate(self.times):
            of_day.setdefault(when.date(), []).append(row)
        out = np.full((len(times), len(self.names)), np.nan)
        for when in set(times):
            rows = of_day.get(when.date(), [])
            same_day = [other for other in times if other.date() == when.date()]
            own = [row for row in rows if self.timed[row] and _nearest(self.times[row], same_day) == when]
            own = own or [row for row in rows if not self.timed[row]]
            if own:
                best = own[min(range(len(own)), key=lambda k: abs(self.times[own[k]] - when))]
                out[[k for k, other in enumerate(times) if other == when]] = self.values[best]
        return out


def read_covariates(path: str | Path) -> CovariateTable:
    """Read a file of covariates.

    Raises SceneError: it is missing or no table of dates and numbers; the message names the line.
    """
    path = Path(path)
    _, lines = read_cells(path, SceneError, "table of covariates")
    if not lines:
        raise SceneError(f"{path} is empty; give a CSV with a column date and a column for each covariate.")
    header = [cell.strip() for cell in lines[0][1]]
    at, names = _columns(header, path)
    times, timed, values = [], [], []
    first: dict[tuple[datetime, bool], int] = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise SceneError(
                f"{path}, line {number}, has {len(cells)} cells, its header {len(header)}; write one for each column."
            )
        when, with_time = _date(cells[at], path, number)
        if (before := first.setdefault((when, with_time), number)) != number:
            raise SceneError(
                f"{path} has {cells[at].strip()} in lines {before} and {number}; keep one, or add their times."
            )
        times.append(when)
        timed.append(with_time)
        values.append([_number(cells[k], header[k], path, number) for k in range(len(header)) if k != at])
    if not times:
        raise SceneError(f"{path} has a header and no date; write a line for each date.")
    table = np.array(values, np.float64)
    empty = [name for k, name in enumerate(names) if not np.isfinite(table[:, k]).any()]
    if empty:
        raise SceneError(f"{path} has no number in the column {empty[0]}; fill it in, or leave the column out.")
    return CovariateTable(path, names, tuple(times), tuple(timed), table)


def give_covariates(stacks: Sequence[SceneStack], path: str | Path) -> list[str]:
    """Give stacks the covariates of their dates, from a file.

    Parameters
    ----------
    stacks : sequence of SceneStack
        Their ``covariates`` are set.
    path : path

    Returns
    -------
    list of str
        What to know: a sentence for each stack some of whose dates have none.

    Raises
    ------
    SceneError
        The file cannot be used, or tells of no date of any stack.
    """
    table = read_covariates(path)
    told, found = [], 0
    for stack in stacks:
        times = [scene.time for scene in stack.scenes]
        values = table.at(times)
        known = int(np.isfinite(values).any(1).sum())
        stack.covariates = Covariates(table.names, values)
        found += known
        if known < len(times):
            told.append(f"{table.path} tells of {known} of the {len(times)} dates of {stack.name}; others are missing.")
    if not found:
        here = ", ".join(f"{stack.name} from {stack.labels[0]} to {stack.labels[-1]}" for stack in stacks)
        raise SceneError(
            f"{table.path} has dates from {min(table.times):%Y-%m-%d} to {max(table.times):%Y-%m-%d} and none of "
            f"{here}; give the covariates of these dates."
        )
    return told


def find_covariate(names: Sequence[str], wanted: str) -> str | None:
    """The covariate that is meant, by its name or by its name without the unit; None where there is none."""
    if wanted in names:
        return wanted
    bare = [name for name in names if _UNIT.sub("", name).casefold() == wanted.strip().casefold()]
    return bare[0] if len(bare) == 1 else None


def _columns(header: list[str], path: Path) -> tuple[int, tuple[str, ...]]:
    """Place of the dates, and names of the other columns."""
    found = [k for k, name in enumerate(header) if name.casefold() == DATE]
    if len(found) != 1:
        raise SceneError(
            f"{path} has {'no column' if not found else 'several columns'} {DATE}, but {', '.join(header)[:200]}; "
            f"call that of the dates {DATE}."
        )
    names = tuple(name for k, name in enumerate(header) if k != found[0])
    if not names:
        raise SceneError(f"{path} has no column beside {DATE}; add one for each covariate.")
    if len(names) > MOST_COLUMNS:
        raise SceneError(f"{path} has {len(names)} covariates; keep at most {MOST_COLUMNS}.")
    for name in names:
        if not name or len(name) > MOST_LETTERS:
            raise SceneError(f"{path} has a column without a name, or with one that is too long; name it by quantity.")
        if sum(name.casefold() == other.casefold() for other in names) > 1:
            raise SceneError(f"{path} has two columns {name}; give them names of their own.")
    return found[0], names


def _date(cell: str, path: Path, number: int) -> tuple[datetime, bool]:
    """A date and whether it has a time."""
    try:
        (when,) = parse_dates(cell)
    except (UsageError, ValueError) as error:
        raise SceneError(
            f"{path}, line {number}: {cell.strip()[:40] or 'an empty cell'} is no date; write 2020-01-31, or "
            "2020-01-31T14:03."
        ) from error
    return when, when.time() != time() or ":" in cell


def _number(cell: str, name: str, path: Path, number: int) -> float:
    """A number; NaN for an empty cell."""
    text = cell.strip()
    if not text:
        return math.nan
    try:
        value = number_of(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SceneError(
            f"{path}, line {number}: {text[:40]} is no number for {name}; leave the cell empty where it is missing."
        )
    return value


def _nearest(when: datetime, others: Sequence[datetime]) -> datetime:
    return min(others, key=lambda other: abs(other - when))
