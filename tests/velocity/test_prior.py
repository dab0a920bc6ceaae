"""Prior velocity maps: read from files of others and our own, on any map, and used to centre the search."""

import warnings
from datetime import timedelta

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from pyproj import Geod, Transformer
from rasterio.crs import CRS

from napari_icenet.errors import SceneWarning, TrackingError, UsageError
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.open import open_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.simulation import load_truth
from napari_icenet.simulation.landsat_product import write_tif
from napari_icenet.velocity.io.geotiff import write_geotiff
from napari_icenet.velocity.io.netcdf import write_netcdf
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.prior import read_prior
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import START, moving, shifted, texture
from tests.velocity.fields import POLAR, make_map

#: The zone that holds the ground of POLAR, and a frame around the same place.
UTM = CRS.from_epsg(32757)
DAYS = 73.05


def stack_on(grid):
    frames = np.random.default_rng(0).normal(size=(2, *grid.shape)).astype(np.float32)
    return SceneStack.from_array(frames, [START, START + timedelta(days=16)], grid=grid, name="ice")


@pytest.fixture(scope="module")
def polar():
    return stack_on(POLAR)


@pytest.fixture(scope="module")
def elsewhere_projected():
    """A stack in UTM whose ground lies inside POLAR, turned by some 20 degrees against it."""
    x, y = Transformer.from_crs("EPSG:3031", UTM.to_wkt(), always_xy=True).transform(
        *(float(v) for v in POLAR.xy(160, 240))
    )
    return stack_on(Grid(100, 120, Affine(30, 0, round(x) - 1800, 0, -30, round(y) + 1500), UTM))


def its_live(path, vx, vy, grid=POLAR, units="meter/year", **extra):
    """A NetCDF as ITS_LIVE writes them: whole numbers, a fill value, the map in ``mapping``."""
    rows, cols = np.arange(grid.height), np.arange(grid.width)
    x, y = grid.xy(0, cols)[0], grid.xy(rows, 0)[1]
    wkt = {} if grid.crs is None else {"crs_wkt": grid.crs.to_wkt(), "grid_mapping_name": "polar_stereographic"}
    values = {
        name: (("y", "x"), np.where(np.isnan(v), -32767, np.round(v)).astype(np.int16), {"grid_mapping": "mapping"})
        for name, v in {"vx": vx, "vy": vy, **extra}.items()
    }
    dataset = xr.Dataset({**values, "mapping": ((), b"", wkt)}, {"x": x, "y": y})
    dataset["x"].attrs = {"standard_name": "projection_x_coordinate", "units": "m"}
    dataset["y"].attrs = {"standard_name": "projection_y_coordinate", "units": "m"}
    for name in values:
        dataset[name].encoding["_FillValue"] = np.int16(-32767)
        if units is not None:
            dataset[name].attrs["units"] = units
    dataset.to_netcdf(path, engine="h5netcdf")
    return path


def uniform(vx, vy, grid=POLAR):
    return np.full(grid.shape, float(vx)), np.full(grid.shape, float(vy))


def expected(stack, rows, cols, vx, vy, days=DAYS):
    """Where ice goes at (vx, vy) m/yr along the axes of EPSG:3031, by geodesics and PROJ alone."""
    geod, years = Geod(ellps="WGS84"), days / 365.25
    to_polar = Transformer.from_crs(stack.grid.crs.to_wkt(), "EPSG:3031", always_xy=True)
    polar_lonlat = Transformer.from_crs("EPSG:3031", "EPSG:4326", always_xy=True)
    back = Transformer.from_crs("EPSG:4326", stack.grid.crs.to_wkt(), always_xy=True)
    x, y = to_polar.transform(*stack.grid.xy(rows, cols))
    lon, lat = polar_lonlat.transform(x, y)
    ahead = polar_lonlat.transform(x + 100 * vx / np.hypot(vx, vy), y + 100 * vy / np.hypot(vx, vy))
    azimuth = geod.inv(lon, lat, *ahead)[0]
    lon, lat, _ = geod.fwd(lon, lat, azimuth, np.full(len(rows), np.hypot(vx, vy) * years))
    goal = stack.grid.rowcol(*back.transform(lon, lat))
    return goal[0] - rows, goal[1] - cols


