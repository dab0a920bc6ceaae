import pytest

from napari_icenet.errors import UsageError
from napari_icenet.matching.chips import chip_window, search_window, square
from napari_icenet.tracking.settings import TrackSettings, changed, make_settings


def test_an_even_chip_covers_half_before_and_half_after():
    window = chip_window(100.4, 49.6, 128)
    assert (window.row, window.col, window.stop) == (36, -14, (164, 114))
    assert square(10, 10, 4).slices == (slice(8, 12), slice(8, 12))


@pytest.mark.parametrize(
    ("chip", "scale", "side", "reach"), [(128, 1.5, 192, 32), (128, 1.1, 140, 6), (64, 4, 256, 96)]
)
def test_search_window_is_c_times_the_chip(chip, scale, side, reach):
    settings = TrackSettings(chip=chip, scale=scale)
    window = search_window(200, 200, settings.search)
    assert (settings.search, settings.reach) == (side, reach)
    assert (window.height, window.row) == (side, 200 - side // 2)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"chip": 127}, "chip 127 .* use 126 or 128"),
        ({"chip": 4}, "chip 4"),
        ({"scale": 9}, "scale 9"),
        ({"prefilter": "nope"}, "no prefilter nope"),
        ({"tracking": "magic"}, "tracking magic"),
        ({"colour": 1}, "colour"),
    ],
)
def test_bad_values_are_named_in_one_sentence(values, text):
    with pytest.raises(UsageError, match=text):
        make_settings(**values)


def test_changed_checks_too():
    settings = changed(TrackSettings(), scale=1.5)
    assert (settings.scale, settings.chip) == (1.5, 128)
    with pytest.raises(UsageError):
        changed(settings, chip=33)
