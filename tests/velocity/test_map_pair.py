"""Maps of pairs with exactly known motion, and pairs that cannot be mapped."""

from datetime import timedelta

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from scipy.ndimage import map_coordinates

from napari_icenet.errors import Cancelled, TrackingError, UsageError
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.open import open_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.simulation import load_truth
from napari_icenet.simulation.landsat_product import write_tif
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import START, cloud, moving, texture

SAMPLE = VelocitySettings(band="B4", spacing=32)
QUICK = VelocitySettings(spacing=16, radius=12, max_chip=64)


@pytest.fixture(scope="module")
def sample():
    folder = byrd_folder()
    return open_stack(folder), load_truth(folder)


@pytest.fixture(scope="module")
def sample_map(sample):
    return map_pair(sample[0], 0, 1, SAMPLE)


@pytest.fixture(scope="module")
def drifting():
    """The whole surface moves by (3.3, −2.6) px in 16 days."""
    return moving([(0, 0), (3.3, -2.6)], side=256)


def errors(found, truth, first, second):
    """Distance from the truth at every cell, px."""
    rows, cols = np.meshgrid(found.rows, found.cols, indexing="ij")
    drow, dcol = truth.displacement(rows, cols, first, second)
    return np.hypot(found.drow - drow, found.dcol - dcol)


def with_frames(change, side=256):
    """Two dates whose pixels ``change(frames)`` alters in place."""
    stack = moving([(0, 0), (3.3, -2.6)], side=side)
    frames = np.stack([stack.read(i, 1) for i in (0, 1)])
    change(frames)
    return SceneStack.from_array(frames, [START, START + timedelta(days=16)], name="ice")


@pytest.mark.slow
def test_the_sample_is_mapped_as_it_moves(sample, sample_map):
    error = errors(sample_map, sample[1], 0, 1)[sample_map.valid]
    # Chips across a margin hold two motions: a twentieth of the cells is lost for that.
    assert sample_map.valid.mean() >= 0.92
    assert np.median(error) <= 0.12
    # What is left lies in the shear margins, where one chip holds many motions.
    assert np.sqrt(np.mean(error**2)) <= 0.30
    assert error.max() <= 1.5


def test_velocities_are_those_of_the_truth(sample, sample_map):
    rows, cols = np.meshgrid(sample_map.rows, sample_map.cols, indexing="ij")
    vx, vy = sample[1].velocity(rows, cols)
    jitter = np.diff(sample[1].jitter[:2], axis=0)[0]
    per_px = 30 / float(sample_map.ground_scale[0].mean()) * 365.25 / sample_map.days
    trunk = sample_map.valid & (np.hypot(vx, vy) > 300)
    assert np.median((sample_map.vx - jitter[1] * per_px - vx)[trunk]) == pytest.approx(0, abs=0.05 * per_px)
    assert np.median((sample_map.vy + jitter[0] * per_px - vy)[trunk]) == pytest.approx(0, abs=0.05 * per_px)
    assert sample_map.unit == "m/yr"
    assert sample_map.simulated


def test_backwards_in_time_the_ice_steps_back_but_flows_the_same_way(drifting):
    ahead, back = map_pair(drifting, 0, 1, QUICK), map_pair(drifting, 1, 0, QUICK)
    assert back.days == -16
    assert np.nanmedian(back.drow) == pytest.approx(-3.3, abs=0.02)
    assert np.nanmedian(back.vx) == pytest.approx(np.nanmedian(ahead.vx), abs=0.002)
    assert back.labels == ahead.labels[::-1]


