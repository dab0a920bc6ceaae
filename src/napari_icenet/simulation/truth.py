"""Truth of a simulated archive, and its file beside the scenes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.common.types import F64
from napari_icenet.errors import StackError
from napari_icenet.scenes.grid import Grid
from napari_icenet.simulation.flow import Flow
from napari_icenet.simulation.landsat_product import write_tif
from napari_icenet.simulation.settings import SimulationSettings
from napari_icenet.simulation.simulator import Frame, Simulation, byrd_flow, byrd_grid

DAYS_PER_YEAR = 365.25
#: The folder beside the products.
FOLDER = "truth"
RECORD = "truth.json"


class SceneTruth(FrozenModel):
    """One scene: its product, its time (UTC), the shift of its content (pixels), snow, haze and cloud."""

    product: str
    time: datetime
    jitter_row: float
    jitter_col: float
    snow: float
    haze: float
    cloud_share: float


class TruthRecord(FrozenModel):
    """The file ``truth.json``."""

    simulated_by: str
    settings: SimulationSettings
    scenes: tuple[SceneTruth, ...]


@dataclass(frozen=True)
class Truth:
    """The exact motion in a simulated archive.

    Attributes
    ----------
    record : TruthRecord
    grid : Grid
    flow : Flow
    """

    record: TruthRecord
    grid: Grid
    flow: Flow

    @property
    def times(self) -> list[datetime]:
        """Acquisitions, UTC."""
        return [scene.time for scene in self.record.scenes]

    @property
    def days(self) -> F64:
        """Days since the first acquisition, (dates,)."""
        times = self.times
        return np.array([(when - times[0]).total_seconds() / 86400 for when in times])

    @property
    def jitter(self) -> F64:
        """(row, col) by which each scene's content lies off its true place, pixels; (dates, 2)."""
        return np.array([(scene.jitter_row, scene.jitter_col) for scene in self.record.scenes])

    @property
    def stable(self) -> NDArray[np.bool_]:
        """True where the ground never moves, (height, width)."""
        row, col = np.indices(self.grid.shape, sparse=True)
        return self.flow.stable(row, col)

    def displacement(self, row: ArrayLike, col: ArrayLike, time_i: int, time_j: int) -> tuple[F64, F64]:
        """(drow, dcol) from scene ``time_i`` to ``time_j`` of what lies at (row, col) in ``time_i``.

        Pixels; exact, with the geolocation jitter of both scenes in it.
        """
        jitter, days = self.jitter, self.days
        return self.flow.displacement(row, col, float(days[time_j] - days[time_i]), jitter[time_i], jitter[time_j])

    def velocity(self, row: ArrayLike, col: ArrayLike) -> tuple[F64, F64]:
        """(vx, vy) along the grid's x and y in m/yr on the ground; the map's scale is divided out."""
        drow, dcol = self.flow.velocity(row, col)
        middle = (self.grid.height - 1) / 2, (self.grid.width - 1) / 2
        dx, dy = self.grid.metres(*middle, drow, dcol)
        return dx * DAYS_PER_YEAR, dy * DAYS_PER_YEAR


def truth_of(simulation: Simulation, simulated_by: str, products: list[str]) -> Truth:
    """The truth of a simulation whose scenes are called ``products``."""
    scenes = []
    for date, product in enumerate(products):
        weather = simulation.weather(date)
        scenes.append(
            SceneTruth(
                product=product,
                time=simulation.times[date],
                jitter_row=float(simulation.jitter[date, 0]),
                jitter_col=float(simulation.jitter[date, 1]),
                snow=weather.snow,
                haze=weather.haze,
                cloud_share=weather.cloud_share,
            )
        )
    record = TruthRecord(simulated_by=simulated_by, settings=simulation.settings, scenes=tuple(scenes))
    return Truth(record, simulation.grid, simulation.flow)


def write_truth(truth: Truth, folder: Path) -> None:
    """Write ``truth.json``, the velocity (``vx.tif``, ``vy.tif``, m/yr) and ``stable.tif`` into ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / RECORD).write_text(truth.record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    vx, vy = truth.velocity(*np.indices(truth.grid.shape, sparse=True))
    for name, component in (("vx", vx), ("vy", vy)):
        # Deflate is helped by dropping digits below a millimetre a year.
        write_tif(folder / f"{name}.tif", np.round(component, 3).astype(np.float32), truth.grid, units="meter/year")
    write_tif(folder / "stable.tif", truth.stable.astype(np.uint8), truth.grid)


def write_sky(frame: Frame, product: str, truth: Truth, folder: Path) -> None:
    """Write where one scene has cloud (1) and cloud shadow (2) in truth."""
    folder.mkdir(exist_ok=True)
    values = frame.cloud.astype(np.uint8) + 2 * frame.shadow.astype(np.uint8)
    write_tif(folder / f"{product}_cloud.tif", values, truth.grid, meaning="1 cloud, 2 cloud shadow")


def load_truth(folder: str | Path) -> Truth:
    """Read the truth beside a simulated archive.

    Parameters
    ----------
    folder : str or Path
        The archive, or its ``truth`` folder.

    Raises
    ------
    StackError
        There is no truth, or it cannot be read.
    """
    folder = Path(folder)
    path = next((p for p in (folder / FOLDER / RECORD, folder / RECORD) if p.is_file()), None)
    if path is None:
        raise StackError(f"{folder} holds no {FOLDER}/{RECORD}; name a folder that `icenet simulate` has written.")
    try:
        record = TruthRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise StackError(f"{path} cannot be read ({type(error).__name__}); simulate the archive again.") from error
    grid = byrd_grid(record.settings.size)
    return Truth(record, grid, byrd_flow(record.settings, grid))