ROWS, COLS = np.array([10.0, 50.0, 90.5]), np.array([15.0, 60.25, 110.0])


@pytest.mark.parametrize("days", [DAYS, -DAYS])
def test_velocities_of_its_live_become_pixels_of_the_stack(polar, elsewhere_projected, tmp_path, days):
    path = its_live(tmp_path / "prior.nc", *uniform(1200, -700))
    for stack in (polar, elsewhere_projected):
        found = read_prior(path, stack).displacement(ROWS, COLS, days)
        wanted = expected(stack, ROWS, COLS, 1200, -700, days)
        assert np.hypot(*wanted).min() > 9
        np.testing.assert_allclose(found, wanted, atol=0.02)


def test_only_the_part_under_the_stack_is_read(elsewhere_projected, tmp_path):
    x = np.broadcast_to(np.arange(POLAR.width, dtype=float), POLAR.shape)
    prior = read_prior(its_live(tmp_path / "prior.nc", x, x), elsewhere_projected)
    assert prior.vx.shape[0] < POLAR.height / 1.5
    assert prior.vx.shape[1] < POLAR.width / 1.5
    rows, cols = np.indices(prior.vx.shape)
    np.testing.assert_allclose(POLAR.rowcol(*prior.grid.xy(rows, cols))[1], prior.vx, atol=1e-6)


def test_missing_velocities_are_missing_and_borders_stay_sharp(polar, tmp_path):
    vx, vy = uniform(500, 300)
    vx[:, :240] = np.nan
    prior = read_prior(its_live(tmp_path / "prior.nc", vx, vy), polar)
    drow, dcol = prior.displacement(np.full(4, 160.0), np.array([100.0, 238.9, 239.6, 300.0]), DAYS)
    np.testing.assert_array_equal(np.isnan(drow), [True, True, False, False])
    assert dcol[2] == pytest.approx(dcol[3], rel=1e-3)


@pytest.mark.parametrize("kind", ["nc", "tif", "bands", "two files"])
def test_our_own_files_and_plain_geotiffs_are_read_too(polar, tmp_path, kind):
    velocity = make_map(lambda x, y: (600 + 0 * x, -450 + 0 * x))
    if kind == "nc":
        write_netcdf([velocity], tmp_path / "prior.nc")
        path = tmp_path / "prior.nc"
    elif kind == "tif":
        write_geotiff(velocity, tmp_path / "prior.tif")
        path = tmp_path / "prior.tif"
    elif kind == "bands":
        path = tmp_path / "prior.tif"
        write_tif(path, np.stack(uniform(600, -450)).astype(np.float32), POLAR)
    else:
        for name, values in zip(("vx", "vy"), uniform(600, -450), strict=True):
            write_tif(tmp_path / f"flow_{name}_2020.tif", values.astype(np.float32), POLAR)
        path = tmp_path / "flow_vy_2020.tif"
    found = read_prior(path, polar).displacement(ROWS, COLS, DAYS)
    np.testing.assert_allclose(found, expected(polar, ROWS, COLS, 600, -450), atol=0.02)


@pytest.mark.slow
def test_the_truth_of_the_sample_leads_where_it_moves():
    folder = byrd_folder()
    stack, truth = open_stack(folder), load_truth(folder)
    prior = read_prior(folder / "truth" / "vx.tif", stack)
    rows, cols = (a.ravel() for a in np.meshgrid(np.arange(40, 600, 40.0), np.arange(40, 600, 40.0)))
    jitter = truth.jitter[5] - truth.jitter[0]
    drow, dcol = truth.displacement(rows, cols, 0, 5)
    found = prior.displacement(rows, cols, truth.days[5])
    # A year of flow bends a little; a velocity knows only where it starts.
    assert np.hypot(drow, dcol).max() > 20
    assert np.hypot(found[0] - drow + jitter[0], found[1] - dcol + jitter[1]).max() < 0.5


