"""Results come in order, are made ahead but not further, and end with whoever takes them."""

import itertools
import threading

import pytest

from napari_icenet.jobs.prefetch import prefetch


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_in_order_whatever_the_number_of_threads(threads):
    assert list(prefetch(lambda k: k * k, range(50), threads=threads)) == [k * k for k in range(50)]


def test_a_slow_first_one_is_waited_for():
    later = threading.Event()

    def make(k):
        if k == 0:
            assert later.wait(60)
        if k == 2:
            later.set()
        return k

    assert list(prefetch(make, range(5), threads=2, ahead=4)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("threads", "ahead", "drawn"), [(0, None, 1), (2, None, 3), (2, 5, 6), (1, 0, 1)])
def test_items_are_drawn_just_so_far_ahead_on_the_thread_of_who_takes_them(threads, ahead, drawn):
    taken = []

    def items():
        for k in itertools.count():
            taken.append((k, threading.current_thread()))
            yield k

    results = prefetch(lambda k: k, items(), threads=threads, ahead=ahead)
    assert not taken
    assert next(results) == 0
    assert taken == [(k, threading.current_thread()) for k in range(drawn)]
    assert next(results) == 1
    assert len(taken) == drawn + 1
    results.close()


def test_an_error_comes_where_its_result_would():
    results = prefetch(lambda k: 6 // (3 - k), range(9), threads=2)
    assert [next(results) for _ in range(3)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_closing_drops_what_waits_and_ends_the_threads():
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make(k):
        if k == 1:
            begun.set()
            assert go_on.wait(60)
        made.append(k)
        return k

    before = threading.active_count()
    results = prefetch(make, itertools.count(), threads=1, ahead=5)
    assert next(results) == 0
    assert begun.wait(60)
    closing = threading.Thread(target=results.close)
    threading.Timer(0.1, go_on.set).start()
    closing.start()
    closing.join(60)
    assert made == [0, 1]
    assert threading.active_count() <= before + 1
