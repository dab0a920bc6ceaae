"""Chips that hold rock beside the ice, in pictures whose every motion is known."""

import numpy as np
import pytest

from napari_icenet.matching.pictures import Pictures
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.plausibility.rock import on_mask_caution, rock_caution, wide_chip_caution
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import moving
from tests.tracking.plausibility.rock import MIDDLE, SIDE, flowing, flowing_strip


@pytest.fixture(scope="module")
def narrow():
    return flowing_strip()


def followed(stack, chip, scale=1.5):
    return follow(stack, MIDDLE, MIDDLE, 0, TrackSettings(chip=chip, scale=scale))


def test_a_chip_that_moves_with_the_rock_is_told_with_what_its_middle_did(narrow):
    track = followed(narrow, 128)
    assert track.valid.all()
    assert track.displacement.max() < 0.5
    (caution,) = track.cautions
    assert caution.kind == "rock"
    assert "the chip of 128 px moves with the ground around it, 0.3 px from 2020-01-01" in caution.sentence
    # The farthest step in which the middle stayed within the search, to 2020-03-21.
    assert "to 2020-03-21; the middle of it moved 30.0 px: choose a smaller chip" in caution.sentence


def test_a_chip_that_fits_into_the_ice_is_right_and_not_told_of(narrow):
    track = followed(narrow, 48)
    assert track.displacement[-1] == pytest.approx(30, abs=0.5)
    assert track.cautions == ()


@pytest.mark.parametrize("most", [0.0, 1.5, 6.0])
def test_ice_that_shears_across_a_chip_is_not_taken_for_rock(most):
    """A glacier 300 px wide: its middle is the fastest, and half of that at 105 px from it."""
    stack = flowing(lambda column: most * np.clip(1 - (abs(column - MIDDLE) / 150) ** 2, 0, 1), dates=5)
    assert followed(stack, 128).cautions == ()


def test_the_chain_says_nothing_for_it_believes_all(narrow):
    track = follow(narrow, MIDDLE, MIDDLE, 0, TrackSettings(chip=128, scale=1.5, tracking="chain"))
    assert rock_caution(track, Pictures(narrow, 1)) is None


def test_a_chip_mostly_on_the_mask_of_stable_ground_is_told_unless_it_stands_there():
    stack = moving([(0, 0), (1, 1)], side=SIDE)
    stable = np.ones((SIDE, SIDE), bool)
    stable[:, MIDDLE - 10 : MIDDLE + 10] = False
    track = followed(stack, 64)
    caution = on_mask_caution(track, stable)
    assert "69 % of the chip of 64 px lies on ground that does not move" in caution.sentence
    assert on_mask_caution(track, np.ones_like(stable)) is None
    assert on_mask_caution(track, ~stable) is None


def test_a_chip_of_more_than_a_third_of_the_frame_is_told():
    assert "a chip of 128 px is wider than a third of the frame of 200 × 300 px" in (
        wide_chip_caution(128, (200, 300)).sentence
    )
    assert wide_chip_caution(66, (200, 300)) is None
