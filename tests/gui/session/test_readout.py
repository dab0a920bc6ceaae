import pytest
from pyproj import Transformer

from napari_icenet.common.text import grouped
from napari_icenet.scenes import open_stack
from tests.gui.conftest import make_stack


def point_at(session, row, col):
    """Put the cursor over a pixel, as napari does when the mouse moves."""
    viewer = session.viewer
    viewer.mouse_over_canvas = True
    viewer.cursor.position = (session.time, *session.pixel_to_world(row, col))
    viewer.update_status_from_cursor()
    return viewer.status


def test_the_line_tells_date_place_and_value(session, stack):
    session.add_stack(stack)
    session.time = 1
    session.band = "B2"
    # Pixel (20, 40): its centre lies 40.5 and 20.5 pixels from the corner; its value is 2000 + 100 + 20 + 0.4.
    x, y = 400_000 + 40.5 * 30, -1_000_000 - 20.5 * 30
    lon, lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(x, y)
    said = point_at(session, 20, 40)
    assert said == (f"2020-02-15 · x {grouped(x)} y {grouped(y)} (EPSG:3031) · {-lat:.4f}°S {lon:.4f}°E · B2 2120.4")
    assert grouped(y) == "−1\N{NARROW NO-BREAK SPACE}000\N{NARROW NO-BREAK SPACE}615"


def test_it_says_fill_where_there_is_none_and_nothing_outside(session, stack):
    session.add_stack(stack)
    assert point_at(session, 2, 40).endswith("B1 fill")
    assert session.readout.at_cursor()
    assert point_at(session, 59.4, 79.4).startswith("2020-01-15 · ")
    point_at(session, 59.6, 40)
    assert session.readout.at_cursor() == ""


def test_it_follows_the_slider_and_the_band_without_a_move_of_the_mouse(session, stack):
    session.add_stack(stack)
    point_at(session, 20, 40)
    session.time = 3
    assert session.viewer.status.startswith("2020-04-15")
    session.band = "B3"
    assert session.viewer.status.endswith("B3 4220.4")


def test_whatever_layer_is_active(session, stack):
    session.add_stack(stack)
    session.viewer.add_points([[0, 10.0, 10.0]])
    assert point_at(session, 20, 40).startswith("2020-01-15")


def test_without_a_map_it_counts_rows_and_columns(session):
    session.add_stack(make_stack(georeferenced=False))
    assert point_at(session, 20, 40) == "2020-01-15 · row 20 col 40 · B1 1020.4"


def test_stored_values_are_dn_and_reflectance_is_said_to_be(session, archive):
    stack = open_stack(archive)
    session.add_stack(stack)
    value = int(stack.scenes[0].bands["B1"].read(stack.grid.full_window)[20, 30])
    assert f"B1 {grouped(value)} DN" in point_at(session, 20, 30)
    session.layers.reflectance = True
    # Gain and offset of the metadata; the sun's elevation is 30°, its sine 0.5.
    assert f"B1 {(2e-5 * value - 0.1) / 0.5:.3f} reflectance" in point_at(session, 20, 30)
    assert point_at(session, 2, 2).endswith("B1 fill")


def test_others_may_say_more(session, stack):
    session.add_stack(stack)
    session.readout.add(lambda row, col: f"{row:.0f} down" if row > 10 else "")
    assert point_at(session, 20, 40).endswith("B1 1020.4 · 20 down")
    assert point_at(session, 8, 40).endswith("B1 1008.4")


def test_the_date_stands_over_the_picture(session, stack):
    overlay = session.viewer.canvas.overlays.text
    session.add_stack(stack)
    assert (overlay.visible, overlay.text) == (True, "2020-01-15")
    session.time = 2
    assert overlay.text == "2020-03-15"
    session.close_stack(stack)
    assert not overlay.visible


@pytest.mark.parametrize("value", [0, -7, 999])
def test_short_numbers_need_no_groups(value):
    assert grouped(value) == str(value).replace("-", "−")
