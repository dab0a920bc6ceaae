"""What the training loop costs beyond its steps: icenet train against the same steps bare, in one process.

    python benchmarks/training.py [--model svg-lp|icenet] [--steps N] [--channels N]

Both take the same number of steps of the same network on batches of the same size, in turns, on one
thread; batches are prepared in a thread of their own. Told are the median seconds of a step by the
clock, and of the processor in the thread that takes the steps, which other programs disturb less; and
what the loop costs beyond the bare step: fetching batches, averaging weights, the log, the status.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from machine import machine

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.models.registry import build
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.data.pool import DatasetSource
from napari_icenet.training.data.subpixel_positions import positions_of
from napari_icenet.training.loop.memory import keep_freed_memory
from napari_icenet.training.loop.optim import make_optimiser
from napari_icenet.training.objectives.registry import make_objective
from napari_icenet.training.settings import make_run_settings
from napari_icenet.training.train import train

#: By the clock, and of the processor, for each step.
Seconds = list[np.ndarray]


def now() -> np.ndarray:
    """Seconds by the clock, and of the processor in this thread."""
    return np.array([time.perf_counter(), time.thread_time()])


def make_dataset(path: Path) -> None:
    """A few sequences of noise: only their size matters."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(5000, 12000, (12, 512, 512)).astype(np.uint16)
    times = [datetime(2020, 1, 1) + timedelta(days=16 * t) for t in range(12)]
    build_dataset([SceneStack.from_array(pictures, times, name="noise")], path, DatasetSettings(validation=0, test=0))


def bare(dataset: Path, settings: dict, steps: int) -> Seconds:
    """Seconds of each step: losses, gradients, clipping and the optimiser, on one batch made before."""
    run = make_run_settings(settings)
    torch.manual_seed(0)
    network = build(run.model, run.model_settings)
    objective = make_objective(run.model, network, run.objective)
    optimiser = make_optimiser(network.parameters(), run.optimisation)
    opened = open_dataset(dataset)
    indices = opened.select(split="train")[: run.optimisation.batch]
    positions = np.stack([positions_of(chips) for chips in opened.read(indices).chips])
    examples = DatasetSource(opened, indices, positions).read(np.arange(len(indices)))
    arrays = objective.prepare(examples, np.random.default_rng(0))
    batch = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    generator, seconds = torch.Generator(), []
    for step in range(1, steps + 1):
        began = now()
        optimiser.zero_grad(set_to_none=True)
        objective.losses(batch, step, generator)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        seconds.append(now() - began)
    return seconds


def looped(folder: Path, settings: dict) -> Seconds:
    """Seconds from the end of one step to the end of the next."""
    ends = []
    train(
        make_run_settings(settings),
        folder,
        progress=lambda fraction, text: ends.append(now()) if text.startswith("step") else None,
    )
    return list(np.diff(ends, axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="svg-lp", choices=("svg-lp", "icenet"))
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--channels", type=int, default=16, help="of svg-lp")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_dataset(folder / "noise.zarr")
        settings = {
            "model": chosen.model,
            "model_settings": {"channels": chosen.channels} if chosen.model == "svg-lp" else {},
            "data": {"datasets": [str(folder / "noise.zarr")], "workers": 1, "pool": str(folder / "pool")},
            "optimisation": {"steps": chosen.steps, "batch": 8, "precision": "fp32"},
            "validation": {"every": 0},
            "device": "cpu",
            "threads": 1,
        }
        both: dict[str, Seconds] = {"bare": [], "loop": []}
        for turn in range(chosen.rounds):
            # The first steps of each are slower: memory is new. The last is followed by a checkpoint.
            both["bare"] += bare(folder / "noise.zarr", settings, chosen.steps)[2:]
            both["loop"] += looped(folder / f"run{turn}", settings)[1:-1]
    medians = {name: np.median(seconds, axis=0) for name, seconds in both.items()}
    print(machine())
    for name, (clock, processor) in medians.items():
        print(f"{name}: {clock:.3f} s a step by the clock, {processor:.3f} s of the processor")
    clock, processor = medians["loop"] / medians["bare"] - 1
    print(f"the loop costs {clock:+.1%} by the clock, {processor:+.1%} of the processor")


if __name__ == "__main__":
    main()
