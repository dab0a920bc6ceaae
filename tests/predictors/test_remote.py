"""Networks in a process of their own give what they give here, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_icenet.errors import UsageError, WeightsError
from napari_icenet.jobs.detached import alive
from napari_icenet.matching.template import Past
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.registry import predictor
from napari_icenet.predictors.remote import PredictionProcess, RemotePredictor

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def process():
    made = PredictionProcess()
    yield made
    made.close()


def learned(**options) -> LearnedOptions:
    made = predictor("icenet", device="cpu", **options)
    assert isinstance(made, LearnedOptions)
    return made


def past(seed=0, side=32):
    chips = np.random.default_rng(seed).normal(1000, 50, (4, side, side)).astype(np.float32)
    return Past(chips, 16.0 * np.arange(-3, 1), np.ones(4, bool), 16.0)


def test_predicts_as_here(process):
    pasts = [past(k) for k in range(3)]
    one = RemotePredictor(learned(), process)
    assert (one.name, one.title, one.prefilter) == ("icenet", "IceNet", "none")
    for found, expected in zip(one.predict_many(pasts), learned().predict_many(pasts), strict=True):
        np.testing.assert_allclose(found.template, expected.template, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(found.spread, expected.spread, rtol=1e-4, atol=1e-3)
    assert one(Past(np.full((2, 32, 32), np.nan, np.float32), np.array([-16.0, 0]), np.ones(2, bool), 16.0)) is None


def test_errors_come_back_as_sentences(process, tmp_path):
    with pytest.raises(WeightsError):
        RemotePredictor(learned(weights=tmp_path / "none.safetensors"), process)(past())
    with pytest.raises(UsageError, match="device"):
        RemotePredictor(predictor("icenet", device="cuda:9"), process)(past())
    assert RemotePredictor(learned(), process)(past()) is not None


def test_a_process_that_was_killed_is_started_anew(process):
    process.prepare([learned()])
    first = process.pid
    os.kill(first, signal.SIGKILL)
    assert RemotePredictor(learned(), process)(past()) is not None
    assert process.pid != first


def test_one_that_dies_again_and_again_is_told(process, monkeypatch):
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    process.close()
    with pytest.raises(WeightsError, match="computed in has ended by itself"):
        RemotePredictor(learned(), process)(past())


def test_closing_ends_it_and_the_next_prediction_starts_another(process):
    process.prepare([learned()])
    pid = process.pid
    process.close()
    assert process.pid is None
    assert not alive(pid)
    assert RemotePredictor(learned(), process)(past()) is not None


def test_it_ends_with_the_program_that_started_it():
    script = (
        "import time; from napari_icenet.predictors.remote import PredictionProcess; "
        "from napari_icenet.predictors.registry import predictor; "
        "p = PredictionProcess(); p.prepare([predictor('icenet', device='cpu')]); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    end = time.monotonic() + 60
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert not alive(pid)
