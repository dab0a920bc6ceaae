"""Which sequences make a batch."""

from __future__ import annotations

from collections import Counter

import pytest

from napari_icenet.training.data.sampler import Sampler


def drawn(sampler, steps):
    return [sampler.draw() for _ in range(steps)]


def test_every_sequence_is_drawn_equally_often():
    counts = Counter(draw for batch in drawn(Sampler([12], [1], 4, seed=0), 30) for draw in batch)
    assert counts == {(0, i): 10 for i in range(12)}


def test_each_time_through_is_in_another_order():
    every = [draw for batch in drawn(Sampler([12], [1], 4, seed=0), 6) for draw in batch]
    assert sorted(every[:12]) == sorted(every[12:])
    assert every[:12] != every[12:]


def test_sources_are_drawn_by_weight():
    counts = Counter(source for batch in drawn(Sampler([50, 7], [3, 1], 8, seed=1), 500) for source, _ in batch)
    assert counts[0] / 4000 == pytest.approx(0.75, abs=0.03)


def test_it_goes_on_where_another_stood():
    whole = drawn(Sampler([9, 5], [1, 2], 4, seed=2), 12)
    first = Sampler([9, 5], [1, 2], 4, seed=2)
    drawn(first, 5)
    second = Sampler([9, 5], [1, 2], 4, seed=2)
    second.restore(first.state)
    assert first.state == {"step": 5, "drawn": first.state["drawn"]}
    assert sum(first.state["drawn"]) == 20
    assert drawn(second, 7) == whole[5:]


def test_processes_share_a_batch_among_them():
    whole = drawn(Sampler([30], [1], 8, seed=3), 6)
    parts = [drawn(Sampler([30], [1], 4, seed=3, rank=rank, world=2), 6) for rank in (0, 1)]
    for one, first, second in zip(whole, *parts, strict=True):
        assert sorted(first + second) == sorted(one)
        assert len(first) == len(second) == 4


def test_another_seed_draws_others():
    assert drawn(Sampler([30], [1], 8, seed=0), 1) != drawn(Sampler([30], [1], 8, seed=1), 1)
