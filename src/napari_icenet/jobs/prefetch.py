"""Results worked out on threads ahead of their use, in the order of what they are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def prefetch(
    make: Callable[[Item], Made], items: Iterable[Item], *, threads: int, ahead: int | None = None
) -> Generator[Made]:
    """Yield ``make(item)`` of each item, in order, whatever the number of threads.

    Parameters
    ----------
    make : callable
        Called on the threads.
    items : iterable
        May have no end; it is iterated over where results are taken, ``ahead`` items before their result.
    threads : int
        0 makes each result when it is taken.
    ahead : int, optional
        Results that are made, or being made, beyond the one that is taken. Default: as many as threads.

    Yields
    ------
    object
        Whatever ``make`` raises is raised when its result would be taken. A generator that is closed drops what
        waits and lets the rest end.
    """
    if threads == 0:
        yield from map(make, items)
        return
    most = threads if ahead is None else ahead
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="prefetch") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(make, item))
                if len(waiting) > most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
