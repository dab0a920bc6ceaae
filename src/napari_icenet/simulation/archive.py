"""A whole simulated archive on disk: whole, or not there at all."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from napari_icenet.common.atomic_io import replaced_folder
from napari_icenet.common.software import __version__
from napari_icenet.common.text import brief
from napari_icenet.errors import StackError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.simulation.landsat_mtl import product_id
from napari_icenet.simulation.landsat_product import README, write_product
from napari_icenet.simulation.settings import SAMPLE_SEED, Preset, SimulationSettings
from napari_icenet.simulation.simulator import Simulation
from napari_icenet.simulation.truth import FOLDER, RECORD, truth_of, write_sky, write_truth

ABOUT = """
Each folder LC08_… is one acquisition. The folder truth/ tells what is exactly known:
  truth.json   the settings, and of each scene the time, the shift of its content in pixels, the weather
  vx.tif, vy.tif   velocity along the grid's x and y, metres per year on the ground
  stable.tif   1 where the ground never moves
  *_cloud.tif  1 where the scene has cloud, 2 where it has the shadow of a cloud
In Python: napari_icenet.simulation.load_truth(folder).displacement(row, col, i, j).
"""


def simulate(
    out: str | Path,
    *,
    preset: Preset = "clear",
    dates: int | None = None,
    size: int | None = None,
    bands: int | None = None,
    seed: int | None = None,
    cloud: float | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a simulated archive of a glacier with known flow: Landsat-like product folders, and the truth.

    Parameters
    ----------
    out : str or Path
        Folder to make; an empty one may exist.
    preset : {"clear", "byrd"}
        ``clear`` can be tracked throughout; ``byrd`` is as cloudy and noisy as the paper's series.
    dates, size, bands, seed : int, optional
        Number of acquisitions (12), height and width in pixels (640), number of bands (7), seed.
    cloud : float, optional
        Mean share of the frame under cloud, 0–1, instead of the preset's.
    overwrite : bool
        Replace an archive that was simulated before.
    progress : Progress, optional
        Is told the share done and what is being made; may raise to stop, and nothing is left then.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    UsageError
        A number is out of range, or ``out`` exists and may not be replaced.
    StackError
        ``out`` cannot be written.
    """
    given = {"dates": dates, "size": size, "bands": bands, "seed": seed, "cloud": cloud}
    try:
        settings = SimulationSettings.of(preset, **{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the simulation's {name} cannot be {brief(first['input'])}: {first['msg']}.") from error
    return write_archive(settings, out, overwrite=overwrite, progress=progress)


def write_archive(
    settings: SimulationSettings, out: str | Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Path:
    """:func:`simulate`, with every setting.

    The archive is made under a temporary name and takes that of ``out`` when it is complete.

    Raises
    ------
    UsageError
        ``out`` exists and may not be replaced.
    StackError
        ``out`` cannot be written.
    """
    out = Path(out)
    _refuse(out, overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with replaced_folder(out) as unfinished:
            _write(settings, unfinished, progress)
    except OSError as error:
        raise StackError(f"{out} cannot be written ({error.strerror}); free some space or choose another.") from error
    if progress is not None:
        progress(1.0, f"{settings.dates} scenes in {out}")
    return out


def _refuse(out: Path, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{out} exists and is not empty; name a new folder.")
    if not (out / FOLDER / RECORD).is_file():
        raise UsageError(f"{out} was not made by `icenet simulate`, so it is not replaced; name a new folder.")


def _write(settings: SimulationSettings, folder: Path, progress: Progress | None) -> None:
    simulation = Simulation(settings)
    origin = f"Simulated by napari-icenet {__version__}; not a measurement"
    products = [product_id(when) for when in simulation.times]
    truth = truth_of(simulation, origin, products)
    for date, product in enumerate(products):
        if progress is not None:
            progress(date / len(products), f"simulating {simulation.times[date]:%Y-%m-%d}")
        frame = simulation.frame(date)
        write_product(simulation, date, frame, folder, origin)
        write_sky(frame, product, truth, folder / FOLDER)
    write_truth(truth, folder / FOLDER)
    (folder / "README.txt").write_text(README + ABOUT, encoding="utf-8")


__all__ = ["SAMPLE_SEED", "simulate", "write_archive"]
