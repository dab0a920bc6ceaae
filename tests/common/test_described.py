"""Objects that say what they hold, in the shell and in notebooks."""

from __future__ import annotations

import re

import numpy as np
import pytest

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.software import __version__, software


class Glacier(Described):
    def facts(self):
        return {"name": "Byrd <b>", "empty": "", "shape": "3 × 4"}


def test_a_line_of_the_facts_there_are():
    assert repr(Glacier()) == str(Glacier()) == "<Glacier Byrd <b> · 3 × 4>"


def test_a_table_is_escaped_and_leaves_out_what_is_empty():
    html = Glacier()._repr_html_()
    assert "Byrd &lt;b&gt;" in html
    assert "<b>" not in html
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html) == ["name", "Byrd &lt;b&gt;", "shape", "3 × 4"]


def test_facts_have_to_be_told():
    with pytest.raises(NotImplementedError):
        repr(Described())


@pytest.mark.parametrize(
    ("days", "noun", "text"),
    [
        (["2020-01-01"], "", "2020-01-01"),
        (["2020-01-01"], "dates", "1 date, 2020-01-01"),
        (["2020-01-01", "2020-03-01"], "", "2020-01-01 to 2020-03-01"),
        (["2020-01-01", "2020-02-01", "2020-03-01"], "dates", "3 dates, 2020-01-01 to 2020-03-01"),
        (["2020-01-01T10:00:00", "2020-01-01T12:00:00"], "dates", "2 dates, 2020-01-01"),
    ],
)
def test_dates_are_counted_with_their_span(days, noun, text):
    assert dates_text(np.array(days, "datetime64[s]"), noun) == text


def test_the_version_is_told():
    assert software() == f"napari-icenet {__version__}"
