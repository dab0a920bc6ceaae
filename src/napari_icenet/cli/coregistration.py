"""Co-registration of a command's stacks: its options, and measuring the shift of each date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_icenet.cli.option_texts import STABLE
from napari_icenet.cli.progress import ProgressLine
from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    from napari_icenet.scenes.stack import SceneStack

Coregister = Annotated[
    bool,
    typer.Option(
        "--coregister",
        help="Take off the shift of each date, measured once on ground that does not move: found in the maps "
        "themselves without a mask.",
    ),
]
Stable = Annotated[
    Path | None,
    typer.Option(
        metavar="MASK",
        help=f"{STABLE}; the shift of each date is measured on it and taken off.",
    ),
]
Shifts = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="With --coregister: table of the shifts; a figure beside it as PNG."),
]


def coregistration_asked(coregister: bool, stable: Path | None, shifts: Path | None = None) -> bool:
    """True if the shift of each date is to be taken off: by ``--coregister``, or by a mask of stable ground.

    Raises
    ------
    UsageError
        A table of shifts is named and none are measured, or its name does not end in .csv.
    TrackingError
        The table's folder is missing or closed.
    """
    asked = coregister or stable is not None
    if shifts is not None:
        from napari_icenet.scenes.align.shift_files import check_shifts_file

        if not asked:
            raise UsageError("--shifts tells what co-registration has found; add --coregister, or leave it out.")
        check_shifts_file(shifts)
    return asked


def coregister_for_command(
    stack: SceneStack, band: str | int, stable: Path | None = None, table: Path | None = None
) -> None:
    """Measure the shift of each date with progress on stderr, keep it with the stack, tell it there and in a table."""
    from napari_icenet.scenes.align.shift_files import write_shifts
    from napari_icenet.velocity.date_shifts import measure_shifts

    with ProgressLine() as progress:
        stack.shifts = measure_shifts(stack, stable, band=band, progress=progress)
    for line in stack.shifts.lines():
        sys.stderr.write(f"shift of {line}\n")
    if table is not None:
        write_shifts(stack.shifts, table)
