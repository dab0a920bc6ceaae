"""The command ``icenet track``: chips followed through time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_icenet.cli.coregistration import Coregister, Shifts, Stable, coregister_for_command, coregistration_asked
from napari_icenet.cli.option_texts import BAND, CHIP, PREFILTER, SCALE, TRACKING
from napari_icenet.cli.progress import ProgressLine, say_warning
from napari_icenet.cli.settings_help import DEFAULT
from napari_icenet.cli.stack_options import Crs, Exclude, Extent, Only, PixelSize, StackPath, open_for_command
from napari_icenet.cli.stopping import telling_what_is_kept
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.predictors.registry import PREDICTORS

if TYPE_CHECKING:
    from napari_icenet.tracking.track import Track

_TEMPLATES = ", ".join(["persistence (the last chip)", "first", *(n for n in PREDICTORS if n != "persistence")])


def track(
    stack: StackPath,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW,COL", help="Where the chip is at --date, px; may be repeated."),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="CSV (row, col or x, y or lon, lat), GeoJSON or GeoPackage of positions.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Date of the positions; default: the first.")] = None,
    band: Annotated[str | None, typer.Option(help=BAND)] = None,
    chip: Annotated[int | None, typer.Option(help=CHIP)] = None,
    scale: Annotated[
        float | None,
        typer.Option(help=SCALE),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help=f"What is searched for, made from the track's past: {_TEMPLATES}; default: {DEFAULT}."),
    ] = None,
    prefilter: Annotated[str | None, typer.Option(help=PREFILTER)] = None,
    tracking: Annotated[
        str | None,
        typer.Option(help=TRACKING),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="OUT.csv, .geojson or .parquet; default: CSV on stdout."),
    ] = None,
    coregister: Coregister = False,
    stable: Stable = None,
    shifts: Shifts = None,
    crs: Crs = None,
    extent: Extent = "intersection",
    exclude: Exclude = None,
    only: Only = None,
    pixel_size: PixelSize = None,
) -> None:
    """Follow chips through time.

    Of co-registered dates row and col stay as measured; x, y, displacements and velocities are less the shifts.
    """
    from napari_icenet.common.own_files import refuse_foreign
    from napari_icenet.matching.pictures import Pictures
    from napari_icenet.predictors.as_templates import template_predictor
    from napari_icenet.tracking.export import check_destination, csv_text, read_points, track_table, write_tracks
    from napari_icenet.tracking.follow import follow
    from napari_icenet.tracking.plausibility.track import cautions_ahead, cautions_of
    from napari_icenet.tracking.settings import make_settings

    positions = [("", row, col) for row, col in _positions(at or [])]
    if not positions and points is None:
        raise UsageError("No position was given; add --at ROW,COL or --points FILE.")
    settings = make_settings(
        band=band, chip=chip, scale=scale, template=template, prefilter=prefilter, tracking=tracking
    )
    predictor = template_predictor(settings.template)
    coregister = coregistration_asked(coregister, stable, shifts)
    with telling_what_is_kept(lambda: _kept(output, shifts)):
        opened = open_for_command(stack, str(settings.band), crs, extent, exclude, only, pixel_size)
        if output is not None:
            check_destination(output, opened)
            refuse_foreign(output)
        if points is not None:
            found = read_points(points, opened)
            positions += [(f"{points.name}, point {n}: ", row, col) for n, (row, col) in enumerate(found, start=1)]
        start = 0 if date is None else opened.time_index(date)
        if coregister:
            coregister_for_command(opened, settings.band, stable, shifts)
        pictures = Pictures(opened, settings.band)
        for caution in cautions_ahead(opened, settings):
            say_warning(caution.sentence)
        tracks = _followed(
            positions,
            lambda number, row, col: follow(pictures, row, col, start, settings, number=number, predictor=predictor),
        )
        for sentence in cautions_of({track.number: track.cautions for track in tracks}):
            say_warning(sentence)
    if output is None:
        typer.echo(csv_text(track_table(tracks, opened)), nl=False)
    else:
        write_tracks(tracks, opened, output)
        typer.echo(output)


def _kept(output: Path | None, shifts: Path | None) -> str:
    """What is left of a run that the keyboard stopped before its tracks were whole."""
    tracks = "no track was written" if output is None else f"no track was written to {output}"
    return tracks if shifts is None else f"{tracks}; {shifts} is whole or as it was"


def _followed(positions: Sequence[tuple[str, float, float]], of: Callable[[int, float, float], Track]) -> list[Track]:
    """Tracks of the positions (origin, row, col), numbered from 1; those that cannot be followed are told.

    Raises TrackingError: no position can be followed.
    """
    tracks: list[Track] = []
    refused: dict[int, str] = {}
    with ProgressLine() as progress:
        for number, (origin, row, col) in enumerate(positions, start=1):
            try:
                tracks.append(of(number, row, col))
            except TrackingError as error:
                refused[number] = f"{origin}{error}"
            progress(number / len(positions), f"track {number} of {len(positions)}")
    if not tracks:
        each = list(dict.fromkeys(refused.values()))
        if len(each) == 1:
            raise TrackingError(each[0])
        raise TrackingError("\n".join(["No chip can be followed; choose other positions:", *each]))
    for number, why in refused.items():
        say_warning(f"track {number} is left out: {why}")
    return tracks


def _positions(at: Sequence[str]) -> list[tuple[float, float]]:
    found = []
    for text in at:
        try:
            row, col = (float(part) for part in text.split(","))
            if not (math.isfinite(row) and math.isfinite(col)):
                raise ValueError(text)
        except ValueError:
            raise UsageError(f"--at {text} is not a position; write row and column, as in --at 600,500.") from None
        found.append((row, col))
    return found
