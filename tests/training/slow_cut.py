"""``icenet`` that knows the tiny model, and follows chips so slowly that one can watch it cut a dataset.

Cutting has a process of its own, which loads this program anew: what is slow is slow there, too.
"""

from __future__ import annotations

import sys
import time

from napari_icenet.datasets.tracking.matcher import Matcher

_quick = Matcher.match_all


def _slow(self, dates, positions):
    time.sleep(0.5)
    return _quick(self, dates, positions)


Matcher.match_all = _slow

if __name__ == "__main__":
    import torch

    from tests.training.tiny import register

    torch.set_num_threads(1)
    register()
    from napari_icenet.cli.main import main

    main(sys.argv[1:])
