"""Landsat product folders: Collections 1 and 2, Levels 1 and 2, and the names from before them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

from napari_icenet.errors import SceneError
from napari_icenet.scenes.folder_listing import FolderListing
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.landsat.files import ProductFiles, product_files, readable_listing
from napari_icenet.scenes.landsat.metadata import ORDERED_SURFACE, LandsatMetadata
from napari_icenet.scenes.landsat.mtl import read_metadata
from napari_icenet.scenes.landsat.product_id import ProductName, parse_product_name
from napari_icenet.scenes.landsat.qa import QualityLayout, QualityMask
from napari_icenet.scenes.raster.band import RasterBand
from napari_icenet.scenes.raster.file import RasterInfo, inspect
from napari_icenet.scenes.scene import Notice, Provenance, Scene

PAN_BAND = "B8"

#: Stored value of missing pixels: in the archive's products, and in surface reflectance ordered
#: in Collection 1.
FILL = 0.0
ORDERED_SURFACE_FILL = -9999.0


def is_product(folder: Path | FolderListing) -> bool:
    """True if a folder holds the files of one Landsat product, judged by names alone.

    An empty folder that bears a product's name counts too, so that it is reported and not passed
    over. Several products side by side are a folder of dated images.
    """
    if isinstance(folder, Path) and not folder.is_dir():
        return False
    listing = readable_listing(folder)
    found = product_files(listing)
    if found:
        return len(found) == 1
    name = parse_product_name(listing.folder.name)
    return name is not None and not name.suffix and listing.empty


def read_product(folder: Path | FolderListing, *, pan: bool = False) -> tuple[Scene, list[Notice]]:
    """Open a Landsat product folder; no pixels are read yet.

    Parameters
    ----------
    folder : Path or FolderListing
    pan : bool
        Open band 8 alone, on its own 15 m grid; otherwise all bands but band 8.

    Returns
    -------
    scene : Scene
    notices : list of Notice
        What is missing or contradictory, one sentence each.

    Raises
    ------
    SceneError
        The folder holds no band that can be read, or no date of acquisition.
    """
    found = product_files(folder)
    folder = folder if isinstance(folder, Path) else folder.folder
    if len(found) > 1:
        raise SceneError(f"{folder} holds files of {len(found)} Landsat products; give each a folder of its own.")
    if not found or not found[0].bands:
        raise SceneError(f"{folder} holds no band of a Landsat product (…_B1.TIF); download it again.")
    return read_product_files(found[0], pan=pan)


def read_product_files(files: ProductFiles, *, pan: bool = False) -> tuple[Scene, list[Notice]]:
    """Open one product of a folder; as :func:`read_product`."""
    return _Reader(files, pan).read()


class _Reader:
    """Puts one scene together and collects what there is to say of it."""

    def __init__(self, files: ProductFiles, pan: bool) -> None:
        self.files = files
        self.pan = pan
        self.messages: list[str] = []
        self.lacks: dict[str, tuple[str, ...]] = {}
        self.metadata = self._read_metadata()
        product_id = self.metadata.product_id() if self.metadata else None
        self.name: ProductName | None = files.name or parse_product_name(product_id or "")
        self.id = self.name.id if self.name else product_id or files.product

    def read(self) -> tuple[Scene, list[Notice]]:
        when, time_known = self._time()
        infos, grid = self._bands()
        fill = ORDERED_SURFACE_FILL if self.files.ordered_surface else FILL
        scaling = {}
        if self.files.ordered_surface:
            scaling = dict.fromkeys(infos, ORDERED_SURFACE)
        elif self.metadata:
            scaling, problem = self.metadata.scaling(infos)
            if problem:
                self.messages.append(problem)
        scene = Scene(
            id=self.id,
            time=when,
            grid=grid,
            bands={band: RasterBand(info, 1, fill) for band, info in infos.items()},
            time_known=time_known,
            mask=self._mask(grid),
            scaling=scaling,
            provenance=self._provenance(),
        )
        return scene, [
            Notice(self.files.briefly(message), self.id, self.lacks.get(message, ())) for message in self.messages
        ]

    def _leave_out(self, band: str, why: str) -> None:
        self.messages.append(f"{band} is left out: {why}")
        self.lacks[self.messages[-1]] = (band,)

    def _read_metadata(self) -> LandsatMetadata | None:
        problems = []
        for path in self.files.metadata:
            try:
                return LandsatMetadata(read_metadata(path))
            except SceneError as error:
                problems.append(str(error))
        if not problems:
            problems.append(
                f"{self.files.folder / self.files.product}_MTL.txt is missing, so the date comes from the product's "
                "name and there is no reflectance; download it again."
            )
        self.messages.append(problems[0])
        return None

    def _time(self) -> tuple[datetime, bool]:
        day = None
        if self.metadata:
            try:
                day = self.metadata.day()
            except SceneError as error:
                self.messages.append(f"{str(error).split('; ')[0]}; the date in the product's name is used.")
        if day is None:
            if self.name is None or self.name.acquired is None:
                raise SceneError(
                    f"{self.files.folder} has no date of acquisition, in its metadata or its name; download it again."
                )
            return datetime.combine(self.name.acquired, time()), False
        assert self.metadata is not None
        if self.name is not None and self.name.acquired not in (None, day):
            self.messages.append(
                f"{self.metadata.file.path} gives {day} as the date of acquisition, unlike the product's name; "
                f"{day} is used, so correct the file if it is wrong."
            )
        try:
            return datetime.combine(day, self.metadata.time_of_day()), True
        except SceneError as error:
            self.messages.append(f"{str(error).split('; ')[0]}; only the date is used.")
            return datetime.combine(day, time()), False

    def _bands(self) -> tuple[dict[str, RasterInfo], Grid]:
        wanted = {band: path for band, path in self.files.bands.items() if (band == PAN_BAND) == self.pan}
        self._report_missing()
        infos: dict[str, RasterInfo] = {}
        for band, path in wanted.items():
            try:
                info = inspect(path)
            except SceneError as error:
                self._leave_out(band, str(error))
                continue
            infos[band] = info
        if not infos:
            kind = "band 8" if self.pan else "band"
            raise SceneError(
                next(
                    (m.split(": ", 1)[1] for m in self.messages if "is left out: " in m),
                    f"{self.files.folder} holds no {kind} ({self.files.product}_B{'8' if self.pan else '1'}.TIF); "
                    "download it again.",
                )
            )
        infos = self._located(infos)
        grids = Counter(info.grid for info in infos.values())
        grid = grids.most_common(1)[0][0]
        for band, info in list(infos.items()):
            if info.grid != grid:
                self._leave_out(
                    band, f"{info.path} has another grid than the other bands of its scene; download it again."
                )
                del infos[band]
        if self.metadata and (difference := self.metadata.disagreement(grid, pan=self.pan)):
            self.messages.append(
                f"{self.metadata.file.path} disagrees with the TIFF files ({difference}); the files' grid is used."
            )
        return infos, grid

    def _report_missing(self) -> None:
        if self.metadata is None:
            return
        missing = [
            band
            for band in self.metadata.band_files()
            if (band == PAN_BAND) == self.pan and band not in self.files.bands
        ]
        if missing:
            self.messages.append(
                f"{self.files.product} lacks {', '.join(missing)}, which its metadata file lists; "
                f"download {'it' if len(missing) == 1 else 'them'} if you need {'it' if len(missing) == 1 else 'them'}."
            )
            self.lacks[self.messages[-1]] = tuple(missing)

    def _located(self, infos: dict[str, RasterInfo]) -> dict[str, RasterInfo]:
        """Bands without a CRS get that of the metadata, said aloud."""
        lost = {band: info for band, info in infos.items() if info.grid.crs is None}
        if not lost:
            return infos
        names = ", ".join(info.path.name for info in lost.values())
        crs = self.metadata.crs() if self.metadata else None
        crs = crs or next((info.grid.crs for info in infos.values() if info.grid.crs is not None), None)
        if crs is None or any(info.transform.is_identity for info in lost.values()):
            self.messages.append(
                f"{names} in {self.files.folder} carry no coordinate reference system; "
                "positions are in pixels unless you download them again."
            )
            return infos
        self.messages.append(
            f"{names} in {self.files.folder} carry no coordinate reference system; {crs.to_string()} is assumed, "
            "as the scene's other files say."
        )
        return infos | {
            band: replace(info, grid=Grid(info.grid.height, info.grid.width, info.transform, crs))
            for band, info in lost.items()
        }

    def _mask(self, grid: Grid) -> QualityMask | None:
        path = self.files.quality
        if path is None:
            return None
        try:
            info = inspect(path)
        except SceneError as error:
            self.messages.append(f"The cloud mask is left out: {error}")
            return None
        if info.grid.crs is None and grid.crs is not None and not info.transform.is_identity:
            info = replace(info, grid=Grid(info.grid.height, info.grid.width, info.transform, grid.crs))
        if info.grid != grid and not (self.pan and info.grid.crs == grid.crs):
            self.messages.append(
                f"The cloud mask is left out: {path} has another grid than the bands; download it again."
            )
            return None
        return QualityMask(info, self._layout(path), grid)

    def _layout(self, path: Path) -> QualityLayout:
        name = path.stem.upper()
        if name.endswith("QA_PIXEL"):
            return QualityLayout.COLLECTION_2
        if name.endswith("PIXEL_QA"):
            return QualityLayout.SURFACE_COLLECTION_1
        in_collection = self.name is not None and self.name.collection is not None
        return QualityLayout.COLLECTION_1 if in_collection else QualityLayout.PRE_COLLECTION

    def _provenance(self) -> Provenance:
        name, metadata = self.name, self.metadata
        summary = metadata.summary() if metadata else {}
        number = summary.get("COLLECTION_NUMBER")
        return Provenance(
            location=self.files.folder,
            sensor=name.sensor if name else summary.get("SPACECRAFT_ID"),
            level=(name.level if name else None) or (metadata.level() if metadata else None),
            collection=(name.collection if name else None) or (number.zfill(2) if number else None),
            tier=(name.tier if name else None) or summary.get("COLLECTION_CATEGORY"),
            wrs_path=name.wrs_path if name else _whole(summary.get("WRS_PATH")),
            wrs_row=name.wrs_row if name else _whole(summary.get("WRS_ROW")),
            processed=(name.processed if name else None) or (metadata.processed() if metadata else None),
            simulated=metadata.simulated() if metadata else False,
            metadata=summary,
        )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
