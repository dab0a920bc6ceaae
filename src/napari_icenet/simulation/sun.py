"""Times of the satellite's passes, and the sun's place then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

#: Landsat 8 first passes path 054, row 118 in the paper's series on this day; the hour is that of the orbit.
FIRST_PASS = datetime(2015, 11, 22, 20, 21, 12, 480000)
REPEAT_DAYS = 16
#: Below this elevation nothing is acquired: the polar winter.
LOWEST_SUN = 14.0


@dataclass(frozen=True)
class Sun:
    """Position of the sun at a place and time.

    Attributes
    ----------
    azimuth : float
        Degrees clockwise from true north.
    elevation : float
        Degrees above the horizon, without refraction.
    distance : float
        Distance of the earth, astronomical units.
    """

    azimuth: float
    elevation: float
    distance: float


def sun_position(when: datetime, longitude: float, latitude: float) -> Sun:
    """Sun at a place, to about 0.01°: the low-precision formulae of the Astronomical Almanac.

    Parameters
    ----------
    when : datetime
        UTC, without time zone.
    longitude, latitude : float
        Degrees, east and north positive.
    """
    days = (when - datetime(2000, 1, 1, 12)) / timedelta(days=1)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    sidereal = np.radians(280.46062 + 360.98564737 * days + longitude)
    hour = sidereal - ascension
    phi = np.radians(latitude)
    elevation = np.arcsin(np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour))
    azimuth = np.arctan2(
        -np.cos(declination) * np.sin(hour),
        np.sin(declination) * np.cos(phi) - np.cos(declination) * np.sin(phi) * np.cos(hour),
    )
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return Sun(float(np.degrees(azimuth) % 360), float(np.degrees(elevation)), float(distance))


def pass_times(count: int, longitude: float, latitude: float) -> list[datetime]:
    """The first acquisitions of the series: sunlit passes, now and then one of them missing.

    Twelve of them run from 2015-11-22 to 2017-02-12, with gaps of 16 days to nine months.

    Parameters
    ----------
    count : int
    longitude, latitude : float
        Scene centre, degrees.

    Returns
    -------
    list of datetime
        UTC, without time zone.
    """
    times: list[datetime] = []
    cycle = 0
    while len(times) < count:
        # The orbit is held to within some seconds of its ground track.
        when = FIRST_PASS + timedelta(days=REPEAT_DAYS * cycle, seconds=8 * np.sin(1.7 * cycle))
        if cycle % 13 != 3 and sun_position(when, longitude, latitude).elevation >= LOWEST_SUN:
            times.append(when.replace(microsecond=when.microsecond // 1000 * 1000))
        cycle += 1
    return times
