"""Series to start with: the simulated sample of this package, and a real one from a public repository."""

from __future__ import annotations

import os
import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from napari_icenet.errors import DownloadError, StackError
from napari_icenet.jobs.progress import Progress

if TYPE_CHECKING:
    from pooch import Pooch

    from napari_icenet.scenes.stack import SceneStack

#: To be shown wherever the series is.
PERITO_MORENO_CREDIT = "Contains modified Copernicus Sentinel data 2020"
#: Pinned, so that the pictures cannot change under us: GIV's repository at this commit.
PERITO_MORENO_COMMIT = "4e20fefc880f7edb4984c1e1a031217d97d44a59"
PERITO_MORENO_URL = (
    f"https://raw.githubusercontent.com/MaxVWDV/glacier-image-velocimetry/{PERITO_MORENO_COMMIT}/Perito_Moreno/"
)
#: Seconds without an answer after which a server counts as gone.
TIMEOUT = 20
CACHE_VARIABLE = "ICENET_CACHE"

_simulating = threading.Lock()


def byrd(progress: Progress | None = None) -> SceneStack:
    """Simulated Landsat scenes of a glacier like Byrd, with exactly known flow, opened as one stack.

    Parameters
    ----------
    progress : callable, optional
        As for :func:`byrd_folder`.

    Raises
    ------
    StackError
        The cache cannot be written.
    """
    from napari_icenet.scenes.open import open_stack

    return open_stack(byrd_folder(progress))


def perito_moreno(progress: Progress | None = None) -> SceneStack:
    """Real Sentinel-2 scenes of Perito Moreno in 2020, downloaded once, opened as one stack.

    Show :data:`PERITO_MORENO_CREDIT` with the pictures.

    Parameters
    ----------
    progress : callable, optional
        As for :func:`perito_moreno_folder`.

    Raises
    ------
    DownloadError
        The server cannot be reached, lacks a file, or sends another file than was promised.
    StackError
        The cache cannot be written.
    """
    from napari_icenet.scenes.open import open_stack

    return open_stack(perito_moreno_folder(progress))


def cache_folder() -> Path:
    """Folder of the samples: the one that ``ICENET_CACHE`` names, else the user's cache."""
    import pooch

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(pooch.os_cache("napari-icenet"))


def byrd_folder(progress: Progress | None = None) -> Path:
    """Folder of the bundled simulated archive (``clear``, 640 × 640, 12 dates, seven bands).

    In a checkout that is ``sample_data``. An installed package makes the same archive from its seed
    on first use and keeps it in the cache.

    Parameters
    ----------
    progress : callable, optional
        Is told the share done and what is being made; may raise to stop.

    Raises
    ------
    StackError
        The cache cannot be written.
    """
    from napari_icenet.common.software import __version__
    from napari_icenet.simulation import simulate

    bundled = Path(__file__).resolve().parents[2] / "sample_data"
    if _complete(bundled):
        return bundled
    made = cache_folder() / f"simulated-sample-{__version__}"
    # Two windows of one process may ask at once; the second then finds what the first has made.
    with _simulating:
        if not _complete(made):
            simulate(made, progress=progress)
    return made


def _complete(folder: Path) -> bool:
    # The truth is written last, and the folder takes its name when it is whole.
    return (folder / "truth" / "truth.json").is_file()


def perito_moreno_folder(progress: Progress | None = None, *, base_url: str = PERITO_MORENO_URL) -> Path:
    """Folder of the real Perito Moreno series: 23 dates of 2020 and the glacier's outline, downloaded once.

    Files that have arrived are kept, so that an interrupted download goes on with the next one. Show
    :data:`PERITO_MORENO_CREDIT` with the pictures.

    Parameters
    ----------
    progress : callable, optional
        Is told the share done and the file under way; may raise to stop.
    base_url : str
        Folder on a server, ending in ``/``.

    Raises
    ------
    DownloadError
        The server cannot be reached, lacks a file, or sends another file than was promised.
    StackError
        The cache cannot be written.
    """
    import pooch

    registry = _registry()
    folder = cache_folder() / f"perito-moreno-{PERITO_MORENO_COMMIT[:12]}"
    pooch.get_logger().setLevel("WARNING")
    store = pooch.create(path=folder, base_url=base_url, registry=registry, retry_if_failed=0)
    for number, name in enumerate(registry):
        _fetch(store, name, _FileProgress(progress, number, len(registry), name))
    try:
        (folder / "CREDIT.txt").write_text(PERITO_MORENO_CREDIT + "\n", encoding="utf-8")
    except OSError as error:
        raise StackError(f"{folder} cannot be written ({error.strerror}); set {CACHE_VARIABLE}.") from error
    if progress is not None:
        progress(1.0, f"Perito Moreno: {len(registry)} files")
    return folder


def _registry() -> dict[str, str]:
    """SHA-256 of each file of the series, from the package's own list."""
    text = (resources.files("napari_icenet") / "data" / "perito_moreno.sha256").read_text(encoding="ascii")
    pairs = (line.split() for line in text.splitlines() if line.strip())
    return {name: f"sha256:{digest}" for digest, name in pairs}


class _FileProgress:
    """Progress of one file for pooch; passes the whole series' share on."""

    def __init__(self, progress: Progress | None, number: int, count: int, name: str) -> None:
        self._progress, self._number, self._count, self._name = progress, number, count, name
        self._arrived = 0
        self.total = 0

    def update(self, size: int) -> None:
        self._arrived += size
        if self._progress is not None:
            share = min(self._arrived / self.total, 1.0) if self.total else 0.0
            self._progress((self._number + share) / self._count, f"Perito Moreno: {self._name}")

    def reset(self) -> None:
        self._arrived = 0

    def close(self) -> None:
        """Nothing to close."""


def _fetch(store: Pooch, name: str, file_progress: _FileProgress) -> None:
    """Fetch one file into the cache unless it is there; nothing half-arrived stays."""
    from pooch import HTTPDownloader
    from requests import HTTPError, RequestException

    url = store.get_url(name)
    try:
        store.fetch(name, downloader=HTTPDownloader(progressbar=file_progress, timeout=TIMEOUT))
    except HTTPError as error:
        status = "an error" if error.response is None else error.response.status_code
        raise DownloadError(
            f"{url} cannot be fetched (the server answers {status}); try again later or update napari-icenet."
        ) from error
    except RequestException as error:
        raise DownloadError(
            f"{url} cannot be reached; check the network and try again, the files that have arrived are kept."
        ) from error
    except ValueError as error:  # pooch's word for a hash that differs
        raise DownloadError(
            f"{url} is not the file that was promised (its SHA-256 differs), so it was not kept; try again later."
        ) from error
    except OSError as error:
        raise StackError(f"{store.abspath} cannot be written ({error.strerror}); set {CACHE_VARIABLE}.") from error
