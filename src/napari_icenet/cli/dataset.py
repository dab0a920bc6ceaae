"""The command ``icenet dataset``: sequences of chips from stacks, stored for training."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_icenet.cli.coregistration import Coregister, Stable, coregister_for_command, coregistration_asked
from napari_icenet.cli.option_texts import BANDS, CHIP, COVARIATES, FRAMES, SCALE, STRIDE, TRACKING
from napari_icenet.cli.progress import ProgressLine, say_warning
from napari_icenet.cli.stack_options import Crs, Exclude, Extent, Only, PixelSize, open_for_command
from napari_icenet.cli.stopping import NOTHING, telling_what_is_kept
from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    from napari_icenet.datasets.dataset import SequenceDataset
    from napari_icenet.datasets.settings import DatasetSettings


def dataset(
    stacks: Annotated[
        list[Path],
        typer.Argument(
            metavar="STACK …",
            help="Folders of Landsat products or of dated images, or stacks saved by icenet.",
            show_default=False,
            readable=False,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="ICENET.zarr; one with the same settings is extended.")
    ] = None,
    preset: Annotated[
        Literal["paper"] | None, typer.Option(help="paper: 7 bands × 1525 chips × 12 dates; options go before it.")
    ] = None,
    chip: Annotated[int | None, typer.Option(help=CHIP)] = None,
    frames: Annotated[int | None, typer.Option(help=FRAMES)] = None,
    scale: Annotated[
        float | None,
        typer.Option(help=SCALE),
    ] = None,
    stride: Annotated[int | None, typer.Option(help=STRIDE)] = None,
    bands: Annotated[str | None, typer.Option(metavar="B1,B2,…", help=BANDS)] = None,
    tracking: Annotated[
        Literal["chain", "robust"] | None,
        typer.Option(help=TRACKING),
    ] = None,
    chips: Annotated[int | None, typer.Option(help="Chips taken from the grid, evenly; default: all.")] = None,
    windows: Annotated[
        int | None, typer.Option(help="Windows of consecutive dates, from the first; default: every one.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Same seed, same blocks of ground for training, validation and test; default: {default}."),
    ] = None,
    block: Annotated[
        float | None, typer.Option(help="Side of a block of ground, in chips; default: what suits the frame.")
    ] = None,
    gap: Annotated[
        int | None, typer.Option(help="Pixels between chips of different splits; default: what suits the frame.")
    ] = None,
    validation: Annotated[
        float | None, typer.Option(help="Share of the ground, or of the time, for validation; default: {default}.")
    ] = None,
    test: Annotated[
        float | None, typer.Option(help="Share of the ground, or of the time, for the test; default: {default}.")
    ] = None,
    split_by: Annotated[
        Literal["area", "time"] | None,
        typer.Option(
            help="area (blocks of ground are held out) or time (what came after a day is); default: {default}."
        ),
    ] = None,
    train_until: Annotated[
        datetime | None, typer.Option(help="Split by time: last day of training; default: by the shares.")
    ] = None,
    validation_until: Annotated[
        datetime | None, typer.Option(help="Split by time: last day of validation; default: by the shares.")
    ] = None,
    covariates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help=COVARIATES,
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A dask.distributed scheduler; default: this machine.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace the dataset if it is there.")] = False,
    coregister: Coregister = False,
    stable: Stable = None,
    crs: Crs = None,
    extent: Extent = "intersection",
    exclude: Exclude = None,
    only: Only = None,
    pixel_size: PixelSize = None,
) -> None:
    """Cut sequences of chips followed through consecutive dates, split by area, stored as zarr.

    A run that was stopped continues where it was when it is started again.
    """
    if output is None:
        raise UsageError("No output was named; add -o ICENET.zarr.")
    from napari_icenet.datasets.builder import build_dataset
    from napari_icenet.datasets.preset import preset_values
    from napari_icenet.datasets.settings import make_dataset_settings

    named = None if bands is None else tuple(name.strip() for name in bands.split(",") if name.strip())
    values = {
        "chip": chip, "frames": frames, "scale": scale, "stride": stride, "bands": named, "tracking": tracking,
        "chips": chips, "windows": windows, "seed": seed, "block": block, "gap": gap,
        "validation": validation, "test": test,
        "split_by": split_by,
        "train_until": _to_its_end(train_until), "validation_until": _to_its_end(validation_until),
    }  # fmt: skip
    make_dataset_settings(**values)
    band = named[0] if named is not None and len(named) == 1 else None
    with telling_what_is_kept(lambda: _kept(output)):
        opened = [open_for_command(path, band, crs, extent, exclude, only, pixel_size, least=2) for path in stacks]
        if preset is not None:
            values = preset_values(preset, opened[0], **values)
        settings = make_dataset_settings(**values)
        if coregistration_asked(coregister, stable):
            for one in opened:
                coregister_for_command(one, 1 if named is None else named[0], stable)
        if covariates is not None:
            from napari_icenet.scenes.covariates import give_covariates

            for sentence in give_covariates(opened, covariates):
                say_warning(sentence)
        with ProgressLine() as progress:
            build_dataset(
                opened, output, settings, scheduler=scheduler, workers=workers, force=force, progress=progress
            )
    from napari_icenet.datasets.dataset import open_dataset

    made = open_dataset(output)
    if empty := [name for name in ("train", "validation", "test") if not made.select(split=name).size]:
        say_warning(
            f"no sequence is for {' or '.join(empty)}: too few blocks of ground show enough; add stacks, "
            "or choose a smaller stride or chip, or another seed."
        )
    typer.echo(output)
    typer.echo(_summary(made))


def _kept(output: Path) -> str:
    """What is left of a run that the keyboard stopped before the dataset was whole."""
    from napari_icenet.datasets.store import work_folder

    before = f"{output} is as it was" if output.exists() else ""
    if not any((work_folder(output) / "parts").glob("*")):
        return before or NOTHING
    beside = f"{before}; finished parts are kept beside it" if before else f"finished parts are kept beside {output}"
    return f"{beside}, and the same command goes on from them"


def _to_its_end(day: datetime | None) -> datetime | None:
    """The last second of a day that was named without a time."""
    return day + timedelta(days=1, seconds=-1) if day is not None and day.time() == time.min else day


def _summary(icenet: SequenceDataset) -> str:
    """Summary of a dataset in a few lines."""
    from napari_icenet.datasets.sequences import SPLITS

    record, settings = icenet.record, icenet.record.settings
    bands = list(dict.fromkeys(part.band for part in record.parts))
    shares = ", ".join(f"{name} {len(icenet.select(split=name))}" for name in SPLITS)
    left_out = sum(part.left_out for part in record.parts)
    lines = [
        f"sequences  {len(icenet)} of {settings.frames} × {settings.chip} × {settings.chip} px, {settings.tracking}",
        f"bands      {len(bands)}: {', '.join(bands)}",
        f"windows    {len({(part.stack, part.start) for part in record.parts})} of consecutive dates, "
        f"from {len(record.stacks)} {'stack' if len(record.stacks) == 1 else 'stacks'}",
        f"splits     {shares}; {_parted(settings)}",
        f"valid      {icenet.tables['valid'].mean():.1%} of the frames",
        f"left out   {left_out} chips with too few valid pixels on the first date",
    ]
    if record.covariates:
        lines.append(f"covariates {len(record.covariates)}: {', '.join(record.covariates)}")
    notes = {stack.name: stack.grid.grid().pixel_size_note for stack in record.stacks}
    lines += [f"grid       {name}: {note}" for name, note in notes.items() if note is not None]
    if record.shifts_text:
        lines.append(f"shifts     {record.shifts_text}")
    lines += [f"credit     {credit}" for credit in record.credits]
    if record.simulated:
        lines.append("simulated  yes: this is not a measurement")
    return "\n".join(lines)


def _parted(settings: DatasetSettings) -> str:
    """Sentence on what keeps the splits apart."""
    if settings.train_until is None or settings.validation_until is None:
        return f"blocks of {settings.block_px} px, {settings.gap_px} px apart"
    return f"training until {settings.train_until:%Y-%m-%d}, validation until {settings.validation_until:%Y-%m-%d}"
