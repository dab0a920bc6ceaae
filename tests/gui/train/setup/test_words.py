"""Runs, sizes and times in words; axes of the curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.common.text import size_text, span_text
from napari_icenet.gui.train.runs.facts import short
from napari_icenet.gui.train.runs.result import ground, verdict
from napari_icenet.gui.train.runs.words import gain_text, progress_text, score_text, what_text
from napari_icenet.gui.train.setup.data_words import suited
from napari_icenet.gui.widgets.log_axis import above, at_step, extent, log_ticks, logarithm
from napari_icenet.training.results.comparison import BeforeAfter, Gain, Row, Score
from napari_icenet.training.results.summary import RunSummary
from tests.datasets.ice import moving, stack_of


def run(state: str, **values) -> RunSummary:
    return RunSummary(Path("run"), state, **{"model": "icenet", "step": 620, "of": 1200} | values)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (40, "40 s"), (720, "12 min"), (12000, "3 h 20 min"), (7200, "2 h"), (187200, "2 days 4 h")],
)
def test_spans(seconds, text):
    assert span_text(seconds) == text


def test_sizes():
    assert [size_text(size) for size in (5e4, 3.2e6, 4.56e7, 1.24e9)] == ["50 kB", "3.2 MB", "46 MB", "1.2 GB"]


def test_what_runs_do_is_told():
    going = run("running", sequences_per_second=3.14159, seconds_left=750)
    assert progress_text(going) == "Step 620 of 1\u202f200 · 3.14 sequences/s · 12 min left"
    assert progress_text(run("paused")) == "Paused at step 620 of 1\u202f200."
    assert progress_text(run("stopped", message="it was killed; resume it to go on.")) == (
        "It was killed; resume it to go on · step 620 of 1\u202f200."
    )
    assert progress_text(run("finished", step=1200, seconds=7200)) == "Finished after 1\u202f200 steps in 2 h."
    scored = run("running", t2=0.413, persistence_t2=0.352, best_step=600)
    assert score_text(scored) == "NCC at t2 .41, persistence .35, best at step 600"
    assert gain_text(scored) == "+.06"
    assert gain_text(run("running")) == ""
    made = run("running", preset="fine-tune", data="byrd-0123456789ab.zarr (96)", device="cpu")
    assert what_text(made) == "IceNet, fine-tuned · byrd (96) · cpu"


def test_settings_in_few_words():
    assert [short(value) for value in (None, True, 0.0003, "/a/b/ice.zarr", ["B1", "B2"], {})] == [
        "–", "yes", "0.0003", "ice.zarr", "B1, B2", "–",
    ]  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [(-3.2, 1.1), (-0.2, 0.1), (-1.0, 0.2), (-9.0, 4.0), (-2.6, -0.9)])
def test_ticks_of_a_logarithmic_axis_lie_inside_and_say_what_they_mean(low, high):
    ticks = log_ticks(low, high)[0]
    assert 2 <= len(ticks) <= 12
    for at, text in ticks:
        assert low <= at <= high
        np.testing.assert_allclose(10**at, float(text), rtol=0.01)


def test_losses_on_a_logarithmic_axis():
    steps, values = np.arange(4.0), np.array([1.0, 0.1, 0.0, np.nan])
    np.testing.assert_array_equal(logarithm((steps, values))[1], [0.0, -1.0, np.nan, np.nan])
    assert extent(values) == (-1.0, 0.0)
    assert above(np.array([1.0, 2.0, np.nan]))
    assert not above(np.array([1.0, -2.0]))
    assert at_step((steps, np.array([4.0, 3.0, 2.0, 1.0])), 2.5) == 2.0
    assert at_step((steps, values), -1) is None


def test_small_frames_get_small_chips_and_are_split_by_time():
    small, large = suited(stack_of(moving(16, 150, (0, 1)))), suited(stack_of(moving(6, 800, (0, 1))))
    assert (small["chip"], small["split_by"], small["frames"]) == (32, "time", 12)
    assert (large["chip"], large["split_by"], large["frames"]) == (128, "area", 6)


def compared(gain: float, ends: tuple[float, float] | None, blocks: int) -> BeforeAfter:
    score = Score(mean=0.4, difference=0.05, difference_interval=(0.01, 0.09))
    row = Row(key="icenet", title="IceNet", role="after", t1=score, t2=score)
    return BeforeAfter(
        rows=(row,),
        gain=Gain(t1=gain, t2=gain, t2_interval=ends),
        datasets=("ice.zarr",),
        split="test",
        sequences=300,
        blocks=blocks,
    )


def test_a_verdict_claims_no_more_than_the_table_shows():
    better = verdict(compared(0.031, (0.012, 0.05), 9))
    assert better == "Better: +.031 NCC at t2 against what it began with (95 %: +.012 … +.050)."
    assert verdict(compared(-0.031, (-0.05, -0.012), 9)).startswith("Worse: −.031 NCC at t2")
    assert verdict(compared(0.01, (-0.01, 0.03), 9)).startswith("No clear change: +.010 NCC")
    assert verdict(compared(0.0, (0.0, 0.0), 9)).startswith("Nothing gained: the best weights on validation ice")
    few = verdict(compared(0.031, (0.012, 0.05), 2))
    assert few.endswith("; 2 blocks of held-out ground are too little for a claim.")
    assert not few.startswith("Better")
    alone = compared(0.031, None, 9).model_copy(update={"gain": None})
    assert verdict(alone) == "Better: +.050 NCC at t2 against persistence (95 %: +.010 … +.090)."
    assert ground(alone) == "On 300 sequences of the test split, in 9 blocks of ground."


def test_a_run_that_says_nothing_for_long_is_told_so():
    running = RunSummary(Path("run"), "running", step=620, of=900, seconds_left=90.0, sequences_per_second=8.0)
    assert progress_text(running) == "Step 620 of 900 · 8 sequences/s · 2 min left"
    silent = replace(running, silent=240.0)
    assert progress_text(silent) == (
        "Step 620 of 900 · nothing heard for 4 min · it goes on by itself when the machine does."
    )


def test_what_is_typed_in_a_shell_is_not_said_in_a_window():
    words = "ice.zarr is gone since the run began; bring it back, or resume the run with its new place"
    failed = RunSummary(Path("run"), "failed", f"{words} (icenet train DATASET -o RUN --resume).", step=1, of=9)
    assert progress_text(failed) == f"Ice.zarr is gone since the run began; {words.split('; ')[1]} · step 1 of 9."
