from datetime import datetime

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_icenet.gui.scenes.date_table import CLOUD, FILL, PATH_ROW, SENSOR, percent
from napari_icenet.gui.scenes.dates_dialog import DatesDialog, usable_layers
from napari_icenet.gui.scenes.tab import ScenesTab
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.scene import Notice
from tests.gui.conftest import HEIGHT, TIMES, WIDTH, make_stack
from tests.scenes.products import write_picture, write_product

DATES = "2020-01-15, 2020-02-15 2020-03-15\n20200415"


@pytest.fixture
def tab(viewer, session):
    tab = ScenesTab(viewer, session)
    viewer.window.add_dock_widget(tab, name="scenes")
    return tab


def column(table, index):
    return [table.item(row, index).text() for row in range(table.rowCount())]


def test_empty_it_says_what_to_do(tab, session, stack):
    assert tab.pages.currentIndex() == 0
    session.add_stack(stack)
    assert tab.pages.currentIndex() == 1
    session.close_stack(stack)
    assert tab.pages.currentIndex() == 0


def test_a_stack_is_described(tab, session, stack):
    stack.notices.append(Notice("One band is missing; the others open."))
    session.add_stack(stack)
    for part in ("4 dates, 2020-01-15 to 2020-04-15", "3 bands, 80 × 60 px of 30 m", "EPSG:3031"):
        assert part in tab.facts.text()
    assert tab.notice_fold.text().endswith("1 notice")
    assert tab.notices.item(0).text() == "One band is missing; the others open."


def test_the_stack_is_chosen_from_a_list(tab, session):
    first, second = make_stack("first"), make_stack("second", georeferenced=False)
    session.add_stack(first)
    session.add_stack(second)
    assert [tab.chooser.itemText(i) for i in range(tab.chooser.count())] == ["first", "second"]
    assert tab.chooser.currentText() == "second"
    tab.chooser.setCurrentIndex(0)
    tab.chooser.activated.emit(0)
    assert session.stack is first
    assert "EPSG:3031" in tab.facts.text()


def test_the_dates_tell_sensor_path_fill_and_cloud(tab, session, archive, qtbot):
    session.add_stack(open_stack(archive))
    table = tab.dates
    assert column(table, 0) == ["2015-07-10", "2015-07-26", "2015-08-02"]
    assert column(table, SENSOR) == ["LC08"] * 3
    assert column(table, PATH_ROW) == ["005/009", "005/009", "006/009 ≠"]
    assert "parallax" in table.item(2, PATH_ROW).toolTip()
    qtbot.waitUntil(lambda: "…" not in column(table, FILL), timeout=60_000)
    # A corner of 5 × 7 pixels of 40 × 50 is fill.
    assert column(table, FILL) == [percent(35 / 2000)] * 3


def test_what_no_date_knows_has_no_column(tab, session, stack):
    session.add_stack(stack)
    assert [tab.dates.isColumnHidden(i) for i in (SENSOR, PATH_ROW, FILL, CLOUD)] == [True, True, False, True]


def test_a_click_on_a_date_shows_it_and_the_slider_marks_it(tab, session, stack, qtbot):
    session.add_stack(stack)
    table = tab.dates
    where = table.visualItemRect(table.item(2, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert session.viewer.dims.current_step[0] == 2
    session.viewer.dims.set_current_step(0, 3)
    assert table.currentRow() == 3


def test_the_switches_do_what_they_say(tab, session, archive):
    session.add_stack(open_stack(archive))
    panel = tab.display
    panel.mask_toggle.setChecked(True)
    assert session.layers.layers["mask"].visible
    assert not panel.legend.isHidden()
    session.layers.layers["mask"].visible = False
    assert not panel.mask_toggle.isChecked()
    panel.composite_toggle.setChecked(True)
    assert session.layers.layers["composite"].visible
    assert [box.currentText() for box in panel.channels] == ["B1", "B2", "B4"]
    panel.composite_toggle.setChecked(False)
    panel.reflectance_toggle.setChecked(True)
    assert session.image.dtype == np.float32
    panel.band.setCurrentIndex(2)
    panel.band.activated.emit(2)
    assert session.band == "B4"
    assert panel.band.currentText() == "B4 red"
    session.image.contrast_limits = (0.1, 0.9)
    assert not panel.contrast_toggle.isChecked()
    panel.contrast_toggle.setChecked(True)
    assert session.layers.auto_contrast


def test_open_turns_into_cancel(tab, session, archive, qtbot):
    button = tab.bar.open_button
    assert button.text() == "Open folder…"
    tab.open_folder(str(archive))
    assert button.text() == "Cancel"
    qtbot.waitUntil(lambda: session.stack is not None, timeout=60_000)
    assert button.text() == "Open folder…"


def test_cancel_in_the_midst(tab, session, qtbot):
    def find(progress):
        while True:
            progress(0.3, "searching")

    session.start("Opening", find)
    tab.bar.open_button.click()
    assert tab.bar.open_button.text() == "Cancelling…"
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert tab.bar.open_button.text() == "Open folder…"
    assert session.stack is None


def test_options_reach_the_opening(tab, session, tmp_path, qtbot):
    folder = tmp_path / "pan"
    folder.mkdir()
    write_product(folder, pan=True)
    tab.detail.setCurrentIndex(tab.detail.findData("B8"))
    tab.extent.setCurrentIndex(tab.extent.findData("union"))
    tab.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.stack is not None, timeout=60_000)
    assert session.stack.bands == ("B8",)
    assert session.stack.grid.pixel_size == (15, 15)


def test_a_saved_stack_reads_back(tab, session, stack, tmp_path, qtbot):
    tab.save_to(stack, tmp_path / "ramp.zarr")
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    again = open_stack(tmp_path / "ramp.zarr")
    np.testing.assert_array_equal(again.read(2, "B2"), stack.read(2, "B2"))


@pytest.fixture
def layer(viewer):
    data = np.random.default_rng(1).random((4, HEIGHT, WIDTH)).astype(np.float32)
    layer = viewer.add_image(data, name="movie", scale=(1, 10, 10), units=("pixel", "metre", "metre"))
    viewer.add_image(data[0], name="one picture")
    viewer.add_points([[0, 1, 2]])
    return layer


def test_a_layer_becomes_a_stack_and_keeps_its_scale(tab, session, layer):
    assert usable_layers(session) == [layer]
    dialog = DatesDialog(session, tab)
    dialog.dates.setPlainText(DATES)
    dialog.accept()
    stack = session.stack
    assert [scene.time for scene in stack.scenes] == list(TIMES)
    np.testing.assert_array_equal(stack.read(3, 1), layer.data[3])
    np.testing.assert_allclose(session.image.scale, layer.scale)
    assert session.image.units == layer.units
    np.testing.assert_allclose(session.pixel_to_world(2, 3), (20, 30))
    assert stack.grid.crs is None
    assert usable_layers(session) == [layer]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2020-01-15, 2020-02-15", "4 pictures and here are 2 dates"),
        ("2020-01-15, tomorrow", "tomorrow"),
        ("", "no date"),
    ],
)
def test_what_is_wrong_with_the_dates_is_said_in_the_dialog(tab, session, layer, typed, said):
    dialog = DatesDialog(session, tab)
    dialog.dates.setPlainText(typed)
    dialog.accept()
    assert said in dialog.problem.text()
    assert not dialog.problem.isHidden()
    assert session.stack is None
    dialog.reject()


