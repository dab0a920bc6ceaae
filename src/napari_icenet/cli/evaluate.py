"""The command ``icenet evaluate``: the paper's table and figures for every predictor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_icenet.cli.option_texts import BANDS, CHAIN, CHIP, COVARIATES, FRAMES, ROBUST, SCALE, STRIDE
from napari_icenet.cli.progress import ProgressLine, say_warning
from napari_icenet.cli.settings_help import DEFAULT
from napari_icenet.cli.stack_options import Crs, Exclude, Extent, Only, PixelSize
from napari_icenet.cli.stopping import NOTHING, telling_what_is_kept
from napari_icenet.errors import UsageError
from napari_icenet.predictors.registry import PREDICTORS


def evaluate(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET_OR_STACK",
            help="IceNet sequences made by icenet dataset, or any stack: the sequences are then cut from it.",
            show_default=False,
            readable=False,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="REPORT", help="Folder to make.", show_default=False)
    ] = None,
    predictors: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help=f"Their names; default: all ({', '.join(PREDICTORS)})."),
    ] = None,
    weights: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Weights of a learned predictor, instead of the package's; may be repeated.",
            show_default=False,
        ),
    ] = None,
    bands: Annotated[str | None, typer.Option(metavar="B1,B2,…", help=BANDS)] = None,
    chip: Annotated[int | None, typer.Option(help=CHIP)] = None,
    scale: Annotated[float | None, typer.Option(help=SCALE)] = None,
    stride: Annotated[int | None, typer.Option(help=STRIDE)] = None,
    frames: Annotated[int | None, typer.Option(help=FRAMES)] = None,
    tracking: Annotated[
        Literal["chain", "robust", "both"] | None,
        typer.Option(help=f"{CHAIN}, {ROBUST} or both; default: {DEFAULT}."),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option(help="Part of a dataset; default: all of it."),
    ] = None,
    covariates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help=f"{COVARIATES} For weights trained with them; a dataset has its own.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same bootstrap and samples; default: {default}.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the report if it is there.")] = False,
    crs: Crs = None,
    extent: Extent = "intersection",
    exclude: Exclude = None,
    only: Only = None,
    pixel_size: PixelSize = None,
) -> None:
    """How well predictors know the next chips: the paper's table, maps and panels, and what correlation hides."""
    if output is None:
        raise UsageError("No report was named; add -o REPORT.")
    # Chips are worked on side by side; threads of BLAS inside small sums would only get in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from napari_icenet.evaluation.data_leakage import trained_here
    from napari_icenet.evaluation.evaluate import evaluate as run
    from napari_icenet.evaluation.report.markdown import summary
    from napari_icenet.evaluation.report.write import check_report, write_report
    from napari_icenet.evaluation.sources.open import make_predictors, open_source

    given = {
        "predictors": _names(predictors), "bands": _names(bands), "chip": chip, "scale": scale, "stride": stride,
        "frames": frames, "tracking": tracking, "split": split, "seed": seed,
    }  # fmt: skip
    own = _weights(weights or [])
    check_report(output, force=force)
    with telling_what_is_kept(f"{output} is as it was" if output.exists() else NOTHING):
        with ProgressLine() as progress:
            opened, settings = open_source(
                source, given, crs=crs, extent=extent, exclude=exclude or (), only=only or (), pixel_size=pixel_size,
                covariates=covariates, own_weights=own, progress=progress,
            )  # fmt: skip
        for notice in opened.notices:
            say_warning(notice)
        with ProgressLine() as progress:
            chosen = make_predictors(opened, settings, own)
        for one in trained_here(opened, chosen):
            if one.flatters:
                say_warning(one.sentence)
        with ProgressLine() as progress:
            made = run(opened, settings, predictors=chosen, processes=os.cpu_count() or 1, progress=progress)
            write_report(made, output, force=force, progress=progress)
    typer.echo(output)
    typer.echo(summary(made))


def _weights(files: list[Path]) -> dict[str, Path]:
    """Files of weights by the predictor that they are for."""
    from napari_icenet.predictors.learned import model_of

    found = {model_of(path): path for path in files}
    if len(found) < len(files):
        raise UsageError("two files of --weights are for the same predictor; name one of them.")
    return found


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
