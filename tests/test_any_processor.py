"""Numbers do not depend on the processor: the same program in several environments, each in a process of its own.

What another processor, another number of threads or another library changes is the order of sums, so the numbers
may differ by rounding: a part in a million, where bf16 would change a part in a hundred.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.simulation import simulate

pytestmark = [pytest.mark.process, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
#: An Intel processor of 2013, in the words of each library.
AVX2_ALONE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX512-ICL",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+popcnt,+sse4.2,+movbe",
}
#: Templates differ by less than this part of their deviation; found are 2e-6.
TEMPLATE_PART = 1e-4
#: Displacements differ by less than this, px, and correlations by less than that; found are 9e-6 and 4e-7.
DISPLACEMENT_PX, NCC = 1e-3, 1e-5


def numpy_without_avx512() -> dict[str, str]:
    """NumPy's own switch; it wants no names of groups that the processor lacks."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    beyond = [name for name in __cpu_dispatch__ if __cpu_features__.get(name) and ("V4" in name or "AVX512" in name)]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(beyond)} if beyond else {}


class Bench:
    """Runs the program on one archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = simulate(folder / "ice", dates=5, size=256, bands=1, seed=4)

    def run(self, name: str, *words: str, **environment: str) -> dict[str, np.ndarray]:
        """All numbers of one environment."""
        out = self._folder / f"{name}.npz"
        command = [sys.executable, "-m", "tests.any_processor", str(self._stack), str(out), *words]
        # As the machine is, also where the suite was given fewer threads than it has.
        free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
        done = subprocess.run(command, cwd=ROOT, env=free | environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        with np.load(out) as found:
            return dict(found)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("processors"))


@pytest.fixture(scope="module")
def plain(bench):
    """As the machine is."""
    return bench.run("plain")


def assert_same(found: dict[str, np.ndarray], plain: dict[str, np.ndarray]) -> None:
    """Equal but for rounding, and every flag equal."""
    assert found.keys() <= plain.keys()
    for name, values in found.items():
        known, kind = plain[name], name.rpartition(".")[2]
        if kind in ("valid", "chip_size"):
            np.testing.assert_array_equal(values, known, name)
            continue
        limit = {"template": TEMPLATE_PART * np.nanstd(known), "px": DISPLACEMENT_PX, "ncc": NCC}[kind]
        np.testing.assert_allclose(values, known, rtol=0, atol=limit, err_msg=name)


def test_the_program_computes_something_to_compare(plain):
    assert plain["icenet.template"].shape == plain["svg-lp.template"].shape == (128, 128)
    assert 0.5 < plain["map-rigid.valid"].mean() < 1
    assert plain["track-icenet.valid"].all()
    assert np.ptp(plain["track-icenet.px"], axis=1).min() > 1


@pytest.mark.parametrize("bf16", ["present", "absent"])
def test_predictions_are_the_same_bytes_with_bf16_and_without(bf16, bench, plain):
    found = bench.run(f"bf16-{bf16}", "--predictions", "--bf16", bf16)
    assert len(found) == 2
    for name, values in found.items():
        np.testing.assert_array_equal(values, plain[name], name)


def test_one_thread_gives_the_numbers_of_many(bench, plain):
    assert_same(bench.run("one-thread", **ONE_THREAD), plain)


def test_opencv_gives_the_numbers_of_the_compiled_kernels(bench, plain):
    found = bench.run("without-numba", "--without-numba")
    assert_same(found, plain)
    assert (found["map-rigid.px"] != plain["map-rigid.px"]).any(), "another engine has to have computed this"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not a processor with AVX2")
def test_avx2_alone_gives_the_numbers_of_this_processor(bench, plain, pytestconfig):
    # Compiled for another processor, and kept from one run of the suite to the next.
    compiled = str(pytestconfig.cache.mkdir("numba-avx2"))
    environment = AVX2_ALONE | numpy_without_avx512() | {"NUMBA_CACHE_DIR": compiled}
    assert_same(bench.run("avx2", **environment), plain)
