"""What networks compute in: the same on every machine unless another type is asked for."""

import numpy as np
import pytest

from napari_icenet.models import precision
from napari_icenet.predictors.registry import predictor
from tests.predictors.ice import ice, past


@pytest.fixture(scope="module")
def shown():
    return past(ice([(0.7 * k, -1.2 * k) for k in range(6)], noise=4.0, seed=5, side=128))


@pytest.fixture(params=["icenet", "svg-lp"])
def name(request):
    return request.param


def with_flag(monkeypatch, present):
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: present)


def test_by_default_a_processor_with_bf16_predicts_the_same_bytes(name, shown, monkeypatch):
    templates = []
    for present in (True, False):
        with_flag(monkeypatch, present)
        made = predictor(name, device="cpu")
        assert made.arithmetic() == "float32"
        templates.append(made(shown).template)
    assert templates[0].tobytes() == templates[1].tobytes()


def test_auto_is_bf16_where_the_processor_computes_it_and_full_precision_elsewhere(name, shown, monkeypatch):
    full = predictor(name, device="cpu")(shown).template
    short = predictor(name, device="cpu", precision="bf16")(shown).template
    for present, kind, expected in ((True, "bfloat16", short), (False, "float32", full)):
        with_flag(monkeypatch, present)
        made = predictor(name, device="cpu", precision="auto")
        assert made.arithmetic() == kind
        np.testing.assert_array_equal(made(shown).template, expected)


def test_bf16_that_is_asked_for_gives_nearby_but_other_numbers(name, shown):
    made = predictor(name, device="cpu", precision="bf16")
    assert made.arithmetic() == "bfloat16"
    full, short = predictor(name, device="cpu")(shown).template, made(shown).template
    assert short.dtype == full.dtype == np.float32
    part = np.std(short - full) / np.std(full)
    assert 1e-5 < part < 0.05
