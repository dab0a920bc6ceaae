"""A step of the optimiser, against one taken here by hand; and what may go wrong in it."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from napari_icenet.errors import TrainingError
from napari_icenet.training.loop.distributed import Group
from napari_icenet.training.loop.optim import learning_rate
from napari_icenet.training.loop.step import MOST_OVERFLOWN, MOST_SKIPPED, Stepper
from napari_icenet.training.settings import make_run_settings
from tests.training.tiny import CHIP, Tiny, TinyObjective, TinyObjectiveSettings, TinySettings

BATCH = 6


def stepper(objective=None, *, kind=torch.float32, norm=False, seed=0, network=None, **optimisation):
    """A stepper of a small network whose start is always the same."""
    torch.manual_seed(7)
    made = network or Tiny(TinySettings(width=2, norm=norm))
    given = {"steps": 20, "batch": BATCH, "learning_rate": 0.01, "warm_up": 3, "average": 0.5, **optimisation}
    settings = make_run_settings({"model": "tiny", "seed": seed, "optimisation": given})
    minimised = TinyObjective(made, TinyObjectiveSettings(**(objective or {})))
    return Stepper(minimised, settings, torch.device("cpu"), kind, Group())


def batch(seed=0, size=BATCH):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(size, CHIP, CHIP)).astype(np.float32) for name in ("last", "next")}


def weights(network):
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def same(one, other, **tolerance):
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], msg=name, **(tolerance or {"rtol": 0, "atol": 0}))


def by_hand(one, arrays, step, optimiser=None, clip=1.0):
    """Loss, length of the gradient and weights after a plain step of AdamW."""
    network = copy.deepcopy(one.network)
    optimiser = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad], lr=learning_rate(step, one._settings), weight_decay=0
    )
    last, following = (torch.from_numpy(arrays[name]) for name in ("last", "next"))
    loss = (network(last) - following).square().mean()
    loss.backward()
    squares = [p.grad.square().sum() for p in network.parameters() if p.grad is not None]
    norm = float(torch.stack(squares).sum().sqrt())
    for parameter in network.parameters():
        if parameter.grad is not None and norm > clip:
            parameter.grad *= clip / (norm + 1e-6)
    optimiser.step()
    return float(loss.detach()), norm, weights(network)


@pytest.mark.parametrize("step", [1, 3, 4, 12, 20])
@pytest.mark.parametrize("clip", [1.0, 1e-3])
def test_a_step_is_that_of_adamw_with_its_gradient_clipped(step, clip):
    one, arrays = stepper(clip=clip), batch()
    loss, norm, expected = by_hand(one, arrays, step, clip=clip)
    report = one.take(arrays, step)
    assert report.losses["loss"] == pytest.approx(loss, rel=1e-5)
    assert report.losses["mse"] == pytest.approx(loss, rel=1e-5)
    assert report.grad_norm == pytest.approx(norm, rel=1e-4)
    assert report.learning_rate == learning_rate(step, one._settings)
    assert (report.skipped, report.sequences, report.notices) == (False, BATCH, ())
    same(weights(one.network), expected, rtol=1e-4, atol=1e-6)


def test_without_a_clip_the_gradient_is_as_it_is():
    one, arrays = stepper(clip=None), batch()
    _, norm, expected = by_hand(one, arrays, 5, clip=math.inf)
    assert one.take(arrays, 5).grad_norm == pytest.approx(norm, rel=1e-4)
    same(weights(one.network), expected, rtol=1e-4, atol=1e-6)


def test_what_has_no_gradient_is_left_alone():
    one = stepper()
    before = weights(one.network)["unused"]
    one.take(batch(), 1)
    assert torch.equal(one.network.unused, before)


@pytest.mark.parametrize("pieces", [2, 3, 4, 6, 99])
def test_pieces_change_nothing_but_the_memory(pieces):
    whole, parts = stepper(), stepper(pieces=pieces)
    for step in (1, 2, 3):
        one, other = (each.take(batch(step), step) for each in (whole, parts))
        assert other.losses["loss"] == pytest.approx(one.losses["loss"], rel=1e-5)
        assert other.grad_norm == pytest.approx(one.grad_norm, rel=1e-4)
    same(weights(whole.network), weights(parts.network), rtol=1e-4, atol=1e-6)


def test_the_average_follows_the_weights():
    one = stepper(average=0.5)
    start = weights(one.average.module)
    one.take(batch(), 1)
    now, kept = weights(one.network), min(0.5, 2 / 11)
    for name, mean in weights(one.average.module).items():
        torch.testing.assert_close(mean, kept * start[name] + (1 - kept) * now[name])


@pytest.mark.parametrize(("seed", "step", "equal"), [(0, 2, True), (1, 2, False), (0, 3, False)])
def test_noise_depends_on_seed_and_step_alone(seed, step, equal):
    noisy = {"noise": 0.5}
    reference = stepper(noisy, learning_rate=1e-9).take(batch(), 2)
    torch.manual_seed(99)  # what was drawn before plays no part
    other = stepper(noisy, seed=seed, learning_rate=1e-9)
    torch.rand(5)
    found = other.take(batch(), step)
    assert (found.losses["loss"] == reference.losses["loss"]) is equal


@pytest.mark.parametrize(
    ("room", "size", "pieces", "notices"),
    [(6, 6, 1, 0), (3, 6, 2, 1), (2, 6, 4, 1), (1, 6, 6, 1), (1, 5, 5, 1)],
)
@pytest.mark.parametrize("blame", ["cuda", "cpu"])
def test_a_memory_that_is_too_small_is_met_with_smaller_pieces(room, size, pieces, notices, blame):
    one, plain = stepper({"memory": room, "blame": blame}), stepper()
    report = one.take(batch(size=size), 1)
    assert one.pieces == pieces
    assert len(report.notices) == notices
    for notice in report.notices:
        assert f"in {pieces} pieces" in notice
        assert f"{size} sequences" in notice
    # The step that ran out of memory was taken all the same, once.
    expected = plain.take(batch(size=size), 1)
    assert report.losses["loss"] == pytest.approx(expected.losses["loss"], rel=1e-5)
    same(weights(one.network), weights(plain.network), rtol=1e-4, atol=1e-6)
    assert one.take(batch(1, size), 2).notices == ()


def test_a_memory_without_room_for_one_ends_the_run():
    one = stepper({"memory": 0})
    before = weights(one.network)
    with pytest.raises(TrainingError, match="cpu"):
        one.take(batch(), 1)
    same(weights(one.network), before)


def test_another_fault_is_not_taken_for_want_of_memory(monkeypatch):
    one = stepper()

    def broken(_batch, _step, _generator):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(one.objective, "losses", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        one.take(batch(), 1)
    assert one.pieces == 1


def test_a_loss_that_is_not_finite_leaves_weights_norms_and_average_as_they_were():
    one = stepper({"bad": [2]}, norm=True)
    one.take(batch(), 1)
    network, average = weights(one.network), weights(one.average.module)
    report = one.take(batch(1), 2)
    assert report.skipped
    assert math.isnan(report.losses["loss"])
    assert math.isnan(report.grad_norm)
    assert one.skipped == 1
    same(weights(one.network), network)
    same(weights(one.average.module), average)
    assert not one.take(batch(2), 3).skipped
    assert one.skipped == 0


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_gradient_that_is_not_finite_is_not_followed(value):
    one = stepper()
    one.network.layers[0].bias.register_hook(lambda gradient: gradient * value)
    before = weights(one.network)
    report = one.take(batch(), 1)
    assert report.skipped
    assert math.isfinite(report.losses["loss"])
    assert not math.isfinite(report.grad_norm)
    same(weights(one.network), before)


def test_a_loss_beyond_single_precision_is_skipped():
    one, arrays = stepper(), batch()
    arrays["next"][0, 0, 0] = 1e20  # its square is none
    assert one.take(arrays, 1).losses["loss"] == math.inf
    assert one.skipped == 1


def test_a_run_gives_up_after_so_many_bad_steps_in_a_row():
    one = stepper({"bad": list(range(1, 20))})
    for step in range(1, MOST_SKIPPED):
        assert one.take(batch(), step).skipped
    with pytest.raises(TrainingError, match=f"in {MOST_SKIPPED} steps in a row, up to step {MOST_SKIPPED}"):
        one.take(batch(), MOST_SKIPPED)


def test_bad_steps_that_are_not_in_a_row_are_borne():
    bad = [step for step in range(1, 13) if step % MOST_SKIPPED]
    one = stepper({"bad": bad})
    assert [one.take(batch(), step).skipped for step in range(1, 13)] == [step in bad for step in range(1, 13)]


def test_overflows_of_scaled_gradients_are_borne_longer(monkeypatch):
    one = stepper()
    monkeypatch.setattr(one.scaler, "is_enabled", lambda: True)
    for step in range(1, MOST_OVERFLOWN):
        one._count_skipped(step, False, 1.0)
    with pytest.raises(TrainingError, match=f"in {MOST_OVERFLOWN} steps"):
        one._count_skipped(MOST_OVERFLOWN, False, 1.0)
    one.skipped = MOST_SKIPPED - 1
    with pytest.raises(TrainingError, match=f"in {MOST_SKIPPED} steps"):
        one._count_skipped(9, False, math.nan)


def test_the_learning_rate_of_every_step_is_that_of_the_schedule():
    one = stepper()
    for step in range(1, 21):
        assert one.take(batch(step), step).learning_rate == learning_rate(step, one._settings)
        assert {group["lr"] for group in one.optimiser.param_groups} == {learning_rate(step, one._settings)}


def test_bf16_comes_near_full_precision():
    full, short = stepper().take(batch(), 1), stepper(kind=torch.bfloat16).take(batch(), 1)
    assert short.losses["loss"] == pytest.approx(full.losses["loss"], rel=0.02)
    assert short.losses["loss"] != full.losses["loss"]


def test_what_is_learned_is_learned():
    one, arrays = stepper(steps=60, warm_up=0), batch()
    arrays["next"] = 0.5 * arrays["last"]
    first, *_, last = (one.take(arrays, step).losses["loss"] for step in range(1, 61))
    assert last < 0.7 * first
