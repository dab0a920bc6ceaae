"""Help texts of options that several commands have, so that the same option reads alike in all of them."""

from __future__ import annotations

from napari_icenet.cli.settings_help import DEFAULT

_DEFAULT = f"default: {DEFAULT}."

BAND = f"Name or number of the band; {_DEFAULT}"
BANDS = "Names or numbers of the bands; default: all."
CHIP = f"Side C of the chips, px; {_DEFAULT}"
SCALE = f"Scale factor c: the search window's side is c times the chip's; {_DEFAULT}"
STRIDE = f"Distance between chips on the first date, px; {_DEFAULT}"
FRAMES = f"Consecutive dates of a sequence; {_DEFAULT}"
PREFILTER = f"Filter of the pictures before matching; {_DEFAULT}"
DEVICE = f"auto, cpu, cuda, cuda:1 … or mps; {_DEFAULT}"
COVARIATES = "Further facts of each date, such as wind: a column date, and columns of numbers."
#: Ways of tracking; commands that can do both add that.
CHAIN, ROBUST = "chain (as in the paper)", "robust (dates that are lost do not move the track)"
TRACKING = f"{CHAIN} or {ROBUST}; {_DEFAULT}"
#: What is known to stand still; each command adds what it takes off there.
STABLE = "Ground that does not move: a picture that is not 0 there, or outlines"
