"""The shift of each date: found on a mask and without, and honestly unknown."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import napari_icenet as icenet
from napari_icenet.errors import Cancelled, SceneWarning, TrackingError, UsageError
from napari_icenet.simulation import load_truth
from napari_icenet.velocity.date_shifts import coarse_settings
from tests.tracking.glacier import moving, texture
from tests.valley import PATHS, SHIFTS, valley

pytestmark = pytest.mark.slow


def off(shifts, truth=SHIFTS):
    """Distance of what was found from the truth against the same date, px; NaN where nothing was."""
    return np.hypot(*(np.stack([shifts.drow, shifts.dcol], axis=1) - (truth - truth[shifts.reference])).T)


@pytest.mark.parametrize("paths", [None, PATHS])
@pytest.mark.parametrize("by_mask", [True, False])
def test_the_shift_of_each_date_is_found(by_mask, paths):
    stack, rock = valley(paths=paths)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shifts = icenet.measure_shifts(stack, rock if by_mask else None)
    assert shifts.source == ("mask" if by_mask else "slow mode")
    assert shifts.reference == 0
    assert shifts.known.all()
    assert not shifts.stands_in.any()
    assert off(shifts).max() < 0.05
    # Errors hold what is made, and the light that these pictures lack; between neighbours they are smallest.
    assert (off(shifts)[1:] < 2 * np.sqrt(2) * shifts.error[1:]).all()
    assert 0.01 < shifts.error_between[3, 4] < shifts.error[7] < 0.06


def test_on_the_simulated_glacier_whose_shifts_are_known_speeds_get_better():
    folder = icenet.samples.byrd_folder()
    stack, truth = icenet.open_stack(folder, bands=["B4"]), load_truth(folder)
    shifts = icenet.measure_shifts(stack, band="B4")
    missed = off(shifts, np.asarray(truth.jitter))
    assert missed.max() < 0.1
    assert np.sqrt(np.mean(missed**2)) < 0.04
    assert np.sqrt(np.mean((missed[1:] / shifts.error[1:]) ** 2) / 2) < 1.5
    speed = float(np.hypot(*truth.velocity(320, 320)))
    scatter = {}
    for name, one in (("with", None), ("less", shifts)):
        stack.shifts = one
        track = icenet.follow(stack, at=(320, 320), settings=icenet.TrackSettings(chip=64))
        scatter[name] = float(np.nanstd(track.speed - speed))
        assert np.nanmedian(np.abs(track.speed - speed) / track.speed_error) < 1.5
    assert scatter["less"] < 0.4 * scatter["with"]


def test_a_stack_of_two_dates_has_one_shift():
    stack, rock = valley(SHIFTS[:2])
    shifts = icenet.measure_shifts(stack, rock)
    assert off(shifts, SHIFTS[:2]).max() < 0.05
    assert shifts.pairs == 1


def test_a_date_that_shows_no_ground_is_not_known_and_told():
    stack, rock = valley(hidden=[3])
    with pytest.warns(SceneWarning, match=rf"The shift of {stack.labels[3]} could not be measured .* no velocity"):
        shifts = icenet.measure_shifts(stack, rock)
    assert shifts.known.tolist() == [t != 3 for t in range(8)]
    assert np.nanmax(off(shifts)) < 0.05
    assert np.isnan(shifts.error[3])
    assert np.isfinite(np.delete(shifts.error, 3)).all()


def test_its_path_and_row_stands_in_and_that_is_told():
    stack, _ = valley(paths=PATHS, hidden=[3])
    with pytest.warns(SceneWarning, match=rf"{stack.labels[3]} could not be measured .* median of the same path/row"):
        shifts = icenet.measure_shifts(stack)
    assert shifts.known.all()
    assert shifts.stands_in.tolist() == [t == 3 for t in range(8)]
    assert (shifts.drow[3], shifts.dcol[3]) == (np.median(shifts.drow[[1, 5, 7]]), np.median(shifts.dcol[[1, 5, 7]]))
    # It is as sure as its path's dates are alike, and no surer.
    assert shifts.error[3] == pytest.approx(np.sqrt(SHIFTS[[1, 5, 7]].var(axis=0, ddof=1).mean()), rel=0.1)
    assert shifts.error[3] > 5 * shifts.error[5]


def test_hidden_dates_do_not_part_the_others():
    # Neither the next date nor the one after it sees the ground: a longer link does.
    stack, rock = valley(hidden=[3, 4])
    with pytest.warns(SceneWarning, match=f"{stack.labels[3]} and {stack.labels[4]}"):
        shifts = icenet.measure_shifts(stack, rock)
    assert shifts.known.tolist() == [t not in (3, 4) for t in range(8)]
    assert np.nanmax(off(shifts)) < 0.05


def test_shifts_are_against_the_first_date_that_is_known():
    stack, rock = valley(hidden=[0])
    with pytest.warns(SceneWarning, match=stack.labels[0]):
        shifts = icenet.measure_shifts(stack, rock)
    assert shifts.reference == 1
    assert np.isnan(shifts.drow[0])
    assert np.nanmax(off(shifts)) < 0.05


def test_a_mask_may_be_a_file(tmp_path):
    from PIL import Image

    stack, rock = valley(SHIFTS[:3])
    Image.fromarray(np.uint8(255 * rock)).save(tmp_path / "rock.png")
    assert off(icenet.measure_shifts(stack, tmp_path / "rock.png"), SHIFTS[:3]).max() < 0.05


def test_where_nothing_stands_still_one_sentence_names_the_way_out():
    everywhere = moving([(0, 0), (0.4, 1.5), (0.8, 3), (1.2, 4.5)])
    with pytest.raises(TrackingError, match="give a mask of stable ground, or leave co-registration off"):
        icenet.measure_shifts(everywhere)
    stack, _ = valley(SHIFTS[:3])
    with pytest.raises(TrackingError, match="give a larger mask"):
        icenet.measure_shifts(stack, np.indices((320, 320)).max(axis=0) < 20)
    with pytest.raises(TrackingError, match="mask of stable ground has 9 × 9 px"):
        icenet.measure_shifts(stack, np.ones((9, 9), bool))


def test_ground_that_moves_steadily_is_ice():
    creeping = SHIFTS * 0.02 + np.arange(8)[:, None] * (0.1, 0.3)
    stack, rock = valley(creeping)
    with pytest.raises(TrackingError, match=r"moves steadily, by 2\.\d px from .* give a mask of stable ground"):
        icenet.measure_shifts(stack)
    # Who names the ground may know better.
    with pytest.warns(SceneWarning, match="ground of the mask moves steadily"):
        shifts = icenet.measure_shifts(stack, rock)
    assert off(shifts, creeping).max() < 0.05


def test_dates_of_one_season_are_paired():
    stack, rock = valley(days=60.0)
    # Each date with the next, with the one after, and with that 360 days later, where there are such.
    assert icenet.measure_shifts(stack, rock).pairs == 7 + 6 + 2
    stack, rock = valley(days=60.0, paths=PATHS)
    assert icenet.measure_shifts(stack, rock).pairs == 7 + 6 + 2


def test_a_single_date_has_no_shift():
    stack, rock = valley(SHIFTS[:1])
    with pytest.raises(UsageError, match="a shift needs two"):
        icenet.measure_shifts(stack, rock)


def test_it_can_be_watched_and_stopped():
    stack, rock = valley(SHIFTS[:3])
    told = []
    icenet.measure_shifts(stack, rock, progress=lambda share, text: told.append((share, text)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert "2 of 3" in " ".join(text for _, text in told)

    def stop(share, text):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        icenet.measure_shifts(stack, rock, progress=stop)


def test_points_are_as_far_apart_as_the_ground_allows():
    def stack_of(side):
        return icenet.SceneStack.from_array(np.zeros((2, side, side), np.uint8), moving([(0, 0)] * 2).times.tolist())

    large = stack_of(4000)
    assert coarse_settings(large, 1).spacing == 64
    small = np.zeros((4000, 4000), bool)
    small[:400, :400] = True
    assert coarse_settings(large, 1, small).spacing == 24
    assert coarse_settings(stack_of(300), 1).spacing == 16
    # A frame too small for the usual search is searched as far as it goes.
    assert coarse_settings(stack_of(300), 1).radius is None
    assert coarse_settings(stack_of(64), 1).radius == 16


def test_other_textures_do_not_correlate():
    """What hides a date in these tests is no ground of another one."""
    assert abs(np.corrcoef(texture(320, 103).ravel(), texture(320, 0).ravel())[0, 1]) < 0.2
