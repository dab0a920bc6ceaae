from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.landsat.qa import QualityLayout, QualityMask, decode_quality
from napari_icenet.scenes.raster.file import inspect
from napari_icenet.scenes.scene import Flag
from tests.scenes.products import write_tiff


def flags(value: int, layout: QualityLayout) -> int:
    return int(decode_quality(np.array([value], np.uint16), layout)[0])


@pytest.mark.parametrize(
    ("value", "expected"),
    # Values that the product guides and the archive list, with their meaning.
    [
        (1, Flag.FILL),
        (21824, 0),  # clear, all confidences low
        (21952, Flag.WATER),  # clear, water
        (22080, 0),  # cloud with medium confidence is left to the eye
        (22280, Flag.CLOUD),  # cloud, high confidence
        (21762, Flag.CLOUD_MARGIN),  # dilated cloud
        (23888, Flag.SHADOW),  # cloud shadow, high confidence
        (30048, Flag.SNOW),  # clear, snow, high confidence
        (54596, Flag.CIRRUS),  # cirrus, high confidence
        (55052, Flag.CLOUD | Flag.CIRRUS),  # cloud and cirrus
    ],
)
def test_collection_2(value: int, expected: int) -> None:
    assert flags(value, QualityLayout.COLLECTION_2) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Flag.FILL),
        (2720, 0),  # clear
        (2722, 0),  # terrain occlusion
        (2800, Flag.CLOUD),  # cloud, high confidence
        (2976, Flag.SHADOW),
        (3744, Flag.SNOW),
        (6816, Flag.CIRRUS),
        (672, 0),  # clear, TM and ETM+
        (752, Flag.CLOUD),  # cloud, TM and ETM+
        (1696, Flag.SNOW),  # snow, TM and ETM+
    ],
)
def test_collection_1(value: int, expected: int) -> None:
    assert flags(value, QualityLayout.COLLECTION_1) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Flag.FILL),
        (20480, 0),  # no cloud, no cirrus
        (53248, Flag.CLOUD),
        (61440, Flag.CLOUD | Flag.CIRRUS),
        (23552, Flag.SNOW),
        (36864, 0),  # cloud with medium confidence is left to the eye
    ],
)
def test_before_the_collections(value: int, expected: int) -> None:
    assert flags(value, QualityLayout.PRE_COLLECTION) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, Flag.FILL), (322, 0), (324, Flag.WATER), (328, Flag.SHADOW), (336, Flag.SNOW), (480, Flag.CLOUD),
     (834, Flag.CIRRUS)],
)  # fmt: skip
def test_surface_reflectance_ordered_in_collection_1(value: int, expected: int) -> None:
    assert flags(value, QualityLayout.SURFACE_COLLECTION_1) == expected


@given(values=st.lists(st.integers(0, 65535), min_size=1, max_size=50), layout=st.sampled_from(QualityLayout))
def test_every_value_decodes_and_fill_stands_alone(values: list[int], layout: QualityLayout) -> None:
    decoded = decode_quality(np.array(values, np.uint16), layout)
    assert decoded.dtype == np.uint8
    for value, flag in zip(values, decoded, strict=True):
        assert (flag == Flag.FILL) if value & 1 else not flag & Flag.FILL


def test_large_arrays_decode_as_small_ones() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (700, 901), dtype=np.uint16)
    whole = decode_quality(values, QualityLayout.COLLECTION_2)
    assert whole.shape == values.shape
    # By the bits, without the table.
    cloud = (values & 1 == 0) & ((values & 0b1000 > 0) | (values >> 8 & 3 == 3))
    np.testing.assert_array_equal(whole & Flag.CLOUD > 0, cloud)


def test_windows_of_a_mask(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (60, 80), dtype=np.uint16)
    mask = QualityMask(inspect(write_tiff(tmp_path / "QA_PIXEL.TIF", values)), QualityLayout.COLLECTION_2)
    assert mask.shape == (60, 80)
    window = Window(7, 11, 20, 30)
    expected = decode_quality(values[7:27, 11:41], QualityLayout.COLLECTION_2)
    np.testing.assert_array_equal(mask.read(window), expected)


def test_a_mask_that_vanishes_is_named(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "QA_PIXEL.TIF", np.zeros((6, 8), np.uint16))
    mask = QualityMask(inspect(path), QualityLayout.COLLECTION_2)
    path.unlink()
    with pytest.raises(SceneError, match=str(path)):
        mask.read(Window(0, 0, 6, 8))


@pytest.mark.real
def test_cloud_share_of_a_real_scene(real_data: Path) -> None:
    folder = next((real_data / "landsat_products").glob("LC08_L2SP*"))
    path = next(folder.glob("*QA_PIXEL.TIF"))
    with rasterio.open(path) as dataset:
        decoded = decode_quality(dataset.read(1), QualityLayout.COLLECTION_2)
    valid = decoded != Flag.FILL
    # Its metadata give 54.65 % cloud; this copy was thinned to a three-hundredth of the pixels.
    assert (decoded[valid] & Flag.CLOUD > 0).mean() == pytest.approx(0.5465, abs=0.002)
