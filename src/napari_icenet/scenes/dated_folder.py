"""Folders of dated images: GeoTIFF, PNG and JPEG, georeferenced or not, with an area of interest."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from napari_icenet.errors import SceneError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.area import read_area
from napari_icenet.scenes.credit import read_credit
from napari_icenet.scenes.folder_listing import FolderListing, list_folder
from napari_icenet.scenes.landsat.files import product_files
from napari_icenet.scenes.landsat.product import FILL, PAN_BAND, read_product_files
from napari_icenet.scenes.landsat.product_id import ProductName, parse_product_name
from napari_icenet.scenes.raster.band import FillRule, RasterBand
from napari_icenet.scenes.raster.file import RasterInfo, inspect
from napari_icenet.scenes.raster.georeference import NoMap
from napari_icenet.scenes.raster.picture import WHOLE_FILE_DRIVERS, PictureBand, decode
from napari_icenet.scenes.scene import BandSource, Notice, Provenance, Scene

IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg"})

_DATE = re.compile(
    r"""^(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})
        (?:[T_ ]?(?P<hour>[01]\d|2[0-3])[:-]?(?P<minute>[0-5]\d)[:-]?(?P<second>[0-5]\d)Z?)?
        (?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_WRITE_DATES = "begin its name with the date, as in 20200131 or 2020-01-31"

#: What the name of a product says of a scene.
_OF_THE_PRODUCT = ("sensor", "level", "collection", "tier", "wrs_path", "wrs_row", "processed")
#: Looking whether pictures are grey stops after so many pixels, or at the first coloured one.
_GREY_CHECK_PIXELS = 60_000_000
_GREY_CHECK_SIDE = 512


@dataclass(frozen=True)
class _DatedImage:
    """An image file whose name bears a date; ``product`` where that is a Landsat id."""

    info: RasterInfo
    when: datetime
    time_known: bool
    product: ProductName | None

    @property
    def colors(self) -> list[int]:
        """Bands of the file, from 1, without alpha."""
        return [i for i, color in enumerate(self.info.colors, 1) if color != ColorInterp.alpha]

    @property
    def may_be_grey(self) -> bool:
        """True if the bands are red, green and blue, of which a grey picture needs only one.

        A GeoTIFF's bands count as they are, unless it has alpha, which marks a picture.
        """
        rgb = {ColorInterp.red, ColorInterp.green, ColorInterp.blue} <= set(self.info.colors)
        return rgb and (self.info.driver in WHOLE_FILE_DRIVERS or ColorInterp.alpha in self.info.colors)


def is_dated_folder(folder: Path | FolderListing) -> bool:
    """True if any image of a folder bears a date in its name; no file is opened."""
    if isinstance(folder, Path) and not folder.is_dir():
        return False
    return any(
        _DATE.match(path.stem) is not None or parse_product_name(path.stem) is not None
        for path in _images(list_folder(folder))
    )


def read_dated_folder(
    folder: Path | FolderListing, progress: Progress | None = None, *, pan: bool = False
) -> tuple[list[Scene], NDArray[np.bool_] | None, list[Notice]]:
    """Open a folder of dated images; pixels are read when they are asked for.

    Names are ``YYYYMMDD.*`` or ``YYYY-MM-DD*``, either followed by a time of day if known, or
    begin with a Landsat product id. Bands are called ``B1``, ``B2`` … in the order of the file;
    alpha is the mask where it looks like one, and pictures whose colours are all equal are one band. ``mask.*`` is the
    area of interest, and ``CREDIT.txt`` says whom to thank. Landsat products whose files lie loose
    in the folder are read as such.

    Parameters
    ----------
    folder : Path or FolderListing
    progress : Progress, optional
    pan : bool
        Read band 8 of the products, and nothing else.

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
    paths = [] if pan else [path for path in _images(listing) if path not in used]
    images = []
    for i, path in enumerate(paths):
        if progress:
            progress(i / len(paths), f"Opening {path.name}")
        try:
            images.append(_open_image(path))
        except SceneError as error:
            notices.append(Notice(str(error).replace(str(path), path.name), path.name))
    images, left_out = _on_comparable_grids(images)
    notices += left_out
    if images and (said := _lost_maps(folder, images)):
        notices.append(Notice(said))
    if said := _bands_not_alpha(images):
        notices.append(Notice(said))
    grey = _all_grey(images)
    credit = read_credit(folder)
    scenes += [_scene(image, grey=grey, credit=credit) for image in images]
    if not scenes:
        reason = notices[0].message if notices else f"give it images and {_WRITE_DATES}."
        raise SceneError(f"{folder} holds no dated image that can be used: {reason}")
    scenes.sort(key=lambda scene: (scene.time, scene.id))
    area, problem = read_area(listing, [scene.grid for scene in scenes])
    if problem:
        notices.append(Notice(problem))
    return scenes, area, notices


def _images(listing: FolderListing) -> list[Path]:
    return [path for path in listing.files if path.suffix.lower() in IMAGE_SUFFIXES and path.stem.lower() != "mask"]


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


def _open_image(path: Path) -> _DatedImage:
    product = parse_product_name(path.stem)
    if product is not None and product.acquired is not None:
        return _DatedImage(_inspect_image(path), datetime.combine(product.acquired, time()), False, product)
    found = _DATE.match(path.stem)
    if found is not None:
        time_known = found["hour"] is not None
        clock = (int(found[part]) for part in ("hour", "minute", "second")) if time_known else ()
        try:
            when = datetime(int(found["year"]), int(found["month"]), int(found["day"]), *clock)
        except ValueError:
            raise SceneError(f"{path} bears a date that does not exist; {_WRITE_DATES}.") from None
        return _DatedImage(_inspect_image(path), when, time_known, None)
    raise SceneError(f"{path} bears no date that can be read; {_WRITE_DATES}.")


def _inspect_image(path: Path) -> RasterInfo:
    info = inspect(path)
    if info.dtypes[0].kind not in "uif":
        raise SceneError(f"{path} holds values of type {info.dtypes[0]}; store them as real numbers, as amplitudes.")
    return info


def _on_comparable_grids(images: list[_DatedImage]) -> tuple[list[_DatedImage], list[Notice]]:
    """Images on maps, or those of the commonest size where most have no map."""

    def kind(image: _DatedImage) -> tuple[int, int] | None:
        return None if image.info.grid.georeferenced else image.info.grid.shape

    if not images:
        return [], []
    common = Counter(map(kind, images)).most_common(1)[0][0]
    notices = []
    for image in images:
        path, grid = image.info.path.name, image.info.grid
        if kind(image) == common:
            continue
        if common is None:
            why = NoMap("no georeference", "add one") if image.info.no_map is None else image.info.no_map
            said = f"{path} is left out: it carries {why.fault}, unlike most images here; {why.remedy}."
        elif grid.georeferenced:
            said = f"{path} is left out: it is georeferenced, unlike most images here; open it in a folder of its own."
        else:
            said = (
                f"{path} is left out: it has {grid.height} × {grid.width} pixels, "
                f"most images here have {common[0]} × {common[1]}; crop it alike."
            )
        notices.append(Notice(said, path))
    return [image for image in images if kind(image) == common], notices


def _lost_maps(folder: Path, images: list[_DatedImage]) -> str | None:
    """Warn of georeferences that give no metres."""
    lost = [image.info for image in images if image.info.no_map is not None]
    if not lost or lost[0].no_map is None:
        return None
    name, why = lost[0].path.name, lost[0].no_map
    which = f"{name} in {folder} carries" if len(lost) == 1 else f"{name} and {len(lost) - 1} more in {folder} carry"
    return why.said_of(which)


def _bands_not_alpha(images: list[_DatedImage]) -> str | None:
    """Tell of bands that are tagged as alpha and read as measurements."""
    found = [image.info for image in images if image.info.not_alpha]
    if not found:
        return None
    which = found[0].path.name if len(found) == 1 else f"{found[0].path.name} and {len(found) - 1} more"
    return (
        f"A band of {which} is tagged as alpha but holds more than transparent and opaque, so it is read as a band; "
        "write it with ALPHA=NO to be sure."
    )


def _all_grey(images: list[_DatedImage]) -> bool:
    """True if every picture shows the same in red, green and blue."""
    spent = 0
    for image in images:
        if not image.may_be_grey or spent > _GREY_CHECK_PIXELS:
            continue
        spent += image.info.grid.height * image.info.grid.width
        try:
            if image.info.driver in WHOLE_FILE_DRIVERS:
                if not decode(image.info).grey:
                    return False
            else:
                first, *others = (RasterBand(image.info, i).thumbnail(_GREY_CHECK_SIDE) for i in image.colors)
                if not all(np.array_equal(first, other, equal_nan=True) for other in others):
                    return False
        except SceneError:
            continue  # reported when its pixels are read; the other pictures tell as well
    return True


def _scene(image: _DatedImage, *, grey: bool, credit: str | None) -> Scene:
    info, product = image.info, image.product
    colors = image.colors[:1] if grey and image.may_be_grey else image.colors
    bands: dict[str, BandSource]
    if info.driver in WHOLE_FILE_DRIVERS:
        count = 3 if info.colors[0] == ColorInterp.palette else len(colors)
        bands = {f"B{i}": PictureBand(info, i) for i in range(1, count + 1)}
    else:
        rule = _fill_rule(info, product)
        bands = {f"B{i}": RasterBand(info, index, rule) for i, index in enumerate(colors, 1)}
    told: dict[str, Any] = {name: getattr(product, name, None) for name in _OF_THE_PRODUCT}
    return Scene(
        id=product.id if product else info.path.stem,
        time=image.when,
        time_known=image.time_known,
        grid=info.grid,
        bands=bands,
        provenance=Provenance(location=info.path, metadata={"file": info.path.name}, credit=credit, **told),
    )


def _fill_rule(info: RasterInfo, product: ProductName | None) -> FillRule:
    if info.masked:
        return "mask"
    if info.nodata is not None:
        return info.nodata
    if info.dtypes[0].kind == "f":
        return "none"
    return FILL if product is not None else "zeros"
