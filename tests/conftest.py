"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("long", max_examples=2000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real satellite data that ICENET_REAL_DATA names; skips without it."""
    folder = os.environ.get("ICENET_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ICENET_REAL_DATA does not name the folder of real satellite data")
    return Path(folder).resolve()
