"""Colours with one meaning everywhere."""

from napari_icenet.common import palette
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.velocity.quality.figure_style import REASON_COLOURS


def test_every_reason_has_a_colour_of_its_own():
    assert set(palette.REASON) == {reason.name for reason in LostReason}
    assert len(set(palette.REASON.values())) == len(LostReason)


def test_figures_show_reasons_in_the_window_s_colours():
    assert {reason.name: colour for reason, colour in REASON_COLOURS.items()} == palette.REASON
