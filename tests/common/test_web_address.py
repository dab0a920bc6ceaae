from pathlib import Path

import pytest

from napari_icenet.common.web_address import download_first


@pytest.mark.parametrize("text", ["https://example.org/ice/a.zarr", "s3://bucket/ice", "ftp://host/x"])
def test_an_address_is_named_as_it_was_given(text):
    said = download_first(Path(text))
    assert said is not None
    assert said.startswith(f"{text} is an address")
    assert "download it first" in said


@pytest.mark.parametrize("text", ["/data/ice", "ice", "C:/ice", "ice:2020", "../https/ice"])
def test_a_path_is_none(text):
    assert download_first(Path(text)) is None
