"""Scenes of dated images: bands, masks and tiles of each acquisition on one grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rasterio.enums import ColorInterp

from napari_icenet.scenes.align.enlarge import EnlargedMask, place_of_coarse
from napari_icenet.scenes.align.shift import ShiftedBand, ShiftedMask
from napari_icenet.scenes.dated.acquisitions import Acquisition, DatedImage, left_out
from napari_icenet.scenes.dated.class_mask import ClassMask
from napari_icenet.scenes.dated.image_name import band_called, without_band
from napari_icenet.scenes.dated.mosaic import MosaicBand, MosaicMask, common_frame
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.landsat.product import FILL
from napari_icenet.scenes.landsat.product_id import ProductName
from napari_icenet.scenes.raster.band import FillRule, RasterBand
from napari_icenet.scenes.raster.file import RasterInfo
from napari_icenet.scenes.raster.palette import palette_bands
from napari_icenet.scenes.raster.picture import WHOLE_FILE_DRIVERS, PictureBand
from napari_icenet.scenes.scene import BandSource, MaskSource, Notice, Provenance, Scene

#: What the name of a product says of a scene.
_OF_THE_PRODUCT = ("sensor", "level", "collection", "tier", "wrs_path", "wrs_row", "processed")


def make_scenes(
    acquisitions: Sequence[Acquisition], *, grey: bool, credit: str | None
) -> tuple[list[Scene], list[Notice]]:
    """One scene of each acquisition; pixels are read when they are asked for.

    Parameters
    ----------
    acquisitions : sequence of Acquisition
    grey : bool
        Pictures with equal red, green and blue are one band.
    credit : str or None
        The line that must stand beside what is made of the scenes.

    Returns
    -------
    scenes : list of Scene
    notices : list of Notice
        Files that are left out.
    """
    one_series = _one_series(acquisitions)
    scenes = []
    other_grid: list[DatedImage] = []
    apart: list[DatedImage] = []
    for acquisition in acquisitions:
        files = [image for images in acquisition.pictures.values() for image in images]
        tiles = _tiles(files)
        frame = common_frame([images[0].info.grid for images in tiles.values()]) if len(tiles) > 1 else None
        if len(tiles) > 1 and frame is None:
            # Pixels of two grids make no picture without being resampled: the first tile stays.
            first = next(iter(tiles))
            apart += [image for tile, images in tiles.items() if tile != first for image in images]
            tiles = {first: tiles[first]}
        placed = {
            tile: (frame[1][i] if frame else (0, 0), images[0].info.grid)
            for i, (tile, images) in enumerate(tiles.items())
        }
        grid = frame[0] if frame else next(iter(placed.values()))[1]
        parts: dict[str, list[BandSource]] = {}
        for tile, images in tiles.items():
            offset, own = placed[tile]
            for image in images:
                if image.info.grid != own:
                    other_grid.append(image)
                    continue
                for name, band in _bands(image, grey=grey, numbered=one_series):
                    parts.setdefault(name, []).append(ShiftedBand(band, grid.shape, offset) if frame else band)
        masks: list[MaskSource] = []
        for image in acquisition.masks:
            mask = _placed_mask(image, placed, shifted=frame is not None)
            if mask is None:
                other_grid.append(image)
                continue
            masks.append(mask)
        scenes.append(_scene(acquisition, grid, parts, masks, credit))
    notices = []
    if other_grid:
        notices.append(
            left_out(
                other_grid,
                "on another grid than the first picture of its moment",
                "on other grids than the first pictures of their moments",
                "; open other pixel sizes in a folder of their own",
            )
        )
    if apart:
        notices.append(
            left_out(
                apart,
                "a tile whose pixels do not lie on those of its neighbour",
                "tiles whose pixels do not lie on those of their neighbours",
                "; open each tile in a folder of its own, or join them first with gdalwarp",
            )
        )
    return scenes, notices


def colour_bands(info: RasterInfo) -> list[int]:
    """Bands of a file, from 1, without alpha."""
    return [i for i, color in enumerate(info.colors, 1) if color != ColorInterp.alpha]


def may_be_grey(info: RasterInfo) -> bool:
    """True if the bands are red, green and blue, of which a grey picture needs only one.

    A GeoTIFF's bands count as they are, unless it has alpha, which marks a picture.
    """
    rgb = {ColorInterp.red, ColorInterp.green, ColorInterp.blue} <= set(info.colors)
    return rgb and (info.driver in WHOLE_FILE_DRIVERS or ColorInterp.alpha in info.colors)


def _one_series(acquisitions: Sequence[Acquisition]) -> bool:
    """True if pictures are of several Landsat sensors, each of which brings one band of its own.

    Their numbers mean other wavelengths on other sensors, and whoever put one picture a date side by
    side has chosen which belong together.
    """
    of_sensor: dict[str, set[str | None]] = {}
    for acquisition in acquisitions:
        product = acquisition.first.name.product
        if product is None or len(acquisition.pictures) > 1:
            return False
        of_sensor.setdefault(product.sensor, set()).add(acquisition.first.name.band)
    alone = all(len(bands) == 1 for bands in of_sensor.values())
    return alone and len(set().union(*of_sensor.values())) > 1


def _tiles(files: Sequence[DatedImage]) -> dict[str | None, list[DatedImage]]:
    """Files of one acquisition by tile, those of the commonest grid, the finest of several, first in each."""
    tiles: dict[str | None, list[DatedImage]] = {}
    for image in files:
        tiles.setdefault(image.name.tile, []).append(image)
    for images in tiles.values():
        counts = Counter(image.info.grid for image in images)
        # Sorting keeps the order of equals.
        images.sort(key=lambda image: (-counts[image.info.grid], max(image.info.grid.pixel_size)))
    return tiles


def _placed_mask(
    image: DatedImage, placed: dict[str | None, tuple[tuple[int, int], Grid]], *, shifted: bool
) -> MaskSource | None:
    """A mask on the scene's grid, each of its pixels for all that it covers; None where it lies on no tile."""
    tile = image.name.tile if image.name.tile in placed else next(iter(placed))
    offset, own = placed[tile]
    mask: MaskSource = ClassMask(image.info, image.name.mask or "unknown")
    if image.info.grid != own:
        lies = place_of_coarse(image.info.grid, own)
        if lies is None:
            return None
        mask = EnlargedMask(mask, image.info.grid.shape, *lies)
    return ShiftedMask(mask, own.shape, offset) if shifted else mask


