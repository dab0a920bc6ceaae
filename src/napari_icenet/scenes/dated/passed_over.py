"""What lies in a folder of scenes and is none that can be opened, named so that nobody misses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_icenet.scenes.dated.image_files import IMAGE_SUFFIXES, image_files
from napari_icenet.scenes.dated.image_name import bears_date
from napari_icenet.scenes.folder_listing import FolderListing
from napari_icenet.scenes.landsat.product_id import parse_product_name
from napari_icenet.scenes.scene import Notice

_ARCHIVES = frozenset({".tar", ".tgz", ".gz", ".bz2", ".xz", ".zip", ".7z"})
#: Data beside dated images whose names bear a date as well.
_DATA = frozenset({".json", ".xml", ".nc", ".h5", ".hdf", ".hdf5", ".he5"})
#: Pictures and rasters in formats that are not read here, and raw numbers that no header explains.
_RASTERS = frozenset({".bil", ".bip", ".bsq", ".dat", ".ecw", ".img", ".ntf", ".nitf", ".raw", ".sid", ".vrt"}).union(
    {".bmp", ".dng", ".gif", ".heic", ".heif", ".j2k", ".jpf", ".jpx", ".kmz", ".psd", ".svg", ".webp"}
)
_UNFINISHED = frozenset({".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".tmp"})


def is_archive(path: Path) -> bool:
    """True if a file is an archive by its name."""
    return path.suffix.lower() in _ARCHIVES


def passed_over(listing: FolderListing, *, dated: bool) -> list[Notice]:
    """One notice of each kind of thing in a folder that is passed over.

    Parameters
    ----------
    listing : FolderListing
    dated : bool
        The folder holds dated images: data of other kinds whose names bear a date were meant to be seen too.
    """
    notices = []
    if archives := [path for path in listing.files if is_archive(path) and bears_date(path.name)]:
        notices.append(_told(archives, "archive", "archives", "extract {it} first"))
    if listing.broken:
        notices.append(_told(listing.broken, "link that leads nowhere", "links that lead nowhere", "mend {it}"))
    if listing.closed:
        one, several = "link to what may not be read", "links to what may not be read"
        notices.append(_told(listing.closed, one, several, "check permissions there"))
    return [*notices, *(_beside_images(listing) if dated else [])]


def dated_but_none_read(listing: FolderListing) -> str:
    """Sentences on what bears a date in a folder without an image that does; empty where nothing does."""
    broken, closed = (tuple(p for p in paths if bears_date(p.stem)) for paths in (listing.broken, listing.closed))
    notices = passed_over(replace(listing, broken=broken, closed=closed), dated=True)
    return " ".join(notice.message for notice in notices)


def _beside_images(listing: FolderListing) -> list[Notice]:
    """Notices of what bears a date as images do and is not read as one."""
    notices = []
    images = {*image_files(listing)}
    with_date = [path for path in listing.files if path not in images and bears_date(path.stem)]
    if others := [p for p in with_date if p.suffix.lower() in _DATA and not p.name.lower().endswith(".aux.xml")]:
        notices.append(_told(others, "file that is no picture", "files that are no pictures", ""))
    rasters: dict[str, list[Path]] = {}
    for path in with_date:
        if path.suffix.lower() in _RASTERS:
            rasters.setdefault(path.suffix.lower(), []).append(path)
    for suffix, paths in rasters.items():
        kind = f"in a format that is not read here ({suffix})"
        notices.append(_told(paths, f"picture {kind}", f"pictures {kind}", "write {it} as GeoTIFF (gdal_translate)"))
    if unfinished := [path for path in with_date if path.suffix.lower() in _UNFINISHED]:
        notices.append(_told(unfinished, "unfinished download", "unfinished downloads", "download {it} again"))
    called_so = [path for path in listing.folders if path.suffix.lower() in IMAGE_SUFFIXES and bears_date(path.stem)]
    if called_so and any(bears_date(path.stem) for path in images):
        advice = "put the image in {it} beside the others"
        notices.append(_told(called_so, "folder that is called like an image", "folders called like images", advice))
    return notices


def images_beside_products(images: Sequence[Path]) -> list[Notice]:
    """A notice of dated images that lie beside product folders, previews of products apart."""
    left = [path for path in images if bears_date(path.stem) and parse_product_name(path.stem) is None]
    advice = "open {it} in a folder without products"
    return [_told(left, "image beside products", "images beside products", advice)] if left else []


def few(paths: Sequence[Path]) -> str:
    """The names of one or two files, or the first and how many more."""
    names = [path.name for path in paths]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"


def _told(paths: Sequence[Path], one: str, several: str, advice: str) -> Notice:
    single = len(paths) == 1
    article = "an" if one[0] in "aeiou" else "a"
    what = f"is left out: it is {article} {one}" if single else f"are left out: they are {several}"
    end = f"; {advice.format(it='it' if single else 'them')}" if advice else ""
    return Notice(f"{few(paths)} {what}{end}.", paths[0].name if single else None)
