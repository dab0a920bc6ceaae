"""Offset, quality and time series of maps of the bundled simulated archive, against its truth."""

import numpy as np
import pytest

from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.open import open_stack
from napari_icenet.simulation.truth import load_truth
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.quality.assess import quality_report
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.stable_ground.coregistration import coregistered, offset_error, slow_mode
from napari_icenet.velocity.time_series.inversion import invert

pytestmark = pytest.mark.slow

#: Three dates of the same light: the differences are the matching's.
DATES = (0, 2, 3)
SETTINGS = VelocitySettings(band="B4", chip=32, max_chip=64, spacing=16, radius=12)


@pytest.fixture(scope="module")
def truth():
    return load_truth(byrd_folder())


@pytest.fixture(scope="module")
def maps(truth):
    stack = open_stack(byrd_folder())
    pairs = [(0, 2), (2, 3), (0, 3)]
    return {pair: map_pair(stack, *pair, SETTINGS, stable=truth.stable) for pair in pairs}


def test_the_offset_of_the_scenes_is_their_jitter(maps, truth):
    for (i, j), velocity_map in maps.items():
        jitter, offset = truth.jitter[j] - truth.jitter[i], velocity_map.offset
        error = offset_error(velocity_map)
        assert offset.source == "mask"
        for found, expected, sigma in zip((offset.drow, offset.dcol), jitter, error, strict=True):
            assert found == pytest.approx(expected, abs=3 * sigma + 0.02)


def test_the_slow_mode_is_the_ground_that_the_truth_names(maps, truth):
    for velocity_map in maps.values():
        cells, offset = slow_mode(velocity_map)
        assert velocity_map.stable[cells].mean() > 0.85
        assert offset.drow == pytest.approx(velocity_map.offset.drow, abs=0.02)
        assert offset.dcol == pytest.approx(velocity_map.offset.dcol, abs=0.02)


def test_the_report_knows_the_errors_that_the_truth_shows(maps, truth):
    report = quality_report(list(maps.values()))
    assert report.simulated
    assert report.valid_share > 0.97
    for ((i, j), velocity_map), quality in zip(maps.items(), report.maps, strict=True):
        rows, cols = np.meshgrid(velocity_map.rows, velocity_map.cols, indexing="ij")
        expected = truth.displacement(rows, cols, i, j)
        still = velocity_map.valid & velocity_map.stable
        wrong = velocity_map.dcol[still] - expected[1][still]
        width = quality.static_terrain.du_px.value
        # Two sigma of a normal cloud hold 95 %; shadows make these wider.
        assert 0.8 < np.mean(np.abs(wrong - np.median(wrong)) < width) < 0.99
    (closed,) = report.closure
    assert closed.median_px < 0.06
    assert closed.share > 0.88


def test_the_series_is_the_motion_of_the_truth(maps, truth):
    series = invert([coregistered(m, truth.stable, remove=True) for m in maps.values()])
    velocity_map = maps[0, 2]
    rows, cols = np.meshgrid(velocity_map.rows, velocity_map.cols, indexing="ij")
    for k, (i, j) in enumerate([(0, 2), (2, 3)]):
        drow, dcol = truth.displacement(rows, cols, i, j)
        jitter = truth.jitter[j] - truth.jitter[i]
        good = series.resolved[k]
        wrong = np.hypot(series.drow[k] - drow + jitter[0], series.dcol[k] - dcol + jitter[1])[good]
        assert np.median(wrong) < 0.1
        assert good.sum() > 0.95 * velocity_map.valid.sum()
        assert np.median(wrong) < 3 * np.median(np.hypot(series.error_row[k], series.error_col[k])[good])
