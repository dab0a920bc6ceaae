"""The command ``icenet velocity``: dense maps of motion between dates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_icenet.cli.option_texts import BAND, DEVICE, PREFILTER, STABLE
from napari_icenet.cli.progress import ProgressLine, say_warning
from napari_icenet.cli.stack_options import Crs, Exclude, Extent, Only, PixelSize, StackPath, open_for_command
from napari_icenet.cli.stopping import NOTHING, telling_what_is_kept
from napari_icenet.errors import TrackingError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_icenet.scenes.stack import SceneStack
    from napari_icenet.velocity.prior import Prior
    from napari_icenet.velocity.velocity_map import VelocityMap


def velocity(
    stack: StackPath,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="OUT.nc (NetCDF) or OUT.tif (GeoTIFF of one pair).", show_default=False),
    ] = None,
    first: Annotated[str | None, typer.Option(metavar="DATE", help="Date that displacements start from.")] = None,
    second: Annotated[str | None, typer.Option(metavar="DATE", help="Date that they lead to.")] = None,
    pairs: Annotated[
        Literal["consecutive", "all"] | None,
        typer.Option(
            help="Pairs of dates, where none is named; default: consecutive. "
            "Where pairs close loops, as all do, a time series is inverted too."
        ),
    ] = None,
    same_geometry: Annotated[
        bool,
        typer.Option("--same-geometry", help="Pair only scenes of one path and row, between which no terrain shifts."),
    ] = False,
    band: Annotated[str | None, typer.Option(help=BAND)] = None,
    chip: Annotated[int | None, typer.Option(help="Side C of the smallest chip, px; default: {default}.")] = None,
    max_chip: Annotated[
        int | None, typer.Option(help="Chips that fail are doubled up to this side, px; default: {default}.")
    ] = None,
    spacing: Annotated[int | None, typer.Option(help="Distance between points, px; default: {default}.")] = None,
    radius: Annotated[int | None, typer.Option(help="How far chips are searched for, px; default: {default}.")] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            help="Scale factor c, in place of --radius: the search window's side is c times the smallest chip's."
        ),
    ] = None,
    max_speed: Annotated[
        float | None,
        typer.Option(
            help="Greatest speed there is, m/yr, in place of --radius. The search reaches at least 3 px; faster "
            "vectors are told, not left out."
        ),
    ] = None,
    prefilter: Annotated[str | None, typer.Option(help=PREFILTER)] = None,
    prior: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Velocity map (NetCDF, GeoTIFF of vx, vy) that the search is centred on."),
    ] = None,
    stable: Annotated[
        Path | None,
        typer.Option(
            metavar="MASK",
            help=f"{STABLE}; the offset of each pair is measured on it and taken off.",
        ),
    ] = None,
    coregister: Annotated[
        bool,
        typer.Option(
            "--coregister",
            help="Take off the offset of each pair, measured on ground that does not move: found in the map itself "
            "without a mask.",
        ),
    ] = False,
    coarse_to_fine: Annotated[
        bool, typer.Option("--coarse-to-fine", help="Search at a quarter of the resolution first: faster.")
    ] = False,
    affine: Annotated[
        bool, typer.Option("--affine", help="Refine each match by the chip's stretch and shear: for shear margins.")
    ] = False,
    min_overlap: Annotated[
        float | None,
        typer.Option(help="Least share of a chip's pixels that must be valid on both dates; default: {default}."),
    ] = None,
    min_peak_ratio: Annotated[
        float | None, typer.Option(help="Matches that stand out less from their rivals are lost; default: {default}.")
    ] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE)] = None,
    memory_gb: Annotated[
        float | None, typer.Option("--memory", metavar="GB", help="Memory to stay within; default: {default}.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Quality report; a figure beside it as PNG.")
    ] = None,
    crs: Crs = None,
    extent: Extent = "intersection",
    exclude: Exclude = None,
    only: Only = None,
    pixel_size: PixelSize = None,
) -> None:
    """Map the velocity between dates, with the evidence for every vector.

    A run that was stopped continues where it was when it is started again.
    """
    from napari_icenet.common.own_files import refuse_foreign
    from napari_icenet.velocity.cautions import AHEAD, cautions_ahead, cautions_of
    from napari_icenet.velocity.io.write import check_output, summary, write_maps
    from napari_icenet.velocity.pairs import make_pairs, map_pairs
    from napari_icenet.velocity.settings import make_velocity_settings
    from napari_icenet.velocity.time_series.inversion import series_of

    if output is None:
        raise UsageError("No output was named; add -o OUT.nc or -o OUT.tif.")
    check_output(output)
    refuse_foreign(output)
    _check_dates(first, second, pairs)
    _check_report(report)
    settings = make_velocity_settings(
        band=band, chip=chip, max_chip=max_chip, spacing=spacing, radius=radius, scale=scale,
        max_speed=max_speed, prefilter=prefilter, coarse_to_fine=coarse_to_fine, affine=affine,
        coregister=coregister or stable is not None, min_overlap=min_overlap, min_peak_ratio=min_peak_ratio,
        device=device, memory_gb=memory_gb, same_geometry=same_geometry,
    )  # fmt: skip
    with telling_what_is_kept(lambda: _kept(output)):
        opened = open_for_command(stack, band, crs, extent, exclude, only, pixel_size, least=2)
        opened.band(settings.band)
        if first is not None and second is not None:
            chosen = [(opened.time_index(first), opened.time_index(second))]
        else:
            chosen = make_pairs(opened, pairs or "consecutive", same_geometry=same_geometry)
        check_output(output, len(chosen))
        ground, guide = _read_guides(opened, stable, prior)
        for caution in cautions_ahead(opened, chosen, settings, prior=guide is not None):
            say_warning(caution)
        with _workplace(output) as workplace, ProgressLine() as progress:
            maps = map_pairs(
                opened, chosen, settings, stable=ground, prior=guide, workplace=workplace, progress=progress
            )
            series = series_of(maps, progress=progress)
        write_maps(maps, output, series=series)
    shutil.rmtree(workplace, ignore_errors=True)
    written = [output]
    if report is not None:
        with telling_what_is_kept(f"{output} is written, the quality report is not"):
            written += _write_report(maps, report)
    for caution in cautions_of(maps, leave_out=AHEAD):
        say_warning(caution)
    for made in maps:
        if not made.valid.any():
            say_warning(f"{made.labels[0]} → {made.labels[1]}: {' '.join(made.notes)}")
    for path in written:
        typer.echo(path)
    typer.echo(summary(maps))


def _kept(output: Path) -> str:
    """What is left of a run that the keyboard stopped before its maps were whole."""
    before = f"{output} is as it was" if output.exists() else ""
    if not _tiles(output).exists():
        return before or NOTHING
    beside = f"{before}; finished tiles are kept beside it" if before else f"finished tiles are kept beside {output}"
    return f"{beside}, and the same command goes on from them"


def _tiles(output: Path) -> Path:
    return output.with_name(f".{output.name}.parts")


@contextmanager
def _workplace(output: Path) -> Iterator[Path]:
    """A folder beside the output for finished tiles: a run that was stopped leaves it, one that failed does not."""
    folder = _tiles(output)
    try:
        yield folder
    except (TrackingError, UsageError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        if not any(folder.rglob("*.npz")):
            shutil.rmtree(folder, ignore_errors=True)


def _check_dates(first: str | None, second: str | None, pairs: str | None) -> None:
    if (first is None) != (second is None):
        given, missing = ("--first", "--second") if second is None else ("--second", "--first")
        raise UsageError(f"{given} names one date and a pair has two; add {missing} DATE.")
    if first is not None and pairs is not None:
        raise UsageError(f"--first and --second name one pair, --pairs {pairs} many; leave one of them out.")


def _check_report(report: Path | None) -> None:
    from napari_icenet.common.atomic_io import check_destination
    from napari_icenet.velocity.quality.assess import is_report

    if report is not None:
        check_destination(report, (".json",), "quality reports")
        if report.is_file() and not is_report(report):
            raise UsageError(f"{report} is no quality report of icenet, so it is not replaced; choose another name.")


def _read_guides(
    stack: SceneStack, stable: Path | None, prior: Path | None
) -> tuple[NDArray[np.bool_] | None, Prior | None]:
    """Stable ground and prior velocities on the stack's frame, where they are given."""
    from napari_icenet.velocity.prior import read_prior
    from napari_icenet.velocity.stable_ground.mask import read_stable_mask

    ground = None if stable is None else read_stable_mask(stable, stack.grid)
    return ground, None if prior is None else read_prior(prior, stack)


def _write_report(maps: list[VelocityMap], path: Path) -> list[Path]:
    """Write the quality report as JSON and its figure beside it; the two files."""
    from napari_icenet.velocity.quality.assess import quality_report, write_report
    from napari_icenet.velocity.quality.figure import report_figure

    judged = quality_report(maps)
    write_report(judged, path)
    figure = path.with_suffix(".png")
    report_figure(maps, figure, judged)
    return [path, figure]
