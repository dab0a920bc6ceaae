from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from napari_icenet.simulation.flow import Flow


@pytest.fixture
def flow() -> Flow:
    return Flow(middle=(320.0, 300.0), heading=8.0, radius=1400.0, half_width=170.0, stretch=2000.0, speed=0.07)


def test_trunk_coordinates_go_back_to_the_ground(flow: Flow) -> None:
    row, col = np.meshgrid(np.linspace(0, 639, 9), np.linspace(0, 639, 9))
    back = flow.ground(*flow.trunk(row, col))
    np.testing.assert_allclose(back, (row, col), atol=1e-9)


@pytest.mark.parametrize(("row", "col"), [(320, 300), (250, 120), (470, 500), (180, 610)])
def test_closed_form_is_the_integral_of_the_velocity(flow: Flow, row: float, col: float) -> None:
    def derivative(_: float, position: np.ndarray) -> list[float]:
        return [float(v) for v in flow.velocity(position[0], position[1])]

    integral = solve_ivp(derivative, (0, 448), [row, col], rtol=1e-10, atol=1e-10).y[:, -1]
    np.testing.assert_allclose(flow.moved(row, col, 448), integral, atol=1e-5)


def test_going_back_in_time_returns_to_the_start(flow: Flow) -> None:
    there = flow.moved(300.0, 200.0, 272)
    np.testing.assert_allclose(flow.moved(*there, -272), (300, 200), atol=1e-9)


def test_trunk_flows_left_and_faster_downstream_between_walls_at_rest(flow: Flow) -> None:
    drow, dcol = flow.velocity(*flow.middle)
    assert np.hypot(drow, dcol) == pytest.approx(0.07)
    assert dcol < 0 < drow
    speeds = [np.hypot(*flow.velocity(*flow.ground(along, 0.0))) for along in (-250, 0, 250)]
    assert speeds == sorted(speeds)
    assert speeds[0] < speeds[2]
    walls = flow.ground(0.0, np.array([-200.0, 170.0, 300.0]))
    assert flow.stable(*walls).all()
    assert not np.any(flow.velocity(*walls))
    assert not flow.stable(*flow.middle)
