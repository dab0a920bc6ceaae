"""The file of a saved session: what was open and how, in JSON, with its maps beside, in one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.software import software
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.origin import Origin
from napari_icenet.velocity.settings import VelocitySettings

SUFFIX = ".icenet"
_RECORD = "session.json"
#: A session larger than this is not one: its stacks are named, not held.
_MOST_BYTES = 16 * 2**30


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class SavedStack(_Part):
    """One open stack.

    Attributes
    ----------
    origin : Origin
    beside : str, optional
        Its path seen from the session's file: found again where both have moved.
    name, credit : str
    band : str
    contrast : (float, float), optional
        Of the picture, where the user chose it.
    tracks : str
        Chips, their settings and selection, as the click-tracker writes them.
    velocity, correlation : str, optional
        Members of the file that hold maps.
    """

    origin: Origin
    beside: str | None = None
    name: str
    credit: str = ""
    band: str
    contrast: tuple[float, float] | None = None
    tracks: str = ""
    velocity: str | None = None
    correlation: str | None = None


class SavedView(_Part):
    """View that is saved: stack, date, camera, tab.

    Attributes
    ----------
    shown : int
        Number of the shown stack.
    time : int
        Index of its shown date.
    centre : tuple of float
        World position in the middle of the picture.
    zoom : float
    tab : str
        Title of the tab in front.
    """

    shown: int = 0
    time: int = 0
    centre: tuple[float, ...] = ()
    zoom: float = 1.0
    tab: str = ""


class SavedChoices(_Part):
    """Choices in the tabs."""

    # Files of 0.1.0 call it a line-up.
    predictor_set: PredictorSet | None = Field(default=None, validation_alias=AliasChoices("predictor_set", "line_up"))
    overlays: tuple[str, ...] = ()
    target: int = 2
    picked: str = ""
    velocity: VelocitySettings | None = None
    map: MapSettings | None = None


class SavedSession(_Part):
    """The whole state of a session.

    Attributes
    ----------
    format, version
        What the file says of itself.
    software, created : str
        Of the program that wrote it, and when, UTC.
    stacks : tuple of SavedStack
    view : SavedView
    choices : SavedChoices
    """

    format: Literal["napari-icenet session"] = "napari-icenet session"
    version: Literal[1] = 1
    software: str = Field(default_factory=software)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    stacks: tuple[SavedStack, ...]
    view: SavedView = SavedView()
    choices: SavedChoices = SavedChoices()


def write_session(saved: SavedSession, members: Mapping[str, Callable[[Path], Any]], path: Path) -> None:
    """Write a session: whole, or not at all.

    Parameters
    ----------
    saved : SavedSession
    members : mapping of str to callable
        By name, what writes each map to a given path.
    path : Path
        Ends in ``.icenet``; replaced if it is there.

    Raises
    ------
    UsageError, TrackingError
        Another suffix; or it cannot be written there.
    """

    def write(beside: Path) -> None:
        with TemporaryDirectory(dir=beside.parent, prefix=".icenet-") as folder, zipfile.ZipFile(beside, "w") as file:
            file.writestr(_RECORD, saved.model_dump_json(indent=1), zipfile.ZIP_DEFLATED)
            for name, make in members.items():
                member = Path(folder) / name
                make(member)
                # Maps are compressed by themselves.
                file.write(member, name)
                member.unlink()

    write_whole(path, {SUFFIX: write}, "Sessions")


class SessionFile:
    """A saved session, opened for reading.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UsageError
        There is no such file, or it is no session of this version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as file:
                if sum(member.file_size for member in file.infolist()) > _MOST_BYTES:
                    raise UsageError(f"{path} is too large for a session; save it again.")
                record = file.read(_RECORD)
            self.saved = SavedSession.model_validate_json(record)
        except FileNotFoundError as error:
            raise UsageError(f"{path} does not exist; name a session that was saved here.") from error
        except (OSError, zipfile.BadZipFile, KeyError, ValidationError) as error:
            raise UsageError(
                f"{path} is no session, is damaged, or is of another version of napari-icenet; save it again."
            ) from error

    def read(self, name: str, reader: Callable[[Path], Any]) -> Any:
        """Read a member with a reader, which is given it as a file.

        Raises
        ------
        UsageError
            The member is missing or damaged.
        """
        with TemporaryDirectory(prefix="icenet-") as folder:
            try:
                with zipfile.ZipFile(self.path) as file:
                    member = Path(folder) / Path(name).name
                    member.write_bytes(file.read(name))
            except (OSError, zipfile.BadZipFile, KeyError) as error:
                raise UsageError(f"{self.path} is damaged: its {name} cannot be read; save it again.") from error
            return reader(member)

    def origin_of(self, stack: SavedStack) -> Origin:
        """Origin of a stack now: where it was, else where it lies seen from the file."""
        if stack.origin.path.exists() or stack.beside is None:
            return stack.origin
        moved = (self.path.parent / stack.beside).resolve()
        return stack.origin.model_copy(update={"path": moved}) if moved.exists() else stack.origin
