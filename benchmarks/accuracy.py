"""Errors against exactly known flow, every tool on the same points in one run.

    python benchmarks/accuracy.py [--cases a b c] [--filters box …] [--figure docs/images/subpixel.png]

The pairs are those of pairs.py. Columns: share of points within 2 px of the truth (what the errors
are of), root mean square of the error's length, its 90th percentile, the root mean square where
shear is low, and the mean error along row and column there, all in px. The figure shows the mean error
against the fraction of a pixel that the ice has moved: a method that is drawn to whole pixels waves.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import other_tools  # noqa: E402
import pairs  # noqa: E402
from machine import machine  # noqa: E402
from other_tools import Found, Job  # noqa: E402

from napari_icenet.matching.engine.engine import Engine  # noqa: E402
from napari_icenet.matching.prefilter import prefilter  # noqa: E402
from napari_icenet.velocity.settings import VelocitySettings  # noqa: E402

OURS = "napari-icenet"
#: A point farther off than this is a false match, px.
FALSE_PX = 2.0
#: Fractions of a pixel that are looked at together.
BINS = 10
PARABOLA = "OpenCV matchTemplate + parabola"

Tool = Callable[[Job], Found]


def ours(engine: Engine, name: str, *, affine: bool = False) -> Tool:
    """The engine's matches of pictures filtered by ``name``."""

    def found(job: Job) -> Found:
        matches = engine.match(
            *(prefilter(name)(picture) for picture in (job.first, job.second)),
            job.rows, job.cols, chip=job.chip, radius=job.radius, affine=affine,
        )  # fmt: skip
        return Found(*(np.where(matches.valid, d, np.nan) for d in (matches.drow, matches.dcol)))

    return found


def filtered(tool: Tool, name: str) -> Tool:
    """Another tool on filtered pictures."""
    return lambda job: tool(replace(job, **{k: prefilter(name)(getattr(job, k)) for k in ("first", "second")}))


def tools(filters: list[str]) -> dict[str, Tool]:
    """Everything that is compared, by name."""
    engine = Engine("cpu")
    engine.prepare()
    default = VelocitySettings().prefilter
    found = {f"{OURS} (default: {default})": ours(engine, default)}
    found[f"{OURS}, affine"] = ours(engine, default, affine=True)
    found |= {f"{OURS}, {name}": ours(engine, name) for name in filters if name != default}
    for name, tool in other_tools.installed().items():
        # The naive transform's surfaces are matchTemplate's.
        if "PyTorch" not in name:
            found[name] = tool
    found[f"{PARABOLA}, {default}"] = filtered(found[PARABOLA], default)
    if other_tools.autorift in other_tools.installed().values():
        found["autoRIFT C++ core, × 64, box"] = filtered(other_tools.autorift, "box")
    return found


def errors(case: pairs.Case, tool: Tool) -> np.ndarray:
    """Measured less true displacement, (2, n), px; NaN where there is none or it is a false match."""
    found = tool(Job(case.first, case.second, case.rows, case.cols, case.chip, case.radius))
    off = np.stack([found.drow - case.drow, found.dcol - case.dcol])
    return np.where(np.hypot(*off) <= FALSE_PX, off, np.nan)


def row_of(off: np.ndarray, low_shear: np.ndarray) -> str:
    """One line of the table."""
    size = np.hypot(*off)
    calm = size[low_shear]
    bias = np.nanmean(off[:, low_shear], axis=1)
    return (
        f"{np.isfinite(size).mean():.1%} | {np.sqrt(np.nanmean(size**2)):.3f} | {np.nanpercentile(size, 90):.3f} | "
        f"{np.sqrt(np.nanmean(calm**2)):.3f} | {bias[0]:+.3f}, {bias[1]:+.3f}"
    )


def waves(case: pairs.Case, off: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fraction of the true displacement, mean error and its standard error, by bins, both axes together."""
    calm = case.low_shear
    moved, along = np.concatenate([case.drow[calm], case.dcol[calm]]), off[:, calm].ravel()
    known = np.isfinite(along)
    moved, along = moved[known], along[known]
    fraction = moved - np.rint(moved)
    part = np.clip(((fraction + 0.5) * BINS).astype(int), 0, BINS - 1)
    groups = [along[part == k] for k in range(BINS)]
    centres = (np.arange(BINS) + 0.5) / BINS - 0.5
    means = np.array([g.mean() for g in groups])
    return centres, means, np.array([g.std() / np.sqrt(len(g)) for g in groups])


def draw(case: pairs.Case, lines: dict[str, np.ndarray], path: Path) -> None:
    """Error against fractional displacement."""
    from napari_icenet.velocity.quality import figure_style as style

    figure = style.new_figure(7.2, 4.0)
    axes = figure.add_axes((0.105, 0.15, 0.86, 0.68))
    axes.set_facecolor(style.PANEL)
    axes.axhline(0, color=style.LINE, lw=1)
    colours = (style.ACCENT, style.STABLE, style.VALID)
    for (name, off), colour in zip(lines.items(), colours, strict=False):
        at, mean, spread = waves(case, off)
        axes.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
        axes.plot(at, mean, "o-", color=colour, lw=1.8, ms=4, label=name)
    axes.set_xlim(-0.5, 0.5)
    axes.set_ylim(-0.04, 0.04)
    axes.set_xlabel("true displacement less the nearest whole pixel, px", color=style.QUIET)
    axes.set_ylabel("mean error, px", color=style.QUIET)
    axes.tick_params(colors=style.QUIET, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.grid(color=style.LINE, lw=0.5, alpha=0.6)
    axes.legend(frameon=False, labelcolor=style.TEXT, loc="lower left", fontsize=9)
    figure.text(0.105, 0.93, "Matches are not drawn to whole pixels", color=style.TEXT, fontsize=13)
    note = (
        f"Chips of {case.chip} px, {case.low_shear.sum()} points in low shear, local SNR 5; bands: one standard error."
    )
    figure.text(0.105, 0.875, note, color=style.QUIET, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, facecolor=style.BACKGROUND)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=list(pairs.CASES), choices=list(pairs.CASES | pairs.SMALL))
    parser.add_argument("--filters", nargs="*", default=["none", "box", "high-pass", "wallis"])
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    print(machine())
    for letter in options.cases:
        case, drawn = pairs.case(letter), {}
        side, count = len(case.first), len(case.rows)
        print(f"\nCase {letter}: {side}², chip {case.chip}, ±{case.radius}, {count} points, bound {case.bound:.3f} px")
        print("| tool | found | RMSE | p90 | low shear | bias |\n|---|---|---|---|---|---|")
        for name, tool in tools(options.filters).items():
            off = errors(case, tool)
            print(f"| {name} | {row_of(off, case.low_shear)} |", flush=True)
            if name == PARABOLA or (name.startswith(OURS) and len(drawn) < 2):
                drawn[name] = off
        if options.figure and letter == "b":
            draw(case, dict(sorted(drawn.items(), reverse=True)), options.figure)
    for name in other_tools.absent():
        print(f"\nNot installed: {name}.")


if __name__ == "__main__":
    main()
