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
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="DATE", help="Leave a date of STACK out; may be repeated.", show_default=False),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATH/ROW",
        help="Keep scenes of this path and row, as in 233/013, or of a path, as in 233; may be repeated.",
        show_default=False,
    ),
]
PixelSize = Annotated[
    str | None,  # read by the library, which says what is wrong
    typer.Option("--pixel-size", metavar="M", help="Metres of a pixel, for pictures that lie on no map: gives m/yr."),
]


def open_for_command(
    path: Path,
    band: str | None,
    crs: str | None,
    extent: Literal["intersection", "union"],
    exclude: list[str] | None = None,
    only: list[str] | None = None,
    pixel_size: str | None = None,
    *,
    least: int = 1,
) -> SceneStack:
    """Open a stack with progress on stderr; what was noticed becomes warnings."""
    from napari_icenet.scenes.open import open_stack

    # The panchromatic band has a 15 m grid of its own, so asking for it opens another stack.
    bands = ("B8",) if band is not None and band.upper().lstrip("B") == "8" else None
    with ProgressLine() as progress:
        stack = open_stack(
            path, bands=bands, crs=crs, extent=extent, exclude=exclude or (), only=only or (), least=least,
            pixel_size=pixel_size, progress=progress,
        )  # fmt: skip
    for notice in stack.notices:
        say_warning(notice.message)
    return stack
