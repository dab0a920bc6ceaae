"""Colours with one meaning everywhere."""

from napari_icenet.common import palette
from napari_icenet.evaluation.correlation_map.figure import CELL_COLOURS
from napari_icenet.evaluation.correlation_map.maps import CellState
from napari_icenet.gui.correlation_map.layer_kinds import STATE_COLOURS
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.velocity.quality.figure_style import REASON_COLOURS


def test_every_reason_has_a_colour_of_its_own():
    assert set(palette.REASON) == {reason.name for reason in LostReason}
    assert len(set(palette.REASON.values())) == len(LostReason)


def test_figures_show_reasons_in_the_window_s_colours():
    assert {reason.name: colour for reason, colour in REASON_COLOURS.items()} == palette.REASON


def test_figures_show_cells_and_reasons_in_the_colours_of_the_window():
    in_window = {state: colour[:7] for state, colour in STATE_COLOURS.items()}
    assert in_window == CELL_COLOURS == {CellState[name]: colour for name, colour in palette.CELL.items()}
    assert {reason.name: colour for reason, colour in REASON_COLOURS.items()} == palette.REASON
    assert palette.reason_colour("not yet thought of") == palette.OTHER_REASON
