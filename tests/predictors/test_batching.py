"""Lots that the memory holds, and devices that fail: each tells so in a sentence."""

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch

from napari_icenet.errors import WeightsError
from napari_icenet.models import weights as weights_module
from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.models.weights import save_weights
from napari_icenet.predictors import learned
from napari_icenet.predictors.batching import MemoryFullError, device_errors, free_memory, in_batches
from napari_icenet.predictors.learned import forget_networks, network_of, predictor_of
from napari_icenet.predictors.registry import predictor
from tests.predictors.ice import ice, past
from tests.predictors.test_learned import card

STILL = [(0.0, 0.0)] * 8


def network():
    torch.manual_seed(0)
    return IceNetwork(IceNetSettings(width=8, depth=1, residual=4))


@pytest.fixture
def saved(tmp_path):
    yield save_weights(tmp_path / "mine", network(), card(network()))
    forget_networks()


def holding(most):
    """Work for a device whose memory holds so many items."""
    seen = []

    def work(lot):
        seen.append(len(lot))
        if len(lot) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return [2 * item for item in lot]

    return work, seen


def test_lots_shrink_to_what_the_memory_holds_and_stay_so():
    work, seen = holding(3)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert list(in_batches(range(9), 8, work)) == [2 * k for k in range(9)]
    assert seen == [8, 4, 2, 2, 2, 2, 1]
    assert [str(one.message) for one in told] == [
        f"The memory is full; {most} chips are predicted at a time." for most in (4, 2)
    ]


def test_lots_that_fit_say_nothing():
    work, seen = holding(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(in_batches(range(6), 4, work)) == [2 * k for k in range(6)]
    assert seen == [4, 2]


def test_a_memory_that_holds_not_even_one():
    work, seen = holding(0)
    with (
        pytest.warns(UserWarning, match="memory is full"),
        pytest.raises(WeightsError, match=r"memory does not hold .*, or choose the device cpu\.$"),
    ):
        list(in_batches(range(2), 2, work))
    assert seen == [2, 1]


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB.",
        "MPS backend out of memory (MPS allocated: 1 GB)",
        "[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 B.",
    ],
)
def test_a_full_memory_is_told_on_every_device(text):
    with pytest.raises(MemoryFullError), device_errors():
        raise RuntimeError(text)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: device-side assert triggered\nCompile with TORCH_USE_CUDA_DSA."),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("no kernel image is available for execution on the device"),
    ],
)
def test_a_device_that_fails_is_told_by_its_first_line(error):
    with (
        pytest.raises(WeightsError, match=r"^the device failed \([^\n]*\); choose the device cpu, or start anew .*\.$"),
        device_errors(),
    ):
        raise error


def test_faults_of_ours_are_not_blamed_on_the_device():
    with pytest.raises(RuntimeError, match="size mismatch") as caught, device_errors():
        raise RuntimeError("size mismatch, m1: [2 x 3]")
    assert not isinstance(caught.value, WeightsError)


def test_a_device_that_goes_mid_way_ends_a_prediction_with_a_sentence(monkeypatch):
    made = network()
    icenet = predictor_of(made)
    assert icenet(past(ice(STILL))) is not None

    def gone(*inputs, **more):
        raise RuntimeError("CUDA error: the launch timed out and was terminated\nmore")

    monkeypatch.setattr(made, "forward", gone)
    with pytest.raises(WeightsError, match=r"the device failed \(CUDA error: the launch timed out"):
        icenet(past(ice(STILL)))


def test_a_full_memory_mid_way_is_met_with_smaller_lots(monkeypatch):
    made = network()
    icenet, pasts = predictor_of(made), [past(ice(STILL, seed=k)) for k in range(4)]
    wanted, forward = icenet.predict_many(pasts), made.forward

    def small(frames, *more):
        if len(frames) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(frames, *more)

    monkeypatch.setattr(made, "forward", small)
    with pytest.warns(UserWarning, match="The memory is full"):
        found = icenet.predict_many(pasts)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.template, other.template, atol=1e-4)


def test_weights_that_the_memory_does_not_hold(saved, monkeypatch):
    def full(*what):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(weights_module, "load_weights", full)
    with pytest.raises(WeightsError, match="memory does not hold this network"):
        network_of("icenet", saved, "cpu")


def test_networks_are_forgotten_and_read_again(saved):
    wanted = predictor("icenet", weights=saved, device="cpu")(past(ice(STILL)))
    network_ = weakref.ref(network_of("icenet", saved, "cpu"))
    forget_networks("cuda")
    assert network_of("icenet", saved, "cpu") is network_()
    gc.disable()
    try:
        forget_networks()
        assert network_() is None
    finally:
        gc.enable()
    again = predictor("icenet", weights=saved, device="cpu")(past(ice(STILL)))
    np.testing.assert_array_equal(again.template, wanted.template)


@pytest.mark.parametrize(
    ("device", "left"), [("cpu", {"cuda:0", "cuda:1"}), ("cuda", {"cpu"}), ("cuda:1", {"cpu", "cuda:0"}), (None, set())]
)
def test_networks_of_one_device_are_forgotten(device, left, saved, monkeypatch):
    places = ("cpu", "cuda:0", "cuda:1")
    known = {("icenet", saved, 0, 0, place): (network(), card(network())) for place in places}
    monkeypatch.setattr(learned, "_known", known)
    forget_networks(device)
    assert {key[4] for key in known} == left


def test_memory_is_given_back_where_a_graphics_processor_was_used(monkeypatch):
    emptied = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(1))
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    free_memory()
    assert not emptied
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    forget_networks()
    assert emptied == [1]


def test_a_device_that_is_gone_keeps_nothing(monkeypatch):
    def gone():
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", gone)
    with pytest.warns(UserWarning, match="not given back"):
        forget_networks()
