"""One small archive, written once for all tests of the simulation."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_icenet.simulation import Truth, load_truth, simulate


@pytest.fixture(scope="package")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("simulated") / "glacier", dates=3, size=256, seed=7, cloud=0.3)


@pytest.fixture(scope="package")
def truth(archive: Path) -> Truth:
    return load_truth(archive)
