"""Several runs, one after the other.

The queue is a file: it stays when napari is closed, and the supervisor of each run starts the next one, so
that it goes on without a window. A window that is open tends it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_icenet.common.user_files import changing, home, read_list
from napari_icenet.errors import IceNetError, UsageError
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.launch.launch import going_on, resume, start_wanted, wait_until_left, want
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import ACTIVE
from napari_icenet.training.settings import RunSettings

if TYPE_CHECKING:
    from napari_icenet.training.data.plan import DataPlan


class Queue:
    """Runs that wait for each other.

    Parameters
    ----------
    path : Path, optional
        The file; default: in the user's own data folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "queue.json"

    @property
    def waiting(self) -> tuple[Path, ...]:
        """Folders of the runs that wait, the next one first."""
        return tuple(Path(entry["folder"]) for entry in _entries(read_list(self.path)))

    @property
    def active(self) -> tuple[Path, ...]:
        """Folders of the runs of the queue that are going on."""
        return tuple(Path(folder) for folder in _active(read_list(self.path)))

    def add(
        self, folder: str | Path, settings: RunSettings, *, plan: DataPlan | None = None, compare: bool = True
    ) -> RunFolder | None:
        """Add a run; it starts at once where no other of the queue is going on.

        Parameters
        ----------
        folder, settings, plan, compare
            As of :func:`~napari_icenet.training.launch.launch.launch`.

        Returns
        -------
        RunFolder or None
            None where it waits.

        Raises
        ------
        UsageError
            The folder holds something else, or waits already.
        TrainingError
            The folder cannot be written, or the run not be started.
        """
        run = RunFolder(folder)
        want(run, settings, plan)
        return self._add(run, resumed=False, compare=compare)

    def add_resume(
        self, folder: str | Path, *, datasets: Sequence[str] | None = None, compare: bool = True
    ) -> RunFolder | None:
        """Add a run that is to go on, or to be compared once more; as :meth:`add`.

        One that has just been asked to stop is waited for.

        Parameters
        ----------
        folder : path
        datasets : sequence of str, optional
            Where its datasets are now, in order, if they have moved.
        compare : bool

        Raises
        ------
        TrainingError
            There is no run, or it is going on already.
        UsageError
            It waits already.
        """
        run = RunFolder(folder)
        run.settings()
        wait_until_left(run)
        return self._add(run, resumed=run.exists(), compare=compare, datasets=datasets)

    def remove(self, folder: str | Path) -> None:
        """Take a run out that waits; its folder stays."""
        with changing(self.path) as values:
            values["waiting"] = [entry for entry in _entries(values) if entry["folder"] != _name(folder)]

    def move(self, folder: str | Path, place: int) -> None:
        """Put a run that waits to another place, 0 for the next one.

        Raises UsageError: it does not wait.
        """
        with changing(self.path) as values:
            entries = _entries(values)
            mine = next((entry for entry in entries if entry["folder"] == _name(folder)), None)
            if mine is None:
                raise UsageError(f"{folder} does not wait in the queue.")
            entries.remove(mine)
            entries.insert(max(0, place), mine)
            values["waiting"] = entries

    def tend(self) -> RunFolder | None:
        """Start the next run where none is going on; one that cannot be started is dropped, and says why.

        Returns
        -------
        RunFolder or None
            None where nothing was started.
        """
        found = read_list(self.path)
        if not _entries(found) or _active(found):
            return None
        with changing(self.path) as values:
            values["active"] = _active(values)
            entries = _entries(values)
            while entries and not values["active"]:
                entry = entries.pop(0)
                values["waiting"] = entries
                started = _launched(entry)
                if started is not None:
                    values["active"] = [entry["folder"]]
                    return started
        return None

    def _add(
        self, run: RunFolder, *, resumed: bool, compare: bool, datasets: Sequence[str] | None = None
    ) -> RunFolder | None:
        moved = None if datasets is None else [str(path) for path in datasets]
        entry = {
            "folder": _name(run.path), "resume": resumed, "compare": compare, "module": launching.MODULE,
            "datasets": moved,
        }  # fmt: skip
        with changing(self.path) as values:
            entries = _entries(values)
            if any(other["folder"] == entry["folder"] for other in entries):
                raise UsageError(f"{run.path} waits in the queue already.")
            if entry["folder"] in _active(values):
                # Another window was quicker; as one that waits it would begin anew once it is stopped.
                raise going_on(run)
            values["waiting"] = [*entries, entry]
        started = self.tend()
        return started if started is not None and _name(started.path) == entry["folder"] else None


def _name(folder: str | Path) -> str:
    return str(Path(folder).absolute())


def _entries(values: dict[str, Any]) -> list[dict[str, Any]]:
    found = values.get("waiting", [])
    return [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("folder"), str)]


def _active(values: dict[str, Any]) -> list[str]:
    """Runs of the queue that are still going on."""
    return [folder for folder in values.get("active", []) if isinstance(folder, str) and _going(RunFolder(folder))]


def _going(run: RunFolder) -> bool:
    status = run.status()
    return status is not None and status.state in ACTIVE


def _launched(entry: dict[str, Any]) -> RunFolder | None:
    run = RunFolder(entry["folder"])
    options = {"compare": bool(entry.get("compare", True)), "module": str(entry.get("module") or launching.MODULE)}
    try:
        if entry.get("resume"):
            return resume(run.path, datasets=entry.get("datasets"), **options)  # type: ignore[arg-type]
        return start_wanted(run.path, **options)  # type: ignore[arg-type]
    except IceNetError as error:
        launching.refuse(run, str(error))
        return None