def test_a_cell_has_the_motion_of_its_own_centre():
    """A picture stretched about its centre: displacement is nought there and grows with distance."""
    side, rate = 384, 0.02
    base, middle = texture(side), (side - 1) / 2
    grid = np.indices((side, side), float)
    stretched = map_coordinates(base, middle + (grid - middle) / (1 + rate), order=3, mode="reflect")
    stack = SceneStack.from_array(np.array([base, stretched], np.float32), [START, START + timedelta(days=16)])
    found = map_pair(stack, 0, 1, VelocitySettings(spacing=16, radius=8))
    inner = found.valid[4:-4, 4:-4]
    expected = np.broadcast_to(rate * (found.rows[4:-4, None] - middle), inner.shape)
    error = (found.drow[4:-4, 4:-4] - expected)[inner]
    assert inner.mean() > 0.98
    # Half a pixel beside the place the motion would differ by 0.01 px.
    assert abs(error.mean()) < 0.003
    assert error.std() < 0.05


def test_clouds_give_no_vectors_rather_than_wild_ones():
    def cover(frames):
        for i in (0, 1):
            noise = np.random.default_rng(i).normal(size=(256, 128))
            frames[i, :, 128:] = cloud((256, 128), 5 + i) + noise

    found = map_pair(with_frames(cover), 0, 1, VelocitySettings(spacing=8, radius=20))
    under = found.cols > 128 + 32
    assert found.valid[2:-2, found.cols < 128 - 32][:, 2:].mean() > 0.97
    assert found.valid[:, under].mean() < 0.02
    far = np.hypot(found.drow - 3.3, found.dcol + 2.6) > 1
    assert (found.valid & far).sum() <= 2
    assert {reason_code(LostReason.AMBIGUOUS), reason_code(LostReason.OUTLIER)} <= set(found.reason[:, under].ravel())


def test_fill_and_flat_ground_are_told_apart_and_give_nan():
    def alter(frames):
        frames[0, :128, :128] = np.nan
        frames[0, 128:, :128] = 100

    found = map_pair(with_frames(alter), 0, 1, QUICK)
    assert (found.reason[1:6, 1:6] == reason_code(LostReason.FILL)).all()
    assert (found.reason[10:-1, 1:5] == reason_code(LostReason.FLAT)).mean() == 1
    assert np.isnan(found.drow[~found.valid]).all()
    assert np.isnan(found.v[~found.valid]).all()


def test_larger_chips_fill_in_where_small_ones_fail():
    def blur(frames):
        rng = np.random.default_rng(3)
        frames += rng.normal(size=frames.shape).astype(np.float32) * 35

    stack = with_frames(blur)
    small = map_pair(stack, 0, 1, VelocitySettings(chip=16, max_chip=16, spacing=16, radius=12))
    grown = map_pair(stack, 0, 1, VelocitySettings(chip=16, max_chip=64, spacing=16, radius=12))
    assert grown.valid.mean() > small.valid.mean() + 0.1
    # What the smallest chip has found stays.
    np.testing.assert_array_equal(grown.drow[small.valid], small.drow[small.valid])
    assert (grown.chip_size[small.valid] == 16).all()
    assert set(grown.chip_size[grown.valid & ~small.valid]) <= {32, 64}
    late = grown.valid & ~small.valid
    assert np.median(np.hypot(grown.drow - 3.3, grown.dcol + 2.6)[late]) < 0.7


