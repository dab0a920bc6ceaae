"""Files of others are told from those that this package has written, whatever their format."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet.common.own_files import is_own, refuse_foreign
from napari_icenet.errors import UsageError
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.open import open_stack
from napari_icenet.tracking.export import write_tracks
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import make_settings
from napari_icenet.velocity.io.geotiff import write_geotiff
from napari_icenet.velocity.io.netcdf import write_netcdf
from tests.velocity.fields import make_map


@pytest.mark.parametrize("name", ["v.nc", "v.tif", "t.csv", "t.geojson", "t.parquet"])
def test_what_this_package_writes_is_its_own(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.startswith("v"):
        made = make_map(lambda x, y: (600 + 0 * x, -450 + 0 * x))
        (write_netcdf if name == "v.nc" else write_geotiff)(made, path)
    else:
        stack = open_stack(byrd_folder())
        settings = make_settings(chip=32, scale=1.5)
        write_tracks([follow(stack, 300, 300, settings=settings)], stack, path)
    assert is_own(path)
    refuse_foreign(path)


def test_what_others_have_written_is_not_replaced(tmp_path: Path) -> None:
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", height=4, width=4, count=1, dtype="uint8") as file:
        file.write(np.ones((4, 4), np.uint8), 1)
    (tmp_path / "a.csv").write_text("row,col\n48,48\n")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(UsageError, match="was not written by icenet, so it is not replaced"):
            refuse_foreign(path)


def test_an_empty_file_and_none_are_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "empty.nc").touch()
    refuse_foreign(tmp_path / "empty.nc")
    refuse_foreign(tmp_path / "none.nc")