def far_moving(grid):
    base = texture(256)
    frames = np.array([base, shifted(base, 40, -31)], np.float32)
    return SceneStack.from_array(frames, [START, START + timedelta(days=365.25)], grid=grid, name="ice")


def test_ice_that_moves_far_is_found_around_the_prior(tmp_path):
    grid = Grid(256, 256, POLAR.transform, POLAR.crs)
    stack = far_moving(grid)
    scale = POLAR.map_scale(128, 128)
    vx, vy = uniform(-29 * 30 / scale[0], -42 * 30 / scale[1])
    vx[:, 200:] = np.nan
    prior = read_prior(its_live(tmp_path / "prior.nc", vx, vy), stack)
    settings = VelocitySettings(spacing=32, radius=6, max_chip=32)
    found = map_pair(stack, 0, 1, settings, prior=prior)
    ahead = found.valid[:, :6]
    assert ahead[:6, 2:].all()
    assert np.median(found.drow[:, :6][ahead]) == pytest.approx(40, abs=0.02)
    assert np.median(found.dcol[:, :6][ahead]) == pytest.approx(-31, abs=0.02)
    assert not found.valid[:, 7].any()
    assert found.notes[0] == "The search is centred on prior.nc."
    assert "12% of the points have no velocity there" in found.notes[1] or "25%" in found.notes[1]
    assert map_pair(stack, 0, 1, settings).valid.mean() < 0.1


def test_a_prior_that_leads_off_the_frame_is_told(tmp_path):
    stack = far_moving(Grid(256, 256, POLAR.transform, POLAR.crs))
    prior = read_prior(its_live(tmp_path / "prior.nc", *uniform(30_000, 0)), stack)
    with pytest.raises(TrackingError, match="every chip leaves the frame"):
        map_pair(stack, 0, 1, VelocitySettings(spacing=32, radius=6, max_chip=32), prior=prior)


def without_crs(folder):
    return its_live(folder / "p.nc", *uniform(1, 1), grid=Grid(320, 480))


def without_vy(folder):
    path = its_live(folder / "p.nc", *uniform(1, 1))
    with xr.open_dataset(path) as dataset:
        dataset.drop_vars("vy").to_netcdf(folder / "q.nc", engine="h5netcdf")
    return folder / "q.nc"


def beside(folder):
    far = Grid(50, 50, Affine(120, 0, -2_000_000, 0, -120, 1_000_000), CRS.from_epsg(3031))
    return its_live(folder / "p.nc", *uniform(1, 1, far), grid=far)


def all_missing(folder):
    return its_live(folder / "p.nc", *uniform(np.nan, np.nan))


def a_text(folder):
    (folder / "p.nc").write_text("no map")
    return folder / "p.nc"


def one_band(folder):
    write_tif(folder / "speed.tif", np.ones(POLAR.shape, np.float32), POLAR)
    return folder / "speed.tif"


def several(folder):
    velocity = make_map(lambda x, y: (600 + 0 * x, -450 + 0 * x))
    write_netcdf([velocity, make_map(lambda x, y: (x, y), dates=("2020-02-20", "2020-03-01"))], folder / "p.nc")
    return folder / "p.nc"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (without_crs, "has no coordinate system; give a velocity map that lies on a map"),
        (without_vy, "cannot be read as a map of vx and vy"),
        (beside, "does not reach the ground of these scenes"),
        (all_missing, "holds no velocity where ice lies"),
        (a_text, "cannot be read as a map of vx and vy"),
        (one_band, "has no bands vx and vy"),
        (several, "holds several velocity maps"),
    ],
)
def test_files_that_cannot_guide_are_told(polar, tmp_path, make, words):
    with pytest.raises(TrackingError, match=words) as error:
        read_prior(make(tmp_path), polar)
    assert "\n" not in str(error.value)


