"""What lies in a folder of scenes and is none that can be opened, named so that nobody misses it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_icenet.scenes.dated.image_name import bears_date
from napari_icenet.scenes.folder_listing import FolderListing
from napari_icenet.scenes.landsat.product_id import parse_product_name
from napari_icenet.scenes.scene import Notice

_ARCHIVES = frozenset({".tar", ".tgz", ".gz", ".bz2", ".xz", ".zip", ".7z"})
#: Data beside dated images whose names bear a date as well.
_DATA = frozenset({".json", ".xml", ".nc", ".h5", ".hdf", ".hdf5", ".he5", ".img", ".vrt", ".bil", ".ecw", ".sid"})


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
    others = [
        path
        for path in listing.files
        if path.suffix.lower() in _DATA and not path.name.lower().endswith(".aux.xml") and bears_date(path.stem)
    ]
    if dated and others:
        notices.append(_told(others, "file that is no picture", "files that are no pictures", ""))
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
