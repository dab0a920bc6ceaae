"""Settings of a run: one configuration for library, command line and dock."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from napari_icenet.common.settings_model import Settings, made, setting
from napari_icenet.models.precision import Precision
from napari_icenet.simulation.glacier import TrainingSettings as SimulationSettings

#: Where a run happened, not what it gives.
_PLACE = ("device", "threads", "data.datasets", "data.workers", "data.pool")


class DataSettings(Settings, allow_inf_nan=False):
    """Settings of the data that are learned from."""

    datasets: tuple[str, ...] = setting((), "Datasets made by icenet dataset; their training splits are learned from.")
    shares: tuple[float, ...] | None = setting(
        None, "How often each dataset is drawn from, relative to the others; default: by its number of sequences."
    )
    bands: tuple[str, ...] | None = setting(None, "Names of the bands that are learned from; default: all.")
    simulated: int = setting(0, "Sequences of simulated ice beside the datasets.", "sequences", ge=0)
    simulated_share: float = setting(
        0.5, "Share of the sequences drawn that are simulated, where there are both kinds.", "0 to 1", gt=0, lt=1
    )
    simulation: SimulationSettings = Field(
        default_factory=SimulationSettings,
        description="What simulated ice is like; chip and frames are the datasets' where there are any.",
    )
    pool: str | None = setting(
        None, "Folder that keeps simulated sequences and sub-pixel places, for several runs; default: in the run's own."
    )
    workers: int = setting(2, "Threads that read and prepare batches ahead; 0 prepares between steps.", "threads", ge=0)

    @model_validator(mode="after")
    def _one_share_each(self) -> Self:
        if self.shares is not None:
            if len(self.shares) != len(self.datasets):
                raise ValueError(f"{len(self.shares)} shares for {len(self.datasets)} datasets; give each dataset one")
            if min(self.shares, default=1) < 0 or sum(self.shares) <= 0:
                raise ValueError("shares must not be negative, nor all be 0")
        return self


class OptimisationSettings(Settings, allow_inf_nan=False):
    """Settings of how the network learns."""

    steps: int = setting(20000, "Steps of the optimiser.", "steps", ge=1)
    batch: int = setting(8, "Sequences in a step of each process.", "sequences", ge=1)
    optimiser: Literal["adam", "adamw"] = setting(
        "adamw", "adam adds the weight decay to the gradient, adamw takes it off the weights."
    )
    learning_rate: float = setting(1e-3, "Highest learning rate, reached after the warm-up.", "", gt=0, le=1)
    final_share: float = setting(
        0.02, "What the cosine leaves of the learning rate at the last step; 1 keeps it constant.", "0 to 1", ge=0, le=1
    )
    warm_up: int = setting(200, "Steps in which the learning rate rises from 0.", "steps", ge=0)
    betas: tuple[float, float] = setting((0.9, 0.999), "How long Adam remembers gradients, and their squares.")
    weight_decay: float = setting(0.0, "Pull of the weights towards 0.", "", ge=0, le=1)
    clip: float | None = setting(1.0, "Longest gradient; longer ones are scaled down. None: as they are.", "", gt=0)
    average: float = setting(
        0.999,
        "Of the moving average of the weights, which is validated and saved: what is kept at each step. 0: none.",
        "0 to 1",
        ge=0,
        lt=1,
    )
    precision: Precision = setting(
        "fp32",
        "fp32 gives the same losses on every machine. bf16, fp16: mixed with fp32, quicker on a GPU. "
        "auto: bf16 where the device computes it, fp16 on older GPUs, else fp32.",
    )
    pieces: int = setting(
        1, "Pieces that a batch is cut into, one after the other, to need less memory.", "pieces", ge=1
    )

    @model_validator(mode="after")
    def _betas_below_one(self) -> Self:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas must lie between 0 and 1")
        return self


class ValidationSettings(Settings, allow_inf_nan=False):
    """Settings of the validation: on held-out blocks, by the evaluation's own correlation."""

    every: int = setting(500, "Steps from one validation to the next; 0: never.", "steps", ge=0)
    sequences: int = setting(192, "Sequences of the validation splits; always the same.", "sequences", ge=1)
    patience: int = setting(
        0, "Stop after so many validations without a better correlation at t2; 0: never.", "validations", ge=0
    )
    samples: int = setting(
        6, "Held-out chips shown in the picture of each validation; 0: no picture.", "chips", ge=0, le=64
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options of the predictor that the network is judged as."
    )


class RunSettings(Settings, allow_inf_nan=False):
    """Everything that decides what a run gives.

    Every field has a description and a unit (``model_fields[name].description`` and
    ``.json_schema_extra["unit"]``).
    """

    model: str = setting("icenet", "Name of the network that is trained.")
    model_settings: dict[str, Any] = Field(default_factory=dict, description="The network's own settings, by name.")
    objective: dict[str, Any] = Field(default_factory=dict, description="What is minimised: its own settings, by name.")
    weights: str | None = setting(None, "Weights to start from: a file, or the name of bundled ones. Default: random.")
    data: DataSettings = DataSettings()
    optimisation: OptimisationSettings = OptimisationSettings()
    validation: ValidationSettings = ValidationSettings()
    checkpoint_every: int = setting(500, "Steps from one checkpoint to the next.", "steps", ge=1)
    half: bool = setting(False, "Save best and last weights in 16 bits.")
    seed: int = setting(0, "Of everything that is random; the same seed gives the same run.", "", ge=0, lt=2**32)
    device: str = setting("auto", "auto, cpu, cuda, cuda:1 …; auto takes a GPU where there is one.")
    threads: int | None = setting(
        None, "Threads of the network's arithmetic on the CPU; default: all cores.", "threads", ge=1
    )

    def essence(self) -> dict[str, Any]:
        """All that a resumed run must not change, as plain values.

        What is left out decides when a run ends and where it happens, not what its steps give; though
        more steps stretch the cosine of the learning rate.
        """
        return self.model_dump(
            mode="json",
            exclude={
                "data": {"datasets", "workers", "pool"},
                "optimisation": {"steps", "pieces"},
                "validation": {"patience", "samples"},
                "checkpoint_every": True,
                "half": True,
                "device": True,
                "threads": True,
            },
        )


def make_run_settings(values: Mapping[str, Any]) -> RunSettings:
    """Settings from plain values, as typed by a user or read from a file.

    Raises UsageError: a value does not make sense; the message names it.
    """
    return made(RunSettings, values)


def command_of(settings: RunSettings) -> str:
    """The command that trains the same weights again: all that differs from the defaults; datasets by name."""
    words = ["icenet", "train", *(Path(path).name for path in settings.data.datasets), "-o", "RUN"]
    words += ["--model", settings.model]
    default = RunSettings().model_dump(mode="json")
    for key, value in _differences(settings.model_dump(mode="json"), default):
        if key != "model" and key not in _PLACE:
            text = Path(value).name if key == "weights" else value
            words += ["--set", f"{key}={text if isinstance(text, str) else json.dumps(text)}"]
    return shlex.join(words)


def _differences(values: Mapping[str, Any], default: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key, usual = f"{before}{name}", default.get(name)
        if isinstance(value, Mapping) and (isinstance(usual, Mapping) or usual is None):
            yield from _differences(value, usual or {}, f"{key}.")
        elif value != usual:
            yield key, value
