"""JPEG and PNG pictures, decoded whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from napari_icenet.scenes.raster.picture import upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_viewers_turn_them(orientation: int) -> None:
    stored, exif, file = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40, Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(file, "png", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    np.testing.assert_array_equal(upright(stored, orientation), expected)
    bands = np.stack([stored, stored + 1])
    np.testing.assert_array_equal(upright(bands, orientation), np.stack([expected, expected + 1]))
