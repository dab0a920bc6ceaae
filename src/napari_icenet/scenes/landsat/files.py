"""Find the files of a Landsat product in a folder, by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_icenet.errors import SceneError
from napari_icenet.scenes.folder_listing import FolderListing, list_folder
from napari_icenet.scenes.landsat.mtl import find_metadata
from napari_icenet.scenes.landsat.product_id import ProductName, parse_product_name

_BAND_FILE = re.compile(
    r"^(?P<product>.+?)_(?:(?P<kind>SR|ST)_)?B(?:AND)?(?P<band>\d{1,2}(?:_VCID_[12])?)\.TIFF?$", re.IGNORECASE
)
_QUALITY_FILE = re.compile(r"^(?P<product>.+?)_(?P<kind>QA_PIXEL|BQA|PIXEL_QA)\.TIFF?$", re.IGNORECASE)
_METADATA_FILE = re.compile(r"^(?P<product>.+?)_MTL\.(?:txt|json|xml)$", re.IGNORECASE)


@dataclass(frozen=True)
class ProductFiles:
    """The files of one product.

    Attributes
    ----------
    folder : Path
    product : str
        What the files' names have in common: the product id, unless they were renamed.
    name : ProductName or None
        What that says; None where it is no product id.
    bands : mapping of str to Path
        By band name (``B1``, ``B6_VCID_1`` …), in the order of their numbers.
    quality : Path or None
        ``QA_PIXEL``, ``BQA`` or ``pixel_qa``.
    metadata : tuple of Path
        ``MTL.txt`` before ``MTL.json`` before ``MTL.xml``.
    """

    folder: Path
    product: str
    name: ProductName | None
    bands: Mapping[str, Path]
    quality: Path | None
    metadata: tuple[Path, ...]

    @property
    def ordered_surface(self) -> bool:
        """True if these are surface reflectances ordered in Collection 1 (``sr_band1`` …)."""
        return any("_sr_band" in path.name.lower() for path in self.bands.values())

    def briefly(self, message: str) -> str:
        """A sentence on the product's files, without the folders above that make it long."""
        if not self.folder.name:  # the current folder, which paths do not show
            return message
        if self.name is not None:  # files that bear a product id need no folder
            message = message.replace(f"{self.folder / self.product}_", f"{self.product}_")
        return message.replace(str(self.folder), self.folder.name)


def product_files(folder: Path | FolderListing) -> list[ProductFiles]:
    """The Landsat products whose files lie in a folder, not in folders below it.

    Files count by their names alone: they begin with a product id, or they are named
    ``…_B1.TIF`` and a metadata file lies beside them.
    Raises SceneError: the folder cannot be looked into.
    """
    listing = readable_listing(folder)
    has_metadata = bool(find_metadata(listing))
    bands: dict[str, dict[str, Path]] = {}
    quality: dict[str, Path] = {}
    spelling: dict[str, str] = {}
    for path in listing.files:
        for pattern in (_BAND_FILE, _QUALITY_FILE, _METADATA_FILE):
            found = pattern.match(path.name)
            if found is None or not (has_metadata or parse_product_name(found["product"])):
                continue
            key = found["product"].upper()
            spelling.setdefault(key, found["product"])
            if pattern is _BAND_FILE:
                bands.setdefault(key, {})[f"B{found['band'].upper()}"] = path
            elif pattern is _QUALITY_FILE:
                quality[key] = path
            break
    several = len(spelling) > 1
    return [
        ProductFiles(
            folder=listing.folder,
            product=product,
            name=parse_product_name(product),
            bands=dict(sorted(bands.get(key, {}).items(), key=lambda item: band_order(item[0]))),
            quality=quality.get(key),
            metadata=tuple(find_metadata(listing, product if several else None)),
        )
        for key, product in spelling.items()
    ]


def readable_listing(folder: Path | FolderListing) -> FolderListing:
    """What lies in a folder.

    Raises SceneError: the folder cannot be looked into.
    """
    if isinstance(folder, Path) and not may_look_into(folder):
        raise SceneError(f"{folder} cannot be read; check its permissions.")
    try:
        return list_folder(folder)
    except OSError as error:
        raise SceneError(f"{folder} cannot be read ({error.strerror}); check its permissions.") from error


def may_look_into(folder: Path) -> bool:
    """True if the files of a folder can be listed and opened."""
    return os.access(folder, os.R_OK | os.X_OK)


def band_order(band: str) -> tuple[int, str]:
    """A key that sorts band names by number."""
    found = re.match(r"B(\d+)(.*)", band)
    return (int(found[1]), found[2]) if found else (10**6, band)
