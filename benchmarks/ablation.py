"""What latent size, batch and peak weight do to SVG-LP, and how far what is learned on one glacier carries to another.

    python benchmarks/ablation.py --real FOLDER [--work FOLDER] [--steps 600] [--only svg-lp|transfer] [--quick]

FOLDER holds ``perito_moreno`` and ``sverdrup``. Everything is small so that it runs in minutes: chips of 64 px, a
quarter of the paper's feature maps, one band. Networks are chosen on the validation split and judged on the test
split (blocks of ground, or all of a glacier that was not learned from), robust tracking. So the rows can be
compared with each other, not with the tables of the bundled weights.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from machine import machine  # noqa: E402

from napari_icenet.datasets.builder import build_dataset  # noqa: E402
from napari_icenet.datasets.dataset import open_dataset  # noqa: E402
from napari_icenet.datasets.settings import DatasetSettings  # noqa: E402
from napari_icenet.models.weights import load_weights  # noqa: E402
from napari_icenet.predictors.learned import predictor_of  # noqa: E402
from napari_icenet.predictors.registry import predictor  # noqa: E402
from napari_icenet.scenes import open_stack  # noqa: E402
from napari_icenet.training.loop.validation import HeldOut  # noqa: E402
from napari_icenet.training.settings import make_run_settings  # noqa: E402
from napari_icenet.training.train import train  # noqa: E402

CHIP = 64
#: Fine and broad halves of a template are told apart by a Gaussian of this deviation, px.
BROAD_PX = 4.0
SPLITS = {
    "perito_moreno": {"stride": 48, "block": 4, "gap": 16, "validation": 0.15, "test": 0.25, "bands": ("1",)},
    "sverdrup": {"stride": 32, "block": 2, "gap": 0, "validation": 0.2, "test": 0.2},
}


def datasets(real: Path, work: Path) -> dict[str, Path]:
    """Datasets of both glaciers, built once."""
    made = {}
    for name, values in SPLITS.items():
        made[name] = work / f"{name}.zarr"
        if not made[name].exists():
            build_dataset(
                [open_stack(real / name)], made[name], DatasetSettings(chip=CHIP, tracking="robust", **values)
            )
    return made


def judge(path: Path, split: str | None, one) -> float:
    """Mean correlation with t2 on a split, or on all there is."""
    dataset = open_dataset(path)
    held = HeldOut([dataset], [dataset.select(split=split)], 300)
    return held.judge(one)[0].t2


def run(work: Path, name: str, data: list[Path], values: dict) -> Path:
    """Train once; the best weights."""
    folder = work / name
    given = {
        "device": "cpu", "threads": 1, "checkpoint_every": 10000,
        "validation": {"every": 150, "sequences": 96, "samples": 0}, **values,
    }  # fmt: skip
    given["data"] = {
        "workers": 1,
        "pool": str(work / "pool"),
        **values.get("data", {}),
        "datasets": [str(d) for d in data],
    }
    done = folder / "best.safetensors"
    if not done.exists():
        train(make_run_settings(given), folder)
    return done


def fine_and_broad(path: Path, one) -> tuple[float, float]:
    """Share of the fine texture's and of the broad shape's deviation that templates keep, against the chip at t2."""
    from scipy.ndimage import gaussian_filter

    dataset = open_dataset(path)
    held = HeldOut([dataset], [dataset.select(split="test")], 100)
    shares = []
    for i, made in enumerate(one.predict_many(held.pasts(2))):
        true = held.sequences.chips[i, held.t0 + 2]
        if made is None or not np.isfinite(true).all() or not np.isfinite(made.template).all() or not true.std():
            continue
        pair = []
        for picture in (made.template, true):
            scaled = (picture - picture.mean()) / picture.std()
            broad = gaussian_filter(scaled, BROAD_PX)
            pair.append(((scaled - broad).std(), broad.std()))
        shares.append((pair[0][0] / pair[1][0], pair[0][1] / pair[1][1]))
    fine, broad = np.median(shares, axis=0)
    return float(fine), float(broad)


def svg_lp(work: Path, made: dict[str, Path], steps: int, count: int | None = None) -> None:
    base = {"latent": 128, "batch": 8, "peak": 0.1}
    rows = [
        {},
        {"latent": 8},
        {"latent": 32},
        {"batch": 4},
        {"batch": 16},
        {"peak": 0.0},
        {"peak": 2.0},
        {"peak": 20.0},
    ]
    print("| latent | batch | peak weight | t2 | fine texture kept | broad shape kept |\n|--:|--:|--:|--:|--:|--:|")
    for row in rows[:count]:
        chosen = base | row
        weights = run(
            work, "svg-" + "-".join(str(v) for v in chosen.values()), [made["perito_moreno"]],
            {
                "model": "svg-lp",
                "model_settings": {
                    "chip": CHIP, "channels": 16, "latent": chosen["latent"], "lost": "skipped",
                },
                "objective": {"peak_weight": chosen["peak"]},
                "optimisation": {
                    "steps": steps, "batch": chosen["batch"], "learning_rate": 1e-3, "warm_up": 50, "average": 0.99,
                },
            },
        )  # fmt: skip
        one = predictor_of(load_weights(weights)[0], samples=4)
        fine, broad = fine_and_broad(made["perito_moreno"], one)
        t2 = judge(made["perito_moreno"], "test", one)
        print(
            f"| {chosen['latent']} | {chosen['batch']} | {chosen['peak']} | {t2:.3f} | {fine:.2f} | {broad:.2f} |",
            flush=True,
        )


def transfer(work: Path, made: dict[str, Path], steps: int, count: int | None = None) -> None:
    print("| learned from | perito_moreno, test blocks | sverdrup, test blocks |\n|---|--:|--:|")
    for name in ("persistence", "consensus"):
        print(
            f"| {name} | " + " | ".join(f"{judge(made[d], 'test', predictor(name)):.3f}" for d in SPLITS) + " |",
            flush=True,
        )
    simulated = {"simulated": 192, "simulation": {"per_glacier": 24}}
    rows: list[tuple[str, list[Path], dict[str, Any]]] = [
        ("perito_moreno", [made["perito_moreno"]], {}),
        ("sverdrup", [made["sverdrup"]], {}),
        ("both", list(made.values()), {}),
        ("simulated ice alone", [made["perito_moreno"]], {**simulated, "simulated_share": 0.999}),
    ]
    for title, data, extra in rows[:count]:
        weights = run(
            work, "icenet-" + title.split()[0], data,
            {
                "model": "icenet", "data": extra,
                "model_settings": {"width": 16, "depth": 2, "residual": 8}, "objective": {"crops": 0.0},
                "optimisation": {"steps": steps, "batch": 12, "learning_rate": 2e-3, "warm_up": 50, "average": 0.99},
            },
        )  # fmt: skip
        one = predictor_of(load_weights(weights)[0])
        print(f"| {title} | " + " | ".join(f"{judge(made[d], 'test', one):.3f}" for d in SPLITS) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--quick", action="store_true", help="one row of each table, two steps")
    parser.add_argument("--only", choices=("svg-lp", "transfer"))
    options = parser.parse_args()
    steps, count = (2, 1) if options.quick else (options.steps, None)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        made = datasets(options.real, work)
        if options.only != "transfer":
            svg_lp(work, made, steps, count)
        if options.only != "svg-lp":
            transfer(work, made, steps, count)


if __name__ == "__main__":
    main()
