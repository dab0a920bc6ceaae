"""All that a run needs before its first step: data, network, place to compute, and what was reached before."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.common.settings_model import made
from napari_icenet.common.software import __version__
from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.jobs.file_lock import locked
from napari_icenet.jobs.progress import Progress
from napari_icenet.models.card import Card
from napari_icenet.models.precision import network_device, network_type, type_name
from napari_icenet.models.registry import build, network_class
from napari_icenet.models.weights import load_weights
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.registry import names, predictor_class
from napari_icenet.training.data.covariates import covariate_settings
from napari_icenet.training.data.fingerprint import (
    card_data,
    check_same_data,
    chosen,
    data_record,
    open_datasets,
    opened_again,
    read_start,
)
from napari_icenet.training.data.pool import DatasetSource, HeldSource, Pool, Source
from napari_icenet.training.data.sampler import Sampler
from napari_icenet.training.data.simulated import simulated_examples
from napari_icenet.training.data.subpixel_positions import dataset_positions
from napari_icenet.training.loop.checkpoint import load_checkpoint
from napari_icenet.training.loop.distributed import Group
from napari_icenet.training.loop.loop import Loop
from napari_icenet.training.loop.memory import keep_freed_memory
from napari_icenet.training.loop.prefetch import Batch, batches
from napari_icenet.training.loop.step import Stepper
from napari_icenet.training.loop.validation import HeldOut
from napari_icenet.training.objectives.base import Objective
from napari_icenet.training.objectives.registry import make_objective
from napari_icenet.training.run_folder.event_log import cut_after
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import own_token
from napari_icenet.training.settings import RunSettings, command_of, make_run_settings

#: Software whose versions are written down.
_SOFTWARE = ("torch", "numpy", "safetensors", "zarr", "opencv-python-headless", "scipy", "pydantic")


class Session:
    """One process's part in a run, from its settings to its first step. A context manager.

    What can be refused is refused before the folder is touched.

    Parameters
    ----------
    settings : RunSettings
    folder : RunFolder
    resume : bool
    held : bool
        Whether the caller holds the folder already.
    """

    def __init__(self, settings: RunSettings, folder: RunFolder, *, resume: bool, held: bool = False) -> None:
        self.folder, self._resume, self._held = folder, resume, held
        self._datasets = opened_again(settings.data) if resume else open_datasets(settings.data)
        self.settings = completed(settings, self._datasets)
        if resume:
            self._go_on_from(folder.settings())
        if self.settings.threads is not None:
            torch.set_num_threads(self.settings.threads)
        wanted = network_device(self.settings.device)
        self.group = Group(wanted.type)
        self.device = network_device(self.settings.device, self.group.local_rank)
        self._record = data_record(self._datasets, self.settings.data)
        self._check_counts()
        check_validated(self.settings)
        if resume:
            check_same_data(folder.data, self._datasets)
        self._start = read_start(folder) if resume else None
        self._objective = self._make_objective()
        self._stack = ExitStack()
        self._sampler: Sampler | None = None
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        if self.group.first:
            try:
                self.folder.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise TrainingError(f"{self.folder.path} cannot be made ({error.strerror}).") from error
            if not self._held:
                self._stack.enter_context(locked(self.folder.path))
            self._write_records()
        self.group.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()
        self.group.close()

    def loop(self, prepare: Progress, progress: Progress, stop: Callable[[], bool]) -> Loop:
        """Gather the data and the network; ``prepare`` hears of it, and may raise to stop."""
        if self.device.type == "cpu":
            keep_freed_memory()
        self._pool = self._gather(prepare)
        optimisation = self.settings.optimisation
        self._sampler = Sampler(
            self._pool.sizes, self._pool.weights, optimisation.batch, self.settings.seed,
            rank=self.group.rank, world=self.group.world,
        )  # fmt: skip
        network = self._objective.network.to(self.device)
        self.group.share_weights(network)
        stepper = Stepper(
            self._objective, self.settings, self.device, network_type(optimisation.precision, self.device), self.group
        )
        held_out = self._held_out() if self.group.first else None
        loop = Loop(self.settings, self.folder, stepper, held_out, self._card(), progress=progress, stop=stop)
        state = load_checkpoint(self.folder.checkpoints) if self._resume else None
        if state is not None:
            loop.restore(state)
            self._sampler.restore(state["sampler"])
        self.group.wait()
        if self.group.first:
            cut_after(self.folder.log, -1 if state is None else loop.at.step)
        return loop

    def batches(self) -> Iterator[Batch]:
        """Batches of this process, from where the run stands."""
        assert self._pool is not None
        assert self._sampler is not None
        return batches(
            self._pool, self._sampler, self._objective,
            seed=self.settings.seed, rank=self.group.rank, threads=self.settings.data.workers,
        )  # fmt: skip

    def _go_on_from(self, before: RunSettings) -> None:
        """Refuse settings that would give other steps than those the run was begun with."""
        if before.weights is not None and not self.settings.model_settings:
            self.settings = self.settings.model_copy(update={"model_settings": before.model_settings})
        then, now = before.essence(), self.settings.essence()
        for name in then:
            if then[name] != now[name]:
                raise UsageError(f"a run cannot go on with another {name} than it began with; start a new one.")

    def _check_counts(self) -> None:
        """Refuse data that nothing can be learned from, or judged on."""
        data, validation = self.settings.data, self.settings.validation
        training = sum(use.sequences["train"] for use in self._record.datasets) + data.simulated
        names = ", ".join(str(dataset.path) for dataset in self._datasets) or "no dataset"
        if not training:
            raise TrainingError(
                f"there are no training sequences in {names}; build a larger dataset, or set data.simulated."
            )
        if validation.every and not sum(use.sequences["validation"] for use in self._record.datasets):
            raise TrainingError(
                f"there are no validation sequences in {names}; build a larger dataset, or set validation.every=0."
            )
        batch = self.settings.optimisation.batch * self.group.world
        if batch > training:
            raise TrainingError(
                f"a batch of {batch} is larger than the {training} training sequences; set optimisation.batch lower."
            )

    def _make_objective(self) -> Objective:
        settings = self.settings
        torch.manual_seed(settings.seed)
        if settings.weights is not None and not self._resume:
            network, card = load_weights(settings.weights, settings.model)
            if settings.model_settings and settings.model_settings != card.settings:
                raise UsageError(f"{settings.weights} has other settings than model_settings; leave these out.")
            settings = settings.model_copy(update={"model_settings": card.settings})
            self.settings, self._start = settings, card
        else:
            network = build(settings.model, settings.model_settings)
        return make_objective(settings.model, network, settings.objective)

    def _write_records(self) -> None:
        software = {name: version(name) for name in _SOFTWARE}
        software = {"napari-icenet": __version__, "python": platform.python_version(), **software}
        files = {
            self.folder.config: self.settings.model_dump(mode="json"),
            self.folder.data: self._record.model_dump(mode="json"),
            self.folder.software: software | {"system": platform.platform()},
        }
        if self._start is not None:
            files[self.folder.start] = self._start.model_dump(mode="json")
        try:
            for path, content in files.items():
                write_durably(path, (json.dumps(content, indent=2) + "\n").encode())
            if not own_token():
                # Who launched the run has done so, and may since have been asked to stop it.
                self.folder.control.unlink(missing_ok=True)
            self.folder.pool.mkdir(exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{self.folder.path} cannot be written ({error.strerror or error}).") from error

    def _gather(self, progress: Progress) -> Pool:
        """The pool; what is worked out once is worked out by the first process, for all."""
        if not self.group.first:
            self.group.wait()
        pool = Pool(self._sources(progress))
        if self.group.first:
            self.group.wait()
        return pool

    def _sources(self, progress: Progress) -> list[Source]:
        data = self.settings.data
        kept = self.folder.pool if data.pool is None else Path(data.pool)
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{kept} cannot be made ({error.strerror}).") from error
        sources: list[Source] = []
        for number, (dataset, use) in enumerate(zip(self._datasets, self._record.datasets, strict=True)):
            indices = chosen(dataset, "train", data.bands)
            positions = None
            if self._objective.wants_positions and len(indices):
                bands = "" if data.bands is None else "-" + "-".join(data.bands)
                file = kept / f"places-{use.fingerprint}{bands}.npy"
                positions = dataset_positions(dataset, indices, file, threads=self.settings.threads, progress=progress)
            weight = float(len(indices)) if data.shares is None else data.shares[number]
            covariates = getattr(getattr(self._objective.network, "settings", None), "covariates", ())
            sources.append(DatasetSource(dataset, indices, positions, weight, covariates))
        if data.simulated:
            examples = simulated_examples(
                data.simulated, data.simulation, kept,
                seed=self.settings.seed, threads=self.settings.threads, progress=progress,
            )  # fmt: skip
            real = sum(source.weight for source in sources if len(source))
            share = data.simulated_share
            sources.append(HeldSource(examples, real * share / (1 - share) if real else 1.0))
        return sources

    def _held_out(self) -> HeldOut | None:
        validation = self.settings.validation
        if not validation.every:
            return None
        indices = [chosen(dataset, "validation", self.settings.data.bands) for dataset in self._datasets]
        return HeldOut(self._datasets, indices, validation.sequences, self.settings.seed)

    def _card(self) -> Card:
        data, credits = card_data(self._datasets, self._record, self._start)
        network = self._objective.network
        return Card(
            model=self.settings.model,
            settings=dict(self.settings.model_settings),
            version=__version__,
            created=datetime.now(UTC),
            command=command_of(self.settings),
            data=data,
            device=_device_name(self.device),
            precision=type_name(network_type(self.settings.optimisation.precision, self.device)),
            limits=tuple(getattr(network, "limits", ())),
            credits=credits,
        )


def check_validated(settings: RunSettings) -> None:
    """Refuse, before its first step, a run whose network no predictor can judge.

    Raises UsageError: the model's package names no predictor of its name, or one that takes no network.
    """
    model = settings.model
    if not settings.validation.every:
        return
    if model not in names() or not issubclass(predictor_class(model), LearnedOptions):
        raise UsageError(
            f"no predictor {model} with a network is there to judge the model; its package must name one (a subclass "
            "of LearnedOptions, entry point napari_icenet.predictors), or set validation.every=0."
        )


def completed(settings: RunSettings, datasets: list[SequenceDataset]) -> RunSettings:
    """Settings with what follows from the data: sizes of simulated ice and of the network, scales of covariates.

    Raises UsageError: there is no such model, or one of its or its objective's settings cannot be used.
    """
    kind = network_class(settings.model).settings_type
    values = settings.model_dump(mode="json")
    if datasets:
        frames, chip, _ = datasets[0].shape
        values["data"]["simulation"] |= {"chip": chip, "frames": frames}
        if settings.weights is None and "chip" in kind.model_fields:
            values["model_settings"].setdefault("chip", chip)
    if settings.weights is None:
        wanted = made(kind, values["model_settings"])
        if getattr(wanted, "covariates", ()):
            found = covariate_settings(wanted.covariates, datasets, settings.data.bands)
            wanted = made(kind, values["model_settings"] | found)
        values["model_settings"] = wanted.model_dump(mode="json")
    return make_run_settings(values)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"
