"""Runs in words: what they do, how far they are, what they came to."""

from __future__ import annotations

import re
import time
from typing import Final

from napari_icenet.common import palette
from napari_icenet.common.text import capital, decimal_text, grouped, hundredths, span_text
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.training.results.summary import RunSummary

#: Colour of each state; each stands beside its word.
STATE_COLOURS: Final[dict[str, str]] = {
    "queued": "#F0E442",
    "new": "#9A9A9A",
    "preparing": "#56B4E9",
    "running": palette.PRIMARY,
    "paused": "#E69F00",
    "stopped": "#9A9A9A",
    "finished": "#009E73",
    "failed": "#D55E00",
    "damaged": "#D55E00",
}
#: Colour of each curve of a loss.
CURVE_COLOURS: Final[dict[str, str]] = {
    "mse": "#56B4E9",
    "peak": "#E69F00",
    "kl": "#CC79A7",
}
CURVE_WORDS: Final[dict[str, str]] = {"kl": "KL", "ncc": "batch NCC", "fine": "fine", "spread": "spread"}
#: What is logged with each step beside losses: correlations of the batch.
CORRELATIONS: Final = ("ncc", "fine", "spread")
PRESET_WORDS: Final[dict[str, str]] = {"own": "own settings", "fine-tune": "fine-tuned"}
MODEL_WORDS: Final[dict[str, str]] = {"icenet": "IceNet", "svg-lp": "SVG-LP"}
#: At the end of the names of datasets that were made here.
_KEY = re.compile(r"-[0-9a-f]{12}\.zarr")
#: What is typed in a shell; in a window there is a button for it.
_SHELL = re.compile(r" \(icenet train [^)]*\)")
#: A process that works says so each second or each step; a machine asleep, or far too busy, does not.
_SILENT = 180.0


def what_text(run: RunSummary) -> str:
    """Network, data and device of a run: ``IceNet, fine-tuned · ice.zarr (812) · cpu``."""
    parts = [", ".join(part for part in (MODEL_WORDS.get(run.model, run.model), _preset(run)) if part)]
    parts += [text for text in (_KEY.sub("", run.data), run.device) if text]
    if run.simulated:
        parts.append("judged on simulated ice")
    return SEPARATOR.join(parts)


def progress_text(run: RunSummary) -> str:
    """Progress, speed and remaining time of a run; or what is the matter."""
    steps = f"step {grouped(run.step)} of {grouped(run.of)}"
    if run.state == "finished":
        words = f"Finished after {grouped(run.step)} steps"
        return words + (f" in {span_text(run.seconds)}." if run.seconds else ".")
    if run.state in ("stopped", "failed"):
        # What it says is why, and what to do.
        words = capital(_SHELL.sub("", run.message)).rstrip(".") if run.message else "Stopped"
        return f"{words}{SEPARATOR}{steps}."
    return {
        "damaged": capital(run.message),
        "queued": "Waits for the runs before it" + (f", then goes on from {steps}." if run.step else "."),
        "new": "Never started.",
        "preparing": capital(run.message or "preparing") + " …",
        "running": _pace_text(run, steps),
        "paused": f"Paused at {steps}.",
    }.get(run.state, capital(steps))


def _pace_text(run: RunSummary, steps: str) -> str:
    parts = [steps]
    if run.silent >= _SILENT:
        heard = f"nothing heard for {span_text(run.silent)}"
        return capital(SEPARATOR.join([*parts, heard, "it goes on by itself when the machine does"])) + "."
    if run.sequences_per_second is not None:
        parts.append(f"{run.sequences_per_second:.3g} sequences/s")
    if run.seconds_left is not None:
        parts.append(f"{span_text(run.seconds_left)} left")
    return capital(SEPARATOR.join(parts))


def score_text(run: RunSummary) -> str:
    """``NCC at t2 .41 (persistence .35), best at step 900``; empty before anything was validated."""
    if run.t2 is None:
        return ""
    words = f"NCC at t2 {hundredths(run.t2)}"
    if run.persistence_t2 is not None:
        words += f", persistence {hundredths(run.persistence_t2)}"
    return words + (f", best at step {grouped(run.best_step)}" if run.best_step is not None else "")


def gain_text(run: RunSummary) -> str:
    """Gain on persistence: ``+.06``."""
    gain = run.gain
    return "" if gain is None else decimal_text(gain, signed=True).replace("0.", ".")


def step_text(run: RunSummary) -> str:
    """``620 / 1 200``; the number of steps alone where all were taken."""
    return grouped(run.step) if run.step >= run.of else f"{grouped(run.step)} / {grouped(run.of)}"


def when_text(seconds: float) -> str:
    """A moment as the user reads it: ``2026-11-23 14:05``."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def _preset(run: RunSummary) -> str:
    return PRESET_WORDS.get(run.preset, run.preset)
