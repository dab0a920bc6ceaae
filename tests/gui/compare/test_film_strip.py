"""The pictures and words of a film strip."""

from __future__ import annotations

import numpy as np

from napari_icenet.evaluation.compare.comparison import Compared, Judged
from napari_icenet.gui.compare.film_strip_images import surface_image
from napari_icenet.gui.compare.film_strip_words import judged_words, row_words
from napari_icenet.gui.widgets.chip_image import grey_image, stretch
from napari_icenet.predictors.predictor_set import PredictorSpec


def test_chips_are_painted_in_grey_between_their_percentiles():
    chip = np.linspace(5, 9, 256, dtype=np.float32).reshape(16, 16)
    chip[0, 0] = np.nan
    image = grey_image(chip)
    assert (image.width(), image.height()) == (16, 16)
    assert image.pixelColor(1, 0).red() == 0
    assert image.pixelColor(15, 15).red() == 255
    assert image.pixelColor(0, 0).blue() > image.pixelColor(0, 0).red()


def test_correlation_has_the_colours_that_it_has_everywhere():
    image = surface_image(np.array([[-1, 0, 1, np.nan]], np.float32))
    low, none, high, missing = (image.pixelColor(k, 0) for k in range(4))
    assert low.blue() > low.red()
    assert none.lightness() > 230
    assert high.red() > high.blue()
    assert missing.lightness() < 40


def test_nothing_known_is_no_trouble():
    assert stretch(np.full((4, 4), np.nan, np.float32)) == (0, 1)
    grey_image(np.full((4, 4), np.nan, np.float32))


def test_words_carry_units_and_own_up_to_what_is_not_known():
    chip = np.zeros((4, 4), np.float32)
    judged = (Judged(None, chip, 0.614, None, (3.0, 4.0), 0.256), Judged(None, chip))
    assert judged_words(judged) == ["NCC 0.61 · –", "Ratio – · –", "Moved 5.0 · – px", "Off 0.26 · – px"]
    assert judged_words(()) == ["nothing came yet"]
    assert row_words(Compared(PredictorSpec(name="icenet"), trouble="no weights")) == "IceNet: no weights"
