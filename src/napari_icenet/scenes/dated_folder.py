"""Folders of dated images: GeoTIFF, ENVI, PNG and JPEG, georeferenced or not, with an area of interest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from napari_icenet.errors import SceneError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.area import read_area
from napari_icenet.scenes.credit import read_credit
from napari_icenet.scenes.dated.acquisitions import DatedImage, group_acquisitions, missing_tiles
from napari_icenet.scenes.dated.comparable import comparable
from napari_icenet.scenes.dated.image_files import image_files
from napari_icenet.scenes.dated.image_name import (
    WRITE_DATES,
    bears_date,
    numbered_copies,
    parse_copy_name,
    parse_image_name,
)
from napari_icenet.scenes.dated.make_scenes import colour_bands, make_scenes, may_be_grey
from napari_icenet.scenes.dated.passed_over import few
from napari_icenet.scenes.folder_listing import FolderListing, list_folder, listing_or_none
from napari_icenet.scenes.landsat.files import may_look_into, product_files
from napari_icenet.scenes.landsat.product import PAN_BAND, read_product_files
from napari_icenet.scenes.landsat.product_id import parse_product_name
from napari_icenet.scenes.raster.band import RasterBand
from napari_icenet.scenes.raster.file import RasterInfo, dataset_of, inspect
from napari_icenet.scenes.raster.picture import WHOLE_FILE_DRIVERS, decode
from napari_icenet.scenes.scene import Notice, Scene

#: Looking whether pictures are grey stops after so many pixels, or at the first coloured one.
_GREY_CHECK_PIXELS = 60_000_000
_GREY_CHECK_SIDE = 512
#: Formats of bare numbers and a header.
_RAW_DRIVERS = frozenset({"ENVI", "EHdr"})


def is_dated_folder(folder: Path | FolderListing) -> bool:
    """True if any image of a folder bears a date in its name; no file is opened."""
    if isinstance(folder, Path) and not folder.is_dir():
        return False
    return any(bears_date(text) for _, text in named_images(list_folder(folder)))


def read_dated_folder(
    folder: Path | FolderListing, progress: Progress | None = None, *, pan: bool = False, exclude: Sequence[str] = ()
) -> tuple[list[Scene], NDArray[np.bool_] | None, list[Notice]]:
    """Open a folder of dated images; pixels are read when they are asked for.

    Names bear a date beyond doubt, with a time of day if known, or begin with a Landsat product id
    (:mod:`napari_icenet.scenes.dated.image_name`); where only the folders bear dates, theirs count. Files
    of one moment are one acquisition: the names of its bands are in theirs. Where they are not, bands
    are called ``B1``, ``B2`` … in the order of the file or of its pages;
    alpha is the mask where it looks like one, and pictures whose colours are all equal are one band. ``mask.*`` is the
    area of interest, and ``CREDIT.txt`` says whom to thank. Landsat products whose files lie loose
    in the folder are read as such.

    Parameters
    ----------
    folder : Path or FolderListing
    progress : Progress, optional
    pan : bool
        Read band 8 of the products, and nothing else.
    exclude : sequence of str
        ISO dates that are left out later: they do not count for what most images are like.

    Returns
    -------
    scenes : list of Scene
        Oldest first.
    area : array of bool, (height, width), or None
        True inside the area of interest, on the grid of ``scenes[0]``.
    notices : list of Notice
        Images that are left out, and why.

    Raises
    ------
    SceneError
        No image of the folder can be used.
    """
    listing = list_folder(folder)
    folder = listing.folder
    scenes, notices, used = _loose_products(listing, pan)
    files = [] if pan else [(path, text) for path, text in named_images(listing) if path not in used]
    copies = numbered_copies(path for path, _ in files)
    images = []
    for i, (path, text) in enumerate(files):
        if progress:
            progress(i / len(files), f"Opening {path.name}")
        try:
            images.append(_open_image(path, text, copied=path in copies))
        except SceneError as error:
            notices.append(Notice(str(error).replace(str(path), path.name), path.name))
    masks = [image for image in images if image.name.mask is not None]
    pictures, left = comparable([image for image in images if image.name.mask is None], exclude)
    notices += left
    if pictures and (said := _lost_maps(folder, pictures)):
        notices.append(Notice(said))
    if said := _bands_not_alpha([*pictures, *masks]):
        notices.append(Notice(said))
    acquisitions, left = group_acquisitions([*pictures, *masks])
    made, more = make_scenes(
        acquisitions, grey=_all_grey([image.info for image in pictures]), credit=read_credit(folder)
    )
    scenes += made
    notices += [
        *left,
        *more,
        *missing_tiles(acquisitions),
        *_mixed_times(pictures),
        *_other_pages(pictures),
        *_white_is_zero(pictures),
    ]
    if not scenes:
        reason = notices[0].message if notices else f"give it images and {WRITE_DATES}."
        raise SceneError(f"{folder} holds no dated image that can be used: {reason}")
    scenes.sort(key=lambda scene: (scene.time, scene.id))
    area, problem = read_area(listing, [scene.grid for scene in scenes])
    if problem:
        notices.append(Notice(problem))
    return scenes, area, notices


def named_images(listing: FolderListing) -> list[tuple[Path, str]]:
    """Images of a folder with the names that tell their dates: their own, or with their folder's before it.

    The folders in it are looked into where no image beside them bears a date, and they do.
    """
    own = [(path, path.stem) for path in image_files(listing)]
    if any(bears_date(text) for _, text in own):
        return own
    below = []
    for folder in listing.folders:
        product = parse_product_name(folder.name) is not None
        if product or folder.suffix == ".zarr" or not bears_date(folder.stem) or not may_look_into(folder):
            continue
        if folder.suffix.upper() == ".SAFE":
            # The bands at 10 m of a Sentinel-2 product and its classes at 20 m; Level 1C has all in one folder.
            granule = "GRANULE/*/IMG_DATA"
            found = sorted(folder.glob(f"{granule}/R10m/*_B*.jp2")) or sorted(folder.glob(f"{granule}/*_B*.jp2"))
            found += sorted(folder.glob(f"{granule}/R20m/*_SCL_*.jp2"))
            below += [(path, f"{folder.stem}_{path.stem}") for path in found]
            continue
        inside = image_files(listing_or_none(folder) or FolderListing(folder))
        below += [(path, path.stem if bears_date(path.stem) else f"{folder.name}_{path.stem}") for path in inside]
    return own + below


def _loose_products(folder: FolderListing, pan: bool) -> tuple[list[Scene], list[Notice], set[Path]]:
    """Landsat products whose files lie side by side; a lone band without metadata is an image."""
    scenes: list[Scene] = []
    notices: list[Notice] = []
    used: set[Path] = set()
    for files in product_files(folder):
        lone = len(files.bands) == 1 and not files.metadata and files.quality is None
        if (PAN_BAND not in files.bands) if pan else (not files.bands or lone):
            continue
        used |= {*files.bands.values(), *([files.quality] if files.quality else [])}
        try:
            scene, said = read_product_files(files, pan=pan or set(files.bands) == {PAN_BAND})
        except SceneError as error:
            notices.append(Notice(f"{files.product} is left out: {files.briefly(str(error))}", files.product))
        else:
            scenes.append(scene)
            notices += said
    return scenes, notices, used


def _open_image(path: Path, text: str, *, copied: bool) -> DatedImage:
    try:
        name = parse_copy_name(text) if copied else parse_image_name(text)
    except SceneError as error:
        raise SceneError(f"{path} {error}") from None
    return DatedImage(_inspect_image(path), name, text)


def _inspect_image(path: Path) -> RasterInfo:
    info = inspect(path)
    if info.driver in _RAW_DRIVERS and _is_cut_short(info):
        raise SceneError(f"{path} is truncated; download it again.")
    if info.dtypes[0].kind not in "uif":
        raise SceneError(f"{path} holds values of type {info.dtypes[0]}; store them as real numbers, as amplitudes.")
    return info


def _is_cut_short(info: RasterInfo) -> bool:
    """True if raw numbers are fewer than their header says."""
    pixels = info.grid.height * info.grid.width
    with info.path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"  # gzip, as ENVI may
    return not packed and info.path.stat().st_size < pixels * sum(dtype.itemsize for dtype in info.dtypes)


def _lost_maps(folder: Path, images: list[DatedImage]) -> str | None:
    """Warn of georeferences that give no metres."""
    lost = [image.info for image in images if image.info.no_map is not None]
    if not lost or lost[0].no_map is None:
        return None
    name, why = lost[0].path.name, lost[0].no_map
    which = f"{name} in {folder} carries" if len(lost) == 1 else f"{name} and {len(lost) - 1} more in {folder} carry"
    return why.said_of(which)


def _bands_not_alpha(images: list[DatedImage]) -> str | None:
    """Tell of bands that are tagged as alpha and read as measurements."""
    found = [image.info for image in images if image.info.not_alpha]
    if not found:
        return None
    which = found[0].path.name if len(found) == 1 else f"{found[0].path.name} and {len(found) - 1} more"
    return (
        f"A band of {which} is tagged as alpha but holds more than transparent and opaque, so it is read as a band; "
        "write it with ALPHA=NO to be sure."
    )


def _all_grey(infos: list[RasterInfo]) -> bool:
    """True if every picture shows the same in red, green and blue."""
    spent = 0
    for info in infos:
        if not may_be_grey(info) or spent > _GREY_CHECK_PIXELS:
            continue
        spent += info.grid.height * info.grid.width
        try:
            if info.driver in WHOLE_FILE_DRIVERS:
                if not decode(info).grey:
                    return False
            else:
                first, *others = (RasterBand(info, i).thumbnail(_GREY_CHECK_SIDE) for i in colour_bands(info))
                if not all(np.array_equal(first, other, equal_nan=True) for other in others):
                    return False
        except SceneError:
            continue  # reported when its pixels are read; the other pictures tell as well
    return True


def _other_pages(images: list[DatedImage]) -> list[Notice]:
    """A notice of TIFFs some of whose pages are no bands of the first."""
    found = [image.path for image in images if image.info.other_pages]
    if not found:
        return []
    verb, whose = ("holds", "its") if len(found) == 1 else ("hold", "their")
    return [Notice(f"{few(found)} {verb} pages of another size or type than {whose} first; they are left out.")]


def _white_is_zero(images: list[DatedImage]) -> list[Notice]:
    """A notice where some TIFFs count from white and others from black."""
    found = [image.path for image in images if _counts_from_white(image.info)]
    if not found or len(found) == len(images):
        return []
    verb, it = ("is", "it") if len(found) == 1 else ("are", "them")
    return [
        Notice(
            f"{few(found)} {verb} stored with white as 0 (MINISWHITE), unlike other images here: what is dark there is "
            f"bright here, and matches between them fail; turn {it} (gdal_translate -scale 0 255 255 0)."
        )
    ]


def _counts_from_white(info: RasterInfo) -> bool:
    # GDAL knows no colour for such a band, and only few others have none.
    if info.driver != "GTiff" or len(info.colors) > 1 or info.colors[0] != ColorInterp.undefined:
        return False
    with dataset_of(info.path) as dataset:
        return bool(dataset.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES")


def _mixed_times(images: list[DatedImage]) -> list[Notice]:
    """A notice where some images bear a time of day and others a day alone."""
    bare = [image.path for image in images if not image.name.time_known]
    if not bare or len(bare) == len(images):
        return []
    verb, counts = ("bears", "counts") if len(bare) == 1 else ("bear", "count")
    return [
        Notice(
            f"{few(bare)} {verb} a date without a time, unlike other images here, and {counts} as 00:00; the days "
            "between them are wrong by up to one, and velocities with them. Add the time, as in 20200131T1403."
        )
    ]
