from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from napari_icenet.scenes.scene import Flag
from napari_icenet.simulation import Simulation, SimulationSettings
from napari_icenet.simulation.sun import Sun
from napari_icenet.simulation.truth import truth_of

pytestmark = pytest.mark.slow

HALF, REACH = 24, 5


def measured(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[float, float, float]:
    """Offset of the best match of ``first`` in ``second`` beyond REACH, and its NCC; spline through the peak."""
    ncc = cv2.matchTemplate(second - second.mean(), first - first.mean(), cv2.TM_CCOEFF_NORMED)
    row, col = np.unravel_index(ncc.argmax(), ncc.shape)
    fine = np.linspace(-1, 1, 201)
    values = map_coordinates(ncc, np.meshgrid(row + fine, col + fine, indexing="ij"), order=5)
    i, j = np.unravel_index(values.argmax(), values.shape)
    return row + fine[i] - REACH, col + fine[j] - REACH, float(ncc.max())


def differences(simulation: Simulation, i: int, j: int, band: str = "B4") -> NDArray[np.float64]:
    """Measured minus true displacement (row, col) of chips on the trunk."""
    truth = truth_of(simulation, "test", ["scene"] * simulation.settings.dates)
    pictures = [simulation.frame(n).reflectance[band] for n in (i, j)]
    found = []
    for row in range(165, 236, 14):
        for col in range(90, 300, 20):
            rows, cols = np.mgrid[row - HALF : row + HALF, col - HALF : col + HALF]
            true = [float(v.mean()) for v in truth.displacement(rows, cols, i, j)]
            r, c = round(row + true[0]), round(col + true[1])
            chip = pictures[0][row - HALF : row + HALF, col - HALF : col + HALF]
            window = pictures[1][r - HALF - REACH : r + HALF + REACH, c - HALF - REACH : c + HALF + REACH]
            drow, dcol, _ = measured(chip, window)
            found.append((drow + r - row - true[0], dcol + c - col - true[1]))
    return np.array(found)


CALM = {"cloud": 0, "haze": 0, "noise": 0, "snow_spread": 0, "sastrugi_slope": 0}


@pytest.fixture(scope="module")
def still_sky() -> Simulation:
    """No cloud, haze or noise; jitter well above a hundredth of a pixel; snow, sastrugi and sun change."""
    return Simulation(SimulationSettings.of("clear", size=400, dates=3, bands=4, cloud=0, haze=0, noise=0, jitter=0.4))


def test_correlation_finds_the_true_displacement(monkeypatch: pytest.MonkeyPatch) -> None:
    # Under a light that stays, correlation shows the ice's motion alone.
    monkeypatch.setattr(Simulation, "sun", lambda *_: Sun(82.0, 22.0, 1.0))
    still = Simulation(SimulationSettings.of("clear", size=400, dates=3, bands=4, jitter=0.4, **CALM))
    difference = differences(still, 0, 2)
    moved = truth_of(still, "test", ["scene"] * 3).displacement(200, 200, 0, 2)
    assert 1.0 < np.hypot(*moved) < 4.0
    assert np.median(np.hypot(*difference.T)) < 0.04
    assert np.all(np.abs(np.median(difference, axis=0)) < 0.01)


def test_sun_snow_and_wind_move_the_peak_by_hundredths_only(still_sky: Simulation) -> None:
    difference = differences(still_sky, 0, 2)
    assert np.median(np.hypot(*difference.T)) < 0.06
    assert np.all(np.abs(np.median(difference, axis=0)) < 0.05)


def test_rock_stays_but_for_the_jitter(still_sky: Simulation) -> None:
    truth = truth_of(still_sky, "test", ["scene"] * 3)
    row, col = (int(v[0]) for v in np.nonzero(truth.stable[40:60, 180:220]))
    drow, dcol = truth.displacement(row + 40.0, col + 180.0, 0, 2)
    np.testing.assert_allclose((drow, dcol), truth.jitter[2] - truth.jitter[0], atol=1e-9)


def test_blur_does_not_add_up_over_the_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    # With weather away and the light at rest, the same ice must be as sharp on the last date as on the first.
    monkeypatch.setattr(Simulation, "sun", lambda *_: Sun(82.0, 22.0, 1.0))
    simulation = Simulation(SimulationSettings.of("clear", size=256, dates=12, bands=1, **CALM))
    drow, dcol = truth_of(simulation, "test", ["scene"] * 12).displacement(128, 150, 0, 11)
    sharpness = []
    for date, row, col in ((0, 128, 150), (11, 128 + round(float(drow)), 150 + round(float(dcol)))):
        chip = simulation.frame(date).reflectance["B1"][row - 30 : row + 30, col - 50 : col + 50]
        sharpness.append(np.diff(chip, axis=1).std() / chip.std())
    assert np.hypot(drow, dcol) > 20
    assert sharpness[1] == pytest.approx(sharpness[0], rel=0.06)


def test_a_frame_does_not_depend_on_the_others(still_sky: Simulation) -> None:
    again = Simulation(still_sky.settings).frame(2)
    np.testing.assert_array_equal(again.reflectance["B3"], still_sky.frame(2).reflectance["B3"])


def test_another_seed_is_another_glacier(still_sky: Simulation) -> None:
    changed = still_sky.settings.model_copy(update={"seed": 1})
    one, other = (s.frame(0).reflectance["B4"][150:250, 150:250] for s in (still_sky, Simulation(changed)))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.3


def test_bands_look_like_snow() -> None:
    frame = Simulation(SimulationSettings.of("clear", size=256, dates=1, cloud=0)).frame(0)
    ice = {band: picture[110:150, 60:200] for band, picture in frame.reflectance.items()}
    level = [float(np.median(ice[band])) for band in ("B1", "B4", "B5", "B6")]
    assert level == sorted(level, reverse=True)
    assert level[0] > 0.85
    assert level[3] < 0.25
    visible = np.corrcoef(ice["B3"].ravel(), ice["B4"].ravel())[0, 1]
    infrared = np.corrcoef(ice["B4"].ravel(), ice["B6"].ravel())[0, 1]
    assert visible > 0.98
    assert 0.2 < infrared < 0.98


def test_cloud_share_and_flags_follow_the_truth_imperfectly() -> None:
    settings = SimulationSettings.of("byrd", size=256, dates=1, bands=1, cloud=0.4, cloud_spread=0)
    frame = Simulation(settings).frame(0)
    inside = (frame.flags & Flag.FILL) == 0
    flagged = (frame.flags & Flag.CLOUD) > 0
    assert frame.cloud[inside].mean() == pytest.approx(0.4, abs=0.08)
    agreement = (flagged == frame.cloud)[inside].mean()
    assert 0.8 < agreement < 0.999
    assert frame.shadow.any()
    assert not np.any(frame.cloud & frame.shadow)


def test_shadow_lies_away_from_the_sun() -> None:
    settings = SimulationSettings.of("clear", size=256, dates=1, bands=4, cloud=0.15, cloud_spread=0, cloud_depth=6)
    simulation = Simulation(settings)
    frame = simulation.frame(0)
    toward, height = simulation.toward_sun(0), simulation.weather(0).cloud_height
    reach = height / np.tan(np.radians(simulation.sun(0).elevation))
    row, col = np.nonzero(frame.shadow)
    up, across = np.round(row + toward[0] * reach).astype(int), np.round(col + toward[1] * reach).astype(int)
    seen = (up >= 0) & (up < 256) & (across >= 0) & (across < 256)
    seen[seen] &= np.isfinite(frame.reflectance["B4"][up[seen], across[seen]])
    assert frame.cloud[up[seen], across[seen]].mean() > 0.95


def test_corners_are_fill_and_most_is_not() -> None:
    frame = Simulation(SimulationSettings.of("clear", size=256, dates=1, bands=2)).frame(0)
    fill = np.isnan(frame.reflectance["B2"])
    assert fill[[0, 0, -1, -1], [0, -1, 0, -1]].all()
    assert 0.01 < fill.mean() < 0.05
    np.testing.assert_array_equal(fill, (frame.flags & Flag.FILL) > 0)
    # Rotated: the cut along one edge of the frame is longer than along the next.
    assert fill[0, :128].sum() != fill[:128, 0].sum()
