"""What the name of an image file says: its date, and what of an acquisition the file holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Literal

from napari_icenet.errors import SceneError
from napari_icenet.scenes.dated.moments import begins_with_date, moments, spans_days
from napari_icenet.scenes.landsat.product_id import ProductName, parse_product_name

#: Codes of masks. ``unknown`` is a mask by its name whose numbers nobody has explained.
MaskCode = Literal["udm2", "scl", "fmask", "hls_fmask", "qa_pixel", "unknown"]

WRITE_DATES = "begin its name with the date, as in 20200131 or 2020-01-31"
WRITE_TIMES = "write the time in UTC, as in 20200131T1427"

# From a moment to a moment, as the Copernicus browser names what it exports.
_SPAN = re.compile(r"^(?P<first>\d{4}-\d{2}-\d{2})-\d{2}[_:]\d{2}_(?P<last>\d{4}-\d{2}-\d{2})-\d{2}[_:]\d{2}(?!\d)")
#: Names of satellite products begin so, and bear the acquisition before the processing.
_PRODUCT = re.compile(
    r"^(?:S[123][A-D]_|L[A-Z]\d{2}_|HLS\.|T\d{2}[A-Z]{3}_|\d{8}T\d{6}_\d{8}T\d{6}_T\d{2}[A-Z]{3})", re.IGNORECASE
)
#: Landsat's bear two days side by side, others two moments.
_OF_LANDSAT = re.compile(r"^L[A-Z]\d{2}_(?:[A-Z0-9]{4}_)?\d{6}_", re.IGNORECASE)
#: ASTER's: a version, the acquisition with the month first, and the processing.
_ASTER = re.compile(
    r"""^AST(?:_\w+?|14\w+?)_\d{3}(?P<month>\d{2})(?P<day>\d{2})(?P<year>(?:19|20)\d{2})
        (?P<clock>\d{6})?(?:_(?P<processed>\d{14})(?:_\d+)?)?(?![0-9A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)

_BAND = re.compile(
    r"""(?<![0-9A-Za-z])(?:(?:SR|ST)_)?(?:
        B(?:AND[_-]?)?(?P<number>\d{1,2}[AN]?) |
        (?P<colour>red|green|blue|nir\d{0,2}|swir\d{0,2}|rededge\d?|coastal|panchromatic|pan) |
        (?P<polarisation>VV|VH|HH|HV)
        )(?![0-9A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)
_BAND_AND_DASH = re.compile(rf"[_. -]?{_BAND.pattern}", re.VERBOSE | re.IGNORECASE)
_MASK = re.compile(
    r"(?<![0-9A-Za-z])(?P<code>udm2|scl|fmask|qa_pixel|pixel_qa|udm|bqa|qa\d{0,2}|cloud_?mask|mask)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_TILE = re.compile(
    r"(?<![0-9A-Za-z])(?:T\d{2}[C-X][A-Z]{2}|h\d{2}v\d{2}|\d{10}-\d{10}|tile[_-]?\d+)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?<![0-9A-Za-z])(?:v(?P<version>\d{1,3})|N(?P<baseline>\d{4}))(?![0-9A-Za-z])", re.IGNORECASE)
_PIXEL = re.compile(r"(?<![0-9A-Za-z])(?P<metres>\d{1,3})m(?![0-9A-Za-z])", re.IGNORECASE)
_COPY = re.compile(r"(?:\s?\(\d{1,2}\)|[ _-]+(?:copy|kopie|copie|copia)(?:[ _-]?\d+|\s?\(\d+\))?)$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<stem>.*\S) [1-9]\d?")
_COPY_OF = re.compile(r"^(?:copy|kopie|copie|copia) (?:\(\d+\) )?(?:of|von|de|di) ", re.IGNORECASE)


@dataclass(frozen=True)
class ImageName:
    """Parts of the name of a dated image.

    Attributes
    ----------
    when : datetime
        UTC; midnight where the name bears a day alone (``time_known`` False).
    product : ProductName or None
        Where the name begins with a Landsat product id.
    band : str or None
        ``B04``, ``B3``, ``red``, ``VV``; None where the name bears none, or several.
    mask : MaskCode or None
        Set if the file is a mask.
    tile : str or None
        Of a grid of tiles, ``T19GCP``, ``h21v04``, or the offset of a part of an export of Earth Engine.
    processing : (str, int, int)
        Rises with later processing: its time, version and baseline.
    pixel : int
        Metres, 0 where the name does not bear them.
    copy : bool
        The name is that of a copy, ``… (1)``.
    rest : tuple of str
        All else; files of one acquisition have it in common.
    """

    when: datetime
    time_known: bool
    product: ProductName | None = None
    band: str | None = None
    mask: MaskCode | None = None
    tile: str | None = None
    processing: tuple[str, int, int] = ("", 0, 0)
    pixel: int = 0
    copy: bool = False
    rest: tuple[str, ...] = ()

    def is_of(self, text: str) -> bool:
        """True if a day that is written in ISO's form, or a time on it, is this one."""
        return len(text) >= len("2020-01-31") and self.when.isoformat().startswith(text)


def bears_date(text: str) -> bool:
    """True if a name looks as if it bore a date, be it one that does not exist."""
    text = _COPY_OF.sub("", text)
    if parse_product_name(text) is not None or _ASTER.match(text) or _SPAN.match(text):
        return True
    return begins_with_date(text) or bool(moments(text))


def parse_image_name(text: str) -> ImageName:
    """Read the name of an image, without its suffix.

    Raises SceneError: it bears no date, none that exists, several, or a time that may mean something else; the
    message begins with "bears".
    """
    if named := _COPY_OF.match(text):
        return replace(parse_image_name(text[named.end() :]), copy=True)
    product = parse_product_name(text)
    if product is not None and product.acquired is not None:
        acquired = datetime.combine(product.acquired, time())
        return _parts(product.suffix, acquired, time_known=False, product=product, processed="")
    if aster := _ASTER.match(text):
        return _parse_aster(aster, text)
    found = moments(text)
    if span := _SPAN.match(text):
        if span["first"] != span["last"]:
            raise SceneError(f"bears a span of days; {WRITE_DATES}.")
        return _parts(text[span.end() :], _midnight(found[0].when.date()), time_known=False) if found else _no_date()
    if begins_with_date(text) and (not found or found[0].start > 0):
        raise SceneError(f"bears a date that does not exist; {WRITE_DATES}.")
    if not found:
        return _no_date()
    of_product = _PRODUCT.match(text) is not None
    two_dates = of_product and (_OF_LANDSAT.match(text) is not None or all(one.time_known for one in found))
    if not two_dates and spans_days(text, found):
        raise SceneError(f"bears a span of days; {WRITE_DATES}.")
    if found[0].doubt:
        raise SceneError(f"bears what may be {found[0].doubt}; {WRITE_TIMES}.")
    if not of_product and found[0].start > 0 and len({one.when.date() for one in found}) > 1:
        raise SceneError(f"bears several dates; {WRITE_DATES}.")
    # A name that begins with a date is of that date, whatever follows.
    taken = found if of_product else found[:1]
    left = text
    for one in reversed(taken):
        left = f"{left[: one.start]}_{left[one.end :]}"
    later = [one.when for one in taken[1:] if one.when > taken[0].when]
    processed = max(later).isoformat() if later else ""
    return _parts(left, taken[0].when, time_known=taken[0].time_known, processed=processed, hls=_is_hls(text))


def band_called(text: str) -> str | None:
    """The band that a description names and nothing else, such as ``B4`` or ``nir``; None where it names none."""
    found = _BAND.fullmatch(text.strip())
    return None if found is None else _band_name(found)


def _parse_aster(match: re.Match[str], text: str) -> ImageName:
    digits = f"{match['year']}{match['month']}{match['day']}{match['clock'] or '000000'}"
    try:
        when = datetime.strptime(digits, "%Y%m%d%H%M%S")
    except ValueError:
        raise SceneError(f"bears a date that does not exist; {WRITE_DATES}.") from None
    # The level stands before the date, the band behind the processing.
    left = f"{text[: match.start('month') - 3]}_{text[match.end() :]}"
    return _parts(left, when, time_known=match["clock"] is not None, processed=match["processed"] or "")


def numbered_copies(paths: Iterable[Path]) -> frozenset[Path]:
    """Files called like another beside them, a blank and a number behind, as macOS calls copies: ``20200131 2.tif``.

    Those that are numbered from 1, or from 0, are no copies.
    """
    every = set(paths)
    found = set()
    for path in every:
        match = _NUMBERED.fullmatch(path.stem)
        if match is None:
            continue
        beside = [path.with_name(f"{match['stem']}{number}{path.suffix}") for number in ("", " 0", " 1")]
        if beside[0] in every and not every & {*beside[1:]}:
            found.add(path)
    return frozenset(found)


def parse_copy_name(text: str) -> ImageName:
    """Read the name of one of :func:`numbered_copies`; as :func:`parse_image_name`."""
    return replace(parse_image_name(text.rpartition(" ")[0]), copy=True)


def without_band(text: str) -> str:
    """A name without the band in it: what the files of one acquisition are called together."""
    return _BAND_AND_DASH.sub("", text)


def _no_date() -> ImageName:
    raise SceneError(f"bears no date that can be read; {WRITE_DATES}.")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _is_hls(text: str) -> bool:
    return text.upper().startswith("HLS.")


def _parts(
    text: str,
    when: datetime,
    *,
    time_known: bool,
    product: ProductName | None = None,
    processed: str = "",
    hls: bool = False,
) -> ImageName:
    """What is left of a name without its dates, taken apart."""
    copied = _COPY.search(text)
    text = text[: copied.start()] if copied else text
    mask = _MASK.search(text)
    bands = list(_BAND.finditer(text))
    band = _band_name(bands[0]) if len({_band_name(match) for match in bands}) == 1 else None
    tile, pixel = _TILE.search(text), _PIXEL.search(text)
    version = {
        kind: int(match[kind]) for match in _VERSION.finditer(text) for kind in ("version", "baseline") if match[kind]
    }
    # What has been read is taken out; what is left tells one acquisition of a moment from another.
    for pattern in (_MASK, *((_BAND,) if band else ()), _TILE, _VERSION, _PIXEL):
        text = pattern.sub("_", text)
    return ImageName(
        when=when,
        time_known=time_known,
        product=product,
        band=band,
        mask=None if mask is None else _mask_code(mask["code"], hls),
        tile=tile[0].upper() if tile else None,
        processing=(processed, version.get("version", 0), version.get("baseline", 0)),
        pixel=int(pixel["metres"]) if pixel else 0,
        copy=copied is not None,
        rest=tuple(re.findall(r"[^\W_]+", text.lower())),
    )


def _band_name(match: re.Match[str]) -> str:
    if match["number"]:
        return f"B{match['number'].upper()}"
    return match["colour"].lower() if match["colour"] else match["polarisation"].upper()


def _mask_code(word: str, hls: bool) -> MaskCode:
    match word.lower():
        case "udm2":
            return "udm2"
        case "scl":
            return "scl"
        case "fmask":
            return "hls_fmask" if hls else "fmask"
        case "qa_pixel":
            return "qa_pixel"
    return "unknown"
