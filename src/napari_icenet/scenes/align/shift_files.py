"""Shifts of dates as a table with a figure beside it."""

from __future__ import annotations

from pathlib import Path

from napari_icenet.common.atomic_io import check_destination, write_whole
from napari_icenet.scenes.align.date_shifts import DateShifts

_SUFFIXES = (".csv",)
_WHAT = "tables of shifts"
_DOTS_PER_INCH = 130


def check_shifts_file(path: Path) -> None:
    """Make sure that shifts can be written to a file, before they are measured.

    Raises
    ------
    UsageError
        The name does not end in .csv.
    TrackingError
        The folder is missing or closed.
    """
    check_destination(path, _SUFFIXES, _WHAT)


def write_shifts(shifts: DateShifts, path: str | Path) -> None:
    """Write shifts as ``.csv``, a row per date, and their figure as ``.png`` of the same name; each whole or absent.

    Raises
    ------
    UsageError
        The name does not end in .csv.
    TrackingError
        The folder is missing or closed.
    """
    from matplotlib.figure import Figure

    path = Path(path)
    table = shifts.to_dataframe()
    figure = Figure(figsize=(9.0, 4.5), layout="constrained", facecolor="white")
    shifts.plot(ax=figure.subplots())

    def write_table(beside: Path) -> None:
        beside.write_text(table.to_csv(index=False, lineterminator="\n", float_format="%.4f"), encoding="utf-8")

    def write_figure(beside: Path) -> None:
        figure.savefig(beside, dpi=_DOTS_PER_INCH)

    write_whole(path, dict.fromkeys(_SUFFIXES, write_table), _WHAT)
    write_whole(path.with_suffix(".png"), {".png": write_figure}, "figures of shifts")
