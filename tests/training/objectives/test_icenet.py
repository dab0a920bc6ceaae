"""What the network icenet is trained for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_icenet.models.icenet.network import IceNetSettings, IceNetwork
from napari_icenet.training.objectives.icenet import IceNetObjective, IceNetObjectiveSettings, masked_ncc

pytestmark = pytest.mark.slow

T, SIDE = 12, 32


def examples(n=4, seed=0):
    """Sequences of one ice each under clouds that say so; positions are exact."""
    rng = np.random.default_rng(seed)
    ice = rng.normal(size=(n, 1, SIDE, SIDE))
    cloudy = rng.random((n, T)) < 0.3
    chips = ice * ~cloudy[..., None, None] + rng.normal(size=(n, T, SIDE, SIDE)) * 0.3 + 9
    return SimpleNamespace(
        chips=chips.astype(np.float32),
        days=np.cumsum(rng.integers(1, 9, (n, T)), 1).astype(float),
        valid=~cloudy,
        cloud=cloudy.astype(np.float32),
        positions=np.zeros((n, T, 2)),
    )


def objective(**settings):
    torch.manual_seed(0)
    return IceNetObjective(
        IceNetwork(IceNetSettings(width=8, depth=1, residual=4)), IceNetObjectiveSettings(**settings)
    )


def batch(made):
    return {name: torch.from_numpy(np.asarray(values)) for name, values in made.items()}


def test_correlation_over_known_pixels_is_numpys():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 16, 16))
    b += a
    mask = rng.random((3, 16, 16)) < 0.6
    found = masked_ncc(*(torch.from_numpy(x) for x in (a, b, mask.astype(float))))
    wanted = [np.corrcoef(a[i][mask[i]], b[i][mask[i]])[0, 1] for i in range(3)]
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-6)


def test_the_same_draw_gives_the_same_batch():
    o, e = objective(), examples()
    first, again, other = (o.prepare(e, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(first[k], again[k], equal_nan=first[k].dtype.kind == "f") for k in first)
    assert not np.array_equal(first["frames"], other["frames"])


@pytest.mark.parametrize(("consecutive", "reversed_time"), [(1, 0), (0, 0), (1, 1), (0, 1)])
def test_days_count_to_the_target_in_order(consecutive, reversed_time):
    o, e = objective(consecutive=consecutive, reversed_time=reversed_time, crops=0), examples()
    for seed in range(20):
        made = o.prepare(e, np.random.default_rng(seed))
        assert made["frames"].shape == (4, 8, SIDE, SIDE)
        assert (made["days"] > 0).all()
        assert (np.diff(made["days"]) < 0).all()


def test_frames_are_those_of_their_days_and_turned_together():
    e = examples(n=1)
    # Every frame is a ramp in the direction of its date, so that a frame can be told by its picture.
    step = np.linspace(-1, 1, SIDE)
    angles = np.linspace(0, np.pi / 2, T)
    ramps = np.cos(angles)[:, None, None] * step[:, None] + np.sin(angles)[:, None, None] * step
    e.chips = ramps[None].astype(np.float32)
    o = objective(reversed_time=0, drop_any=0, drop_poor=0, crops=0)
    for seed in range(10):
        made = o.prepare(e, np.random.default_rng(seed))
        days = np.append(made["days"][0] * -1, 0)
        whole = np.stack([*made["frames"][0], made["target"][0]])
        own = np.array(
            [
                next(t for t in range(T) if np.isclose(e.days[0, u] + d, e.days[0, t]))
                for d in days
                for u in [_target(e, days)]
            ]
        )
        between = whole.reshape(9, -1) @ whole.reshape(9, -1).T / SIDE**2
        np.testing.assert_allclose(between, np.cos(angles[own][:, None] - angles[own]), atol=1e-3)


def _target(e, days):
    """The only date from which all others lie at dates, too."""
    fits = [u for u in range(T) if all(np.isclose(e.days[0] - e.days[0, u], d).any() for d in days)]
    assert len(fits) == 1
    return fits[0]


def test_poor_frames_are_dropped_but_never_all():
    e = examples()
    e.valid[:] = False
    made = objective(drop_poor=0.99).prepare(e, np.random.default_rng(0))
    assert (made["present"].sum(1) >= 1).all()
    assert made["present"].mean() < 0.4


def test_targets_without_pixels_weigh_nothing():
    e = examples()
    e.chips[1] = np.nan
    o = objective()
    made = batch(o.prepare(e, np.random.default_rng(0)))
    assert made["weight"][1] == 0
    assert (made["weight"][[0, 2, 3]] > 0).all()
    losses = o.losses(made, 0, torch.Generator())
    assert torch.isfinite(losses["loss"])


def test_training_learns_which_frames_to_believe():
    e, o = examples(n=16), objective(lost_weight=0)
    optimiser = torch.optim.Adam(o.network.parameters(), 5e-3)
    seen = []
    for step in range(40):
        losses = o.losses(batch(o.prepare(e, np.random.default_rng(step))), step, torch.Generator())
        optimiser.zero_grad()
        losses["loss"].backward()
        optimiser.step()
        seen.append({k: float(v.detach()) for k, v in losses.items()})
    early, late = ({k: np.mean([s[k] for s in part]) for k in seen[0]} for part in (seen[:8], seen[-8:]))
    assert late["loss"] < early["loss"]
    assert late["spread"] < early["spread"]
    assert late["ncc"] > 0.85
