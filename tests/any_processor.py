"""A small program whose numbers must be the same on any processor: predictions, a track and a velocity map.

    python -m tests.any_processor STACK OUT.npz [--bf16 present|absent] [--without-numba] [--predictions]

STACK is a simulated archive; everything else is made from seeds.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np


def predictions() -> dict[str, Any]:
    """What both bundled networks expect of a chip under changing noise, one date of it lost."""
    from napari_icenet.predictors.registry import predictor
    from tests.predictors.ice import ice, past

    moves = [(0.7 * k, -1.2 * k) for k in range(10)]
    valid = [True] * 6 + [False] + [True] * 3
    shown = past(ice(moves, noise=4.0, seed=5, side=128), valid=valid)
    made = {}
    for name in ("icenet", "svg-lp"):
        template = predictor(name, device="cpu")(shown)
        assert template is not None
        made[f"{name}.template"] = np.asarray(template.template)
    return made


def tracks(stack: Any) -> dict[str, Any]:
    """Two chips followed through all dates, by what they last showed and by the consensus of their past."""
    from napari_icenet.predictors.as_templates import template_predictor
    from napari_icenet.tracking.follow import follow
    from napari_icenet.tracking.settings import TrackSettings

    made = {}
    for template in ("persistence", "icenet"):
        settings = TrackSettings(chip=64, scale=1.5, template=template)
        track = follow(stack, 130, 120.5, 0, settings, predictor=template_predictor(template))
        made[f"track-{template}.px"] = np.stack([track.rows, track.cols])
        made[f"track-{template}.valid"] = np.asarray(track.valid)
        made[f"track-{template}.ncc"] = np.asarray(track.ncc)
    return made


def velocity(stack: Any) -> dict[str, Any]:
    """Maps of the first pair: rigid, with stretch and shear, and from coarse to fine."""
    from napari_icenet.matching.engine.engine import Engine
    from napari_icenet.velocity.map_pair import map_pair
    from napari_icenet.velocity.settings import VelocitySettings

    engine = Engine("cpu", threads=int(os.environ.get("OMP_NUM_THREADS", "2")))
    engine.prepare()
    made = {}
    for name, options in {"rigid": {}, "affine": {"affine": True}, "coarse": {"coarse_to_fine": True}}.items():
        settings = VelocitySettings(max_chip=64, spacing=16, radius=16, prefilter="high-pass", **options)
        found = map_pair(stack, 0, 1, settings, engine=engine)
        made[f"map-{name}.px"] = np.stack([found.drow, found.dcol])
        made[f"map-{name}.valid"] = np.asarray(found.valid)
        made[f"map-{name}.ncc"] = np.asarray(found.ncc)
        made[f"map-{name}.chip_size"] = np.asarray(found.chip_size)
    return made


def main() -> None:
    """Compute, and write all numbers to one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--bf16", choices=("present", "absent"))
    parser.add_argument("--without-numba", action="store_true")
    parser.add_argument("--predictions", action="store_true", help="nothing else")
    given = parser.parse_args()
    if given.without_numba:
        sys.modules["numba"] = None  # type: ignore[assignment]

    from napari_icenet.models import precision
    from napari_icenet.scenes import open_stack

    if given.bf16:
        precision._cpu_has_bf16 = lambda: given.bf16 == "present"  # type: ignore[assignment]
    stack = open_stack(given.stack)
    made = predictions()
    if not given.predictions:
        made |= tracks(stack) | velocity(stack)
    np.savez(given.out, **made)


if __name__ == "__main__":
    main()
