from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.byte_cache import ByteCache

Array = NDArray[np.uint8]


def test_the_least_recently_used_leaves_first() -> None:
    cache: ByteCache[Array] = ByteCache(30)
    made: list[str] = []

    def ask(key: str) -> None:
        def make() -> Array:
            made.append(key)
            return np.zeros(10, np.uint8)

        cache.get(key, make)

    for key in "abcabc":
        ask(key)
    assert made == ["a", "b", "c"]
    assert cache.nbytes == 30
    ask("a")
    ask("d")  # b is the oldest now
    assert cache.nbytes == 30
    for key in "cad":
        ask(key)
    assert made == ["a", "b", "c", "d"]
    ask("b")
    assert made[-1] == "b"


def test_a_value_larger_than_the_limit_is_handed_out_and_not_kept() -> None:
    cache: ByteCache[Array] = ByteCache(30)
    cache.get("small", lambda: np.zeros(10, np.uint8))
    assert cache.get("large", lambda: np.zeros(31, np.uint8)).size == 31
    assert cache.nbytes == 10


def test_threads_that_ask_for_one_key_share_one_making() -> None:
    cache: ByteCache[Array] = ByteCache(100)
    begun, go_on = threading.Event(), threading.Event()
    made = []

    def make() -> Array:
        made.append(1)
        begun.set()
        go_on.wait(10)
        return np.zeros(10, np.uint8)

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(cache.get, "a", make) for _ in range(4)]
        assert begun.wait(10)
        go_on.set()
        values = [job.result() for job in jobs]
    assert len(made) == 1
    assert all(value is values[0] for value in values)


def test_clear_forgets_everything() -> None:
    cache: ByteCache[Array] = ByteCache(100)
    first = cache.get("a", lambda: np.zeros(10, np.uint8))
    cache.clear()
    assert cache.nbytes == 0
    assert cache.get("a", lambda: np.zeros(10, np.uint8)) is not first
