"""A stack on disk: one zarr store with values, fill, flags and all that is known of the scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import ValidationError
from zarr.codecs import BloscCodec

from napari_icenet.common.atomic_io import replaced_folder
from napari_icenet.common.zarr_attributes import zarr_attributes
from napari_icenet.errors import SceneError, StackError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.raster.georeference import checked
from napari_icenet.scenes.scene import Notice, Scene, fill_marker
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.schema import (
    FORMAT,
    VERSION,
    GridRecord,
    NoticeRecord,
    SceneRecord,
    StackRecord,
    is_saved_stack,
)

CHUNK_SIDE_PX = 1024


class StoredMask:
    """Quality flags in an array of the store.

    Parameters
    ----------
    flags : array of uint8, (height, width)
        Read when sliced.
    """

    def __init__(self, flags: Any) -> None:
        self._flags = flags

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window inside the frame."""
        return np.asarray(self._flags[window.slices], np.uint8)


class _Layer:
    """One date (and band) of a stored array; reads no more than the window asked for."""

    def __init__(self, path: Path, array: Any, index: tuple[int, ...]) -> None:
        self._path = path
        self._array = array
        self._index = index
        self.shape = tuple(array.shape[len(index) :])
        self.dtype = np.dtype(array.dtype)

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[Any]:
        try:
            return np.asarray(self._array[(*self._index, *window)])
        except (OSError, ValueError, RuntimeError) as error:
            # What zarr and its codecs raise for chunks that are cut short or unreadable.
            raise SceneError(f"{self._path} is damaged in {self._array.basename}; copy or save it again.") from error


def save_stack(
    stack: SceneStack, path: str | Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Path:
    """Write a stack as a zarr store (version 3) that reads back identical.

    Chunks are one date and band of at most 1024 × 1024 pixels, and are copied one by one. The
    store is written beside its place and moved there when it is whole.

    Parameters
    ----------
    stack : SceneStack
    path : str or Path
        Folder to make, usually ``….zarr``.
    overwrite : bool
        Replace a stack that is already there; anything else there is never touched.
    progress : Progress, optional
        Called with a fraction and a text; if it raises ``Cancelled`` nothing is left behind.

    Returns
    -------
    Path
        Where the stack is now.

    Raises
    ------
    StackError
        There is something at ``path``, or it cannot be written.
    """
    path = Path(path)
    if path.exists():
        if not overwrite:
            raise StackError(f"{path} exists; choose another name, or allow it to be overwritten.")
        if not is_saved_stack(path):
            raise StackError(f"{path} is no stack saved by icenet and is left as it is; choose another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_folder(path) as folder:
            group = zarr.create_group(store=folder, zarr_format=3)
            _write_arrays(stack, group, progress)
            counts = {name: int(array.nchunks_initialized) for name, array in group.arrays()}
            record = StackRecord(
                name=stack.name,
                bands=stack.bands,
                grid=GridRecord.of(stack.grid),
                scenes=tuple(SceneRecord.of(scene, stack.bands) for scene in stack.scenes),
                notices=tuple(NoticeRecord(message=n.message, scene=n.scene) for n in stack.notices),
                chunks=counts,
            )
            # Last, so that a store without them is known to be unfinished.
            group.attrs.update({"format": FORMAT, "version": VERSION, "stack": record.model_dump(mode="json")})
    except OSError as error:
        raise StackError(f"{path} cannot be written ({error.strerror or error}); choose another place.") from error
    return path


def read_stack(path: str | Path) -> SceneStack:
    """Open a stack saved by :func:`save_stack`; pixels are read when they are asked for.

    Raises StackError: there is no saved stack, it is incomplete, or a newer version has written it.
    """
    path = Path(path)
    arrays, record = _open(path)
    grid, said = checked(record.grid.grid(), record.name)
    scenes = []
    for t, scene in enumerate(record.scenes):
        scenes.append(
            Scene(
                id=scene.id,
                time=scene.time,
                grid=grid,
                bands={
                    band: ArrayBand(_Layer(path, arrays["values"], (t, b)), _Layer(path, arrays["fill"], (t, b)))
                    for b, band in enumerate(record.bands)
                    if band in scene.bands
                },
                time_known=scene.time_known,
                mask=StoredMask(_Layer(path, arrays["flags"], (t,))) if scene.masked else None,
                scaling=scene.scalings(),
                provenance=scene.provenance,
            )
        )
    return SceneStack(
        scenes,
        record.bands,
        grid,
        name=record.name,
        area=_Layer(path, arrays["area"], ())[:, :] if "area" in arrays else None,
        notices=[*(notice.notice() for notice in record.notices), *([] if said is None else [Notice(said)])],
    )


def _write_arrays(stack: SceneStack, group: Any, progress: Progress | None) -> None:
    times, _, height, width = stack.shape
    chunk = (min(CHUNK_SIDE_PX, height), min(CHUNK_SIDE_PX, width))
    compressor = BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle")

    def make(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        chunks = (1,) * (len(shape) - 2) + chunk
        return group.create_array(name, shape=shape, dtype=dtype, chunks=chunks, compressors=compressor)

    values = make("values", stack.shape, stack.dtype)
    fill = make("fill", stack.shape, bool)
    flags = make("flags", (times, height, width), np.uint8)
    if stack.area is not None:
        make("area", (height, width), bool)[:] = stack.area
    windows = list(stack.grid.full_window.tiles(CHUNK_SIDE_PX))
    done, total = 0, times * len(windows)
    for t in range(times):
        for window in windows:
            if progress:
                progress(done / total, f"Saving {stack.labels[t]}")
            rows, cols = window.slices
            for b, band in enumerate(stack.bands):
                stored = stack.read_stored(t, band, window)
                if stored is None:
                    values[t, b, rows, cols] = fill_marker(stack.dtype)
                    fill[t, b, rows, cols] = True
                else:
                    values[t, b, rows, cols], fill[t, b, rows, cols] = stored
            flags[t, rows, cols] = stack.flags(t, window)
            done += 1


def _open(path: Path) -> tuple[Any, StackRecord]:
    incomplete = f"{path} is an incomplete stack; save or copy it again."
    attributes = zarr_attributes(path)
    others = (
        f"{path} is a zarr store, but no stack that icenet finished saving; save it again, or open what another "
        "program saved with SceneStack.from_xarray."
    )
    if attributes is None and (path / ".zgroup").exists():  # version 2 of the format, which icenet never wrote
        raise StackError(others)
    if attributes is None:
        raise StackError(incomplete if path.exists() else f"{path} does not exist; name a saved stack.")
    if attributes.get("format") != FORMAT:
        raise StackError(others)
    version = attributes.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise StackError(f"{path} was saved by a newer napari-icenet (format {version}); update to open it.")
    try:
        record = StackRecord.model_validate(attributes["stack"])
        group = zarr.open_group(path, mode="r")
        arrays = dict(group.arrays())
        whole = all(name in arrays and arrays[name].nchunks_initialized == n for name, n in record.chunks.items())
    except (ValidationError, KeyError, ValueError, OSError) as error:
        raise StackError(incomplete) from error
    if not whole:
        raise StackError(incomplete)
    return arrays, record
