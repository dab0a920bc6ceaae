"""Addresses where the path of a folder is needed."""

from __future__ import annotations

import re
from pathlib import Path

#: ``https://…``, ``s3://…``; a letter alone is a drive. A path has but one slash where an address has two.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)")


def download_first(path: Path) -> str | None:
    """Sentence on a path that is an address such as ``https://…``; None of any other."""
    found = _ADDRESS.match(path.as_posix())
    if found is None:
        return None
    return (
        f"{found[1]}://{found[2]} is an address and no folder of this machine; download it first, then name the "
        "folder that holds it."
    )
