"""The optimiser, its learning rate, and the average of the weights."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from napari_icenet.training.loop.optim import WeightAverage, learning_rate, make_optimiser
from napari_icenet.training.settings import OptimisationSettings


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_the_optimiser_moves_what_learns_alone(name, kind):
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    network[0].requires_grad_(False)
    made = make_optimiser(network.parameters(), OptimisationSettings(optimiser=name, betas=(0.5, 0.9)))
    assert type(made) is kind
    assert made.param_groups[0]["betas"] == (0.5, 0.9)
    assert [id(p) for p in made.param_groups[0]["params"]] == [id(p) for p in network[1].parameters()]


def test_the_learning_rate_rises_and_falls():
    settings = OptimisationSettings(steps=100, warm_up=9, learning_rate=0.1, final_share=0.1)
    rates = [learning_rate(step, settings) for step in range(1, 101)]
    assert rates[:9] == pytest.approx([0.01 * step for step in range(1, 10)])
    assert max(rates) == rates[9] == pytest.approx(0.1, rel=1e-3)
    assert rates[54] == pytest.approx(0.055, rel=0.02)  # half way down the cosine
    assert rates[-1] == pytest.approx(0.01)
    assert all(before > after for before, after in pairwise(rates[9:]))
    constant = OptimisationSettings(steps=100, warm_up=0, learning_rate=0.1, final_share=1)
    assert {learning_rate(step, constant) for step in (1, 50, 100)} == {0.1}


def test_the_average_forgets_the_start_quickly_and_then_keeps_what_was_asked():
    network = nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, keep=0.9)
    expected = float(network.weight.detach())
    for step in range(1, 201):
        with torch.no_grad():
            network.weight.fill_(float(step))
        average.update(network, step)
        kept = min(0.9, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * step
        assert float(average.module.weight) == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(200 - 9, abs=0.1)  # a ramp's average lags by keep / (1 - keep)


def test_steps_that_were_skipped_count():
    network = nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, keep=0.99)
    with torch.no_grad():
        average.module.weight.fill_(0)
        network.weight.fill_(1)
    average.update(network, 8)
    assert float(average.module.weight) == pytest.approx(0.5)


def test_what_is_no_parameter_is_copied():
    network = nn.BatchNorm1d(3)
    average = WeightAverage(network, keep=0.9)
    network(torch.randn(5, 3))
    average.update(network, 1)
    assert torch.equal(average.module.running_mean, network.running_mean)
    assert int(average.module.num_batches_tracked) == 1


def test_the_average_is_a_network_of_its_own_in_evaluation_mode():
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    average = WeightAverage(network, keep=0)
    assert network.training
    assert not average.module.training
    before = average.module[0].weight.clone()
    with torch.no_grad():
        network[0].weight.add_(1)
    assert torch.equal(average.module[0].weight, before)
    average.update(network, 1)
    assert torch.equal(average.module[0].weight, network[0].weight)
