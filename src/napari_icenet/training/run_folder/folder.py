"""A run on disk, as another process sees it: what it does, what it has learned, and how to stop it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.training.run_folder.process_record import effective_status, own_token, read_launch
from napari_icenet.training.run_folder.status import RunStatus

if TYPE_CHECKING:
    from napari_icenet.training.settings import RunSettings

Request = Literal["run", "pause", "stop"]
#: File that is held while a process is started for a run.
STARTING = "starting.lock"
#: What else is in the folder of a run that has not begun.
_OWN = {"status.json", "lock", STARTING}


@dataclass(frozen=True)
class EventPosition:
    """Position that events were read to: bytes of a file, which a resumed run may have replaced."""

    file: int = 0
    offset: int = 0


class _File:
    """Path of a file in the folder of a run, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: RunFolder, owner: type[RunFolder]) -> Path:
        return run.path / self.name


class RunFolder:
    """The folder of a run. Nothing here imports torch, and of viewers' methods only :meth:`request` writes."""

    #: Settings of the run, JSON.
    config = _File("config.json")
    #: Datasets with fingerprints and counts, JSON.
    data = _File("data.json")
    #: Card of the weights that the run began with, JSON; not there where it began at random.
    start = _File("start.json")
    #: Versions of the software that ran, JSON.
    software = _File("software.json")
    #: One line of JSON for every step, validation and notice.
    log = _File("events.jsonl")
    #: Folder of the checkpoints.
    checkpoints = _File("checkpoints")
    #: Folder of what is worked out once: simulated sequences, positions. May be deleted.
    pool = _File("pool")
    #: Weights with the highest correlation at t2 on held-out chips.
    best = _File("best.safetensors")
    #: Weights of the last checkpoint.
    last = _File("last.safetensors")
    #: What the run is asked to do: ``run``, ``pause`` or ``stop``.
    control = _File("control")
    #: Settings that a run is to be started with, JSON.
    wanted = _File("wanted.json")
    #: What a run cuts before its first step, JSON; not there where it takes a dataset that others made.
    cut = _File("cut.json")
    #: The ground that it cuts it from; not there where all of the frame is used.
    area = _File("area.npz")
    #: What is known of the process that was started for the run, JSON.
    launch = _File("launch.json")
    #: All that its process has said.
    output = _File("output.log")
    #: Weights before and after the run on held-out ice, JSON.
    comparison = _File("comparison.json")
    #: How far that comparison is, JSON.
    comparing = _File("comparing.json")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def exists(self) -> bool:
        """True if there is a run."""
        return self.config.is_file()

    def untouched(self) -> bool:
        """True if a run may begin here: the folder is not there, or holds only what starting one puts there."""
        if not self.path.exists():
            return True
        own = {path.name for path in (self.wanted, self.launch, self.output, self.control, self.cut, self.area)} | _OWN
        if not self.path.is_dir():
            return False
        # Hidden ones are files that are just being written, or the system's.
        return {path.name for path in self.path.iterdir() if not path.name.startswith(".")} <= own

    def settings(self) -> RunSettings:
        """Read the settings that the run is made with, or is to be made with.

        Raises TrainingError: there is no run, or its settings are damaged.
        """
        return self._settings(self.config if self.config.exists() else self.wanted)

    def wanted_settings(self) -> RunSettings:
        """Read the settings that the run is to be started or continued with.

        Raises TrainingError: there are none, or they are damaged.
        """
        return self._settings(self.wanted if self.wanted.exists() else self.config)

    def _settings(self, path: Path) -> RunSettings:
        # Those who only follow a run need not load all that its settings know of.
        from napari_icenet.training.settings import RunSettings

        try:
            return RunSettings.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise TrainingError(f"{self.path} holds no run; start one with icenet train DATASET -o RUN.") from error
        except (OSError, ValidationError) as error:
            raise TrainingError(
                f"{path} cannot be used; it is damaged, or of another version of napari-icenet."
            ) from error

    def status(self) -> RunStatus | None:
        """Read the status of the run; None before it has begun."""
        found = self._read_status()
        if found is not None and found.state in ("stopped", "failed"):
            # It may have told its last words between two looks.
            found = self._read_status()
        return found

    def _read_status(self) -> RunStatus | None:
        launch = read_launch(self.launch)
        try:
            status = RunStatus.model_validate_json((self.path / "status.json").read_bytes())
        except (OSError, ValidationError):
            status = None
        return effective_status(status, launch, self.path)

    def write_status(self, status: RunStatus) -> None:
        """Say what the run is doing; only its own process does."""
        status = status.model_copy(update={"updated": time.time(), "launch": own_token()})
        write_durably(self.path / "status.json", status.model_dump_json(indent=1).encode(), flush=False)

    def events(
        self, position: EventPosition | None = None, most: int | None = None
    ) -> tuple[list[dict[str, Any]], EventPosition, bool]:
        """Events since a position, in whole lines.

        Parameters
        ----------
        position : EventPosition, optional
            Default: the beginning.
        most : int, optional
            Bytes to read at a time; a line is never that long.

        Returns
        -------
        events : list of dict
            Each with ``kind`` (``step``, ``validation``, ``notice``), ``step`` and ``time``.
        position : EventPosition
            To be handed over next time.
        afresh : bool
            Whether these are all events from the beginning: the first time, and when the run was
            resumed from an earlier step.
        """
        try:
            with open(self.log, "rb") as file:
                state = os.fstat(file.fileno())
                again = position is not None and position.file == state.st_ino and position.offset <= state.st_size
                start = position.offset if position is not None and again else 0
                file.seek(start)
                content = file.read(-1 if most is None else most)
        except FileNotFoundError:
            return [], EventPosition(), True
        whole = content[: content.rfind(b"\n") + 1]
        found = []
        for line in whole.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # spoilt by a full disk; the run says so itself
        return found, EventPosition(state.st_ino, start + len(whole)), not again

    def samples(self) -> list[Path]:
        """Pictures of held-out chips and their predictions, oldest first."""
        return sorted((self.path / "samples").glob("step-*.png"))

    def request(self, action: Request) -> None:
        """Ask the run to pause, to go on, or to stop; it heeds this within one step.

        One that was asked to stop is not paused instead: another window may have asked for that.

        Raises
        ------
        UsageError
            There is no such request.
        TrainingError
            The folder cannot be written to.
        """
        if action not in ("run", "pause", "stop"):
            raise UsageError(f"a run cannot be asked to {action}; ask it to run, pause or stop.")
        if action == "pause" and self.requested() == "stop":
            return
        try:
            write_durably(self.control, action.encode(), flush=False)
        except OSError as error:
            raise TrainingError(f"{self.control} cannot be written ({error.strerror or error}).") from error

    def requested(self) -> Request:
        """Read the last request; ``run`` where there was none."""
        try:
            found = self.control.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return "run"
        return found if found in ("pause", "stop") else "run"  # type: ignore[return-value]
