"""The command line: ``icenet demo | info | simulate | track | velocity | dataset | train | evaluate``.

Thin: every command parses its words and calls the library. Imports stand inside the commands,
so that ``icenet --help`` answers at once.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_icenet.cli.coregistration import Coregister, Shifts, Stable, coregister_for_command, coregistration_asked
from napari_icenet.cli.dataset import dataset
from napari_icenet.cli.evaluate import evaluate
from napari_icenet.cli.progress import ProgressLine, say_warning, spoken_warnings
from napari_icenet.cli.settings_help import DEFAULT, with_defaults
from napari_icenet.cli.stack_options import Crs, Extent, StackPath, open_for_command
from napari_icenet.cli.train import train
from napari_icenet.cli.velocity import velocity
from napari_icenet.errors import IceNetError, TrackingError, UsageError
from napari_icenet.predictors.registry import PREDICTORS

_TEMPLATES = ", ".join(["persistence (the last chip)", "first", *(n for n in PREDICTORS if n != "persistence")])

app = typer.Typer(
    name="icenet",
    help="Open a glacier's satellite archive, follow the ice, and say how far to trust it.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


@app.command()
def demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture of the window here, print the track, and end.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="With --screenshot: a second picture, of predictions beside what came.")
    ] = None,
    correlation: Annotated[
        Path | None, typer.Option("--map", help="With --screenshot: a picture of a map of how right they were.")
    ] = None,
) -> None:
    """The main job, on the bundled sample, in napari."""
    for option, picture in (("--compare", compare), ("--map", correlation)):
        if picture is not None and screenshot is None:
            raise UsageError(f"{option} goes with --screenshot; name both pictures.")
    from napari_icenet.gui.app.demo import run_demo

    run_demo(screenshot=screenshot, compare=compare, correlation=correlation)


@app.command()
def info(
    stack: StackPath,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    crs: Crs = None,
    extent: Extent = "intersection",
) -> None:
    """Dates, bands, shape, grid, fill and cloud shares of a stack."""
    from napari_icenet.scenes.summary import describe
    from napari_icenet.scenes.summary_text import summary_text

    with ProgressLine() as progress:
        # As laid on the grid asked for; otherwise also scenes that form no stack are shown.
        laid = None if crs is None and extent == "intersection" else open_for_command(stack, None, crs, extent)
        summary = describe(laid or stack, progress=progress)
    for notice in summary.notices:
        say_warning(notice)
    typer.echo(summary.model_dump_json(indent=2) if json else summary_text(summary))


@app.command(cls=with_defaults("napari_icenet.simulation.settings:SimulationSettings"))
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.", show_default=False)],
    preset: Annotated[
        Literal["clear", "byrd"], typer.Option(help="clear (trackable) or byrd (as cloudy as the paper's series).")
    ] = "clear",
    dates: Annotated[int | None, typer.Option(help="Number of acquisitions; default: {default}.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the pictures, px of 30 m; default: {default}.")] = None,
    bands: Annotated[int | None, typer.Option(help="Number of bands, from B1; default: {default}.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same glacier; default: {default}.")] = None,
    cloud: Annotated[float | None, typer.Option(help="Mean cloud share, 0 to 1; default: the preset's.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is there.")] = False,
) -> None:
    """Landsat-like product folders of a simulated glacier, its exact flow beside them."""
    from napari_icenet.simulation import simulate as run

    with ProgressLine() as progress:
        made = run(
            out, preset=preset, dates=dates, size=size, bands=bands, seed=seed, cloud=cloud,
            overwrite=force, progress=progress,
        )  # fmt: skip
        reached = _reached(made, progress)
    typer.echo(made)
    if reached:
        typer.echo(reached)


def _reached(made: Path, progress: ProgressLine) -> str | None:
    """Correlation of persistence and high-pass on simulated scenes; None where they are too few or too small."""
    from napari_icenet.errors import StackError
    from napari_icenet.evaluation.reference_measure import reference_measure
    from napari_icenet.scenes.open import open_stack

    try:
        return reference_measure(open_stack(made), progress=progress).as_text()
    except StackError as error:
        say_warning(f"the correlations were not measured: {error}")
        return None


@app.command(cls=with_defaults("napari_icenet.tracking.settings:TrackSettings"))
def track(
    stack: StackPath,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW,COL", help="Where the chip is at --date, px; may be repeated."),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="CSV (row, col or x, y or lon, lat) or GeoJSON of positions.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Date of the positions; default: the first.")] = None,
    band: Annotated[str | None, typer.Option(help="Name or number of the band; default: {default}.")] = None,
    chip: Annotated[int | None, typer.Option(help="Side C of the chip, px; default: {default}.")] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="Scale factor c: the search window's side is c times the chip's; default: {default}."),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help=f"What is searched for, made from the track's past: {_TEMPLATES}; default: {DEFAULT}."),
    ] = None,
    prefilter: Annotated[
        str | None, typer.Option(help="Filter of the pictures before matching; default: {default}.")
    ] = None,
    tracking: Annotated[
        str | None,
        typer.Option(help="robust (lost dates do not move the track) or chain (as in the paper); default: {default}."),
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
) -> None:
    """Follow chips through time.

    Of co-registered dates row and col stay as measured; x, y, displacements and velocities are less the shifts.
    """
    from napari_icenet.matching.pictures import Pictures
    from napari_icenet.predictors.as_templates import template_predictor
    from napari_icenet.tracking.export import check_destination, csv_text, read_points, track_table, write_tracks
    from napari_icenet.tracking.follow import follow
    from napari_icenet.tracking.settings import make_settings

    positions = [("", row, col) for row, col in _positions(at or [])]
    if not positions and points is None:
        raise UsageError("No position was given; add --at ROW,COL or --points FILE.")
    settings = make_settings(
        band=band, chip=chip, scale=scale, template=template, prefilter=prefilter, tracking=tracking
    )
    predictor = template_predictor(settings.template)
    coregister = coregistration_asked(coregister, stable, shifts)
    opened = open_for_command(stack, str(settings.band), crs, extent)
    if output is not None:
        check_destination(output, opened)
    if points is not None:
        found = read_points(points, opened)
        positions += [(f"{points.name}, point {n}: ", row, col) for n, (row, col) in enumerate(found, start=1)]
    start = 0 if date is None else opened.time_index(date)
    if coregister:
        coregister_for_command(opened, settings.band, stable, shifts)
    pictures = Pictures(opened, settings.band)
    tracks = []
    refused: dict[int, str] = {}
    with ProgressLine() as progress:
        for number, (origin, row, col) in enumerate(positions, start=1):
            try:
                tracks.append(follow(pictures, row, col, start, settings, number=number, predictor=predictor))
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
    if output is None:
        typer.echo(csv_text(track_table(tracks, opened)), nl=False)
    else:
        write_tracks(tracks, opened, output)
        typer.echo(output)


_VELOCITY = "napari_icenet.velocity.settings"
app.command(cls=with_defaults(f"{_VELOCITY}:VelocitySettings", radius=f"{_VELOCITY}:DEFAULT_RADIUS"))(velocity)
app.command(cls=with_defaults("napari_icenet.datasets.settings:DatasetSettings"))(dataset)
app.command(cls=with_defaults("napari_icenet.training.settings:RunSettings"))(train)
app.command(cls=with_defaults("napari_icenet.evaluation.settings:EvaluationSettings"))(evaluate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``icenet``; exit status 0, 1 (bad data) or 2 (bad usage), never a traceback."""
    with spoken_warnings():
        _run(arguments)


def _run(arguments: Sequence[str] | None) -> None:
    try:
        app(args=None if arguments is None else list(arguments), prog_name="icenet")
    except IceNetError as error:
        # A message that lists scenes has a line for each: the list comes first, the sentence last.
        sentence, *details = str(error).splitlines()
        for detail in details:
            say_warning(detail.strip())
        sys.stderr.write(f"error: {sentence.rstrip(':.')}.\n")
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.stderr.write("error: stopped by the keyboard.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
