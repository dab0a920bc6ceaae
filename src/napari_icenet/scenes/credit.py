"""Whom to thank for a scene: the line that its data ask for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_icenet.errors import SceneError
from napari_icenet.scenes.scene import Provenance, Scene

#: A file of this name beside dated images holds the line for all of them.
CREDIT = "CREDIT.txt"
LANDSAT_CREDIT = "Landsat image courtesy of the U.S. Geological Survey"
_LANDSAT = ("LANDSAT", "LC", "LE", "LT", "OLI", "ETM", "TM")
_LONGEST = 500


def credit_of(origin: Provenance) -> str | None:
    """The credit line of a scene; None where none is known, or it is simulated."""
    if origin.credit is not None or origin.simulated:
        return origin.credit
    return LANDSAT_CREDIT if (origin.sensor or "").upper().startswith(_LANDSAT) else None


def credits_of(scenes: Iterable[Scene]) -> tuple[str, ...]:
    """Whom to thank for scenes, each once."""
    lines = (credit_of(scene.provenance) for scene in scenes)
    return tuple(dict.fromkeys(line for line in lines if line is not None))


def read_credit(folder: Path) -> str | None:
    """The line in a folder's ``CREDIT.txt``; None where there is none.

    Raises SceneError: it is there and cannot be read.
    """
    path = folder / CREDIT
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path} cannot be read as text, and whom to thank is lost; mend or remove it.") from error
    return " ".join(text.split()) or None
