"""File › Open Sample: the bundled simulation, and a real series from its public source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    from napari_icenet.gui.session.session import Session
    from napari_icenet.gui.widgets.job import Job
    from napari_icenet.jobs.progress import Progress
    from napari_icenet.scenes.stack import SceneStack

#: napari lets a reader add layers when it likes, a sample function not: samples are addresses.
ADDRESS = "icenet://samples/"
SIMULATED = "byrd"
REAL = "perito_moreno"
TITLES = {SIMULATED: "Byrd Glacier (simulated)", REAL: "Perito Moreno (Sentinel-2)"}


def is_sample(path: str) -> bool:
    """True if a path is the address of a sample."""
    return path.startswith(ADDRESS)


def open_sample(session: Session, name: str) -> Job | None:
    """Open a sample off the interface's thread: made, or downloaded, at the first time.

    Parameters
    ----------
    session : Session
    name : str
        ``byrd`` or ``perito_moreno``, or the address of one.

    Raises
    ------
    UsageError
        There is no such sample.
    """
    name = name.removeprefix(ADDRESS)
    if name not in TITLES:
        raise UsageError(f"There is no sample {name}; choose one of {', '.join(TITLES)}.")

    def find(progress: Progress) -> SceneStack:
        from napari_icenet.samples import PERITO_MORENO_CREDIT, byrd_folder, perito_moreno_folder
        from napari_icenet.scenes import open_stack

        def finding(fraction: float, text: str) -> None:
            progress(0.8 * fraction, text)

        def opening(fraction: float, text: str) -> None:
            progress(0.8 + 0.2 * fraction, text)

        stack = open_stack((byrd_folder if name == SIMULATED else perito_moreno_folder)(finding), progress=opening)
        stack.name = TITLES[name]
        if name == REAL:
            session.credits[stack] = PERITO_MORENO_CREDIT
        return stack

    return session.start(f"Opening {TITLES[name]}", find)
