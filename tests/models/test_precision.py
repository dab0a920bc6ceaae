"""Precision of a network's arithmetic, and the device it is put on."""

import pytest
import torch

from napari_icenet.common import device as machine
from napari_icenet.errors import UsageError
from napari_icenet.models import precision as module
from napari_icenet.models.precision import arithmetic, network_device, network_type, type_name

CPU = torch.device("cpu")


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
