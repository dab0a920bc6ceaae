"""Which files of a folder are images that are read here, by their names."""

from __future__ import annotations

from pathlib import Path

from napari_icenet.scenes.folder_listing import FolderListing

IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2"})
#: Bare numbers, as ENVI writes them, which a header beside them explains.
RAW_SUFFIXES = frozenset({"", ".dat", ".img", ".bil", ".bip", ".bsq", ".raw"})


def image_files(listing: FolderListing) -> list[Path]:
    """Images of a folder, the area of interest apart, sorted; no file is opened."""
    headers = {path.name for path in listing.files if path.suffix.lower() == ".hdr"}
    return [path for path in listing.files if path.stem.lower() != "mask" and _is_image(path, headers)]


def has_header(path: Path, names: set[str]) -> bool:
    """True if raw numbers have a header beside them that GDAL finds, ``a.hdr`` or ``a.dat.hdr``.

    Parameters
    ----------
    path : Path
    names : set of str
        Of the files beside it.
    """
    return not names.isdisjoint({f"{stem}.{suffix}" for stem in (path.stem, path.name) for suffix in ("hdr", "HDR")})


def _is_image(path: Path, headers: set[str]) -> bool:
    suffix = path.suffix.lower()
    return suffix in IMAGE_SUFFIXES or (bool(headers) and suffix in RAW_SUFFIXES and has_header(path, headers))
