"""One place that knows what a path may be: products, one product, dated images, a saved stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from napari_icenet.common.instant import Instant
from napari_icenet.common.web_address import download_first
from napari_icenet.errors import SceneError, StackError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.align.align import align, coordinate_system
from napari_icenet.scenes.align.common_grid import Extent
from napari_icenet.scenes.bands import asked_bands
from napari_icenet.scenes.dated.image_files import IMAGE_SUFFIXES
from napari_icenet.scenes.dated.passed_over import images_beside_products, is_archive, passed_over
from napari_icenet.scenes.dated.unrecognised import EXPECTED, why_unrecognised
from napari_icenet.scenes.dated_folder import is_dated_folder, read_dated_folder
from napari_icenet.scenes.folder_listing import FolderListing, list_folder, listing_or_none
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.landsat.files import ProductFiles, may_look_into, product_files
from napari_icenet.scenes.landsat.product import PAN_BAND, is_product, read_product, read_product_files
from napari_icenet.scenes.landsat.product_id import parse_product_name
from napari_icenet.scenes.origin import Origin
from napari_icenet.scenes.raster.pixel_size import metres_per_pixel
from napari_icenet.scenes.readers import read_by_others
from napari_icenet.scenes.scene import Notice, Scene
from napari_icenet.scenes.selection.choice import EVERY, SceneChoice
from napari_icenet.scenes.selection.select import choose_bands, mixed_meanings, newest_of_each_acquisition
from napari_icenet.scenes.selection.stack_part import part_of, sized
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.schema import is_saved_stack

#: Files are opened side by side: on network drives the wait for each adds up.
OPENING_THREADS = 8


class UnknownScenesError(StackError):
    """Nothing that this package knows lies at a path; a reader of another package may know it."""


@dataclass
class FoundScenes:
    """Scenes found under a path, each still on its own grid.

    Attributes
    ----------
    name : str
    scenes : list of Scene
    area : array of bool, (height, width), or None
        Area of interest, on ``area_grid``.
    area_grid : Grid or None
    notices : list of Notice
    """

    name: str
    scenes: list[Scene]
    area: NDArray[np.bool_] | None = None
    area_grid: Grid | None = None
    notices: list[Notice] = field(default_factory=list)


def open_stack(
    path: str | Path,
    *,
    bands: Sequence[str | int] | str | int | None = None,
    extent: Extent = "intersection",
    crs: str | CRS | None = None,
    exclude: Instant | Iterable[Instant] = (),
    only: str | Iterable[str] = (),
    least: int = 1,
    pixel_size: float | str | None = None,
    progress: Progress | None = None,
) -> SceneStack:
    """Open scenes as one stack on one grid; no pixels are read yet.

    A scene that cannot be used is left out and told in ``notices``; the others still open.

    Parameters
    ----------
    path : str or Path
        A folder of Landsat product folders (at most one level deeper), one product folder, its
        MTL or any band in it, a folder of dated images, a saved stack (zarr), or what a reader of another
        package knows (entry point ``napari_icenet.readers``).
    bands : sequence of str or int, or one of these, optional
        Names or numbers; default: those that at least half of the scenes have, band 8 apart.
        ``("B8",)`` opens the panchromatic band of products as a stack of its own, at 15 m.
    extent : {"intersection", "union"}
        Ground that all scenes hold, or that any holds.
    crs : str or CRS, optional
        Coordinate system of the stack, as in ``EPSG:3031``; needed where scenes have several.
    exclude : sequence of dates
        Dates that are left out, as :meth:`~napari_icenet.scenes.stack.SceneStack.time_index` knows them.
    only : sequence of str
        Paths and rows that are kept, as in ``233/013``, or ``233`` for all rows of a path. Scenes that are left
        out do not count for the grid.
    least : int
        Fewest scenes that ``exclude`` and ``only`` must leave.
    pixel_size : float, optional
        Side of a pixel, m, of pictures that lie on no map: velocities are then in m/yr, without longitude and latitude.
    progress : callable, optional
        Called with a fraction and a text; may raise ``Cancelled``.

    Raises
    ------
    StackError
        The path holds nothing that can be opened, or the scenes form no stack.
    UsageError
        A band, extent, coordinate system, date, or path and row does not exist; too few scenes are left; the
        pixel size is none, or not that of the map that the scenes lie on.
    """
    if not isinstance(path, str | Path):
        raise UsageError(f"A {type(path).__name__} is no path; name {EXPECTED}.")
    bands = None if bands is None else asked_bands(bands)
    path, choice = Path(path), SceneChoice.of(exclude, only, least)
    metres = None if pixel_size is None else metres_per_pixel(pixel_size)
    saved = saved_stack_at(path)
    try:
        if saved:
            stack = part_of(_on_grid_of_its_own(_read_saved(path, saved), path, crs), bands, choice, metres)
        else:
            contents = _Contents.of(path)
            found = _scenes_of(contents, pan=_asks_for_pan(contents, bands), choice=choice, progress=progress)
            stack = stack_of(found, bands=bands, extent=extent, crs=crs, pixel_size=metres)
    except UnknownScenesError:
        others = read_by_others(path)
        if others is None:
            raise
        stack = part_of(_on_grid_of_its_own(others, path, crs), bands, choice, metres)
    stack.origin = Origin(
        path=path.absolute(),
        bands=None if bands is None else tuple(bands),
        extent=extent,
        crs=None if crs is None else str(crs),
        exclude=choice.exclude,
        only=choice.only,
        pixel_size=metres,
    )
    if progress:
        progress(1.0, f"Opened {stack.name}")
    return stack


def open_again(origin: Origin, *, progress: Progress | None = None) -> SceneStack:
    """Open a stack as it was opened before; see :func:`open_stack`."""
    return open_stack(
        origin.path,
        bands=origin.bands,
        extent=origin.extent,
        crs=origin.crs,
        exclude=origin.exclude,
        only=origin.only,
        pixel_size=origin.pixel_size,
        progress=progress,
    )


def stack_of(
    found: FoundScenes,
    *,
    bands: Sequence[str | int] | None = None,
    extent: Extent = "intersection",
    crs: str | CRS | None = None,
    pixel_size: float | None = None,
) -> SceneStack:
    """Lay scenes that were found on one grid; as :func:`open_stack`."""
    names, band_notices = choose_bands(found.scenes, bands, found.name, found.notices)
    useful = [scene for scene in found.scenes if any(band in scene.bands for band in names)]
    area = None if found.area is None or found.area_grid is None else (found.area, found.area_grid)
    laid = align(useful, extent=extent, crs=crs, area=area)
    notices = [*found.notices, *band_notices, *mixed_meanings(laid.scenes), *laid.notices]
    stack = SceneStack(laid.scenes, names, laid.grid, name=found.name, area=laid.area, notices=notices)
    return stack if pixel_size is None else sized(stack, pixel_size)


def find_scenes(
    path: str | Path, *, pan: bool = False, choice: SceneChoice = EVERY, progress: Progress | None = None
) -> FoundScenes:
    """Read all scenes under a path, one per acquisition, oldest first, each on its own grid.

    Parameters
    ----------
    path : str or Path
        As for :func:`open_stack`, saved stacks apart.
    pan : bool
        Read band 8 of products, and nothing else.
    choice : SceneChoice
        Which of them are wanted; default: all.
    progress : callable, optional

    Raises
    ------
    StackError
        Nothing is recognised, or no scene can be used; the message says why, scene by scene.
    UsageError
        The choice does not fit the scenes.
    """
    path = Path(path)
    check_path(path)
    return _scenes_of(_Contents.of(path), pan=pan, choice=choice, progress=progress)


@dataclass(frozen=True)
class _Contents:
    """What was seen at a path that can be looked at: the folder's members, None of a file, and its products."""

    path: Path
    listing: FolderListing | None
    products: list[Path | FolderListing]

    @classmethod
    def of(cls, path: Path) -> _Contents:
        if not path.is_dir():
            return cls(path, None, [])
        try:
            listing = list_folder(path)
        except OSError as error:
            raise StackError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
        return cls(path, listing, product_folders(listing))


