"""A line and a small table that say what an object holds, for the shell and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray


class Described:
    """Gives ``__repr__`` and ``_repr_html_`` to a class that tells its :meth:`facts`."""

    def facts(self) -> dict[str, str]:
        """Facts that are shown, in order, by their names."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' · '.join(text for text in self.facts().values() if text)}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        cell = "text-align:left;padding:1px 12px 1px 0"
        rows = "".join(
            f'<tr><td style="{cell};opacity:.65">{escape(name)}</td><td style="{cell}">{escape(text)}</td></tr>'
            for name, text in self.facts().items()
            if text
        )
        return f"<div><strong>{type(self).__name__}</strong><table>{rows}</table></div>"


def dates_text(times: Sequence[np.datetime64] | NDArray[np.datetime64], noun: str = "") -> str:
    """``12 dates, 2015-11-22 to 2017-01-11``; without a noun ``2015-11-22 to 2017-01-11``."""
    days = np.datetime_as_string(np.array(times, "datetime64[s]"), unit="D")
    span = str(days[0]) if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    count = f"{len(days)} {noun.removesuffix('s') if len(days) == 1 else noun}, " if noun else ""
    return count + span
