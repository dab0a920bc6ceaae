"""Datasets that a run cuts for itself before its first step, so that no window has to wait for them.

The folder of such a run holds what is to be cut (``cut.json``, and the ground in ``area.npz``): where the
stack lies and the settled settings. A dataset that is gone is cut anew when the run goes on, for the same
pictures and settings give the same dataset.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import Cancelled, IceNetError, TrainingError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.origin import Origin
from napari_icenet.training.data.build_process import build
from napari_icenet.training.data.plan import DataPlan
from napari_icenet.training.data.subset import subset
from napari_icenet.training.run_folder.folder import RunFolder


class Recipe(FrozenModel):
    """A dataset that is to be cut.

    Attributes
    ----------
    origin : Origin
        Where the stack is, and how it was opened.
    stack : str
        Its name.
    scenes : tuple of str
        Ids of the scenes that are used.
    settings : DatasetSettings
        With blocks, or the days that part the splits, settled.
    key : str
        Of the plan: another one, another dataset.
    area : str
        Checksum of the ground that is used, in ``area.npz``; empty where all of the frame is.
    path : Path
        Where the dataset is to be.
    """

    origin: Origin
    stack: str
    scenes: tuple[str, ...]
    settings: DatasetSettings
    key: str
    area: str = ""
    path: Path


def can_cut(plan: DataPlan) -> bool:
    """True if another process can cut a plan: its stack can be opened again as it is.

    Stacks that live in memory alone, covariates, and shifts of dates cannot be handed over.
    """
    stack = plan.stack
    return stack.origin is not None and stack.covariates is None and stack.shifts is None


def write_recipe(run: RunFolder, plan: DataPlan, path: Path) -> None:
    """Say in the folder of a run what it is to cut first.

    Raises TrainingError: it cannot be written, or the stack lives in memory alone.
    """
    stack, area, checksum = plan.stack, plan.stack.area, ""
    if stack.origin is None:
        raise TrainingError(f"{stack.name} lives in memory alone; save the stack, and open what you saved.")
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        if area is not None:
            packed = BytesIO()
            np.savez_compressed(packed, packed=np.packbits(area), shape=np.array(area.shape))
            checksum = hashlib.sha256(packed.getvalue()).hexdigest()
            write_durably(run.area, packed.getvalue())
        recipe = Recipe(
            origin=stack.origin, stack=stack.name, scenes=tuple(scene.id for scene in stack.scenes),
            settings=plan.settings, key=plan.key, area=checksum, path=path.absolute(),
        )  # fmt: skip
        write_durably(run.cut, (recipe.model_dump_json(indent=1) + "\n").encode())
    except OSError as error:
        raise TrainingError(
            f"{run.path} cannot be written ({error.strerror or error}); free some space, or choose another folder."
        ) from error


def read_recipe(run: RunFolder) -> Recipe | None:
    """Read the dataset that a run is to build first; None where it takes datasets that others have made.

    Raises TrainingError: it cannot be read.
    """
    try:
        return Recipe.model_validate_json(run.cut.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise TrainingError(
            f"{run.cut} cannot be used; it is damaged, or of another version of napari-icenet. Set the run up anew."
        ) from error


def cut_missing(
    run: RunFolder, datasets: tuple[str, ...], progress: Progress, stopped: Callable[[], bool]
) -> Path | None:
    """Cut the dataset of a run, if it is one of those named and not there.

    Parameters
    ----------
    run : RunFolder
    datasets : tuple of str
        Those that the run learns from.
    progress : callable
        Told the share that is done, 0 to 1, and what is being done.
    stopped : callable
        Asked several times a second whether to stop.

    Returns
    -------
    Path or None
        What was cut.

    Raises
    ------
    TrainingError
        The pictures are gone, or are others than when the run was set up.
    DatasetError
        The dataset cannot be made.
    Cancelled
        It was asked to stop; finished parts are kept.
    """
    recipe = read_recipe(run)
    if recipe is None or recipe.path.exists() or str(recipe.path) not in {str(Path(name)) for name in datasets}:
        return None
    progress(0.0, f"opening {recipe.stack}")
    plan = _planned(run, recipe, stopped)
    build(
        plan, recipe.path, cancelled=stopped,
        progress=lambda share, _text: progress(share, f"cutting the sequences, {share:.0%}"),
    )  # fmt: skip
    return recipe.path


def _planned(run: RunFolder, recipe: Recipe, stopped: Callable[[], bool]) -> DataPlan:
    """The plan as it was when the run was set up."""
    from napari_icenet.scenes.open import open_again

    def heed(_share: float, _text: str) -> None:
        if stopped():
            raise Cancelled("opening the pictures was cancelled.")

    origin = recipe.origin
    try:
        stack = open_again(origin, progress=heed)
    except Cancelled:
        raise
    except IceNetError as error:
        raise TrainingError(f"the pictures of this run cannot be opened any more: {error}") from error
    stack.name = recipe.stack
    numbers = {scene.id: number for number, scene in enumerate(stack.scenes)}
    changed = TrainingError(
        f"the pictures in {origin.path} have changed since this run was set up; bring them back, or set it up anew."
    )
    if not set(recipe.scenes) <= set(numbers):
        raise changed
    dates = [numbers[name] for name in recipe.scenes]
    plan = DataPlan(subset(stack, dates, _area(run, recipe)), recipe.settings)
    if plan.key != recipe.key:
        raise changed
    return plan


def _area(run: RunFolder, recipe: Recipe) -> NDArray[np.bool_] | None:
    if not recipe.area:
        return None
    path = run.area
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != recipe.area:
            raise ValueError(path)
        with np.load(BytesIO(content)) as held:
            shape = tuple(held["shape"].tolist())
            return np.unpackbits(held["packed"], count=shape[0] * shape[1]).reshape(shape).astype(bool)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read; set the run up anew.") from error
