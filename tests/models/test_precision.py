"""Precision of a network's arithmetic, and the device it is put on."""

import pytest
import torch

from napari_icenet.common import device as machine
from napari_icenet.errors import UsageError
from napari_icenet.models import precision as module
from napari_icenet.models.precision import arithmetic, network_device, network_type, type_name

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_a_precision_that_is_named_is_taken_on_any_device(precision, kind):
    assert network_type(precision, CPU) == kind


@pytest.mark.parametrize(("has", "kind"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_what_the_processor_has_instructions_for(has, kind, monkeypatch):
    monkeypatch.setattr(module, "_cpu_has_bf16", lambda: has)
    assert network_type("auto", CPU) == kind


def test_types_are_written_without_their_module():
    assert [type_name(kind) for kind in (torch.float32, torch.bfloat16)] == ["float32", "bfloat16"]


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_products_have_the_type_that_is_computed_in(kind):
    one = torch.ones(2, 2)
    with arithmetic(CPU, kind):
        assert (one @ one).dtype == kind
    assert (one @ one).dtype == torch.float32


def test_auto_leaves_apples_processor_to_those_who_name_it(monkeypatch):
    monkeypatch.setattr(machine, "_may_have_cuda", lambda: False)
    monkeypatch.setattr(machine, "_may_have_mps", lambda: True)
    monkeypatch.setattr(machine, "_mps_absence", lambda: None)
    assert network_device("auto") == CPU
    assert network_device("mps") == torch.device("mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA works here")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r"the device cuda cannot be used here: .*; choose cpu, or leave it to auto"):
        network_device("cuda:1")


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
