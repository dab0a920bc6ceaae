"""Where networks compute: what can be chosen from, and what is meant by a name."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from napari_icenet.errors import UsageError
from napari_icenet.matching.engine import device as machine
from napari_icenet.models import device as module
from napari_icenet.models.device import arithmetic, choose_device, devices, network_type, type_name

GIB = 1024**3


def two_graphics_processors(monkeypatch):
    about = [
        SimpleNamespace(name="NVIDIA H200", total_memory=int(139.4 * GIB), uuid="aa-0"),
        SimpleNamespace(name="NVIDIA L4", total_memory=24 * GIB, uuid="bb-1"),
    ]
    cuda = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2, get_device_properties=about.__getitem__)
    monkeypatch.setattr(torch, "cuda", cuda)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(machine, "_may_have_cuda", lambda: True)


def smi(monkeypatch, answer):
    monkeypatch.setattr(module.shutil, "which", lambda name: name)
    monkeypatch.setattr(module.subprocess, "run", answer)


def test_the_processor_is_always_listed_with_its_cores_and_memory():
    name, title = devices()[-1]
    assert name == "cpu"
    plural = "s" if machine.cores() > 1 else ""
    assert title.startswith(f"cpu · {machine.cores()} core{plural} · ")
    assert int(title.split(" · ")[2].removesuffix(" GiB")) == round(machine.memory() / GIB)


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


@pytest.mark.skipif(machine.may_have("cuda") or machine.may_have("mps"), reason="there may be a graphics processor")
def test_without_a_trace_of_a_graphics_processor_torch_stays_unloaded():
    code = "import sys; from napari_icenet.models.device import devices;"
    code += "print(len(devices()), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_what_is_listed_can_be_chosen(monkeypatch):
    two_graphics_processors(monkeypatch)
    smi(monkeypatch, lambda *a, **k: SimpleNamespace(stdout=""))
    assert [str(choose_device(name)) for name, _ in devices()] == ["cuda:0", "cuda:1", "cpu"]
    assert choose_device("auto") == torch.device("cuda", 0)
    assert choose_device("cuda", local_rank=1) == torch.device("cuda", 1)
    with pytest.raises(UsageError, match="there is no CUDA device 2; this machine has 2"):
        choose_device("cuda:2")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA works here")
def test_what_is_not_there_says_so():
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(
        UsageError, match=r"the device cuda cannot be used here: .*; choose cpu, or leave it to auto\.$"
    ):
        choose_device("cuda:1")


CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(params=[True, False], ids=["bf16 here", "no bf16 here"])
def cpu_has_bf16(request, monkeypatch):
    """A processor with instructions for bf16, and one without."""
    monkeypatch.setattr(module, "_cpu_has_bf16", lambda: request.param)
    return request.param


@pytest.mark.parametrize(
    ("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
@pytest.mark.parametrize("device", [CPU, CUDA, torch.device("mps")])
def test_a_type_that_is_named_is_taken_on_every_machine(precision, kind, device, cpu_has_bf16):
    assert network_type(precision, device) == kind


def test_auto_takes_what_the_processor_is_quickest_in(cpu_has_bf16):
    assert network_type("auto", CPU) == (torch.bfloat16 if cpu_has_bf16 else torch.float32)
    assert network_type("auto", torch.device("mps")) == torch.float32


@pytest.mark.parametrize(("able", "kind"), [(True, torch.bfloat16), (False, torch.float16)])
def test_auto_takes_bf16_on_a_gpu_that_computes_it_and_fp16_on_older_ones(able, kind, monkeypatch, cpu_has_bf16):
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **how: asked.append(how) or able)
    assert network_type("auto", CUDA) == kind
    # Older GPUs emulate it, slower than fp32.
    assert asked == [{"including_emulation": False}]


def test_types_are_told_by_pytorchs_own_names():
    kinds = (torch.float32, torch.bfloat16, torch.float16)
    assert [type_name(kind) for kind in kinds] == ["float32", "bfloat16", "float16"]


def test_full_precision_on_a_processor_changes_nothing():
    one, other = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(1))
    before = one @ other
    with arithmetic(CPU, torch.float32):
        assert not torch.is_autocast_enabled("cpu")
        assert torch.equal(one @ other, before)


def test_a_short_type_is_mixed_in_for_products_alone():
    one, other = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(1))
    with arithmetic(CPU, torch.bfloat16):
        product, total = one @ other, one + other
    assert (product.dtype, total.dtype) == (torch.bfloat16, torch.float32)
    assert not torch.is_autocast_enabled("cpu")
    # Eight bits of a number: a part in 256 of it.
    off = (product.float() - one @ other).abs() / (one.abs() @ other.abs())
    assert 1e-5 < off.max() < 2**-7


@pytest.fixture
def tf32():
    """Products of 19 bits are allowed, as somebody may have chosen."""
    matrices, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matrices.allow_tf32, convolutions.allow_tf32
    matrices.allow_tf32 = convolutions.allow_tf32 = True
    yield lambda: (matrices.allow_tf32, convolutions.allow_tf32)
    matrices.allow_tf32, convolutions.allow_tf32 = before


def test_full_precision_on_a_gpu_leaves_out_tf32_and_puts_it_back(tf32):
    with arithmetic(CUDA, torch.float32):
        assert tf32() == (False, False)
    assert tf32() == (True, True)


def test_what_was_allowed_comes_back_after_an_error_too(tf32):
    with pytest.raises(ZeroDivisionError), arithmetic(CUDA, torch.float32):
        raise ZeroDivisionError
    assert tf32() == (True, True)
