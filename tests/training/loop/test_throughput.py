"""How fast steps follow each other."""

from __future__ import annotations

import pytest

from napari_icenet.training.loop.throughput import Throughput


class Clock:
    now = 100.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def test_mean_of_steps_and_validations(clock):
    throughput = Throughput(clock)
    assert throughput.seconds is None
    for step in range(1, 101):
        clock.pass_(2 if step % 10 else 22)
        throughput.step()
    assert throughput.seconds == pytest.approx(4)


def test_sleep_and_pauses_do_not_count(clock):
    throughput = Throughput(clock)
    for _ in range(10):
        clock.pass_(1)
        throughput.step()
    clock.pass_(8 * 3600)
    throughput.step()
    clock.pass_(600)
    throughput.skip()
    clock.pass_(1)
    throughput.step()
    assert throughput.seconds == pytest.approx(1)


def test_a_pace_that_changes_is_followed(clock):
    throughput = Throughput(clock)
    for _ in range(2000):
        clock.pass_(1)
        throughput.step()
    for _ in range(5000):
        clock.pass_(3)
        throughput.step()
    assert throughput.seconds == pytest.approx(3, abs=0.05)
