"""Tiles that a run has finished, one file each, so that a run that was killed need not do them again."""

from __future__ import annotations

import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrackingError
from napari_icenet.matching.engine.matches import Matches

#: What the files in the folder were made from.
_RECORD = "made_from.txt"
_TILES = "chip*_tile*.npz"


class FinishedTiles:
    """A folder of finished tiles of one run.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Tiles of another run in it are deleted; other files are left alone.
    fingerprint : str
        Stands for all that the tiles depend on.

    Raises
    ------
    TrackingError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        record = folder / _RECORD
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not record.is_file() or record.read_text(encoding="utf-8") != fingerprint:
                for old in folder.glob(_TILES):
                    old.unlink()
                write_durably(record, fingerprint.encode(), flush=False)
        except OSError as error:
            raise self._unwritable(error) from error

    def path(self, chip: int, tile: int) -> Path:
        """The file of one tile and chip."""
        return self.folder / f"chip{chip:04d}_tile{tile:05d}.npz"

    def read(self, chip: int, tile: int, count: int) -> Matches | None:
        """The ``count`` matches of a tile; None where they are not there, or not whole."""
        try:
            with np.load(self.path(chip, tile), allow_pickle=False) as file:
                found = Matches(*(file[field.name] for field in fields(Matches)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            # Whatever is wrong with the file, the tile can be computed again.
            return None
        return found if len(found) == count else None

    def write(self, chip: int, tile: int, matches: Matches) -> None:
        """Keep the matches of a tile: whole or not at all.

        Raises
        ------
        TrackingError
            The file cannot be written.
        """
        arrays = {field.name: getattr(matches, field.name) for field in fields(Matches)}
        try:
            write_durably(self.path(chip, tile), lambda file: np.savez(file, **arrays), flush=False)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> TrackingError:
        return TrackingError(
            f"Finished tiles cannot be kept in {self.folder} ({error.strerror or error}); name a folder that can be "
            "written."
        )
