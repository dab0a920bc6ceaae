"""Record what the commands give on the sample and on Perito Moreno, and compare two records byte by byte.

For changes that must not change a number: record before, record after, compare.

    python scripts/same_numbers.py record [--quick] before.json
    python scripts/same_numbers.py record after.json
    python scripts/same_numbers.py compare before.json after.json

Numbers are equal on one machine with the same libraries; between machines they may differ by rounding.
Perito Moreno is found through ICENET_REAL_DATA, and left out with a word where that is not set.
Quick: two cases of the sample alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE = Path(__file__).parents[1] / "sample_data"
CLASSICAL = "persistence,high-pass,blurred,median,consensus"
QUICK = ("track-persistence-robust", "velocity-affine")
#: Keys of reports that tell of the run, not of the ice; and names of settings that may change while numbers do not.
TOLD = {"software", "created", "version", "settings", "predictors", "arithmetic", "seconds", "device", "command"}


def commands(stack: Path, real: bool) -> Iterator[tuple[str, list[str], str]]:
    """Name, words after ``icenet``, and the output's suffix."""
    at = ["--at", "400,400", "--at", "620.5,500"] if real else ["--at", "256,256", "--at", "120,300"]
    chip = "64" if real else "128"
    for template in ("persistence", "high-pass", "consensus", "icenet", *([] if real else ["svg-lp"])):
        for tracking in ("robust", "chain"):
            words = ["track", *at, "--template", template, "--tracking", tracking, "--chip", chip]
            yield f"track-{template}-{tracking}", [*words, str(stack)], ".csv"
    yield "track-filtered", ["track", *at, "--prefilter", "high-pass", "--chip", "48", str(stack)], ".csv"
    dates = ["2020-01-31", "2020-02-20"] if real else ["2015-11-22", "2015-12-08"]
    pair = ["velocity", "--first", dates[0], "--second", dates[1], str(stack)]
    yield "velocity", pair, ".nc"
    yield "velocity-affine", [*pair, "--affine", "--spacing", "64"], ".nc"
    coregister = [] if real else ["--coregister"]
    yield "velocity-coarse", [*pair, *coregister, "--coarse-to-fine", "--prefilter", "high-pass"], ".nc"
    yield "velocity-series", ["velocity", "--pairs", "consecutive", "--spacing", "32", str(stack)], ".nc"
    small = ["--chip", "64", "--stride", "128", "--scale", "1.5"]
    yield "dataset-chain", ["dataset", str(stack), *small, "--tracking", "chain"], ".zarr"
    yield "dataset-robust", ["dataset", str(stack), *small, "--tracking", "robust"], ".zarr"
    evaluate = ["evaluate", str(stack), "--bands", "1", "--stride", "192"]
    yield "evaluate", [*evaluate, "--predictors", f"{CLASSICAL},svg-lp,icenet"], ""
    yield "evaluate-small", [*evaluate, "--chip", "64", "--predictors", f"{CLASSICAL},icenet", "--tracking", "both"], ""


def record(quick: bool = False) -> dict[str, dict[str, str]]:
    """Digests of all outputs, by case and part."""
    stacks = [("sample", SAMPLE, False)]
    real = os.environ.get("ICENET_REAL_DATA")
    if quick:
        print(f"only {' and '.join(QUICK)}", file=sys.stderr)
    elif real:
        stacks.append(("perito_moreno", Path(real) / "perito_moreno", True))
    else:
        print("Perito Moreno is left out: ICENET_REAL_DATA is not set", file=sys.stderr)
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for where, stack, is_real in stacks:
            for name, words, suffix in commands(stack, is_real):
                if quick and name not in QUICK:
                    continue
                case = f"{where}/{name}"
                output = Path(folder) / f"{where}-{name}{suffix}"
                icenet = [sys.executable, "-c", "import sys; from napari_icenet.cli.main import main; sys.exit(main())"]
                print(case, file=sys.stderr, flush=True)
                ended = subprocess.run(
                    [*icenet, *words, "-o", str(output)], capture_output=True, text=True, check=False
                )
                if ended.returncode:
                    last = ended.stderr.strip().splitlines()[-1:] or [f"exit {ended.returncode}"]
                    found[case] = {"failed": last[0].replace(str(output), "OUT")}
                else:
                    found[case] = dict(sorted(digests(output)))
    return found


def digests(path: Path) -> Iterator[tuple[str, str]]:
    """A digest for each array, table or text of an output."""
    if path.suffix == ".nc":
        import xarray as xr

        with xr.open_dataset(path, decode_cf=False) as dataset:
            for name, values in dataset.variables.items():
                yield str(name), _digest(values.values)
    elif path.suffix == ".zarr":
        import zarr

        group = zarr.open_group(path, mode="r")
        for name, array in group.arrays():
            yield name, _digest(np.asarray(array[:]))
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix == ".json":
                yield str(file.relative_to(path)), _digest(_numbers(json.loads(file.read_text())))
            elif file.suffix == ".tif":
                import rasterio

                with rasterio.open(file) as raster:
                    yield str(file.relative_to(path)), _digest(raster.read())
    else:
        yield path.suffix, _digest(path.read_bytes())


def _numbers(value: Any) -> Any:
    """A report without what is told about the run."""
    if isinstance(value, dict):
        return {name: _numbers(part) for name, part in value.items() if name not in TOLD}
    return [_numbers(part) for part in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    if isinstance(value, np.ndarray):
        kind = f"{value.dtype.str}{value.shape}".encode()
        content = repr(value.tolist()).encode() if value.dtype == object else np.ascontiguousarray(value).tobytes()
        value = kind + content
    elif not isinstance(value, bytes):
        value = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(value).hexdigest()


def compare(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> int:
    """Print what differs; the number of differences."""
    different = 0
    for case in sorted(before.keys() | after.keys()):
        one, other = before.get(case, {}), after.get(case, {})
        parts = sorted(part for part in one.keys() | other.keys() if one.get(part) != other.get(part))
        different += len(parts)
        if parts:
            print(f"{case}: {', '.join(parts)}")
    total = sum(map(len, before.values()))
    print(f"{total} parts of {len(before)} outputs compared, {different} differ")
    return different


def main() -> int:
    """Read the command line; 1 where two records differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("record")
    one.add_argument("--quick", action="store_true", help="two cases of the sample alone")
    one.add_argument("file", type=Path)
    both = what.add_parser("compare")
    both.add_argument("before", type=Path)
    both.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.what == "record":
        asked.file.write_text(json.dumps(record(asked.quick), indent=1) + "\n", encoding="utf-8")
        return 0
    return int(compare(json.loads(asked.before.read_text()), json.loads(asked.after.read_text())) > 0)


if __name__ == "__main__":
    sys.exit(main())