def test_a_stack_without_a_map_and_a_missing_file_are_told(polar, tmp_path):
    with pytest.raises(UsageError, match="There is no velocity map"):
        read_prior(tmp_path / "none.nc", polar)
    with pytest.raises(UsageError, match="ice lies on no map; leave the prior map out"):
        read_prior(its_live(tmp_path / "p.nc", *uniform(1, 1)), moving([(0, 0), (1, 1)], side=64))


@pytest.mark.parametrize("fill", [-9999, 3.4e38, -3.4e38, np.inf, -32768])
def test_fill_that_a_file_does_not_declare_is_missing_and_told(polar, tmp_path, fill):
    vx, vy = uniform(600, -450)
    vx[:, :240], vy[:, :120] = fill, fill
    write_tif(tmp_path / "prior.tif", np.stack([vx, vy]).astype(np.float32), POLAR)
    with pytest.warns(SceneWarning, match="no velocity of ice .* in 50 % of its cells here") as said:
        prior = read_prior(tmp_path / "prior.tif", polar)
    assert len(said) == 1
    assert prior.notices == (str(said[0].message),)
    found = prior.displacement(ROWS, COLS + 250, DAYS)
    np.testing.assert_allclose(found, expected(polar, ROWS, COLS + 250, 600, -450), atol=0.02)
    assert np.isnan(prior.displacement(ROWS, COLS, DAYS)).all()
    assert np.isnan(prior.vx[:, :240]).all()
    assert np.isnan(prior.vy[:, :240]).all()


def test_what_no_ice_does_is_left_out_and_what_is_declared_is_not_told(polar, tmp_path):
    vx, vy = uniform(600, -450)
    vx[5, 7], vy[5, 7] = 80_000, -80_000
    write_tif(tmp_path / "prior.tif", np.stack([vx, vy]).astype(np.float32), POLAR)
    with pytest.warns(SceneWarning, match="less than 1 %"):
        prior = read_prior(tmp_path / "prior.tif", polar)
    assert np.isnan(prior.vx).sum() == np.isnan(prior.vy).sum() == 1
    missing, _ = uniform(600, -450)
    missing[:, :240] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_prior(its_live(tmp_path / "prior.nc", missing, vy * 0 + 1), polar).notices == ()


def zeros(folder):
    write_tif(folder / "p.tif", np.zeros((2, *POLAR.shape), np.float32), POLAR)
    return folder / "p.tif"


def filled(folder):
    write_tif(folder / "p.tif", np.full((2, *POLAR.shape), -9999, np.float32), POLAR)
    return folder / "p.tif"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (zeros, "holds nothing but zeros where ice lies"),
        (filled, "holds no velocity where ice lies"),
        (lambda folder: its_live(folder / "p.nc", *uniform(1, 1), units="furlong/fortnight"), "in furlong/fortnight"),
        (lambda folder: its_live(folder / "p.nc", *uniform(1, 1), units="m"), "in m, which is not known as a unit of"),
    ],
)
def test_maps_that_say_nothing_of_speed_are_refused(polar, tmp_path, make, words):
    with pytest.raises(TrackingError, match=words):
        read_prior(make(tmp_path), polar)


@pytest.mark.parametrize(
    ("units", "factor"), [("m/d", 365.25), ("m day-1", 365.25), ("km/yr", 1000), ("cm/day", 3.6525), ("m a-1", 1)]
)
def test_the_unit_that_a_netcdf_names_counts(polar, tmp_path, units, factor):
    path = its_live(tmp_path / "prior.nc", *uniform(12, -7), units=units)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prior = read_prior(path, polar)
    np.testing.assert_allclose(prior.vx, 12 * factor, rtol=1e-6)
    np.testing.assert_allclose(prior.vy, -7 * factor, rtol=1e-6)


def test_a_netcdf_without_a_unit_is_taken_for_metres_per_year_and_told(polar, tmp_path):
    with pytest.warns(SceneWarning, match="prior.nc names no unit of its velocities; they are taken for m/yr"):
        prior = read_prior(its_live(tmp_path / "prior.nc", *uniform(12, -7), units=None), polar)
    assert prior.vx[0, 0] == 12
