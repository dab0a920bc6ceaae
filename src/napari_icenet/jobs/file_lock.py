"""Lock a folder for one process at a time; the system lets go of the lock when that process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from napari_icenet.errors import TrainingError

#: Seconds between two tries, how many there are, and how long it is looked whether a lock is held.
_INTERVAL, _TRIES, _LOOK = 0.05, 5, 0.01


@contextmanager
def locked(folder: Path, name: str = "lock", *, tries: int = _TRIES) -> Iterator[None]:
    """Hold the folder for as long as the context lasts.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file that is held; those who hold different ones are not in each other's way.
    tries : int
        Made at intervals of 50 ms before the folder counts as held by another: somebody may just be looking
        whether it is held.

    Raises
    ------
    TrainingError
        Another process holds it, or it cannot be written to.
    """
    lock = FileLock(folder / name)
    try:
        folder.stat()  # the lock would make a folder that is not there
        lock.acquire(timeout=_INTERVAL * tries, poll_interval=_INTERVAL)
    except Timeout as error:
        raise TrainingError(f"{folder} is in use by a run that is going on; stop that one first.") from error
    except OSError as error:
        why = error.strerror or error
        raise TrainingError(f"{folder / name} cannot be written ({why}); choose another folder.") from error
    try:
        yield
    finally:
        lock.release()


def held(folder: Path) -> bool | None:
    """True if a process holds the folder; None where that cannot be told, as in a folder that was never held."""
    path = folder / "lock"
    if not path.exists():
        return None
    try:
        # Another who looks at this very moment is gone within a few milliseconds.
        with FileLock(path).acquire(timeout=_LOOK, poll_interval=_LOOK / 5):
            return False
    except Timeout:
        return True
    except OSError:
        return None
