"""How long one waits for the package and for the command line: best and median of ten processes.

python benchmarks/startup.py [--runs 10]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path


def seconds(command: list[str], runs: int) -> list[float]:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    python = sys.executable
    bare = seconds([python, "-c", "pass"], runs)
    package = seconds([python, "-c", "import napari_icenet"], runs)
    help_ = seconds([str(Path(python).with_name("icenet")), "--help"], runs)
    print(f"{'':24s} best     median   goal")
    for name, times, goal in (
        ("python -c pass", bare, ""),
        ("import napari_icenet", [t - statistics.median(bare) for t in package], "0.100 s, over bare Python"),
        ("icenet --help", help_, "0.500 s, whole process"),
    ):
        print(f"{name:24s} {min(times):.3f} s  {statistics.median(times):.3f} s  {goal}")


if __name__ == "__main__":
    main()
