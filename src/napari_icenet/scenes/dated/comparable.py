"""Of images in one folder those that can be compared: no previews of others, and all on maps or of one size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from napari_icenet.scenes.dated.acquisitions import DatedImage, format_rank, key_of, left_out, moment_of
from napari_icenet.scenes.raster.georeference import NoMap
from napari_icenet.scenes.raster.picture import WHOLE_FILE_DRIVERS
from napari_icenet.scenes.scene import Notice


def comparable(images: Sequence[DatedImage], exclude: Sequence[str] = ()) -> tuple[list[DatedImage], list[Notice]]:
    """Images that can be laid on each other, in the order given.

    Of files that differ by format alone the one that holds most counts. Pictures (PNG, JPEG) beside measurements
    of their moments, and dates that are to be left out, do not count for what most images are.

    Parameters
    ----------
    images : sequence of DatedImage
    exclude : sequence of str
        Dates that are left out, in ISO's form.

    Returns
    -------
    images : list of DatedImage
        All on maps, or all of one size and on none.
    notices : list of Notice
        Why the others are left out.
    """
    kept, notices = _richest_formats(images)
    kept, more = _on_comparable_grids(kept, exclude)
    return kept, [*notices, *more]


def _richest_formats(images: Sequence[DatedImage]) -> tuple[list[DatedImage], list[Notice]]:
    same: dict[tuple[object, ...], list[DatedImage]] = defaultdict(list)
    for image in images:
        name = image.name
        same[*key_of(name), name.band, name.tile, name.processing, name.pixel, name.copy].append(image)
    poorer = []
    for alike in same.values():
        best = max(format_rank(image.info) for image in alike)
        poorer += [image for image in alike if format_rank(image.info) < best]
    left = {image.path for image in poorer}
    return [image for image in images if image.path not in left], [_previews(poorer)] if poorer else []


def _previews(images: Sequence[DatedImage]) -> Notice:
    return left_out(
        images, "a copy of another in a format that holds less", "copies of others in formats that hold less"
    )


def _is_picture(image: DatedImage) -> bool:
    return image.info.driver in WHOLE_FILE_DRIVERS


def _kind(image: DatedImage) -> tuple[int, int] | None:
    return None if image.info.grid.georeferenced else image.info.grid.shape


def _on_comparable_grids(images: Sequence[DatedImage], exclude: Sequence[str]) -> tuple[list[DatedImage], list[Notice]]:
    """Images on maps, or those of the commonest size where most have no map."""
    measured = {moment_of(image.name) for image in images if not _is_picture(image)}
    # Pictures beside measurements of their moments have no vote.
    beside = [image for image in images if _is_picture(image) and moment_of(image.name) in measured]
    voters = [image for image in images if not (_is_picture(image) and moment_of(image.name) in measured)]
    if not voters:
        return [], []
    wanted = [image for image in voters if not any(image.name.is_of(text) for text in exclude)]
    common = Counter(map(_kind, wanted or voters)).most_common(1)[0][0]
    previews = [image for image in beside if _kind(image) != common]
    notices = [_previews(previews)] if previews else []
    for image in voters:
        path, grid = image.info.path.name, image.info.grid
        if _kind(image) == common:
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
    return [image for image in images if _kind(image) == common], notices
