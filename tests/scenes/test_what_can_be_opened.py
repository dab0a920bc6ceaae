"""The names in ``docs/what-can-be-opened.md`` are read as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_icenet.errors import SceneError
from napari_icenet.scenes.dated.image_name import parse_image_name

PAGE = Path(__file__).parents[2] / "docs" / "what-can-be-opened.md"


def rows() -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8").partition("<!-- names:")[2].partition("<!-- end -->")[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [(name.strip("`"), date.strip()) for name, date in lines]


def test_the_page_lists_names() -> None:
    assert len(rows()) >= 15


@pytest.mark.parametrize(("name", "date"), rows())
def test_names_are_read_as_the_page_says(name: str, date: str) -> None:
    stem = Path(name).stem
    if date.startswith("refused"):
        with pytest.raises(SceneError):
            parse_image_name(stem)
        return
    parsed = parse_image_name(stem)
    told = parsed.when.isoformat(sep=" ")
    assert told.startswith(date)
    assert parsed.time_known == (":" in date)
    # What the page leaves away is 0.
    assert set(told[len(date) :]) <= set(" :0")
