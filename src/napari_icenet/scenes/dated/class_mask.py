"""Masks of other programs, a number or a bit a class, as :class:`~napari_icenet.scenes.scene.Flag` bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.dated.image_name import MaskCode
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.landsat.qa import QualityLayout, decode_quality
from napari_icenet.scenes.raster.band import RasterBand
from napari_icenet.scenes.raster.file import RasterInfo
from napari_icenet.scenes.scene import Flag

#: Scene classification of Sentinel-2 Level 2A (product specification, section on SCL).
_SCL = {
    0: Flag.FILL,
    1: Flag.FILL,
    3: Flag.SHADOW,
    6: Flag.WATER,
    8: Flag.CLOUD,
    9: Flag.CLOUD,
    10: Flag.CIRRUS,
    11: Flag.SNOW,
}
#: Fmask as the program of that name writes it.
_FMASK = {1: Flag.WATER, 2: Flag.SHADOW, 3: Flag.SNOW, 4: Flag.CLOUD, 255: Flag.FILL}
#: Bits of the Fmask of Harmonized Landsat Sentinel-2 (user guide, version 2).
_HLS_BITS = (Flag.CIRRUS, Flag.CLOUD, Flag.CLOUD_MARGIN, Flag.SHADOW, Flag.SNOW, Flag.WATER)
#: Bands of PlanetScope's udm2 after the first, ``clear``: snow, shadow, light and heavy haze, cloud.
_UDM2_BANDS = {2: Flag.SNOW, 3: Flag.SHADOW, 4: Flag.CIRRUS, 5: Flag.CLOUD, 6: Flag.CLOUD}
_UDM2_UNUSABLE = 8


class ClassMask:
    """Flags of one scene, read by window from the mask of another program.

    Parameters
    ----------
    info : RasterInfo
        Of the mask's file.
    code : MaskCode
        What its numbers mean; ``unknown`` has no meaning, and is no mask here.
    """

    def __init__(self, info: RasterInfo, code: MaskCode) -> None:
        self.path = info.path
        self.code = code
        self._bands = [RasterBand(info, i) for i in range(1, len(info.dtypes) + 1)]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._bands[0].shape

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Flags of a window inside the frame."""
        if self.code == "udm2":
            return self._udm2(window)
        values = self._bands[0].read(window)
        if self.code == "qa_pixel":
            return decode_quality(values, QualityLayout.COLLECTION_2)
        table = {"scl": _SCL, "fmask": _FMASK}.get(self.code)
        if table is not None:
            return _looked_up(values, [table.get(value, Flag(0)) for value in range(256)])
        flags = [sum((flag for i, flag in enumerate(_HLS_BITS) if value >> i & 1), 0) for value in range(255)]
        return _looked_up(values, [*flags, Flag.FILL])

    def _udm2(self, window: Window) -> NDArray[np.uint8]:
        flags = np.zeros((window.height, window.width), np.uint8)
        for index, flag in _UDM2_BANDS.items():
            if index <= len(self._bands):
                flags[self._bands[index - 1].read(window) > 0] |= np.uint8(flag)
        if len(self._bands) >= _UDM2_UNUSABLE:
            # The lowest bit of the last band is set where nothing was measured.
            flags[self._bands[_UDM2_UNUSABLE - 1].read(window) & 1 > 0] = Flag.FILL
        return flags


def _looked_up(values: NDArray[np.integer], table: Sequence[int]) -> NDArray[np.uint8]:
    return np.asarray(np.array(table, np.uint8)[np.clip(values, 0, 255).astype(np.uint8)])
