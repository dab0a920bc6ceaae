"""The flow of the simulated ice: steady, and known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.types import F64

#: Exponent of the speed's profile across the trunk: a plug with sheared margins.
PROFILE_EXPONENT = 8.0


@dataclass(frozen=True)
class Flow:
    """Ice that follows a wide bend between two walls of rock.

    The trunk's axis is an arc of radius ``radius`` through the middle of the frame. ``along`` is the
    length on that arc and ``across`` the distance from it (positive on the outer side), both in
    pixels. Ice stays at its ``across``; along the arc it moves at ::

        d along / dt = speed · max(0, 1 − |across / half_width|⁸) · (1 + along / stretch)

    so that its position at any time follows without integration.

    Attributes
    ----------
    middle : tuple of float
        (row, col) of the point where ``along`` and ``across`` are 0.
    heading : float
        Direction of flow there: degrees from −col (left) towards +row (down).
    radius, half_width, stretch : float
        Pixels.
    speed : float
        Pixels per day on the axis in the middle.
    """

    middle: tuple[float, float]
    heading: float
    radius: float
    half_width: float
    stretch: float
    speed: float

    @property
    def _axes(self) -> tuple[F64, F64, F64]:
        """Downstream unit vector, the one towards the arc's centre, and that centre; (row, col)."""
        angle = np.radians(self.heading)
        downstream = np.array([np.sin(angle), -np.cos(angle)])
        inward = np.array([np.cos(angle), np.sin(angle)])
        return downstream, inward, np.asarray(self.middle) + self.radius * inward

    def trunk(self, row: ArrayLike, col: ArrayLike) -> tuple[F64, F64]:
        """(along, across) of ground positions, pixels; the shapes broadcast."""
        downstream, inward, centre = self._axes
        r, c = np.asarray(row, float) - centre[0], np.asarray(col, float) - centre[1]
        outward = -(r * inward[0] + c * inward[1])
        forward = r * downstream[0] + c * downstream[1]
        return self.radius * np.arctan2(forward, outward), np.hypot(outward, forward) - self.radius

    def ground(self, along: ArrayLike, across: ArrayLike) -> tuple[F64, F64]:
        """(row, col) of trunk coordinates; the inverse of :meth:`trunk`."""
        downstream, inward, centre = self._axes
        angle, distance = np.asarray(along, float) / self.radius, self.radius + np.asarray(across, float)
        outward, forward = distance * np.cos(angle), distance * np.sin(angle)
        return (
            centre[0] - outward * inward[0] + forward * downstream[0],
            centre[1] - outward * inward[1] + forward * downstream[1],
        )

    def profile(self, across: ArrayLike) -> F64:
        """Speed across the trunk as a share of the axis's: 1 on the axis, 0 from the walls on."""
        share = np.abs(np.asarray(across, float)) / self.half_width
        return np.asarray(np.clip(1 - share**PROFILE_EXPONENT, 0, None))

    def carried(self, along: ArrayLike, across: ArrayLike, days: ArrayLike) -> F64:
        """Position on the arc of ice from ``along``, ``days`` later (earlier, if negative)."""
        growth = self.speed * self.profile(across) * np.asarray(days, float) / self.stretch
        # expm1 keeps the digits of small displacements.
        a = np.asarray(along, float)
        return np.asarray(a + (a + self.stretch) * np.expm1(growth))

    def moved(self, row: ArrayLike, col: ArrayLike, days: ArrayLike) -> tuple[F64, F64]:
        """Ground position (row, col) of ice from (row, col), ``days`` later."""
        along, across = self.trunk(row, col)
        return self.ground(self.carried(along, across, days), across)

    def displacement(
        self, row: ArrayLike, col: ArrayLike, days: float, shift: ArrayLike, later_shift: ArrayLike
    ) -> tuple[F64, F64]:
        """(drow, dcol) between two scenes ``days`` apart of what lies at (row, col) in the first.

        Parameters
        ----------
        row, col : array
            Pixels of the first scene.
        days : float
        shift, later_shift : array of float, (2,)
            (row, col) by which the content of either scene lies off its true place, pixels.
        """
        off, later = np.asarray(shift, float), np.asarray(later_shift, float)
        r, c = np.asarray(row, float), np.asarray(col, float)
        there = self.moved(r - off[0], c - off[1], days)
        return there[0] + later[0] - r, there[1] + later[1] - c

    def velocity(self, row: ArrayLike, col: ArrayLike) -> tuple[F64, F64]:
        """Velocity (drow, dcol) on the ground, pixels per day."""
        along, across = self.trunk(row, col)
        downstream, inward, _ = self._axes
        angle = along / self.radius
        # The arc's length grows with the distance from its centre.
        speed = self.speed * self.profile(across) * (1 + along / self.stretch) * (1 + across / self.radius)
        return (
            speed * (np.cos(angle) * downstream[0] + np.sin(angle) * inward[0]),
            speed * (np.cos(angle) * downstream[1] + np.sin(angle) * inward[1]),
        )

    def stable(self, row: ArrayLike, col: ArrayLike) -> NDArray[np.bool_]:
        """True where the ground never moves."""
        return np.asarray(np.abs(self.trunk(row, col)[1]) >= self.half_width)