def _bands(image: DatedImage, *, grey: bool, numbered: bool) -> Iterator[tuple[str, BandSource]]:
    """Bands of a file by name: the one in the file's name, else by number."""
    info = image.info
    colors = colour_bands(info)[:1] if grey and may_be_grey(info) else colour_bands(info)
    bands: list[BandSource]
    if info.driver in WHOLE_FILE_DRIVERS:
        count = 3 if info.colors[0] == ColorInterp.palette else len(colors)
        bands = [PictureBand(info, i) for i in range(1, count + 1)]
    elif info.colors[0] == ColorInterp.palette:
        bands = [*palette_bands(info, _fill_rule(info, image.name.product))]
    else:
        rule = _fill_rule(info, image.name.product)
        bands = [RasterBand(info, index, rule, page) for page in info.pages or (0,) for index in colors]
    named = None if numbered else image.name.band
    described = [] if numbered else _described(info, colors)
    for i, band in enumerate(bands, 1):
        if named is not None:
            yield (named if len(bands) == 1 else f"{named}.{i}"), band
        elif len(described) == len(bands):
            yield described[i - 1], band
        else:
            yield f"B{i}", band


def _described(info: RasterInfo, colors: Sequence[int]) -> list[str]:
    """Names of bands as the file describes them; none unless each is one of its own."""
    names = [band_called(info.descriptions[index - 1]) for index in colors]
    known = [name for name in names if name is not None]
    return known if len(set(known)) == len(names) else []


def _scene(
    acquisition: Acquisition,
    grid: Grid,
    parts: dict[str, list[BandSource]],
    masks: list[MaskSource],
    credit: str | None,
) -> Scene:
    first = acquisition.first
    product = first.name.product
    told: dict[str, Any] = {name: getattr(product, name, None) for name in _OF_THE_PRODUCT}
    return Scene(
        id=product.id if product else without_band(first.text) if len(parts) > 1 else first.text,
        time=first.name.when,
        time_known=first.name.time_known,
        grid=grid,
        bands={name: bands[0] if len(bands) == 1 else MosaicBand(bands) for name, bands in parts.items()},
        mask=None if not masks else masks[0] if len(masks) == 1 else MosaicMask(masks),
        provenance=Provenance(location=first.path, metadata={"file": first.path.name}, credit=credit, **told),
    )


def _fill_rule(info: RasterInfo, product: ProductName | None) -> FillRule:
    """Missing is what either the nodata value or the mask says; where there is neither, what looks so."""
    if info.masked or info.nodata is not None:
        return FillRule(info.nodata, info.masked)
    return FillRule(FILL) if product is not None and info.dtypes[0].kind != "f" else FillRule(assumed=True)
