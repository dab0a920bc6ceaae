"""Description of the data of a run, in a few words."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from napari_icenet.training.data.fingerprint import DataRecord
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import RunSettings


def data_words(run: RunFolder, settings: RunSettings) -> tuple[str, bool]:
    """Datasets with their training sequences, bands and simulated ice; and whether all of it is simulated."""
    try:
        record = DataRecord.model_validate_json(run.data.read_bytes())
    except (OSError, ValidationError):
        record = None
    if record is not None:
        parts = [f"{Path(use.path).name} ({use.sequences.get('train', 0)})" for use in record.datasets]
    else:
        parts = [Path(path).name for path in settings.data.datasets]
    if settings.data.bands is not None and parts:
        parts[-1] += f", {', '.join(settings.data.bands)}"
    if settings.data.simulated:
        parts.append(f"simulated ice ({settings.data.simulated})")
    uses = record.datasets if record is not None else ()
    # Held-out ice is that of the datasets; simulated ice beside them does not make its numbers simulated.
    return ", ".join(parts), all(use.simulated for use in uses) if settings.data.datasets and uses else (
        not settings.data.datasets
    )
