"""Dated images grouped into acquisitions: what differs in their names says what each of them is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from napari_icenet.scenes.dated.image_name import ImageName
from napari_icenet.scenes.dated.passed_over import few
from napari_icenet.scenes.raster.file import RasterInfo
from napari_icenet.scenes.scene import Notice

#: Formats that hold less than others, the poorest first.
_POOR_FORMATS = ("JPEG", "PNG", "JP2OpenJPEG", "EHdr", "ENVI")
#: A key of an acquisition: its moment and product, and what else its files' names have in common.
_Key = tuple[object, ...]


@dataclass(frozen=True)
class DatedImage:
    """An image file whose name bears a date."""

    info: RasterInfo
    name: ImageName
    #: What was read: the name of the file, with the folder's where that alone bears the date.
    text: str

    @property
    def path(self) -> Path:
        """The file."""
        return self.info.path


@dataclass
class Acquisition:
    """Files of one moment that belong together.

    Attributes
    ----------
    pictures : dict of (str or None) to list of DatedImage
        By band, None where the name bears none; several are neighbouring tiles.
    masks : list of DatedImage
    """

    pictures: dict[str | None, list[DatedImage]] = field(default_factory=dict)
    masks: list[DatedImage] = field(default_factory=list)

    @property
    def first(self) -> DatedImage:
        """The file that gives the acquisition its name."""
        return next(iter(self.pictures.values()))[0]


def group_acquisitions(images: Sequence[DatedImage]) -> tuple[list[Acquisition], list[Notice]]:
    """Group dated images, masks among them, into acquisitions, in the order given.

    Files of one moment whose names differ by band, tile, mask, processing or size of pixel are one
    acquisition. Of several that are the same picture, the latest processing counts, then the finest.
    Those on one grid that differ otherwise, and alike at several moments, are bands called by what differs;
    others stay apart.

    Returns
    -------
    acquisitions : list of Acquisition
    notices : list of Notice
        One for each way of being left out.
    """
    pictures = [image for image in images if image.name.mask is None]
    kept, notices = _one_of_each(pictures)
    groups: dict[_Key, Acquisition] = defaultdict(Acquisition)
    for image in kept:
        groups[key_of(image.name)].pictures.setdefault(image.name.band, []).append(image)
    found, named = _named_by_difference(list(groups.values()))
    notices += [*named, *_samemoment_of(found)]
    masks, more = _one_of_each([image for image in images if image.name.mask is not None])
    alone = []
    for mask in masks:
        beside = [a for a in found if moment_of(a.first.name) == moment_of(mask.name)]
        if mask.name.mask == "unknown" or not beside:
            alone.append(mask)
            continue
        max(beside, key=lambda a: len({*a.first.name.rest} & {*mask.name.rest})).masks.append(mask)
    notices += more
    if alone:
        reason = "a mask without a picture of its moment, or in a code that is not known here"
        notices.append(left_out(alone, reason, "masks without pictures, or in codes that are not known here"))
    return found, notices


def missing_tiles(acquisitions: Sequence[Acquisition]) -> list[Notice]:
    """A notice of tiles that most acquisitions have and some lack, which makes the ground that all hold smaller."""
    held = [{image.name.tile for images in a.pictures.values() for image in images} for a in acquisitions]
    counts = Counter(tile for tiles in held for tile in tiles)
    usual = sorted(tile for tile, count in counts.items() if tile is not None and 2 * count > len(held))
    lacking = [
        (acquisition.first.name.when, [tile for tile in usual if tile not in tiles])
        for acquisition, tiles in zip(acquisitions, held, strict=True)
        if not tiles.issuperset(usual) and None not in tiles
    ]
    if not lacking:
        return []
    when, tiles = lacking[0]
    which = f"tile {tiles[0]} is" if len(tiles) == 1 else f"tiles {', '.join(tiles)} are"
    others = f", and others on {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return [
        Notice(
            f"On {when.date().isoformat()} {which} missing{others}; the ground that all dates hold ends there, and "
            "--extent union keeps the rest."
        )
    ]


def left_out(images: Sequence[DatedImage], one: str, several: str, advice: str = "") -> Notice:
    """One notice for all images that are left out for the same reason.

    Parameters
    ----------
    images : sequence of DatedImage
    one, several : str
        What one of them is, and what several are.
    advice : str
        What to do, as the end of the sentence.
    """
    names = few([image.path for image in images])
    if len(images) == 1:
        return Notice(f"{names} is left out: it is {one}{advice}.", names)
    return Notice(f"{names} are left out: they are {several}{advice}.")


def moment_of(name: ImageName) -> _Key:
    """What images of one moment have in common."""
    return name.when, name.time_known, name.product and name.product.id


def key_of(name: ImageName) -> _Key:
    """What the names of the images of one acquisition have in common."""
    return *moment_of(name), name.rest


def format_rank(info: RasterInfo) -> int:
    """How much a format holds of what was measured: GeoTIFF before others, PNG before JPEG, which loses detail."""
    return _POOR_FORMATS.index(info.driver) if info.driver in _POOR_FORMATS else len(_POOR_FORMATS)


def _rank(image: DatedImage) -> tuple[object, ...]:
    """Latest processing, finest, no copy, and the format that holds most; of equals the first counts."""
    name = image.name
    return name.processing, -name.pixel, not name.copy, format_rank(image.info)


def _one_of_each(images: Sequence[DatedImage]) -> tuple[list[DatedImage], list[Notice]]:
    """Of images that differ by processing, size of pixel or copy alone, the one that counts."""
    same: dict[_Key, list[DatedImage]] = defaultdict(list)
    for image in images:
        same[*key_of(image.name), image.name.band, image.name.mask, image.name.tile].append(image)
    kept: list[DatedImage] = []
    older: list[DatedImage] = []
    coarser: list[DatedImage] = []
    copies: list[DatedImage] = []
    for alike in same.values():
        best = max(alike, key=_rank)
        kept.append(best)
        for image in alike:
            if image is best:
                continue
            if image.name.processing != best.name.processing:
                older.append(image)
            else:
                (coarser if image.name.pixel != best.name.pixel else copies).append(image)
    notices = []
    if older:
        notices.append(left_out(older, "an earlier processing of another", "earlier processings of others"))
    if coarser:
        notices.append(left_out(coarser, "another with larger pixels", "others with larger pixels"))
    if copies:
        notices.append(left_out(copies, "another picture's copy by its name", "copies of others by their names"))
    return kept, notices


def _named_by_difference(acquisitions: list[Acquisition]) -> tuple[list[Acquisition], list[Notice]]:
    """Files of one moment and grid, told apart by words that recur at other moments, as bands of those names."""
    moments: dict[_Key, list[Acquisition]] = defaultdict(list)
    for acquisition in acquisitions:
        moments[moment_of(acquisition.first.name)].append(acquisition)
    words: Counter[str] = Counter()
    for same in moments.values():
        if len(same) > 1 and same[0].first.name.product is None and len({a.first.info.grid for a in same}) == 1:
            rests: list[set[str]] = [{*a.first.name.rest} for a in same]
            words.update(rests[0].union(*rests) - rests[0].intersection(*rests))
    known = {word for word, count in words.items() if count > 1}
    found: list[Acquisition] = []
    bands: set[str] = set()
    for same in moments.values():
        labels = [" ".join(word for word in a.first.name.rest if word in known) for a in same]
        if len({*labels}) < len(labels) or not any(labels) or len({a.first.info.grid for a in same}) > 1:
            found += same
            continue
        joined = Acquisition()
        for acquisition, label in zip(same, labels, strict=True):
            for band, images in acquisition.pictures.items():
                called = " ".join(part for part in (band, label) if part) or None
                joined.pictures[called] = [replace(image, name=replace(image.name, band=called)) for image in images]
                bands |= {called} if label and called else set()
        found.append(joined)
    if not bands:
        return found, []
    return found, [Notice(f"What differs in names of one date is taken for bands: {', '.join(sorted(bands))}.")]


def _samemoment_of(acquisitions: Sequence[Acquisition]) -> list[Notice]:
    """A notice of images of one moment whose names do not say how they belong together."""
    counts = Counter(moment_of(a.first.name) for a in acquisitions)
    apart = [a for a in acquisitions if counts[moment_of(a.first.name)] > 1]
    if not apart:
        return []
    names = few([a.first.path for a in apart])
    return [
        Notice(
            f"{names} bear the same date, and their names do not say how they belong together; each counts "
            "as an acquisition of its own."
        )
    ]
