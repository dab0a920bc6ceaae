"""Attributes of a zarr group, read without zarr, which takes time to load and whose errors depend on its version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def zarr_attributes(path: Path) -> dict[str, Any] | None:
    """Attributes of the group in a folder; None where there is no group."""
    try:
        found = json.loads((path / "zarr.json").read_text(encoding="utf-8")).get("attributes", {})
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, dict) else {}
