"""The matching side by side, in one table: speed, error and closure of every tool, on the same points in one run.

    [ICENET_REAL_DATA=FOLDER] python benchmarks/engine.py [--runs 7] [--cases a b c] [--prefilter band]

Speed and error as speed.py measures them, closure as closure.py does; there are more columns in each.
"""

import argparse
import os
from pathlib import Path

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import closure  # noqa: E402
import other_tools  # noqa: E402
import pairs  # noqa: E402
import speed  # noqa: E402
from machine import machine  # noqa: E402

from napari_icenet.velocity.settings import VelocitySettings  # noqa: E402


def closures(folder: Path | None, filtered: str) -> dict[str, str]:
    """Cells of the closure columns, by the tools' names."""
    if folder is None:
        return {}
    found = {}
    for name, used, cells in closure.measured(folder):
        if name == f"{speed.OURS}, affine" and used == filtered:
            found[name] = cells
        elif name == speed.OURS and used == filtered:
            found[f"{name}, end to end"] = cells
        elif used == "box":
            found[name] = cells
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=pairs.CASES | pairs.SMALL, default=list(pairs.CASES))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--prefilter", default=VelocitySettings().prefilter)
    options = parser.parse_args()
    speed.one_thread()
    real = os.environ.get("ICENET_REAL_DATA")
    measured, heads = {}, []
    for letter in options.cases:
        case = pairs.case(letter)
        measured[letter] = speed.measure(case, options.runs, options.prefilter)
        heads += [f"{letter}: ms", "× bare", "error px"]
    added_up = closures(Path(real) / "perito_moreno" if real else None, options.prefilter)
    heads += [f"closure {name}, px" for name in closure.NAMES] if added_up else []
    print(f"{machine()}. One thread; pictures filtered by {options.prefilter}.")
    print(*(f"{letter}: {speed.words(pairs.case(letter))}." for letter in options.cases), "\n")
    print("| tool | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|")
    for name in measured[options.cases[0]]:
        cells = []
        for letter, timings in measured.items():
            case, timing = pairs.case(letter), timings[name]
            seconds = timing.wall if name.startswith("two") else timing.processor
            yardstick = timings[speed.BARE].wall if name.startswith("two") else timings[speed.BARE].processor
            off = speed.error(timing, case)
            cells += [f"{1e3 * min(seconds) / len(case.rows):.3f}", f"{speed.ratio(seconds, yardstick):.2f}"]
            cells.append("–" if off is None else f"{off[0]:.3f}")
        cells += [added_up.get(name, "– | –")] if added_up else []
        print(f"| {name} | " + " | ".join(cells) + " |")
    for name in other_tools.absent():
        print(f"| {name} | not installed" + " |" * len(heads))
    print("\nms: processor time for each point; with two threads, elapsed. Closure: median / p90, valid share.")


if __name__ == "__main__":
    main()