def test_progress_rises_to_one_and_says_what_is_done(drifting):
    told = []
    map_pair(drifting, 0, 1, QUICK, progress=lambda fraction, text: told.append((fraction, text)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert told[1][1] == "2020-01-01 → 2020-01-17: chip 32, tile 1 of 1"


def test_a_map_is_cancelled_between_batches():
    stack, calls = moving([(0, 0), (3.3, -2.6)], side=160), []

    def stop(fraction, text):
        calls.append(fraction)
        if len(calls) == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        map_pair(stack, 0, 1, VelocitySettings(spacing=4, radius=25), progress=stop)
    assert 0 == calls[1] < calls[2] < 0.5


def test_settings_reach_the_engine_and_the_map_says_so(drifting):
    asked = []

    class Listening(Engine):
        def match(self, *args, **kwargs):
            asked.append(kwargs)
            return super().match(*args, **{**kwargs, "coarse_to_fine": False, "affine": False})

    settings = VelocitySettings(
        spacing=32, radius=12, coarse_to_fine=True, affine=True, min_overlap=0.7, min_peak_ratio=1.3
    )
    found = map_pair(drifting, 0, 1, settings, engine=Listening())
    assert asked[0]["coarse_to_fine"]
    assert asked[0]["affine"]
    assert (asked[0]["min_overlap"], asked[0]["min_peak_ratio"]) == (0.7, 1.3)
    assert any("coarse to fine" in note for note in found.notes)
    assert any("stretch and shear" in note for note in found.notes)
    assert found.radius == (12, 12)
    assert found.device == Engine().title


def test_stable_ground_of_a_mask_gives_the_offset_and_takes_it_away(drifting):
    stable = np.ones(drifting.grid.shape, bool)
    found = map_pair(drifting, 0, 1, QUICK.model_copy(update={"coregister": True}), stable=stable)
    assert found.offset.drow == pytest.approx(3.3, abs=0.02)
    assert np.nanmedian(found.drow) == pytest.approx(3.3, abs=0.02)
    assert np.nanmedian(np.abs(found.moved[0])) < 0.05


def one_missing(frames):
    frames[1] = np.nan


def no_shared(frames):
    frames[0, :, :160] = np.nan
    frames[1, :, 96:] = np.nan


def specks(frames):
    frames[:] = np.where(np.random.default_rng(0).random(frames.shape) < 0.9, np.nan, frames)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (one_missing, "2020-01-17 holds no valid pixel in B1; choose another date or band"),
        (no_shared, "2020-01-01 → 2020-01-17: the two scenes share no valid pixel"),
        (specks, "no chip has enough valid pixels in both scenes"),
    ],
)
def test_pictures_without_common_ground_are_told(change, words):
    with pytest.raises(TrackingError, match=words) as error:
        map_pair(with_frames(change), 0, 1, QUICK.model_copy(update={"prefilter": "none"}))
    assert "\n" not in str(error.value)


def test_one_date_twice_is_told(drifting):
    with pytest.raises(UsageError, match="First and second date are the same, 2020-01-01; choose two dates"):
        map_pair(drifting, 0, 0, QUICK)
    with pytest.raises(UsageError, match="ice has 2 dates; there is no number 5"):
        map_pair(drifting, 0, 5, QUICK)
    twins = moving([(0, 0), (1, 1)], side=128, days=[0, 0])
    with pytest.raises(UsageError, match="were taken at the same time; choose two dates"):
        map_pair(twins, 0, 1, QUICK)


def test_a_mask_of_another_size_is_told(drifting):
    with pytest.raises(TrackingError, match="mask of stable ground has 10 × 10 px and the frame 256 × 256 px"):
        map_pair(drifting, 0, 1, QUICK, stable=np.ones((10, 10), bool))


def test_a_scene_that_was_reprojected_is_noted(tmp_path):
    for day, size in (("20200101", 30), ("20200117", 15)):
        pixels = texture(192 * 30 // size).astype(np.uint8)
        grid = Grid(*pixels.shape, Affine(size, 0, 400_000, 0, -size, -1_000_000), CRS.from_epsg(3031))
        write_tif(tmp_path / f"{day}.tif", pixels, grid)
    found = map_pair(open_stack(tmp_path), 0, 1, QUICK)
    (note,) = [note for note in found.notes if "reprojected" in note]
    assert "its pixels are 15 × 15, not 30 × 30" in note or "its pixels are 30 × 30, not 15 × 15" in note
    assert "interpolation can bias sub-pixel matches" in note


def test_a_map_without_a_single_vector_says_why():
    def noise(frames):
        frames[:] = np.random.default_rng(0).normal(size=frames.shape)

    found = map_pair(with_frames(noise, side=128), 0, 1, QUICK)
    assert not found.valid.any()
    assert any(note.startswith("No vector is valid; most are lost for this: ") for note in found.notes)
