"""Every run there is: found in some folders, looked at again where something has changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from napari_icenet.common.user_files import home
from napari_icenet.errors import TrainingError
from napari_icenet.jobs.file_lock import locked
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.results.summary import RunSummary, summarize_run
from napari_icenet.training.run_folder.folder import RunFolder

#: Files whose change changes what is told of a run.
_TOLD_BY = ("config.json", "wanted.json", "status.json", "launch.json", "best.safetensors", "last.safetensors")


class Runs:
    """The runs in some folders, newest first. Refreshing costs a look at the clock of a few files.

    Parameters
    ----------
    roots : iterable of path
        Folders that hold runs, beside that of the user's own; a run itself may be named as well.
    folder : Path, optional
        Where those of the user's own and the queue are; default: the user's data folder.
    """

    def __init__(self, roots: Iterable[str | Path] = (), folder: Path | None = None) -> None:
        self._queue = Queue((folder or home()) / "queue.json")
        #: Folders that are looked through.
        self.roots = tuple(dict.fromkeys([default_root(folder), *(Path(root).absolute() for root in roots)]))
        self._seen: dict[Path, tuple[object, RunSummary]] = {}
        self.runs: tuple[RunSummary, ...] = ()

    def refresh(self) -> bool:
        """Look again; whether anything has changed."""
        queued = {path: place for place, path in enumerate(self._queue.waiting)}
        seen = {}
        for path in self._folders(queued):
            stamp = (*_stamp(path), path in queued)
            known = self._seen.get(path)
            if known is not None and known[0] == stamp and not known[1].active:
                seen[path] = known
            else:
                # A process may have died without a change of any file.
                seen[path] = stamp, summarize_run(path, queued=path in queued)
        before = self.runs
        self._seen = seen
        found = [summary for _, summary in seen.values()]
        found.sort(key=lambda one: (one.started, one.name), reverse=True)
        self.runs = tuple(found)
        return self.runs != before

    def find(self, folder: str | Path) -> RunSummary | None:
        """A run by its folder."""
        wanted = Path(folder).absolute()
        return next((one for one in self.runs if one.folder == wanted), None)

    def weights_of(self) -> tuple[tuple[str, Path], ...]:
        """Titles and files of the weights of all runs that have some, newest first."""
        return tuple((one.name, one.weights) for one in self.runs if one.weights is not None)

    def delete(self, folder: str | Path) -> None:
        """Delete a run with all it holds; it is gone as a whole, or still there.

        Raises TrainingError: it is going on, it is no run, or it cannot be deleted.
        """
        delete_run(Path(folder), self._queue)
        self._seen.pop(Path(folder).absolute(), None)
        self.refresh()

    def _folders(self, queued: Iterable[Path]) -> list[Path]:
        found = list(queued)
        for root in self.roots:
            if _is_run(root):
                found.append(root)
                continue
            try:
                with os.scandir(root) as entries:
                    found += [Path(e.path) for e in entries if not e.name.startswith(".") and e.is_dir()]
            except OSError:
                continue  # a disk that is not plugged in comes back
        return [path for path in dict.fromkeys(found) if _is_run(path)]


def default_root(folder: Path | None = None) -> Path:
    """Folder of new runs unless another is chosen."""
    return (folder or home()) / "runs"


def new_run_folder(root: str | Path, name: str) -> Path:
    """A folder for a new run, of this name as far as a file may be called so, that is not there yet."""
    plain = re.sub(r"[^\w.+-]+", "-", name, flags=re.ASCII).strip("-.") or "run"
    path, number = Path(root) / plain, 1
    while not RunFolder(path).untouched() or RunFolder(path).wanted.exists():
        number += 1
        path = Path(root) / f"{plain}-{number}"
    return path


def delete_run(path: Path, queue: Queue | None = None) -> None:
    """Delete a run; see :meth:`Runs.delete`."""
    if not _is_run(path):
        raise TrainingError(f"{path} holds no run, so it is left as it is.")
    summary = summarize_run(path)
    if summary.active:
        raise TrainingError(f"{path.name} is going on; stop it before it is deleted.")
    with locked(path):
        pass  # nobody holds it, not even a run that was started elsewhere
    if queue is not None:
        queue.remove(path)
    # Renamed first, so that no half of a run is ever seen.
    doomed = path.with_name(f".{path.name}.{uuid4().hex[:8]}.deleted")
    try:
        path.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be deleted ({error.strerror or error}); close what uses it, then delete it again."
        ) from error


def _is_run(path: Path) -> bool:
    # Asked of every run at every look, where making paths would cost more than asking.
    return os.path.isfile(f"{path}/config.json") or os.path.isfile(f"{path}/wanted.json")


def _stamp(path: Path) -> tuple[float, ...]:
    stamps, folder = [], str(path)
    for name in _TOLD_BY:
        try:
            stamps.append(os.stat(f"{folder}/{name}").st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)
