"""A cache of arrays that is bounded in bytes and shared by all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        ...


Value = TypeVar("Value", bound=Sized)


class ByteCache(Generic[Value]):
    """Least recently used values leave first, once their bytes exceed a limit.

    Parameters
    ----------
    limit : int
        Bytes to keep. A single value that is larger is handed out and not kept.
    """

    #: One value is made once: threads that ask for the same key wait on one of these locks.
    _STRIPES = 16

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._nbytes = 0
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(self._STRIPES)]

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._nbytes

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of ``key``; ``make`` is called where it is not held."""
        found = self._held(key)
        if found is not None:
            return found
        with self._making[hash(key) % self._STRIPES]:
            found = self._held(key)
            if found is not None:
                return found
            value = make()
            self._keep(key, value)
            return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._nbytes = 0

    def _held(self, key: Hashable) -> Value | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def _keep(self, key: Hashable, value: Value) -> None:
        if value.nbytes > self.limit:
            return
        with self._lock:
            self._values[key] = value
            self._nbytes += value.nbytes
            while self._nbytes > self.limit:
                _, dropped = self._values.popitem(last=False)
                self._nbytes -= dropped.nbytes