def test_without_a_layer_the_dialog_says_so(tab, session):
    dialog = DatesDialog(session, tab)
    assert not dialog.use.isEnabled()
    assert "No image layer" in dialog.problem.text()
    dialog.reject()


@pytest.mark.parametrize("share", [0, 0.001, 0.37, 0.999, 1])
def test_nearly_none_is_not_none(share):
    assert percent(share) == {0: "0 %", 0.001: "< 1 %", 0.37: "37 %", 0.999: "> 99 %", 1: "100 %"}[share]


def test_dates_of_layers_may_carry_a_time(tab, session, layer):
    dialog = DatesDialog(session, tab)
    dialog.dates.setPlainText("2020-01-15T10:00 2020-01-15T11:00 2020-01-16 2020-01-17")
    dialog.accept()
    assert session.stack.scenes[1].time == datetime(2020, 1, 15, 11)
    QApplication.processEvents()


@pytest.fixture
def camera(tmp_path):
    """Two pictures that lie on no map."""
    folder = tmp_path / "camera"
    folder.mkdir()
    for day in ("20200101", "20200117", "20200202"):
        write_picture(folder / f"{day}.png", np.random.default_rng(0).integers(0, 255, (48, 64)).astype(np.uint8))
    return folder


def opened(tab, session, qtbot, folder):
    before = len(session.stacks)
    tab.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    return session.stack if len(session.stacks) > before else None


def test_the_pixel_size_of_pictures_without_a_map(tab, session, camera, qtbot):
    stack = opened(tab, session, qtbot, camera)
    assert "No map coordinates: lengths are in pixels" in tab.facts.text()
    assert tuple(session.image.scale[-2:]) == (1, 1)
    qtbot.keyClicks(tab.pixel_size, "12.5")
    stack = opened(tab, session, qtbot, camera)
    assert stack.grid.pixel_size_note == "pixel size of 12.5 m as given"
    assert "64 × 48 px of 12.5 m" in tab.facts.text()
    assert "pixel size of 12.5 m as given" in tab.facts.text()
    assert tuple(session.image.scale[-2:]) == (12.5, 12.5)
    assert [str(unit) for unit in session.image.units[-2:]] == ["meter", "meter"]
    assert session.readout.text(1, 2).split(" · ")[1] == "x 31 y −19"


@pytest.mark.parametrize(("typed", "told"), [("wide", "wide is no pixel size"), ("-3", "-3 is no pixel size")])
def test_a_pixel_size_that_is_none_is_told(tab, session, camera, qtbot, monkeypatch, typed, told):
    said = []
    monkeypatch.setattr(session, "report", lambda error: said.append(str(error)))
    tab.pixel_size.setText(typed)
    assert opened(tab, session, qtbot, camera) is None
    assert told in said[0]


def test_dates_and_paths_are_chosen(tab, session, archive, qtbot):
    tab.chosen["exclude"].setText("2015-07-10, ")
    assert opened(tab, session, qtbot, archive).labels == ("2015-07-26", "2015-08-02")
    tab.chosen["only"].setText("005/009")
    assert opened(tab, session, qtbot, archive).labels == ("2015-07-26",)
