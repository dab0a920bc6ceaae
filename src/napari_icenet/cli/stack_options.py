"""The stack that a command works on: its argument and options, and opening it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_icenet.cli.progress import ProgressLine, say_warning

if TYPE_CHECKING:
    from napari_icenet.scenes.stack import SceneStack

StackPath = Annotated[
    Path,
    typer.Argument(
        metavar="STACK",
        help="A folder of Landsat product folders, a folder of dated images, or a stack saved by icenet.",
        show_default=False,
        readable=False,  # what may not be read is told as all bad data is
    ),
]
Crs = Annotated[
    str | None,
    typer.Option(metavar="EPSG:CODE", help="Coordinate system of the stack, needed where scenes have several."),
]
Extent = Annotated[
    Literal["intersection", "union"], typer.Option(help="Ground that all scenes hold, or that any of them holds.")
]


def open_for_command(
    path: Path, band: str | None, crs: str | None, extent: Literal["intersection", "union"]
) -> SceneStack:
    """Open a stack with progress on stderr; what was noticed becomes warnings."""
    from napari_icenet.scenes.open import open_stack

    # The panchromatic band has a 15 m grid of its own, so asking for it opens another stack.
    bands = ("B8",) if band is not None and band.upper().lstrip("B") == "8" else None
    with ProgressLine() as progress:
        stack = open_stack(path, bands=bands, crs=crs, extent=extent, progress=progress)
    for notice in stack.notices:
        say_warning(notice.message)
    return stack
