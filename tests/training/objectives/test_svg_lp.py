import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from napari_icenet.errors import UsageError
from napari_icenet.matching.template import Past
from napari_icenet.predictors.learned import predictor_of
from napari_icenet.predictors.svg_lp import unit_range
from napari_icenet.training.data.examples import Examples
from napari_icenet.training.objectives.svg_lp import SvgLpObjective, SvgLpObjectiveSettings
from tests.models.sequences import SIDE, drifting, network

pytestmark = pytest.mark.slow


def examples(chips, valid=None):
    chips = np.asarray(chips, np.float32)
    n, dates = chips.shape[:2]
    return Examples(
        chips=chips, days=np.tile(16.0 * np.arange(dates), (n, 1)),
        valid=np.ones((n, dates), bool) if valid is None else np.array(valid),
        cloud=np.full((n, dates), np.nan, np.float32), positions=None, simulated=np.zeros(n, bool),
    )  # fmt: skip


def objective(made=None, **settings):
    return SvgLpObjective(made or network(), SvgLpObjectiveSettings(**settings))


def batch(one, shown, seed=0):
    made = one.prepare(shown, np.random.default_rng(seed))
    return {name: torch.from_numpy(values) for name, values in made.items()}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_loss_is_the_sum_of_its_terms_worked_out_by_hand():
    chips = drifting(2)
    chips[0, 3, 10:20] = np.nan
    valid = np.ones((2, 6), bool)
    valid[1, 4] = False
    one = objective(beta=0.01, peak_weight=0.7, invalid_weight=0.3)
    shown = batch(one, examples(chips, valid))
    found = one.losses(shown, 0, seeded())
    with torch.no_grad():
        out = one.network(shown["frames"], seeded())
    mse, peak, weights = [], [], []
    rows, cols = np.indices((SIDE, SIDE))
    for i in range(2):
        for t in range(1, 6):
            target, known = shown["frames"][i, t].numpy(), shown["known"][i, t].numpy()
            error = np.square(out.frames[i, t - 1].numpy().astype(float) - target)
            row, col = shown["peak"][i, t].numpy()
            near = known & (np.hypot(rows - row, cols - col) <= SIDE / 8)
            mse.append(error[known].mean())
            peak.append(error[near].mean() if near.any() else 0)
            weights.append(1.0 if shown["weight"][i, t] == 1 else 0.3)
            assert shown["weight"][i, t] == pytest.approx(weights[-1])
    assert weights.count(0.3) == 1
    mse, peak, kl = np.average(mse, weights=weights), np.average(peak, weights=weights), out.divergence.mean().item()
    assert found["mse"].item() == pytest.approx(mse, rel=1e-4)
    assert found["peak"].item() == pytest.approx(peak, rel=1e-4)
    assert found["kl"].item() == pytest.approx(kl, rel=1e-4)
    assert found["loss"].item() == pytest.approx(mse + 0.7 * peak + 0.01 * kl, rel=1e-4)
    assert set(found) == {"loss", "mse", "peak", "kl"}


def test_the_peak_is_the_brightest_place_without_its_crevasses():
    rng = np.random.default_rng(0)
    rows, cols = np.indices((SIDE, SIDE))
    hill = 4 * np.exp(-(np.square(rows - 9) + np.square(cols - 21)) / (2 * 5**2))
    chips = np.tile(hill + 1.5 * gaussian_filter(rng.normal(size=(SIDE, SIDE)), 0.7), (1, 3, 1, 1))
    # A single bright pixel, and a gap, are no peaks.
    chips[0, 1, 28, 3] = 30
    chips[0, 2, :, :4] = np.nan
    one = objective(turned=False, reversed_time=0)
    peak = batch(one, examples(chips))["peak"][0].numpy()
    assert np.abs(peak - (9, 21)).max() <= 2.5


def test_frames_and_peaks_turn_together():
    one, plain = objective(), objective(turned=False, reversed_time=0)
    chips = drifting(1)
    still = batch(plain, examples(chips))
    np.testing.assert_array_equal(still["frames"][0], unit_range(chips[0])[0])
    seen = set()
    for seed in range(40):
        shown = batch(one, examples(chips), seed)
        for t in range(6):
            row, col = shown["peak"][0, t].long()
            blurred = gaussian_filter(shown["frames"][0, t].numpy() - 0.5, SIDE / 16, mode="constant")
            assert blurred[row, col] > blurred.max() - 1e-3
        seen.add(shown["frames"][0, 0].numpy().tobytes())
    # Eight ways to turn and flip, forwards and backwards.
    assert 12 <= len(seen) <= 16


