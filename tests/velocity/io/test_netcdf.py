"""NetCDF files of velocity maps, as xarray and GDAL open them, and as this package opens them again."""

import json
from dataclasses import fields, replace

import h5py
import numpy as np
import pyproj
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.cf.map_dataset import dataset_of
from napari_icenet.velocity.io.netcdf import read_netcdf, write_netcdf
from napari_icenet.velocity.map_arrays import Offset, map_cells
from napari_icenet.velocity.settings import VelocitySettings
from tests.velocity.fields import POLAR
from tests.velocity.maps import METRES, glacier, made

pytestmark = pytest.mark.slow

OFFSET = Offset(0.3, -0.2, 0.05, 0.06, 77, "mask")


def flowing(shape=(20, 32), **changes):
    """A map with all that a map can carry, one cell lost."""
    drow, dcol, ice = glacier(shape, noise=0.1)
    drow[4, 5] = np.nan
    values = {"stable": ~ice, "offset": OFFSET, "offset_removed": True, "notes": ("Cloudy.",), "device": "CPU"}
    return made(drow, dcol, **(values | changes))


def on_frame(velocity, frame):
    """The same map on another frame."""
    return replace(velocity, frame=frame, cells=map_cells(frame, velocity.settings.spacing))


def assert_same(one, other):
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, field.name
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
        else:
            assert mine == theirs, field.name


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A map and its file."""
    velocity, path = flowing(), tmp_path_factory.mktemp("one") / "v.nc"
    write_netcdf(velocity, path)
    return velocity, path


# Back again.


@pytest.mark.parametrize(
    "velocity",
    [
        flowing(),
        flowing(offset_removed=False, simulated=True),
        flowing(stable=None, offset=None, offset_removed=False),
        flowing(georeferenced=False),
        # Pixels are left over at the right and at the bottom.
        on_frame(flowing(), replace(POLAR, height=333, width=517)),
    ],
    ids=["whole", "offset kept", "no stable ground", "no map", "odd frame"],
)
def test_a_map_comes_back_as_it_was(tmp_path, velocity):
    write_netcdf(velocity, tmp_path / "v.nc")
    (back,) = read_netcdf(tmp_path / "v.nc")
    assert_same(velocity, back)
    np.testing.assert_array_equal(velocity.vx, back.vx)


def test_several_maps_come_back_in_order_of_their_dates(tmp_path):
    late = flowing(days=(16.0, 48.0), notes=("Late.",), settings=VelocitySettings(chip=64, max_chip=64))
    early = flowing(stable=None, offset=None, offset_removed=False)
    write_netcdf([late, early], tmp_path / "v.nc")
    back = read_netcdf(tmp_path / "v.nc")
    assert len(back) == 2
    assert_same(early, back[0])
    assert_same(late, back[1])


def test_reasons_are_read_by_their_names(one, tmp_path):
    """A later version may count its reasons otherwise."""
    velocity, path = one
    words = xr.open_dataset(path)["reason"].attrs["flag_meanings"].split()
    assert words[reason_code(LostReason.ROUND_TRIP)] == "round_trip"
    other = tmp_path / "other.nc"
    other.write_bytes(path.read_bytes())
    with h5py.File(other, "a") as file:
        file["reason"][...] = np.where(velocity.reason > 0, 1, 0)
        file["reason"].attrs["flag_meanings"] = "valid round_trip"
    (back,) = read_netcdf(other)
    assert back.reason[4, 5] == reason_code(LostReason.ROUND_TRIP)
    assert (back.reason > 0).sum() == 1


# What others read.


def test_velocities_are_metres_a_year_on_the_ground(one):
    velocity, path = one
    with xr.open_dataset(path) as ds:
        assert {ds[name].attrs["units"] for name in ("vx", "vy", "v", "v_error", "vx_error", "vy_error")} == {"m/yr"}
        assert ds["vx"].attrs["standard_name"] == "land_ice_surface_x_velocity"
        assert ds["vx"].dims == ("y", "x")
        # PROJ's own scale factor, where the package measures geodesics.
        x, y = np.meshgrid(ds["x"], ds["y"])
        utm = pyproj.Proj("EPSG:32633")
        scale = utm.get_factors(*utm(x, y, inverse=True)).meridional_scale
        metres = METRES * 365.25 / 16 / scale
        np.testing.assert_allclose(ds["vx"], (velocity.dcol - OFFSET.dcol) * metres, rtol=1e-4)
        np.testing.assert_allclose(ds["vy"], -(velocity.drow - OFFSET.drow) * metres, rtol=1e-4, atol=0.01)
        np.testing.assert_allclose(ds["v"], np.hypot(ds["vx"], ds["vy"]), rtol=1e-6)
        np.testing.assert_allclose(ds["map_scale_x"], scale, rtol=1e-5)
        np.testing.assert_allclose(ds.attrs["map_scale_factor"], [scale.min(), scale.max()], rtol=1e-5)
        np.testing.assert_allclose(ds["chip_size_width"], 32 * METRES / scale, rtol=1e-5)
        np.testing.assert_array_equal(ds["drow"], velocity.drow)
        # Along an axis, x and y alone are coordinates, which reprojection needs; pixels are beside them.
        assert set(ds["vx"].coords) == {"x", "y", "mid_date"}
        np.testing.assert_array_equal(ds["row"], 16 * np.arange(20) + 7.5)


def test_what_is_not_believed_has_no_velocity(tmp_path):
    """Even where the map itself holds a number."""
    velocity = flowing()
    velocity.reason[6, 6] = reason_code(LostReason.AMBIGUOUS)
    write_netcdf(velocity, tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        for name in ("vx", "vy", "v", "v_error", "vx_error", "vy_error"):
            assert np.isnan(ds[name].values).sum() == 2, name
            assert np.isnan(ds[name].values[6, 6])
        assert ds["valid"].values[6, 6] == 0
        assert ds["valid"].values.sum() == velocity.reason.size - 2
        meanings = ds["reason"].attrs["flag_meanings"].split()
        assert len(meanings) == len(ds["reason"].attrs["flag_values"]) == len(REASONS)
        assert meanings[ds["reason"].values[6, 6]] == "ambiguous"


def test_a_pair_tells_of_itself_as_its_live_does(one):
    velocity, path = one
    with xr.open_dataset(path) as ds:
        assert ds["acquisition_date_img1"].values == velocity.times[0]
        assert ds["acquisition_date_img2"].values == velocity.times[1]
        assert ds["mid_date"].values == np.datetime64("2020-01-09T00:00:00")
        info = ds["img_pair_info"].attrs
        assert (info["date_dt"], info["acquisition_date_img1"]) == (16.0, "20200101T00:00:00")
        assert (info["id_img1"], info["id_img2"]) == ("scene 0", "scene 16")
        attrs = ds["vx"].attrs
        assert attrs["stable_shift_flag"] == 1
        np.testing.assert_allclose(attrs["stable_shift"], OFFSET.dcol * METRES * 365.25 / 16, rtol=1e-3)
        assert float(ds["stable_drow"]) == OFFSET.drow
        assert int(ds["stable_count"]) == OFFSET.count
        assert ds.attrs["Conventions"] == "CF-1.8"
        assert json.loads(ds.attrs["settings"])["chip"] == 32
        assert (ds.attrs["device"], ds.attrs["simulated"], ds.attrs["comment"]) == ("CPU", "no", "Cloudy.")
        assert ds.attrs["software"].startswith("napari-icenet ")


def test_an_offset_that_is_kept_is_told_all_the_same(tmp_path):
    write_netcdf(flowing(offset_removed=False), tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        assert ds["vx"].attrs["stable_shift_flag"] == 0
        assert np.isnan(ds["vx_stable_shift"])
        np.testing.assert_allclose(ds["vx_stable_shift_measured"], OFFSET.dcol * METRES * 365.25 / 16, rtol=1e-3)


@pytest.mark.parametrize("epsg", [32633, 3031, 4326, 2056])
def test_gdal_and_pyproj_find_the_place(tmp_path, epsg):
    step = 1e-3 if epsg == 4326 else 30
    origin = {32633: (500_000, 7_000_000), 3031: (4e5, -1e6), 4326: (10.0, 60.0), 2056: (2.64e6, 1.14e6)}[epsg]
    frame = Grid(320, 512, Affine(step, 0, origin[0], 0, -step, origin[1]), CRS.from_epsg(epsg))
    velocity = on_frame(flowing(), frame)
    write_netcdf(velocity, tmp_path / "v.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'v.nc'}:vx") as dataset:
        assert dataset.crs == frame.crs
        np.testing.assert_allclose(tuple(dataset.transform), tuple(velocity.cells.transform), rtol=1e-12)
        assert np.isnan(dataset.nodata)
        assert dataset.tags(1)["units"] == "m/yr"
        np.testing.assert_array_equal(dataset.read(1), velocity.vx)
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        mapping = ds[ds["vx"].attrs.get("grid_mapping") or ds["vx"].encoding["grid_mapping"]].attrs
        assert pyproj.CRS.from_wkt(mapping["spatial_ref"]) == pyproj.CRS.from_epsg(epsg)
        assert pyproj.CRS.from_cf(mapping) == pyproj.CRS.from_epsg(epsg)
        assert Affine.from_gdal(*map(float, mapping["GeoTransform"].split())) == velocity.cells.transform
        x, y = velocity.cells.xy(3, 7)
        np.testing.assert_allclose((ds["x"][7], ds["y"][3]), (x, y), rtol=1e-12)
        assert ds["x"].attrs["standard_name"] == ("longitude" if epsg == 4326 else "projection_x_coordinate")


def test_pictures_without_a_map_have_rows_and_columns(tmp_path):
    velocity = flowing(georeferenced=False)
    write_netcdf(velocity, tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        assert ds["v"].dims == ("row", "col")
        assert ds["vx"].attrs["units"] == "px/day"
        assert "standard_name" not in ds["vx"].attrs
        np.testing.assert_array_equal(ds["row"], 16 * np.arange(20) + 7.5)
        np.testing.assert_array_equal(ds["col"], 16 * np.arange(32) + 7.5)
        assert not {"mapping", "x", "y", "map_scale_x", "chip_size_width"} & set(ds.variables)


def test_a_grid_that_is_turned_on_its_map_has_a_place_for_every_cell(tmp_path):
    turned = Affine.translation(500_000, 7_000_000) @ Affine.rotation(20) @ Affine.scale(30, -30)
    velocity = on_frame(flowing(), Grid(320, 512, turned, CRS.from_epsg(32633)))
    write_netcdf(velocity, tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        assert ds["v"].dims == ds["x"].dims == ("row", "col")
        np.testing.assert_allclose((ds["x"][3, 7], ds["y"][3, 7]), velocity.cells.xy(3, 7))
    assert_same(velocity, read_netcdf(tmp_path / "v.nc")[0])


def test_several_pairs_are_a_cube(tmp_path):
    maps = [flowing(days=(16.0 * i, 16.0 * (i + 1)), device=f"device {i}") for i in range(3)]
    write_netcdf(maps, tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        assert ds["vx"].dims == ("mid_date", "y", "x")
        assert ds["map_scale_x"].dims == ("y", "x")
        assert ds["mid_date"].values.astype("datetime64[D]").astype(str).tolist() == [
            "2020-01-09",
            "2020-01-25",
            "2020-02-10",
        ]
        for i, velocity in enumerate(maps):
            np.testing.assert_array_equal(ds["vx"][i], velocity.vx)
            assert ds["acquisition_date_img2"][i] == velocity.times[1]
        assert ds["id_img1"].values.tolist() == ["scene 0", "scene 16", "scene 32"]
    with rasterio.open(f"netcdf:{tmp_path / 'v.nc'}:v") as dataset:
        assert dataset.count == 3
        np.testing.assert_array_equal(dataset.read(2), maps[1].v)


def test_pairs_about_one_middle_keep_apart(tmp_path):
    write_netcdf([flowing(days=days) for days in ((16.0, 32.0), (0.0, 48.0))], tmp_path / "v.nc")
    with xr.open_dataset(tmp_path / "v.nc") as ds:
        assert ds["mid_date"].to_index().is_unique
        assert ds["mid_date"].to_index().is_monotonic_increasing
        assert np.ptp(ds["mid_date"].values) < np.timedelta64(1, "s")
        assert ds["date_dt"].values.astype(float).tolist() in ([16, 48], [16 * 86400e9, 48 * 86400e9])


def test_a_cube_is_made_pair_by_pair():
    """The derived velocities of all pairs are not in memory at once, nor left behind in the maps."""
    maps = [flowing(days=(16.0 * i, 16.0 * (i + 1))) for i in range(3)]
    dataset = dataset_of(maps)
    assert dataset["vx"].chunks[0] == (1, 1, 1)
    dataset["vx"].values  # noqa: B018
    assert not any("velocity" in vars(velocity) for velocity in maps)


def test_the_file_is_plain_cf_compressed_in_blocks(one):
    with h5py.File(one[1]) as file:
        assert not any("_FillValue" in file[name].attrs for name in ("x", "y", "mid_date", "acquisition_date_img1"))
        for name, item in file.items():
            kind = item.dtype
            assert kind.kind in "OSf" or (kind.kind == "i" and kind.itemsize <= 4), (name, kind)
        vx = file["vx"]
        assert vx.compression == "gzip"
        assert vx.chunks == (20, 32)
        assert np.isnan(vx.fillvalue)


# What goes wrong.


def test_maps_of_different_grids_are_refused(tmp_path):
    with pytest.raises(UsageError, match="different grids"):
        write_netcdf([flowing(), on_frame(flowing(), POLAR)], tmp_path / "v.nc")
    with pytest.raises(UsageError, match="no velocity map to write"):
        write_netcdf([], tmp_path / "v.nc")
    assert not list(tmp_path.iterdir())


def test_a_file_is_whole_or_absent(one, tmp_path, monkeypatch):
    path = tmp_path / "v.nc"
    path.write_bytes(b"before")

    def full(*args, **kwargs):
        beside = next(p for p in tmp_path.iterdir() if p != path) if args[0] is None else args[1]
        beside.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(TrackingError, match="No space left on device"):
        write_netcdf(one[0], path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_others_are_told(tmp_path):
    with pytest.raises(TrackingError, match="is not there"):
        read_netcdf(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("ice")
    with pytest.raises(TrackingError, match="cannot be read as velocity maps"):
        read_netcdf(tmp_path / "text.nc")
    xr.Dataset({"vx": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(TrackingError, match="holds no velocity maps of icenet"):
        read_netcdf(tmp_path / "other.nc")


@pytest.mark.parametrize("harm", ["newer", "cut", "lacking", "garbled"])
def test_damaged_files_are_told(one, tmp_path, harm):
    path, content = tmp_path / "v.nc", one[1].read_bytes()
    path.write_bytes(content[: len(content) // 2] if harm == "cut" else content)
    if harm != "cut":
        with h5py.File(path, "a") as file:
            if harm == "newer":
                file.attrs["format"] = "napari-icenet velocity maps 2"
            elif harm == "lacking":
                del file["drow"]
            else:
                file["record"][()] = "{}"
    told = "newer napari-icenet" if harm == "newer" else "cannot be read as velocity maps"
    with pytest.raises(TrackingError, match=told) as raised:
        read_netcdf(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_map_as_a_dataset_is_what_is_written(one):
    velocity, path = one
    dataset = velocity.to_xarray()
    with xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False) as written:
        assert set(dataset.variables) == set(written.variables)
        assert np.array_equal(dataset["v"].values, written["v"].values, equal_nan=True)
    assert dataset["v"].attrs["grid_mapping"] == "mapping"
    assert np.isnan(dataset["v"].values[~velocity.valid]).all()
