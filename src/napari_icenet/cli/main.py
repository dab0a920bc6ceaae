"""The command line: ``icenet demo | info | simulate | track | velocity | dataset | train | evaluate``.

Thin: every command parses its words and calls the library. Imports stand inside the commands,
so that ``icenet --help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from napari_icenet.cli.dataset import dataset
from napari_icenet.cli.evaluate import evaluate
from napari_icenet.cli.progress import ProgressLine, say_warning, spoken_warnings
from napari_icenet.cli.settings_help import with_defaults
from napari_icenet.cli.stack_options import Crs, Exclude, Extent, Only, PixelSize, StackPath, open_for_command
from napari_icenet.cli.stopping import telling_what_is_kept
from napari_icenet.cli.track import track
from napari_icenet.cli.train import train
from napari_icenet.cli.velocity import velocity
from napari_icenet.errors import Cancelled, IceNetError, UsageError


class _Commands(TyperGroup):
    """All commands; typer itself would end at Ctrl-C without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise Cancelled("stopped by the keyboard") from stop


app = typer.Typer(
    name="icenet",
    cls=_Commands,
    help="Open a glacier's satellite archive, follow the ice, and say how far to trust it.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        from napari_icenet.common.software import software

        typer.echo(software())
        raise typer.Exit


@app.callback()
def icenet(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """What stands before a command."""


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
    exclude: Exclude = None,
    only: Only = None,
    pixel_size: PixelSize = None,
) -> None:
    """Dates, bands, shape, grid, fill and cloud shares of a stack."""
    from napari_icenet.scenes.summary import describe
    from napari_icenet.scenes.summary_text import summary_text

    with ProgressLine() as progress:
        # As laid on the grid asked for; otherwise also scenes that form no stack are shown.
        if crs is None and extent == "intersection":
            summary = describe(stack, exclude=exclude or (), only=only or (), pixel_size=pixel_size, progress=progress)
        else:
            laid = open_for_command(stack, None, crs, extent, exclude, only, pixel_size)
            summary = describe(laid, progress=progress)
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
    force: Annotated[bool, typer.Option("--force", help="Replace the folder if it is there.")] = False,
) -> None:
    """Landsat-like product folders of a simulated glacier, its exact flow beside them."""
    from napari_icenet.simulation import simulate as run

    with telling_what_is_kept(), ProgressLine() as progress:
        made = run(
            out, preset=preset, dates=dates, size=size, bands=bands, seed=seed, cloud=cloud,
            overwrite=force, progress=progress,
        )  # fmt: skip
    with telling_what_is_kept(f"{out} is whole"), ProgressLine() as progress:
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


_VELOCITY = "napari_icenet.velocity.settings"
app.command(cls=with_defaults("napari_icenet.tracking.settings:TrackSettings"))(track)
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
        status = app(
            args=None if arguments is None else list(arguments), prog_name="icenet", standalone_mode=False
        )  # fmt: skip
    except Cancelled as stop:
        _end(str(stop), 130)
    except IceNetError as error:
        # A message that lists scenes has a line for each: the list comes first, the sentence last.
        sentence, *details = str(error).splitlines()
        for detail in details:
            say_warning(detail.strip())
        _end(sentence, 2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        _end("stopped by the keyboard", 130)
    except Exception as error:
        # Older versions of typer have these of click, newer ones of their own.
        if not callable(getattr(error, "format_message", None)):
            raise
        _refuse_words(error)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _refuse_words(error: Any) -> None:
    """Say in one line what is wrong with the words of a command; without any, show the help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        sys.exit(error.exit_code)
    context = getattr(error, "ctx", None)
    path = "icenet" if context is None else context.command_path
    sentence = " ".join(error.format_message().split()).rstrip(".")
    _end(f"{sentence[:1].lower()}{sentence[1:]}; {path} --help lists what there is", error.exit_code)


def _end(sentence: str, status: int) -> None:
    """End with one ``error:`` line."""
    sys.stderr.write(f"error: {sentence.rstrip(':.')}.\n")
    # A Ctrl-C that met code made from text, as an import of dataclasses is full of, would end Python by the signal
    # whatever status is asked for; text that runs to its end takes that back.
    exec("")
    sys.exit(status)


if __name__ == "__main__":
    main()