def test_a_batch_follows_from_its_generator():
    one, shown = objective(), examples(drifting(3))
    first, same, other = (one.prepare(shown, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, same[name])
    assert not np.array_equal(first["frames"], other["frames"])
    torch_batch = batch(one, shown)
    one_loss, same_loss = (one.losses(torch_batch, 0, seeded(4))["loss"] for _ in range(2))
    assert torch.equal(one_loss, same_loss)


def test_missing_pixels_and_frames_teach_nothing():
    chips = drifting(2)
    chips[0, 2] = np.nan
    chips[1, :, 20:] = np.nan
    one = objective(turned=False, reversed_time=0)
    shown = batch(one, examples(chips))
    assert shown["weight"][0].tolist() == [1, 1, 0, 1, 1, 1]
    assert torch.isfinite(shown["frames"]).all()
    out = one.network(shown["frames"], seeded()).frames
    out.retain_grad()
    one.network.forward = lambda *_, **__: type("Made", (), {"frames": out, "divergence": torch.zeros(2, 5)})
    one.losses(shown, 0, seeded())["loss"].backward()
    assert not out.grad[0, 1].any()
    assert not out.grad[1, :, 20:].any()
    assert out.grad[0, [0, 2, 3, 4]].abs().amax((1, 2)).all()


def test_a_network_that_skips_lost_frames_learns_from_the_others():
    chips, valid = drifting(2), np.ones((2, 6), bool)
    valid[0, [1, 4]] = False
    settings = {"turned": False, "reversed_time": 0.0}
    skipping, showing = (objective(network(lost=lost), **settings) for lost in ("skipped", "shown"))
    shown, plain = (batch(one, examples(chips, valid)) for one in (skipping, showing))
    assert torch.equal(shown["frames"][0], plain["frames"][0][[0, 0, 0, 2, 3, 5]])
    assert shown["weight"][0].tolist() == [0, 0, 1, 1, 1, 1]
    assert plain["weight"][0].tolist() == [1, 0.25, 1, 1, 0.25, 1]
    assert torch.equal(shown["frames"][1], plain["frames"][1])
    nothing = batch(skipping, examples(chips, np.zeros((2, 6), bool)))
    assert torch.equal(nothing["frames"], plain["frames"])


def test_nothing_to_learn_is_no_error():
    one = objective()
    found = one.losses(batch(one, examples(np.full((2, 4, SIDE, SIDE), np.nan))), 0, seeded())
    assert found["mse"] == found["peak"] == 0
    found["loss"].backward()
    assert all(torch.isfinite(w.grad).all() for w in one.network.parameters() if w.grad is not None)
    assert torch.isfinite(one.losses(batch(one, examples(drifting(1), np.zeros((1, 6)))), 0, seeded())["loss"])


@pytest.mark.parametrize("shape", [(2, 6, 64, 64), (2, 1, SIDE, SIDE), (2, 6, SIDE, 8)])
def test_sequences_that_do_not_fit(shape):
    with pytest.raises(UsageError, match="cannot train this network"):
        objective().prepare(examples(np.zeros(shape)), np.random.default_rng(0))


def trained(chips, steps, seed=0, rate=4e-3, **settings):
    one = objective(network(seed), turned=False, reversed_time=0, **settings)
    optimiser = torch.optim.Adam(one.network.parameters(), rate)
    shown, noise = batch(one, examples(chips)), seeded(seed)
    for step in range(steps):
        optimiser.zero_grad()
        one.losses(shown, step, noise)["loss"].backward()
        optimiser.step()
    return one, shown


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_tiny_network_learns_how_textures_move():
    chips = drifting(4)
    one, _ = trained(chips, 200)
    predictor = predictor_of(one.network)
    ours, last = [], []
    for each in chips:
        made = predictor(Past(each[:4], np.arange(-48.0, 1, 16), np.ones(4, bool), 32.0, 2))
        ours.append(np.corrcoef(made.template.ravel(), each[5].ravel())[0, 1])
        last.append(np.corrcoef(each[3].ravel(), each[5].ravel())[0, 1])
    assert np.mean(ours) > np.mean(last) + 0.3
    assert min(ours) > 0.6


def test_a_larger_weight_draws_the_peak_at_the_cost_of_the_rest():
    chips, share = drifting(6), {}
    for weight in (0.0, 3.0):
        one, shown = trained(chips, 60, peak_weight=weight)
        with torch.no_grad():
            found = one.losses(shown, 0, seeded(9))
        share[weight] = (found["peak"] / found["mse"]).item()
    assert share[3.0] < 0.7 * share[0.0]
