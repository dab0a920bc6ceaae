"""Building a dataset: find out which parts are missing, make them, put all together."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_icenet.common.settings_model import given_or_default
from napari_icenet.datasets.build_parts import make_parts
from napari_icenet.datasets.covariates import names_of, sources_of
from napari_icenet.datasets.cut import check_fits, window_starts
from napari_icenet.datasets.parts import Job, jobs_of, read_part, read_part_tables
from napari_icenet.datasets.schema import TABLES, DatasetRecord, Part, SourceStack
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.periods import settled_periods
from napari_icenet.datasets.store import (
    PIXELS,
    chunk_name,
    close,
    count_files,
    create_pixels,
    holds_a_dataset,
    link,
    move_into_place,
    read_record,
    read_tables,
    work_folder,
    write_tables,
)
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack

#: Settings that may differ between a dataset and what is added to it: they choose parts, and change none.
_CHOOSING = {"bands", "windows"}


def build_dataset(
    stacks: Sequence[SceneStack],
    out: str | Path,
    settings: DatasetSettings | None = None,
    *,
    scheduler: str | None = None,
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> DatasetRecord:
    """Make a dataset of sequences, continue one that was stopped, or extend one.

    The result depends on the pictures and the settings alone: a dataset that was extended is the
    same as one built at once. Finished parts are kept beside ``out`` until it is whole.

    Parameters
    ----------
    stacks : sequence of SceneStack
        Of different names, with the same bands unless the settings name some.
    out : str or Path
        Folder to make, usually ``….zarr``. A dataset with the same settings is extended by what is
        new: later scenes of its stacks, other stacks.
    settings : DatasetSettings, optional
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler. Default: this machine.
    workers : int
        Processes on this machine.
    force : bool
        Replace a dataset that is already there.
    progress : Progress, optional
        If it raises :class:`~napari_icenet.errors.Cancelled`, finished parts stay for the next run.

    Raises
    ------
    DatasetError
        A stack is too short, too small, hidden or of other bands, or ``out`` cannot be extended.
    UsageError
        There is no such band, two stacks have the same name, or some have no shifts of their dates where others have.
    """
    settings, out = given_or_default(DatasetSettings, settings), Path(out)
    if not stacks:
        raise UsageError("No stack was named; name at least one.")
    by_name = {stack.name: stack for stack in stacks}
    if len(by_name) < len(stacks):
        raise UsageError("Two stacks have the same name; rename the folder of one of them.")
    bands = _bands(stacks, settings)
    for stack in stacks:
        check_fits(stack, settings)
    settings = _coregistered(stacks, settings)
    settings = _settled(out, stacks, settings, force)
    jobs: list[Job] = []
    for stack, chosen in zip(stacks, bands, strict=True):
        jobs += jobs_of(stack, chosen, window_starts(stack, settings), settings)
    old = _extended(out, by_name, settings, force)
    names, sources = names_of(stacks, old), sources_of(stacks, old)
    if len({source.dtype for source in sources.values()}) > 1:
        raise DatasetError("The stacks store values of different types; build a dataset for each of them.")
    kept = {part.key: part for part in old.parts} if old is not None else {}
    folder = work_folder(out)
    parts_folder = folder / "parts"
    _make_missing([job for job in jobs if job.key not in kept], by_name, settings, parts_folder, scheduler=scheduler,
                  workers=workers, progress=progress)  # fmt: skip
    parts = {job.key: kept.get(job.key) or read_part(parts_folder / job.key) for job in jobs}
    made = [part for part in parts.values() if part is not None]
    # Windows that a new scene has split are no longer of consecutive dates; those of other stacks stay.
    made += [part for part in kept.values() if part.stack not in by_name and part.key not in parts]
    made.sort(key=lambda part: (part.stack, sources[part.stack].bands.index(part.band), part.start))
    return _put_together(out, made, set(kept), sources, settings, covariates=names)


def _coregistered(stacks: Sequence[SceneStack], settings: DatasetSettings) -> DatasetSettings:
    """The settings, co-registered where the stacks have shifts of their dates: all of them, or none."""
    without = [stack.name for stack in stacks if stack.shifts is None]
    if not without:
        return settings.model_copy(update={"coregister": True})
    if settings.coregister or len(without) < len(stacks):
        raise UsageError(
            f"{without[0]} has no shifts of its dates and the dataset is to be co-registered; measure them "
            "(icenet.measure_shifts) and set them as the stack's shifts, or leave co-registration off."
        )
    return settings


def _settled(out: Path, stacks: Sequence[SceneStack], settings: DatasetSettings, force: bool) -> DatasetSettings:
    """The settings with blocks, gap and periods: those of a dataset that is extended, else as the stacks need."""
    if settings.split_by == "time" and settings.train_until is None and out.exists() and not force:
        old = read_record(out).settings
        if old.split_by == "time":
            until = {"train_until": old.train_until, "validation_until": old.validation_until}
            settings = settings.model_copy(update=until)
    settings = settled_periods(stacks, settings)
    if settings.block is None and settings.gap is None and out.exists() and not force:
        old = read_record(out).settings
        return settings.model_copy(update={"block": old.block, "gap": old.gap})
    return settings.on_frame(min((stack.grid.shape for stack in stacks), key=lambda shape: shape[0] * shape[1]))


def _bands(stacks: Sequence[SceneStack], settings: DatasetSettings) -> list[tuple[str, ...]]:
    """The bands to cut from each stack."""
    if settings.bands is not None:
        return [tuple(dict.fromkeys(stack.band(band) for band in settings.bands)) for stack in stacks]
    for stack in stacks[1:]:
        if stack.bands != stacks[0].bands:
            shared = [band for band in stacks[0].bands if band in stack.bands]
            advice = (
                f"choose among those they share with --bands {','.join(shared)}" if shared else "build two datasets"
            )
            raise DatasetError(
                f"{stacks[0].name} has the bands {', '.join(stacks[0].bands)} and {stack.name} has "
                f"{', '.join(stack.bands)}; {advice}."
            )
    return [stack.bands for stack in stacks]


def _extended(out: Path, stacks: dict[str, SceneStack], settings: DatasetSettings, force: bool) -> DatasetRecord | None:
    """The dataset that is to be extended; None where a new one is made."""
    if not out.exists():
        return None
    if force:
        if out.is_file() or not (holds_a_dataset(out) or (out / "chips").is_dir() or not any(out.iterdir())):
            raise DatasetError(f"{out} is no dataset made by icenet and is left as it is; choose another name.")
        return None
    old = read_record(out)
    mine, theirs = (s.model_dump(exclude=_CHOOSING) for s in (settings, old.settings))
    if mine != theirs:
        name = next(name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name))
        raise DatasetError(
            f"{out} was made with {name} {getattr(old.settings, name)}, not {getattr(settings, name)}; use the same "
            "settings to extend it, choose another name, or replace it with force=True (--force)."
        )
    for source in old.stacks:
        stack = stacks.get(source.name)
        if stack is None:
            continue
        now = SourceStack.of(stack)
        if not {scene.id for scene in source.scenes} <= {scene.id for scene in now.scenes}:
            raise DatasetError(
                f"{out} holds scenes of {source.name} that are no longer there; rename the stack to add it, "
                "or replace the dataset with force=True (--force)."
            )
        if now.grid != source.grid:
            raise DatasetError(
                f"the frame of {source.name} is another one than in {out}, so its chips do not fit; "
                "open the scenes on the same extent, or replace the dataset with force=True (--force)."
            )
    return old


def _make_missing(
    jobs: list[Job],
    stacks: dict[str, SceneStack],
    settings: DatasetSettings,
    folder: Path,
    *,
    scheduler: str | None,
    workers: int,
    progress: Progress | None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = [job for job in jobs if read_part(folder / job.key) is None]
    try:
        make_parts(missing, stacks, settings, folder, scheduler=scheduler, workers=workers, progress=progress)
    except BaseException:
        # One that was stopped before its first part leaves nothing.
        if not any(folder.iterdir()):
            shutil.rmtree(folder.parent, ignore_errors=True)
        raise
    try:
        for name in dict.fromkeys(job.stack for job in jobs):
            _refuse_without_ice(name, [folder / job.key for job in jobs if job.stack == name], settings)
    except DatasetError:
        # No later run can use them.
        shutil.rmtree(folder.parent)
        raise


def _refuse_without_ice(name: str, folders: list[Path], settings: DatasetSettings) -> None:
    """Refuse a stack that gives no sequence, or none that shows the ground."""
    parts = (read_part(folder) for folder in folders)
    if not any(part.count for part in parts if part is not None):
        raise DatasetError(
            f"{name} shows no chip of {settings.chip} pixels with {settings.min_valid:.0%} of them valid; "
            "choose a smaller chip, or other scenes."
        )
    for folder in folders:
        tables = read_part_tables(folder)
        # What was found on a second date, and is not hidden.
        shown = tables["valid"] & ~(tables["cloud"] > settings.max_cloud)
        if shown[:, 1:].any():
            return
    raise DatasetError(
        f"{name} is hidden by cloud or flat on all dates, so no chip can be followed; choose other scenes."
    )


def _put_together(
    out: Path,
    parts: list[Part],
    old: set[str],
    sources: dict[str, SourceStack],
    settings: DatasetSettings,
    *,
    covariates: tuple[str, ...],
) -> DatasetRecord:
    """Write the dataset beside its place, from parts of the old one and new ones, and move it there."""
    folder = work_folder(out)
    whole = folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    group = zarr.create_group(store=whole, zarr_format=3)
    dtype = np.dtype(next(iter(sources.values())).dtype)
    total = sum(part.count for part in parts)
    create_pixels(group, total, (settings.frames, settings.chip, settings.chip), dtype)
    before = _first_rows(out) if old else {}
    old_tables = read_tables(out) if old else {}
    tables: list[dict[str, NDArray[Any]]] = []
    first = 0
    for part in parts:
        source, offset = (out, before[part.key]) if part.key in old else (folder / "parts" / part.key, 0)
        for name in PIXELS:
            for index in range(part.count):
                chunk = source / name / chunk_name(offset + index)
                if chunk.exists():
                    link(chunk, whole / name / chunk_name(first + index))
        first += part.count
        if part.key in old:
            tables.append({name: table[offset : offset + part.count] for name, table in old_tables.items()})
        else:
            tables.append(read_part_tables(source))
    write_tables(group, {name: np.concatenate([t[name] for t in tables]) for name in TABLES})
    used = {part.stack for part in parts}
    stacks = tuple(sources[name] for name in sorted(used))
    record = DatasetRecord(
        settings=settings.model_copy(update={"bands": None, "windows": None}),
        stacks=stacks, parts=tuple(parts), files=count_files(whole),
        simulated=any(scene.simulated for stack in stacks for scene in stack.scenes), covariates=covariates,
    )  # fmt: skip
    close(whole, record)
    move_into_place(whole, out)
    shutil.rmtree(folder, ignore_errors=True)
    return record


def _first_rows(out: Path) -> dict[str, int]:
    """First row of each part of a dataset."""
    parts = read_record(out).parts
    starts = np.concatenate([[0], np.cumsum([part.count for part in parts])])
    return {part.key: int(start) for part, start in zip(parts, starts, strict=False)}
