"""Tell by its looks whether a path holds scenes."""

from __future__ import annotations

from pathlib import Path

#: Suffix of a saved session; named here too, for a reader must be found without loading what it reads with.
SESSION_SUFFIX = ".icenet"
#: Folders in a folder that are looked at before it is taken for something else.
LOOKED_AT = 2000


def looks_like_scenes(path: Path) -> bool:
    """True if a file or folder bears the name of a product, of dated images, of a saved stack or session."""
    from napari_icenet.scenes.dated_folder import is_dated_folder
    from napari_icenet.scenes.folder_listing import listing_or_none
    from napari_icenet.scenes.landsat.product_id import parse_product_name
    from napari_icenet.scenes.store.schema import is_saved_stack

    name = path.name.upper()
    if path.is_file():
        return (
            path.suffix == SESSION_SUFFIX
            or name.endswith(("_MTL.TXT", "_MTL.JSON"))
            or (name.endswith((".TIF", ".TIFF")) and parse_product_name(path.stem) is not None)
        )
    if not path.is_dir():
        return False
    if name.endswith(".ZARR"):
        # Other programs' stores are none of ours.
        return is_saved_stack(path)
    if parse_product_name(path.name) is not None:
        return True
    listing = listing_or_none(path)
    return listing is not None and (
        is_dated_folder(listing)
        or any(file.name.upper().endswith(("_MTL.TXT", "_MTL.JSON")) for file in listing.files)
        or any(
            parse_product_name(folder.name) is not None or any(folder.glob("*_MTL.*"))
            for folder in listing.folders[:LOOKED_AT]
        )
    )
