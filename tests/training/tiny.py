"""A network of a few numbers, which is trained as the real ones are; as a program, ``icenet`` that knows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from napari_icenet.matching.template import Past, Prediction
from napari_icenet.models.registry import MODELS
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.registry import PREDICTORS
from napari_icenet.training.objectives.registry import OBJECTIVES
from napari_icenet.training.run_folder.folder import RunFolder

#: Frames of a sequence, and side of a chip.
FRAMES, CHIP = 5, 32


def trouble(folder: str | Path) -> str:
    """What a run says is the matter; empty where nothing is."""
    status = RunFolder(folder).status()
    return status.message if status is not None and status.state in ("failed", "stopped") else ""


class TinySettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    width: int = 4
    dropout: float = 0.0
    norm: bool = True


class Tiny(nn.Module):
    """The last frame after two convolutions."""

    name: ClassVar[str] = "tiny"
    title: ClassVar[str] = "Tiny"
    settings_type: ClassVar[type[BaseModel]] = TinySettings

    def __init__(self, settings: TinySettings | None = None) -> None:
        super().__init__()
        self.settings = settings or TinySettings()
        width = self.settings.width
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width) if self.settings.norm else nn.Identity(),
            nn.Tanh(),
            nn.Dropout(self.settings.dropout),
            nn.Conv2d(width, 1, 3, padding=1),
        )
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(self, last: torch.Tensor) -> torch.Tensor:
        return self.layers(last[:, None])[:, 0]


class TinyObjectiveSettings(BaseModel):
    """Ways to go wrong: ``cost`` seconds a step, memory for so many sequences, ``bad`` steps without a loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    noise: float = 0.0
    shuffle: bool = False
    cost: float = 0.0
    memory: int | None = None
    bad: tuple[int, ...] = ()
    blame: Literal["cuda", "cpu"] = "cuda"


class TinyObjective:
    wants_positions: ClassVar[bool] = False
    settings_type: ClassVar[type[BaseModel]] = TinyObjectiveSettings

    def __init__(self, network: Tiny, settings: TinyObjectiveSettings | None = None) -> None:
        self.network, self.settings = network, settings or TinyObjectiveSettings()

    def prepare(self, examples, rng):
        scaled = np.nan_to_num((examples.chips - 8000) / 2000)
        turn = int(rng.integers(4)) if self.settings.shuffle else 0
        return {"last": np.rot90(scaled[:, -2], turn, (1, 2)).copy(), "next": np.rot90(scaled[:, -1], turn, (1, 2))}

    def losses(self, batch, step, generator):
        time.sleep(self.settings.cost)
        count = len(batch["last"])
        if self.settings.memory is not None and count > self.settings.memory:
            if self.settings.blame == "cpu":
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
            raise torch.OutOfMemoryError("CUDA out of memory.")
        noise = self.settings.noise * torch.randn(count, CHIP, CHIP, generator=generator)
        mse = (self.network(batch["last"] + noise) - batch["next"]).square().mean()
        if step in self.settings.bad:
            mse = mse * torch.tensor(float("nan"))
        return {"loss": mse, "mse": mse.detach()}


class TinyPredictor(LearnedOptions):
    name: ClassVar[str] = "tiny"
    title: ClassVar[str] = "Tiny"

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        network, _ = self.network()
        with torch.inference_mode():
            last = torch.from_numpy(np.nan_to_num(np.stack([(past.chips[-1] - 8000) / 2000 for past in pasts])))
            return [Prediction(template) for template in network(last).numpy()]


def register() -> None:
    """Make ``tiny`` known, as a new model is: a line in three lists."""
    MODELS["tiny"] = "tests.training.tiny:Tiny"
    OBJECTIVES["tiny"] = "tests.training.tiny:TinyObjective"
    PREDICTORS["tiny"] = "tests.training.tiny:TinyPredictor"


def forget() -> None:
    for known in (MODELS, OBJECTIVES, PREDICTORS):
        known.pop("tiny", None)


def make_dataset(
    path: Path,
    *,
    seed: int = 0,
    chip: int = CHIP,
    frames: int = FRAMES,
    validation: float = 0.25,
    test: float = 0.1,
) -> Path:
    """A dataset of moving texture with about 40 training sequences and some for validation."""
    from napari_icenet.datasets.builder import build_dataset
    from napari_icenet.datasets.settings import DatasetSettings
    from tests.datasets.ice import moving, stack_of

    settings = DatasetSettings(
        chip=chip, frames=frames, scale=1.5, stride=16, block=2.5, gap=4, windows=1, validation=validation, test=test
    )
    build_dataset([stack_of(moving(FRAMES + 1, 288, (0, 1), seed))], path, settings)
    return path


if __name__ == "__main__":
    torch.set_num_threads(1)
    register()
    from napari_icenet.cli.main import main

    main(sys.argv[1:])
