"""What is said of a folder in which nothing can be opened."""

from __future__ import annotations

from napari_icenet.scenes.dated.image_files import IMAGE_SUFFIXES
from napari_icenet.scenes.dated.passed_over import dated_but_none_read, few, is_archive
from napari_icenet.scenes.folder_listing import FolderListing

EXPECTED = (
    "a folder of Landsat product folders, a folder of images named by date (20200131.tif) or a stack saved by icenet"
)


def why_unrecognised(listing: FolderListing) -> str:
    """One sentence on a folder without a scene: what lies in it, and what to do."""
    path = listing.folder
    if not listing.files and not listing.folders:
        return f"{path} is empty; name {EXPECTED}."
    if any(file.suffix.lower() in IMAGE_SUFFIXES for file in listing.files):
        return f"{path} holds images without a date in their names; call them by date, as in 20200131.tif."
    if archives := [file for file in listing.files if is_archive(file)]:
        return f"{path} holds archives ({few(archives)}); extract them, and name the folder that holds their products."
    if said := dated_but_none_read(listing):
        return f"{path} holds no scene that can be opened: {said}"
    return f"{path} holds no scene; name {EXPECTED}."
