"""Tables as spreadsheets write them: cells of a CSV file, and the numbers in them."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_icenet.common.text import brief
from napari_icenet.errors import IceNetError

#: No table is longer, bytes.
MOST_BYTES = 64 * 1024**2
#: Cells that say that nothing is known, in lower case.
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none"})
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[,'\u2019\s]\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_DECIMAL_POINT = re.compile(r"[-+]?\d*\.\d+")


def read_cells(
    path: Path, fault: type[IceNetError], what: str, *, comment: str | None = None
) -> tuple[str, list[tuple[int, list[str]]]]:
    """Lines of a CSV that hold anything, their cells separated by commas, semicolons or tabs.

    Parameters
    ----------
    path : Path
        UTF-8, with a byte order mark or without; or UTF-16 with one.
    fault : type of IceNetError
        Raised where the file cannot be used.
    what : str
        What it is to be, for messages: ``table of covariates``.
    comment : str, optional
        Lines that begin with it are left out.

    Returns
    -------
    delimiter : str
    lines : list of (int, list of str)
        Number of the line in the file, from 1, and its cells.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise fault(f"{path} is too large for a {what}; leave out what is not needed.")
        stored = path.read_bytes()
        wide = stored.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = stored.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise fault(f"{path} is no text in UTF-8; save it as CSV UTF-8.") from error
    except OSError as error:
        raise fault(f"{path} cannot be read ({error.strerror}); name a CSV file.") from error
    if "\0" in text:
        raise fault(f"{path} is no text in UTF-8; save it as CSV UTF-8.")
    lines = ["" if comment is not None and line.lstrip().startswith(comment) else line for line in text.splitlines()]
    head = next((line for line in lines if line.strip(" \t,;")), "")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        return delimiter, [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise fault(f"{path} is no CSV ({error}); write it again.") from error


def number_of(value: object) -> float:
    """The number in a cell; NaN where it is empty.

    Raises ValueError: it is none, or none that is written plainly; the message says so and what to do.
    """
    if value is None or (isinstance(value, str) and value.strip().casefold() in MISSING):
        return math.nan
    if isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{value} is no number; mend it")
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = float(value)
    else:
        text = str(value).strip()
        if _NUMBER.fullmatch(text) is None and not _infinite(text):
            advice = "mend it"
            if _THOUSANDS.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text):
                advice = "write decimals with a point, as in 150.25, and thousands without a mark"
            raise ValueError(f"{brief(text)} is no number; {advice}")
        number = float(text)
    if math.isinf(number):
        raise ValueError(f"{brief(value)} is no number; leave the cell empty where it is missing")
    return number


def with_decimal_points(delimiter: str, rows: Sequence[list[str]]) -> list[list[str]]:
    """Rows whose decimal commas are points, where it is beyond doubt that they are decimal commas.

    That is where commas do not separate the cells, no number of the file has a point, and one of them has a comma
    that marks no thousands.
    """
    cells = [cell.strip() for row in rows for cell in row]
    commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    sure = any(_THOUSANDS.fullmatch(cell) is None for cell in commas)
    if delimiter == "," or not sure or any(_DECIMAL_POINT.fullmatch(cell) for cell in cells):
        return list(rows)
    return [
        [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell for cell in row] for row in rows
    ]


def _infinite(text: str) -> bool:
    return text.lstrip("+-").casefold() in {"inf", "infinity"}
