"""Units of velocity as files of others write them."""

import pytest

from napari_icenet.velocity.prior_values import metres_per_year


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("m/yr", 1), ("m/y", 1), ("m yr-1", 1), ("m yr^-1", 1), ("m a⁻¹", 1), ("meter/year", 1), ("metres per year", 1),
        ("m year**-1", 1), ("meters_per_year", 1), ("M/YR", 1), ("m.yr-1", 1), (" m / a ", 1),
        ("m/d", 365.25), ("m day-1", 365.25), ("m s-1", 365.25 * 86_400), ("km a-1", 1000), ("cm/day", 3.6525),
        ("mm/h", 0.001 * 24 * 365.25),
    ],
)  # fmt: skip
def test_units_of_velocity_are_known(unit, factor):
    assert metres_per_year(unit) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("unit", ["", "m", "1", "m yr", "m/yr-1", "px/day", "m/month", "yr/m", "degrees", "m2/yr"])
def test_other_units_are_not(unit):
    assert metres_per_year(unit) is None