def _scenes_of(contents: _Contents, *, pan: bool, choice: SceneChoice, progress: Progress | None) -> FoundScenes:
    path, listing = contents.path, contents.listing
    name = path.resolve().name
    if listing is None:
        product = _product_with(path)
        file_reader = {path.parent / product.product: lambda: read_product_files(product, pan=pan)}
        found = _read_products(file_reader, path, progress)
        name = product.product
    elif contents.products:
        readers = {_path_of(folder): _reader_of(folder, pan) for folder in contents.products}
        found = _read_products(readers, path, progress)
    elif is_dated_folder(listing):
        scenes, area, notices = read_dated_folder(listing, progress, pan=pan, exclude=choice.exclude)
        found = FoundScenes(name, scenes, area, scenes[0].grid, notices)
    else:
        raise UnknownScenesError(why_unrecognised(listing))
    scenes, older = newest_of_each_acquisition(found.scenes)
    scenes.sort(key=lambda scene: (scene.time, scene.id))
    # What is wrong with a scene that is not used needs no telling.
    unused = {notice.scene for notice in older} - {scene.id for scene in scenes}
    told = [*(notice for notice in found.notices if notice.scene not in unused), *older]
    scenes, notices = choice.apply(scenes, name, told)
    beside = [] if listing is None else passed_over(listing, dated=not contents.products)
    if listing is not None and contents.products and contents.products != [listing]:
        beside += images_beside_products([file for file in listing.files if file.suffix.lower() in IMAGE_SUFFIXES])
    return FoundScenes(name, scenes, found.area, found.area_grid, [*notices, *beside])


def check_path(path: Path) -> None:
    """Make sure that a path can be looked at.

    Raises StackError: there is nothing, or it may not be read.
    """
    try:
        path.stat()
    except FileNotFoundError:
        raise StackError(download_first(path) or f"{path} does not exist; name {EXPECTED}.") from None
    except OSError as error:
        raise StackError(f"{path} cannot be opened ({error.strerror}); check its name and permissions.") from error
    if path.is_dir() and not may_look_into(path):
        raise StackError(f"{path} cannot be read; check its permissions.")


