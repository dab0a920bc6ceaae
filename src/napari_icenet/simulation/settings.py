"""Settings of a simulated archive: ice, sky, dates and frame."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_icenet.common.settings_model import Settings

Preset = Literal["clear", "byrd"]

#: The seed of the bundled sample.
SAMPLE_SEED = 54118


class SimulationSettings(Settings):
    """A simulated archive of one glacier; the same settings always give the same files.

    Every number names something on the ground, in the air or in the instrument. None acts on how
    well two dates correlate.

    Attributes
    ----------
    preset : {"clear", "byrd"}
        Where the other numbers came from; recorded, not used.
    seed : int
        Chooses the glacier's surface, the weather and the noise.
    dates : int
        Number of acquisitions.
    size : int
        Height and width of the scenes in pixels of 30 m.
    bands : int
        Number of bands, from B1.
    speed : float
        Speed of the trunk in the middle of the frame, m/yr.
    acceleration : float
        Relative gain of speed from the middle of the frame to its downstream edge.
    heading : float
        Direction of flow in the middle of the frame: degrees from the map's −x towards its −y.
    half_width : float
        Half the width of the trunk, as a share of the frame (of 36 km, where the frame is larger).
    mountains : float
        Height of the walls' relief; less of it bares less rock.
    undulation_slope, streak_slope, crevasse_slope, sastrugi_slope : float
        Standard deviation of the surface slope (m/m) of each kind of relief.
    sastrugi_days : float
        Days in which wind makes half of the small roughness anew.
    fresh_slope : float
        Standard deviation of the slope of the roughness that wind has made since the last pass: another
        on every date.
    snow : float
        Mean depth of fresh snow, as the share of streaks, bare ice and crevasses that it hides (0–1).
    snow_spread : float
        Standard deviation of that share from one date to the next.
    cloud : float
        Mean share of the frame under cloud (0–1).
    cloud_spread : float
        Standard deviation of that share from one date to the next.
    cloud_depth : float
        Optical depth in the middle of a cloud.
    cloud_size : float
        Wavelength of the largest cloud banks, pixels.
    veil : float
        Mean optical depth of a veil of cirrus and blowing snow, uneven and everywhere; not counted as cloud.
    veil_size : float
        Wavelength of the veil's largest bands, pixels.
    haze : float
        Mean optical depth of haze and blowing snow; its spread is as large as its mean.
    noise : float
        Standard deviation of the sensor's noise in the visible, as reflectance under an overhead sun; it is
        smaller in the short-wave infrared.
    jitter : float
        Standard deviation of the geolocation of a scene along row and column, pixels.
    """

    preset: Preset = "clear"
    seed: int = Field(SAMPLE_SEED, ge=0)
    dates: int = Field(12, ge=1, le=60)
    size: int = Field(640, ge=256, le=4096)
    bands: int = Field(7, ge=1, le=7)
    speed: float = Field(725.0, ge=0, le=5000)
    acceleration: float = Field(0.16, ge=0, le=0.5)
    heading: float = Field(8.0, ge=-360, le=360)
    half_width: float = Field(0.27, ge=0.1, le=0.6)
    mountains: float = Field(1.0, ge=0, le=3)
    undulation_slope: float = Field(0.028, ge=0, le=0.3)
    streak_slope: float = Field(0.016, ge=0, le=0.3)
    crevasse_slope: float = Field(0.04, ge=0, le=0.3)
    sastrugi_slope: float = Field(0.012, ge=0, le=0.3)
    sastrugi_days: float = Field(300.0, gt=0)
    fresh_slope: float = Field(0.0, ge=0, le=0.3)
    snow: float = Field(0.25, ge=0, le=1)
    snow_spread: float = Field(0.1, ge=0, le=1)
    cloud: float = Field(0.05, ge=0, le=1)
    cloud_spread: float = Field(0.06, ge=0, le=1)
    cloud_depth: float = Field(2.5, ge=0, le=20)
    cloud_size: float = Field(240.0, ge=8, le=5000)
    veil: float = Field(0.0, ge=0, le=5)
    veil_size: float = Field(150.0, ge=8, le=5000)
    haze: float = Field(0.02, ge=0, le=5)
    noise: float = Field(0.0005, ge=0, le=0.1)
    jitter: float = Field(0.1, ge=0, le=5)

    @classmethod
    def of(cls, preset: Preset, **changes: object) -> SimulationSettings:
        """The settings of a preset, with changes.

        Raises
        ------
        pydantic.ValidationError
            There is no such preset or setting, or a number is out of range.
        """
        return cls.model_validate({"preset": preset} | PRESETS.get(preset, {}) | changes)


#: ``clear`` can be tracked throughout. ``byrd`` is made so that persistence and high-pass reach the paper's
#: correlations: cloud banks of some 9 km cover nearly a third of every scene, and the chain of matches gets
#: lost in them; fresh roughness, a thin veil, snow and noise take their part of what is seen between them.
PRESETS: dict[str, dict[str, float]] = {
    "clear": {},
    "byrd": {
        "half_width": 0.38,
        "mountains": 0.35,
        "undulation_slope": 0.032,
        "streak_slope": 0.018,
        "crevasse_slope": 0.035,
        "sastrugi_slope": 0.024,
        "sastrugi_days": 40.0,
        "fresh_slope": 0.044,
        "snow": 0.3,
        "snow_spread": 0.1,
        "cloud": 0.295,
        "cloud_spread": 0.03,
        "cloud_depth": 2.4,
        "cloud_size": 300.0,
        "veil": 0.1,
        "veil_size": 60.0,
        "haze": 0.1,
        "noise": 0.004,
        "jitter": 0.3,
    },
}
