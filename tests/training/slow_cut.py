"""``icenet`` that knows the tiny model, and cuts datasets slowly.

Cutting has a process of its own, which finds the folder ``slow`` on its path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    import torch

    from tests.training.tiny import register

    path = [str(Path(__file__).parent / "slow"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
    torch.set_num_threads(1)
    register()
    from napari_icenet.cli.main import main

    main(sys.argv[1:])
