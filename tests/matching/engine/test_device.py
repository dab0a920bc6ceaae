import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from napari_icenet.errors import UsageError
from napari_icenet.matching.engine import device as module
from napari_icenet.matching.engine.device import Device, absence, choose_device, cores, memory

HAS_CUDA = torch.cuda.is_available()
HAS_MPS = torch.backends.mps.is_available()


def test_cpu_says_how_many_cores_or_threads():
    plural = "s" if cores() > 1 else ""
    assert choose_device("cpu") == Device("cpu", f"CPU, {cores()} core{plural}")
    assert choose_device(" CPU ", threads=1).title == "CPU, 1 thread"
    assert choose_device("cpu", threads=3).title == "CPU, 3 threads"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not bind processes to cores")
def test_only_cores_this_process_may_use_count():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    code += "from napari_icenet.matching.engine.device import choose_device; print(choose_device('cpu').title)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "CPU, 1 core"


def test_auto_takes_the_fastest_there_is():
    expected = "cuda" if HAS_CUDA else "mps" if HAS_MPS else "cpu"
    assert choose_device("auto").kind == expected


@pytest.mark.skipif(module._may_have_cuda() or module._may_have_mps(), reason="there may be a graphics processor here")
def test_without_a_trace_of_one_torch_stays_unloaded():
    code = "import sys; from napari_icenet.matching.engine.device import choose_device as c;"
    code += "print(c('auto').kind, c('cpu').kind, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu", "cpu", "False"]


@pytest.mark.skipif(HAS_CUDA, reason="CUDA works here")
def test_cuda_asked_for_where_there_is_none():
    with pytest.raises(UsageError, match=r"device cuda cannot be used here: .*; choose cpu, or leave it to auto\.$"):
        choose_device("cuda")


@pytest.mark.skipif(platform.system() == "Darwin", reason="MPS may work here")
def test_mps_asked_for_away_from_apple():
    with pytest.raises(UsageError, match=r"Apple.*; choose cpu, or leave it to auto\.$"):
        choose_device("mps")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:9"])
def test_unknown_names_list_the_known(name):
    with pytest.raises(UsageError, match="auto, cpu, cuda, mps"):
        choose_device(name)


def test_a_driver_that_torch_cannot_use_is_passed_over(monkeypatch):
    monkeypatch.setattr(module, "_may_have_cuda", lambda: True)
    monkeypatch.setattr(module, "_cuda_absence", lambda: "the driver is too old")
    monkeypatch.setattr(module, "_may_have_mps", lambda: False)
    assert choose_device("auto").kind == "cpu"
    with pytest.raises(UsageError, match="the driver is too old"):
        choose_device("cuda")


def test_a_processor_that_cannot_compute_is_told_by_its_first_line(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("CUDA error: no kernel image is available.\nCompile with …")

    monkeypatch.setattr(torch.fft, "rfft2", broken)
    assert module._trial("cpu") == "CUDA error: no kernel image is available"


def test_cuda_is_named_by_its_maker(monkeypatch):
    monkeypatch.setattr(torch, "cuda", SimpleNamespace(get_device_name=lambda: "NVIDIA H200"))
    monkeypatch.setattr(module, "_may_have_cuda", lambda: True)
    monkeypatch.setattr(module, "_cuda_absence", lambda: None)
    monkeypatch.setattr(module, "_trial", lambda kind: None)
    assert choose_device("auto") == Device("cuda", "NVIDIA H200")


def test_one_that_is_there_and_cannot_compute(monkeypatch):
    monkeypatch.setattr(module, "_may_have_cuda", lambda: True)
    monkeypatch.setattr(module, "_may_have_mps", lambda: False)
    monkeypatch.setattr(module, "_cuda_absence", lambda: None)
    monkeypatch.setattr(module, "_trial", lambda kind: "out of memory")
    assert choose_device("auto").kind == "cpu"
    assert absence("cuda", trial=False) is None
    with pytest.raises(UsageError, match="the device cuda cannot be used here: out of memory; choose cpu"):
        choose_device("cuda")


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="this system tells its memory elsewhere")
def test_memory_is_what_the_system_tells():
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    assert memory() == kilobytes * 1024
