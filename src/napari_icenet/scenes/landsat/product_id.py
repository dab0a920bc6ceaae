"""Landsat product names, and what they say of an acquisition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_COLLECTION_NAME = re.compile(
    r"""^(?P<id>
        L(?P<instrument>[COTEM])0(?P<satellite>[1-9])
        _(?P<level>L1TP|L1GT|L1GS|L2SP|L2SR)
        _(?P<path>\d{3})(?P<row>\d{3})
        _(?P<acquired>\d{8})
        _(?P<processed>\d{8})
        _(?P<collection>\d{2})
        _(?P<tier>RT|T1|T2|A1|A2)
    )(?:[_.-](?P<suffix>.*))?$""",
    re.VERBOSE | re.IGNORECASE,
)

_PRE_COLLECTION_NAME = re.compile(
    r"""^(?P<id>
        L(?P<instrument>[COTEM])(?P<satellite>[1-9])
        (?P<path>\d{3})(?P<row>\d{3})
        (?P<year>\d{4})(?P<day_of_year>\d{3})
        (?P<station>[A-Z0-9]{3})(?P<version>\d{2})
    )(?:[_.-](?P<suffix>.*))?$""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class ProductName:
    """Parts of the name of a Landsat product.

    Attributes
    ----------
    id : str
        The product id, without what follows it in a file name.
    sensor : str
        Instrument and satellite, ``LC08``, ``LE07`` … (the same form for old names).
    wrs_path, wrs_row : int
        Path and row of the worldwide reference system 2, of Landsat 1–3 of the first.
    acquired : date or None
        Day of acquisition, UTC; None where the digits are no date.
    level : str or None
        ``L1TP``, ``L1GT``, ``L1GS``, ``L2SP`` or ``L2SR``; None in old names.
    processed : date or None
        Day of processing; None in old names.
    collection : str or None
        ``01`` or ``02``; None before the collections.
    tier : str or None
        ``RT``, ``T1``, ``T2``, ``A1`` or ``A2``; None in old names.
    suffix : str
        What follows the id, as ``B8_Subset.png``.
    """

    id: str
    sensor: str
    wrs_path: int
    wrs_row: int
    acquired: date | None
    level: str | None = None
    processed: date | None = None
    collection: str | None = None
    tier: str | None = None
    suffix: str = ""


def parse_product_name(text: str) -> ProductName | None:
    """Read the Landsat product id at the start of a folder's or file's name.

    Parameters
    ----------
    text : str
        ``LXSS_LLLL_PPPRRR_YYYYMMDD_yyyymmdd_CC_TX`` or, before the collections,
        ``LXSPPPRRRYYYYDDDGSIVV``; what follows it after ``_``, ``-`` or ``.`` is the suffix.

    Returns
    -------
    ProductName or None
        None where the text does not begin with a product id.
    """
    if found := _COLLECTION_NAME.match(text):
        return ProductName(
            id=found["id"].upper(),
            sensor=f"L{found['instrument']}0{found['satellite']}".upper(),
            wrs_path=int(found["path"]),
            wrs_row=int(found["row"]),
            acquired=_calendar_day(found["acquired"]),
            level=found["level"].upper(),
            processed=_calendar_day(found["processed"]),
            collection=found["collection"],
            tier=found["tier"].upper(),
            suffix=found["suffix"] or "",
        )
    if found := _PRE_COLLECTION_NAME.match(text):
        return ProductName(
            id=found["id"].upper(),
            sensor=f"L{found['instrument']}0{found['satellite']}".upper(),
            wrs_path=int(found["path"]),
            wrs_row=int(found["row"]),
            acquired=_day_of_year(int(found["year"]), int(found["day_of_year"])),
            suffix=found["suffix"] or "",
        )
    return None


def _calendar_day(digits: str) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None


def _day_of_year(year: int, day: int) -> date | None:
    if year < 1:
        return None
    found = date(year, 1, 1) + timedelta(days=day - 1)
    return found if day >= 1 and found.year == year else None
