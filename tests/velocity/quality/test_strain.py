"""Strain rates of flows whose strain is known."""

import numpy as np
import pytest
from affine import Affine

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.quality.strain import flowing_cells, strain_density, strain_rates
from napari_icenet.velocity.stable_ground.coregistration import coregistered
from tests.velocity.maps import UTM, glacier, made

SHAPE = (30, 30)


def linear(gradient, mean):
    """Displacements (drow, dcol) in px with d(dcol, drow)/d(x, y) per cell, x to the right and y down."""
    row, col = np.indices(SHAPE) - 14.5
    dcol = mean[0] + gradient[0][0] * col + gradient[0][1] * row
    drow = mean[1] + gradient[1][0] * col + gradient[1][1] * row
    return drow, dcol


@pytest.mark.parametrize("georeferenced", [True, False])
def test_stretching_and_shear_along_the_flow(georeferenced):
    drow, dcol = linear([[0.02, 0.03], [0, 0]], (20, 0))
    rates = strain_rates(made(drow, dcol, georeferenced=georeferenced))
    # Per cell of 16 px in 16 days; without a map y points down as the rows do.
    per = 365.25 / 16 / 16 if georeferenced else 1 / 16 / 16
    inner = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(rates.along[inner], 0.02 * per, rtol=2e-3)
    np.testing.assert_allclose(np.abs(rates.shear[inner]), 0.03 / 2 * per, rtol=2e-3)
    np.testing.assert_allclose(rates.across[inner], 0, atol=1e-5)
    assert rates.unit == ("1/yr" if georeferenced else "1/day")
    assert np.isnan(rates.along[0]).all()


def test_rates_follow_the_direction_of_flow():
    """The same stretching, of ice that flows at 45°, has the same rate along the flow."""
    half = 0.02 / 2
    drow, dcol = linear([[half, half], [half, half]], (15, 15))
    rates = strain_rates(made(drow, dcol))
    per = 365.25 / 16 / 16
    np.testing.assert_allclose(rates.along[5:-5, 5:-5], 0.02 * per, rtol=1e-2)
    np.testing.assert_allclose(rates.across[5:-5, 5:-5], 0, atol=2e-5)


def test_a_grid_that_is_turned_on_its_map_changes_nothing():
    drow, dcol = linear([[0.02, 0.03], [0.01, -0.01]], (20, 3))
    plain = made(drow, dcol)
    turned = Grid(*plain.frame.shape, Affine.translation(5e5, 7e6) @ Affine.rotation(30) @ Affine.scale(15, -15), UTM)
    other = made(drow, dcol, frame=turned, cells=map_cells(turned, 16))
    for name in ("along", "shear", "across"):
        np.testing.assert_allclose(
            getattr(strain_rates(other), name), getattr(strain_rates(plain), name), rtol=5e-3, atol=1e-4
        )


def test_only_ice_that_flows_is_judged():
    drow, dcol, ice = glacier(noise=0.05)
    velocity_map = coregistered(made(drow, dcol), np.kron(~ice, np.ones((16, 16), bool)), remove=False)
    flowing = flowing_cells(velocity_map)
    assert not flowing[~ice].any()
    assert flowing[ice].mean() > 0.9


def test_rough_matches_vary_more():
    density = []
    for noise in (0.02, 0.2):
        drow, dcol, _ = glacier((60, 60), wall=3, noise=noise)
        velocity_map = made(drow, dcol)
        density.append(strain_density(velocity_map, strain_rates(velocity_map)))
    assert density[1].half_width[0] > 4 * density[0].half_width[0]
    # Sobel's gradient of white noise has the deviation sqrt(12)/8 times the noise's.
    sigma = 0.2 * np.sqrt(12) / 8 * 365.25 / 16 / 16
    assert density[1].half_width[0] == pytest.approx(2 * sigma, rel=0.25)
