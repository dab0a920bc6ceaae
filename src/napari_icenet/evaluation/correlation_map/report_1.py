"""The report of maps, written in a process of its own: its networks and figures hold up nothing here."""

from __future__ import annotations

import pickle
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.scheduler_1 import ended
from napari_icenet.evaluation.correlation_map.tasks import Report
from napari_icenet.evaluation.report.write import check_report
from napari_icenet.jobs.worker_process import PATIENCE, Hand
from napari_icenet.scenes.stack import SceneStack

#: Number of the only run.
_RUN = 1


def write_report(
    maps: CorrelationMaps,
    stack: SceneStack,
    folder: str | Path,
    *,
    force: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> Path:
    """Write the report of :func:`~napari_icenet.evaluation.correlation_map.report.write_report`, and wait for it.

    Takes some seconds in which this process is free, so a window calls it on a thread.

    Parameters
    ----------
    maps, stack, folder, force
        As of :func:`~napari_icenet.evaluation.correlation_map.report.write_report`.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is being done; may raise to stop, and nothing is left behind.

    Returns
    -------
    Path
        Where the report is.

    Raises
    ------
    IceNetError
        It cannot be written, or its process has ended.
    """
    folder = Path(folder).absolute()
    check_report(folder, force=force)
    heard: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
    hand = Hand(lambda _, message: heard.put(message))
    try:
        try:
            hand.send("stack", stack)
            hand.send("job", _RUN, Report(maps, folder, force))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise UsageError(f"{stack.name} cannot be sent to another process; save it, and open that.") from error
        return _awaited(hand, heard, progress)
    finally:
        hand.end()


def _awaited(
    hand: Hand, heard: queue.SimpleQueue[tuple[Any, ...] | None], progress: Callable[[float, str], None] | None
) -> Path:
    while True:
        message = heard.get()
        if message is None:
            raise ended(hand.end())
        kind, *content = message
        if kind == "done":
            return Path(content[1])
        if kind == "failed":
            raise content[1]
        if kind == "share" and progress is not None:
            try:
                progress(*content[1:])
            except BaseException:
                _stop(hand, heard)
                raise


def _stop(hand: Hand, heard: queue.SimpleQueue[tuple[Any, ...] | None]) -> None:
    """Let the process clear away what it has begun, as far as it does so soon."""
    hand.send("stop", _RUN)
    try:
        while (message := heard.get(timeout=10 * PATIENCE)) is not None and message[0] == "share":
            pass
    except queue.Empty:
        pass  # it is ended, whatever it does