def product_folders(path: Path | FolderListing) -> list[Path | FolderListing]:
    """The folder itself if it is a product, else the products below it, at most two levels deep.

    Beside products, the paths of folders that may not be read are among them, so that they are told of.
    """
    top = list_folder(path)
    if is_product(top):
        return [top]
    found: list[FolderListing] = []
    closed: list[Path] = []
    for folder in _looked_into(top, closed):
        if is_product(folder):
            found.append(folder)
        else:  # archives extract into a folder of the product's name
            found += filter(is_product, _looked_into(folder, closed))
    if not found and not any(parse_product_name(folder.name) for folder in closed):
        return []
    return sorted([*found, *closed], key=_path_of)


def saved_stack_at(path: Path) -> Path | None:
    """The folder of a saved stack that a path names, itself or a file in it; None if it names none.

    Raises StackError: there is nothing at the path, or it may not be read.
    """
    check_path(path)
    folder = path.parent if path.name == "zarr.json" else path
    if folder.is_dir() and (folder.suffix == ".zarr" or (folder / "zarr.json").exists()):
        return folder
    return None


def _looked_into(listing: FolderListing, closed: list[Path]) -> Iterator[FolderListing]:
    """The folders in a folder, saved stacks apart; those that may not be read are added to ``closed``."""
    for folder in listing.folders:
        if folder.suffix == ".zarr":
            continue
        inside = listing_or_none(folder) if may_look_into(folder) else None
        if inside is None:
            closed.append(folder)
        else:
            yield inside


def _path_of(folder: Path | FolderListing) -> Path:
    return folder if isinstance(folder, Path) else folder.folder


def _reader_of(folder: Path | FolderListing, pan: bool) -> Callable[[], tuple[Scene, list[Notice]]]:
    return lambda: read_product(folder, pan=pan)


def _read_products(
    readers: dict[Path, Callable[[], tuple[Scene, list[Notice]]]], path: Path, progress: Progress | None
) -> FoundScenes:
    scenes: list[Scene] = []
    notices: list[Notice] = []
    unusable: list[str] = []
    pool = ThreadPoolExecutor(OPENING_THREADS, thread_name_prefix="opening")
    try:
        jobs = {folder: pool.submit(reader) for folder, reader in readers.items()}
        for i, (folder, job) in enumerate(jobs.items()):
            if progress:
                progress(i / len(jobs), f"Opening {folder.name}")
            try:
                scene, more = job.result()
            except SceneError as error:
                unusable.append(str(error))
                why = str(error).replace(f"{folder}{os.sep}", "")
                why = f"it{why.removeprefix(str(folder))}" if why.startswith(f"{folder} ") else why
                notices.append(Notice(f"{folder.name} is left out: {why}", folder.name))
                continue
            scenes.append(scene)
            notices += more
    finally:
        pool.shutdown(cancel_futures=True)
    if not scenes:
        if len(unusable) == 1:
            raise StackError(unusable[0])
        raise StackError(
            f"None of the {len(unusable)} products in {path} can be used:" + "".join(f"\n  {why}" for why in unusable)
        )
    return FoundScenes(path.name, scenes, notices=notices)


def _product_with(file: Path) -> ProductFiles:
    """The product that a metadata or band file belongs to."""
    if is_archive(file):
        raise UnknownScenesError(f"{file} is an archive; extract it, and name the folder that holds its products.")
    for product in product_files(file.parent):
        if file in (*product.bands.values(), *product.metadata, product.quality):
            return product
    if file.suffix.lower() in IMAGE_SUFFIXES:
        raise UnknownScenesError(f"{file} is a single image; name the folder of dated images that it lies in.")
    raise UnknownScenesError(f"{file} is no stack; name {EXPECTED}.")


def _asks_for_pan(contents: _Contents, bands: Sequence[str | int] | None) -> bool:
    asked = {f"B{str(band).strip().upper().removeprefix('B')}" for band in bands or ()}
    if PAN_BAND not in asked:
        return False
    loose = [] if contents.listing is None or contents.products else product_files(contents.listing)
    if contents.listing is not None and not contents.products and not any(PAN_BAND in p.bands for p in loose):
        return False
    if len(asked) > 1:
        raise UsageError("Band 8 has 15 m pixels and makes a stack of its own; open it alone, or leave it out.")
    return True


def _read_saved(path: Path, folder: Path) -> SceneStack:
    """The stack of a zarr store: one of ours, or what a reader of another package makes of it."""
    from napari_icenet.scenes.store.zarr_store import read_stack

    others = None if is_saved_stack(folder) else read_by_others(path)
    return read_stack(folder) if others is None else others


def _on_grid_of_its_own(stack: SceneStack, path: Path, crs: str | CRS | None) -> SceneStack:
    """The stack, which has its own grid already; another one cannot be chosen."""
    if crs is not None and coordinate_system(crs) != stack.grid.crs:
        raise UsageError(f"{path} is saved on its own grid; open the scenes that it was made from to choose another.")
    return stack
