"""The Compare tab in real windows: the film strip follows the chip and the date."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.gui.dock import IceNetDock
from napari_icenet.gui.film_strip import grey_image
from napari_icenet.gui.session import Session
from tests.gui.ice import CLOUDY, DATES, Hand, moving_ice

AT = (100.0, 140.0)
CHIP = 32


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    """A window with the dock, a stack, and the Compare tab in front."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1500, 900)
    session = Session.of(viewer)
    dock = IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet", area="right")
    session.add_stack(moving_ice())
    dock.track.control.change(chip=CHIP, scale=2.0)
    qtbot.wait(100)
    viewer.reset_view()
    dock.tabs.setCurrentWidget(dock.compare)
    yield dock
    dock.track.control.close()


def shown(dock, qtbot, time):
    """The comparison of a date, once it is drawn."""
    compare = dock.compare

    def drawn():
        made = compare.strip.comparison
        assert made is not None
        assert made.past[-1].time == time
        assert tuple(one.name for one in made.compared) == tuple(
            n for n in compare.chosen() if compare.buttons[n].isEnabled()
        )

    qtbot.waitUntil(drawn, timeout=20000)
    return compare.strip.comparison


def placed(dock, qtbot):
    hand = Hand(dock.session.viewer, dock.session)
    hand.click(*AT)
    qtbot.waitUntil(lambda: dock.track.control.selected_track() is not None, timeout=20000)


def test_without_a_chip_it_leads_to_the_track_tab(desk):
    assert desk.compare.pages.currentIndex() == 0
    desk.compare.track_wanted.emit()
    assert desk.tabs.currentWidget() is desk.track


def test_a_click_shows_what_each_predictor_expects(desk, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    assert len(made.past) == 1
    assert len(made.ahead) == 2
    assert desk.compare.strip.height() == desk.compare.strip.sizeHint().height() > 300


def test_it_follows_the_date_and_tells_cloud_from_ice(desk, qtbot):
    placed(desk, qtbot)
    desk.session.time = CLOUDY
    made = shown(desk, qtbot, CLOUDY)
    by_name = {one.name: one.judged[0].ncc for one in made.compared}
    assert by_name["consensus"] > 0.5 > by_name["persistence"]
    assert "t0" in desk.compare.headline.text()


def test_a_predictor_is_taken_out_and_put_back(desk, qtbot):
    placed(desk, qtbot)
    before = shown(desk, qtbot, 0)
    desk.compare.buttons["high-pass"].click()
    fewer = shown(desk, qtbot, 0)
    assert {one.name for one in before.compared} - {one.name for one in fewer.compared} == {"high-pass"}
    desk.compare.buttons["high-pass"].click()
    assert [one.name for one in shown(desk, qtbot, 0).compared] == [one.name for one in before.compared]


def test_the_end_of_the_series_is_shown_without_judgement(desk, qtbot):
    placed(desk, qtbot)
    desk.session.time = DATES - 1
    made = shown(desk, qtbot, DATES - 1)
    assert made.ahead == ()
    desk.compare.strip.grab()


def test_nothing_is_computed_behind_another_tab(desk, qtbot):
    desk.tabs.setCurrentWidget(desk.track)
    placed(desk, qtbot)
    qtbot.wait(300)
    assert desk.compare.strip.comparison is None
    desk.tabs.setCurrentWidget(desk.compare)
    shown(desk, qtbot, 0)


def test_chips_are_painted_in_grey_between_their_percentiles():
    chip = np.linspace(5, 9, 256, dtype=np.float32).reshape(16, 16)
    chip[0, 0] = np.nan
    image = grey_image(chip)
    assert (image.width(), image.height()) == (16, 16)
    assert image.pixelColor(1, 0).red() == 0
    assert image.pixelColor(15, 15).red() == 255
    assert image.pixelColor(0, 0).blue() > image.pixelColor(0, 0).red()
