import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from napari_icenet.common import device as module
from napari_icenet.common.device import Device, absence, choose_device, cores, devices, memory
from napari_icenet.errors import UsageError

HAS_CUDA = torch.cuda.is_available()
HAS_MPS = torch.backends.mps.is_available()


def test_cpu_says_how_many_cores_or_threads():
    plural = "s" if cores() > 1 else ""
    assert choose_device("cpu").title == f"CPU, {cores()} core{plural}"
    assert choose_device(" CPU ", threads=1).title == "CPU, 1 thread"
    assert choose_device("cpu", threads=3).title == "CPU, 3 threads"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not bind processes to cores")
def test_only_cores_this_process_may_use_count():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    code += "from napari_icenet.common.device import choose_device; print(choose_device('cpu').title)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "CPU, 1 core"


def test_auto_takes_the_fastest_there_is():
    expected = "cuda" if HAS_CUDA else "mps" if HAS_MPS else "cpu"
    assert choose_device("auto").kind == expected


@pytest.mark.skipif(module._may_have_cuda() or module._may_have_mps(), reason="there may be a graphics processor here")
def test_without_a_trace_of_one_torch_stays_unloaded():
    code = "import sys; from napari_icenet.common.device import choose_device as c;"
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


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:-1", "cpu:0", "mps:1", "xpu", "meta"])
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


GIB = 1024**3


def two_graphics_processors(monkeypatch):
    about = [
        SimpleNamespace(name="NVIDIA H200", total_memory=int(139.4 * GIB), uuid="aa-0"),
        SimpleNamespace(name="NVIDIA L4", total_memory=24 * GIB, uuid="bb-1"),
    ]
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_properties=about.__getitem__,
        get_device_name=lambda number: about[number].name,
    )
    monkeypatch.setattr(torch, "cuda", cuda)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(module, "_may_have_cuda", lambda: True)


def smi(monkeypatch, answer):
    monkeypatch.setattr(module.shutil, "which", lambda name: name)
    monkeypatch.setattr(module.subprocess, "run", answer)


def test_the_processor_is_always_listed_with_its_cores_and_memory():
    name, title = devices()[-1]
    assert name == "cpu"
    plural = "s" if module.cores() > 1 else ""
    assert title.startswith(f"cpu · {module.cores()} core{plural} · ")
    assert int(title.split(" · ")[2].removesuffix(" GiB")) == round(module.memory() / GIB)


def test_graphics_processors_come_first_with_their_free_memory(monkeypatch):
    two_graphics_processors(monkeypatch)
    # The tool counts in another order than PyTorch.
    smi(monkeypatch, lambda *a, **k: SimpleNamespace(stdout="GPU-bb-1, 20480\nGPU-aa-0, 122880\n"))
    assert [tuple(one) for one in devices()[:-1]] == [
        ("cuda:0", "cuda:0 · NVIDIA H200 · 139 GiB, 120 free"),
        ("cuda:1", "cuda:1 · NVIDIA L4 · 24 GiB, 20 free"),
    ]


@pytest.mark.parametrize("answer", ["", "no devices were found", "GPU-aa-0, [N/A]"])
def test_free_memory_that_nobody_knows_is_left_out(answer, monkeypatch):
    two_graphics_processors(monkeypatch)
    smi(monkeypatch, lambda *a, **k: SimpleNamespace(stdout=answer))
    assert devices()[0].title == "cuda:0 · NVIDIA H200 · 139 GiB"


def test_a_tool_that_hangs_costs_no_list(monkeypatch):
    def hanging(command, **how):
        raise subprocess.TimeoutExpired(command, how["timeout"])

    two_graphics_processors(monkeypatch)
    smi(monkeypatch, hanging)
    assert [one.name for one in devices()] == ["cuda:0", "cuda:1", "cpu"]


@pytest.mark.skipif(module.may_have("cuda") or module.may_have("mps"), reason="there may be a graphics processor")
def test_without_a_trace_of_a_graphics_processor_torch_stays_unloaded():
    code = "import sys; from napari_icenet.common.device import devices;"
    code += "print(len(devices()), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_what_is_listed_can_be_chosen(monkeypatch):
    two_graphics_processors(monkeypatch)
    smi(monkeypatch, lambda *a, **k: SimpleNamespace(stdout=""))
    assert [choose_device(name, trial=False).name for name, _ in devices()] == ["cuda:0", "cuda:1", "cpu"]


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_each_process_takes_a_processor_of_its_own(name, monkeypatch):
    two_graphics_processors(monkeypatch)
    assert [choose_device(name, rank=rank, trial=False) for rank in (0, 1)] == [Device("cuda", 0), Device("cuda", 1)]


def test_one_that_is_named_is_taken_by_every_process(monkeypatch):
    two_graphics_processors(monkeypatch)
    assert choose_device("cuda:1", rank=0, trial=False) == Device("cuda", 1)


def test_a_number_beyond_the_last_is_refused(monkeypatch):
    two_graphics_processors(monkeypatch)
    with pytest.raises(UsageError, match="there is no CUDA device 2; this machine has 2"):
        choose_device("cuda:2", trial=False)


def test_cuda_is_named_by_its_maker(monkeypatch):
    two_graphics_processors(monkeypatch)
    assert [choose_device(f"cuda:{i}", trial=False).title for i in (0, 1)] == ["NVIDIA H200", "NVIDIA L4"]


def apples_processor(monkeypatch):
    monkeypatch.setattr(module, "_may_have_cuda", lambda: False)
    monkeypatch.setattr(module, "_may_have_mps", lambda: True)
    monkeypatch.setattr(module, "_mps_absence", lambda: None)


@pytest.mark.parametrize(("auto", "kind"), [(("cuda", "mps"), "mps"), (("cuda",), "cpu")])
def test_auto_takes_the_kinds_it_may(auto, kind, monkeypatch):
    apples_processor(monkeypatch)
    assert choose_device("auto", auto=auto, trial=False).kind == kind


@pytest.mark.parametrize("auto", [("cuda", "mps"), ("cuda",)])
def test_the_first_that_is_listed_is_what_auto_takes(auto, monkeypatch):
    apples_processor(monkeypatch)
    listed = [one.name for one in devices(auto)]
    assert sorted(listed) == ["cpu", "mps"]
    assert choose_device("auto", auto=auto, trial=False).name == listed[0]
