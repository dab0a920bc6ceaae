"""Whom to thank for a scene."""

from __future__ import annotations

import os

import pytest

from napari_icenet.errors import SceneError
from napari_icenet.scenes.credit import CREDIT, LANDSAT_CREDIT, credit_of, read_credit
from napari_icenet.scenes.scene import Provenance


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({}, None),
        ({"sensor": "LC08"}, LANDSAT_CREDIT),
        ({"sensor": "le07"}, LANDSAT_CREDIT),
        ({"sensor": "OLI_TIRS"}, LANDSAT_CREDIT),
        ({"sensor": "S2A"}, None),
        ({"sensor": "S2A", "credit": "ESA"}, "ESA"),
        ({"sensor": "LC08", "credit": "mine"}, "mine"),
        ({"sensor": "LC08", "simulated": True}, None),
        ({"simulated": True, "credit": "by me"}, "by me"),
    ],
)
def test_the_line_that_the_data_ask_for(origin, line):
    assert credit_of(Provenance(**origin)) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Copernicus, ESA\n", "Copernicus, ESA"),
        ("  Copernicus,\n\n\tESA  ", "Copernicus, ESA"),
        ("Pléiades © CNES", "Pléiades © CNES"),
        ("", None),
        (" \n ", None),
    ],
)
def test_a_file_beside_the_images_is_one_line(tmp_path, text, line):
    (tmp_path / CREDIT).write_text(text, encoding="utf-8")
    assert read_credit(tmp_path) == line


def test_without_a_file_there_is_none(tmp_path):
    assert read_credit(tmp_path) is None


def test_a_long_file_is_cut(tmp_path):
    (tmp_path / CREDIT).write_text("x" * 100_000)
    assert len(read_credit(tmp_path)) <= 500


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_one_that_cannot_be_read_is_told(tmp_path, content):
    place = tmp_path / CREDIT
    if content is None:
        if os.name == "nt":
            pytest.skip("a folder is opened in another way")
        place.mkdir()
    else:
        place.write_bytes(content)
    with pytest.raises(SceneError, match=CREDIT):
        read_credit(tmp_path)
