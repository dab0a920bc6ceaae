"""A dataset on disk: one zarr store with a chunk per sequence, whole or absent."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import ValidationError
from zarr.codecs import BloscCodec

from napari_icenet.common.atomic_io import put_in_place
from napari_icenet.common.web_address import download_first
from napari_icenet.common.zarr_attributes import zarr_attributes
from napari_icenet.datasets.schema import FORMAT, TABLES, VERSION, DatasetRecord
from napari_icenet.errors import DatasetError
from napari_icenet.scenes.scene import fill_marker

#: Arrays of pixels (n, T, C, C): stored values, and where they are missing (for types without NaN).
PIXELS = ("chips", "missing")
#: Rows of the tables in one chunk.
_ROWS = 65536


def work_folder(path: Path) -> Path:
    """Folder of a build's finished parts, beside the dataset it will become."""
    return path.with_name(f".{path.name}.partial")


def chunk_name(index: int) -> str:
    """File of the chips of one sequence, inside the folder of their array."""
    return f"c.{index}.0.0.0"


def create_pixels(group: Any, count: int, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
    """Make the arrays for ``count`` sequences of (T, C, C) pixels; one sequence is one chunk."""
    for name, kind in zip(PIXELS, (dtype, np.dtype(bool)), strict=True):
        group.create_array(
            name, shape=(count, *shape), chunks=(1, *shape), dtype=kind,
            compressors=BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"),
            chunk_key_encoding={"name": "default", "separator": "."},
            dimension_names=("sequence", "frame", "row", "col"), fill_value=0,
        )  # fmt: skip


def stored(chips: NDArray[np.float32], dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Chips in the type of their stack, and where they are missing (marked by NaN in floating types alone)."""
    if dtype.kind == "f":
        return chips.astype(dtype), np.zeros(chips.shape, bool)
    missing = np.isnan(chips)
    return np.where(missing, np.float32(fill_marker(dtype)), chips).astype(dtype), missing


def write_tables(group: Any, tables: Mapping[str, NDArray[Any]]) -> None:
    """Write all that is known of the sequences beside their pixels."""
    for name, (kind, axis) in TABLES.items():
        values: NDArray[Any] = np.asarray(tables[name], kind)
        names = ("sequence", axis) if axis else ("sequence",)
        chunks = (min(_ROWS, max(len(values), 1)), *values.shape[1:])
        array = group.create_array(
            name, shape=values.shape, chunks=chunks, dtype=values.dtype, dimension_names=names,
            compressors=BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"),
        )  # fmt: skip
        array[...] = values


def read_tables(path: Path) -> dict[str, NDArray[Any]]:
    """The tables of a dataset, as stored."""
    group: Any = zarr.open_group(path, mode="r")
    return {name: np.asarray(group[name][...]) for name in TABLES}


def link(source: Path, target: Path) -> None:
    """The same file in another place, without copying it where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def count_files(path: Path) -> dict[str, int]:
    """Count the chunks that each array of pixels has on disk; those without any pixel but 0 have none."""
    return {
        name: sum(entry.name.startswith("c.") for entry in os.scandir(path / name))
        for name in PIXELS
        if (path / name).is_dir()
    }


def close(path: Path, record: DatasetRecord) -> None:
    """Write the record of a dataset that is otherwise whole: without it, it counts as unfinished."""
    group = zarr.open_group(path, mode="r+")
    group.attrs.update({"format": FORMAT, "version": record.version, "dataset": record.model_dump(mode="json")})
    with warnings.catch_warnings():
        # That other libraries may not read consolidated metadata yet does no harm: the plain ones stay.
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(path, zarr_format=3)


def move_into_place(folder: Path, path: Path) -> None:
    """Put a finished dataset in its place, where an older one may be.

    Raises DatasetError: the place cannot be written; what was there is still there.
    """
    try:
        put_in_place(folder, path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be written ({error.strerror or error}); choose another place.") from error


def holds_a_dataset(path: Path) -> bool:
    """True if something is a dataset, whole or not, of any version."""
    attributes = zarr_attributes(path)
    return attributes is not None and attributes.get("format") == FORMAT


def read_record(path: Path) -> DatasetRecord:
    """The record of a whole dataset.

    Raises DatasetError: there is none, it is not whole, or a newer version has written it.
    """
    if not path.exists():
        if work_folder(path).exists():
            raise DatasetError(f"{path} is not finished; run icenet dataset again to continue it.")
        raise DatasetError(download_first(path) or f"{path} does not exist; name a dataset made by icenet dataset.")
    incomplete = f"{path} is an incomplete dataset; copy it again, or build it again with force=True (--force)."
    attributes = zarr_attributes(path)
    if attributes is None or "format" not in attributes:
        raise DatasetError(incomplete if (path / "chips").is_dir() else f"{path} is no dataset made by icenet.")
    if attributes["format"] != FORMAT:
        raise DatasetError(f"{path} is an {attributes['format']}, no dataset; make one with icenet dataset.")
    version = attributes.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise DatasetError(f"{path} was made by a newer napari-icenet (format {version}); update to open it.")
    try:
        record = DatasetRecord.model_validate(attributes["dataset"])
        whole = count_files(path) == record.files and all((path / name / "zarr.json").exists() for name in TABLES)
    except (ValidationError, KeyError, OSError) as error:
        raise DatasetError(incomplete) from error
    if not whole:
        raise DatasetError(incomplete)
    return record
