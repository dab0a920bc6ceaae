"""Whatever stands in a metadata file, there is a scene or a sentence."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_icenet.errors import IceNetError
from napari_icenet.scenes.landsat.product import read_product
from tests.scenes.products import (
    COLLECTION_2_L1,
    mtl_groups,
    mtl_text,
    write_product,
)

_ODD = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["nan", "-inf", "1e999", "99", "-1", "²", "0000-00-00", "24:61:61Z", '"', "=", "END", "9" * 5000]),
)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product whose metadata may be written over."""
    return write_product(tmp_path_factory.mktemp("product"), COLLECTION_2_L1, bands=("B1", "B2"))


@pytest.mark.parametrize("odd", ["", "nan", "99", "\u00b2", "9" * 5000])
def test_any_key_of_the_metadata_may_be_odd(product: Path, odd: str) -> None:
    for group, members in mtl_groups(COLLECTION_2_L1, ("B1", "B2")).items():
        for key in members:
            groups = mtl_groups(COLLECTION_2_L1, ("B1", "B2"))
            groups[group][key] = odd
            _read(product, mtl_text(groups).encode())


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_odd_metadata_never_raise_anything_but_a_sentence(product: Path, data: st.DataObject) -> None:
    groups = mtl_groups(COLLECTION_2_L1, ("B1", "B2"))
    keys = [(group, key) for group, members in groups.items() for key in members]
    for group, key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=8, unique=True)):
        groups[group][key] = data.draw(_ODD)
    _read(product, mtl_text(groups).encode())


@pytest.mark.slow
@settings(max_examples=60)
@given(content=st.binary(max_size=300) | st.recursive(
    st.none() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_a_metadata_file_of_anything_never_raises_anything_but_a_sentence(product: Path, content: bytes) -> None:
    _read(product, content)
    _read(product, content, suffix=".json")


def _read(product: Path, content: bytes, suffix: str = ".txt") -> None:
    for old in product.glob("*_MTL.*"):
        old.unlink()
    (product / f"{COLLECTION_2_L1}_MTL{suffix}").write_bytes(content)
    with contextlib.suppress(IceNetError):  # one of ours is what is asked for
        scene, notices = read_product(product)
        assert set(scene.bands) == {"B1", "B2"}
        assert all(notice.message.endswith(".") for notice in notices)


@pytest.mark.parametrize("content", [b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000])
def test_monstrous_json_is_a_sentence(product: Path, content: bytes) -> None:
    _read(product, content, suffix=".json")
