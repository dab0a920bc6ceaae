"""Layers of a group: made once, kept above the picture, left alone where the user chose otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points, Vectors

from napari_icenet.gui.widgets.layer_data import fill
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind

KINDS = {
    "field": LayerKind(lambda: Image(np.zeros((4, 4)))),
    "lines": LayerKind(lambda: Vectors(np.zeros((0, 2, 2)), ndim=2), 2.0),
    "marks": LayerKind(lambda: Points(np.zeros((0, 2)), ndim=2)),
}


class Group(LayerGroup):
    """Draws a number: an image of it, and as many lines and marks."""

    def __init__(self, viewer, below):
        super().__init__(viewer, KINDS, below)
        self.number, self.filled = None, []

    def show(self, number):
        self.number = number
        self.draw()

    def _needs(self, kind):
        return self.number is not None

    def _title(self, kind):
        return f"{kind} {self.number}"

    def _fill(self, kind, layer):
        self.filled.append(kind)
        number = self.number or 0
        shapes = {"field": (4, 4), "lines": (number, 2, 2), "marks": (number, 2)}
        fill(layer, np.full(shapes[kind], float(number)))


class GroupOnTop(Group):
    """Lies above all."""

    on_top = True


class GroupOneByOne(Group):
    """Makes a layer each turn of the event loop."""

    one_by_one = True


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def picture(viewer):
    return viewer.add_image(np.zeros((3, 8, 8)), name="picture")


@pytest.fixture
def group(viewer, picture):
    group = Group(viewer, lambda: [picture])
    group.show(5)
    return group


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_layers_are_made_once_in_their_order_and_updated_in_place(viewer, group):
    before = group.layers
    group.show(7)
    assert names(viewer) == ["picture", "field 7", "lines 7", "marks 7"]
    assert group.layers == before
    assert (before["field"].data == 7).all()
    assert len(before["marks"].data) == 7


def test_nothing_is_made_while_there_is_nothing_to_draw(viewer, picture):
    group = Group(viewer, lambda: [picture])
    group.draw()
    assert names(viewer) == ["picture"]


def test_what_the_user_selected_stays_selected(viewer, picture):
    viewer.layers.selection = {picture}
    Group(viewer, lambda: [picture]).show(5)
    assert viewer.layers.selection == {picture}


def test_a_layer_that_the_user_removed_stays_away(viewer, group):
    viewer.layers.remove(group.layers["lines"])
    group.show(6)
    assert group.removed == {"lines"}
    assert names(viewer) == ["picture", "field 6", "marks 6"]


def test_a_removed_layer_comes_again_at_its_place_when_asked_for(viewer, group):
    viewer.layers.remove(group.layers["lines"])
    group.restore()
    assert not group.removed
    assert names(viewer) == ["picture", "field 5", "lines 5", "marks 5"]


def test_one_of_two_removed_layers_is_restored(viewer, group):
    viewer.layers.remove(group.layers["lines"])
    viewer.layers.remove(group.layers["marks"])
    group.bring_back("marks")
    assert group.removed == {"lines"}
    assert names(viewer) == ["picture", "field 5", "marks 5"]


def test_a_layer_that_the_group_takes_away_does_not_count_as_removed(viewer, group):
    group.take_away("lines")
    assert names(viewer) == ["picture", "field 5", "marks 5"]
    group.show(6)
    assert names(viewer) == ["picture", "field 6", "lines 6", "marks 6"]


def test_all_is_drawn_again_after_the_whole_list_was_cleared(viewer, group):
    viewer.layers.clear()
    assert not group.layers
    assert not group.removed
    group.show(6)
    assert names(viewer) == ["field 6", "lines 6", "marks 6"]


@pytest.mark.parametrize("first", ["picture", "group"])
def test_all_is_drawn_again_in_whichever_order_the_list_was_cleared(viewer, picture, group, first):
    mine = list(group.layers.values())
    for layer in [picture, *mine] if first == "picture" else [*mine, picture]:
        viewer.layers.remove(layer)
    group.show(6)
    assert len(group.layers) == 3


def test_all_layers_of_the_group_may_be_removed_one_by_one_and_stay_away(viewer, group):
    for layer in group.layers.values():
        viewer.layers.remove(layer)
    group.show(6)
    assert names(viewer) == ["picture"]


def test_layers_removed_while_others_are_still_to_be_made_stay_away(viewer, picture, qtbot):
    group = GroupOneByOne(viewer, lambda: [picture])
    group.show(5)
    assert names(viewer) == ["picture", "field 5"]
    assert not group.settled
    viewer.layers.remove(group.layers["field"])
    qtbot.waitUntil(lambda: group.settled)
    assert names(viewer) == ["picture", "lines 5", "marks 5"]


def test_nothing_more_is_made_once_the_group_is_closed(viewer, picture, qtbot):
    group = GroupOneByOne(viewer, lambda: [picture])
    group.show(5)
    group.close()
    assert group.settled
    qtbot.wait(20)
    group.show(6)
    assert names(viewer) == ["picture"]


def test_the_group_is_above_its_picture_again_after_the_user_moved_it_below(viewer, picture, group):
    viewer.layers.move(viewer.layers.index(group.layers["marks"]), 0)
    assert names(viewer)[0] == "marks 5"
    group.show(6)
    assert names(viewer) == ["picture", "marks 6", "field 6", "lines 6"]


def test_an_order_of_the_users_above_the_picture_stays(viewer, group):
    viewer.layers.move(viewer.layers.index(group.layers["marks"]), 1)
    group.show(6)
    assert names(viewer) == ["picture", "marks 6", "field 6", "lines 6"]


def test_the_group_is_above_a_picture_that_was_opened_later(viewer, picture):
    shown = [picture]
    group = Group(viewer, lambda: shown)
    group.show(5)
    shown[:] = [viewer.add_image(np.zeros((3, 8, 8)), name="later")]
    group.show(6)
    assert names(viewer) == ["picture", "later", "field 6", "lines 6", "marks 6"]


def test_a_group_lies_right_above_its_picture_or_above_all(viewer, picture):
    viewer.add_points(np.zeros((1, 2)), name="the user's")
    Group(viewer, lambda: [picture]).show(1)
    GroupOnTop(viewer, lambda: [picture]).show(2)
    low, high = ([f"{kind} {i}" for kind in KINDS] for i in (1, 2))
    assert names(viewer) == ["picture", *low, "the user's", *high]


def test_a_hidden_layer_is_drawn_when_it_is_shown_and_not_before(viewer, group):
    marks = group.layers["marks"]
    marks.visible = False
    group.filled.clear()
    group.show(2)
    assert "marks" not in group.filled
    assert len(marks.data) == 5
    marks.visible = True
    assert group.filled[-1] == "marks"
    assert len(marks.data) == 2


def test_a_layer_that_is_hidden_and_shown_with_nothing_new_is_not_drawn_again(group):
    group.filled.clear()
    group.layers["marks"].visible = False
    group.layers["marks"].visible = True
    assert not group.filled


def test_a_hidden_layer_is_emptied_when_it_is_shown_after_its_content_went(viewer, group):
    marks = group.layers["marks"]
    marks.visible = False
    group.show(None)
    marks.visible = True
    assert len(marks.data) == 0


def test_looks_that_the_user_chose_stay(viewer, group):
    field = group.layers["field"]
    field.opacity, field.contrast_limits, field.colormap = 0.3, (1, 2), "viridis"
    group.show(6)
    assert (field.opacity, list(field.contrast_limits), field.colormap.name) == (0.3, [1, 2], "viridis")


def test_a_name_that_the_user_gave_stays(viewer, group):
    group.layers["field"].name = "mine"
    group.show(6)
    assert names(viewer) == ["picture", "mine", "lines 6", "marks 6"]


def test_a_name_that_is_taken_is_kept_up_to_date_all_the_same(viewer, picture):
    viewer.add_points(np.zeros((1, 2)), name="field 5")
    group = Group(viewer, lambda: [picture])
    group.show(5)
    assert group.layers["field"].name == "field 5 [1]"
    group.show(6)
    assert group.layers["field"].name == "field 6"


def test_a_copy_that_the_user_made_is_left_alone(viewer, group):
    copy = Points(group.layers["marks"].data.copy(), name="copy")
    viewer.layers.append(copy)
    group.show(2)
    assert len(copy.data) == 5
    viewer.layers.remove(copy)
    assert not group.removed


@pytest.mark.parametrize("zoom", [0.5, 3.0, 40.0])
def test_lines_are_as_wide_on_the_screen_at_every_zoom(viewer, group, qtbot, zoom):
    lines = group.layers["lines"]
    viewer.scene.camera.zoom = zoom
    qtbot.waitUntil(lambda: not group._zoom.waiting)
    assert lines.edge_width * zoom == pytest.approx(2.0, rel=0.05)


def test_lines_are_as_wide_on_another_grid(viewer, group):
    zoom = viewer.scene.camera.zoom
    group.place({"scale": (30.0, 30.0), "translate": (5.0, 7.0)})
    lines = group.layers["lines"]
    assert lines.edge_width * zoom * 30 == pytest.approx(2.0)
    assert tuple(lines.translate) == (5.0, 7.0)


def test_a_width_that_the_user_chose_stays(viewer, group, qtbot):
    lines = group.layers["lines"]
    lines.edge_width = 9.0
    viewer.scene.camera.zoom = 7.0
    qtbot.waitUntil(lambda: not group._zoom.waiting)
    assert lines.edge_width == 9.0


def test_changes_are_told_of(viewer, group, qtbot):
    with qtbot.waitSignal(group.changed):
        group.layers["field"].visible = False
    with qtbot.waitSignal(group.changed):
        viewer.layers.remove(group.layers["field"])
    with qtbot.waitSignal(group.made):
        group.restore()


def test_layers_of_kinds_that_are_no_more_are_taken_away(viewer, group):
    group.set_kinds({kind: KINDS[kind] for kind in ("field", "marks")})
    assert names(viewer) == ["picture", "field 5", "marks 5"]
    assert not group.removed


def test_closing_takes_the_layers_away_and_may_be_done_twice(viewer, group):
    group.close()
    group.close()
    assert names(viewer) == ["picture"]
    assert not group.layers


def test_closing_can_leave_the_layers_to_the_user(viewer, group):
    group.close(remove=False)
    assert names(viewer) == ["picture", "field 5", "lines 5", "marks 5"]


def test_a_closed_group_no_longer_hears_the_viewer(viewer, group, qtbot):
    lines = group.layers["lines"]
    group.close(remove=False)
    width = lines.edge_width
    viewer.scene.camera.zoom = 11.0
    assert not group._zoom.waiting
    assert lines.edge_width == width
    group.filled.clear()
    lines.visible = False
    lines.visible = True
    viewer.layers.clear()
    assert not group.filled
    assert not group.removed


def test_closing_while_a_width_waits_for_the_zoom_to_end(viewer, group, qtbot):
    for zoom in (2.0, 3.0, 4.0):
        viewer.scene.camera.zoom = zoom
    group.close()
    qtbot.wait(100)
    assert not group._zoom.waiting


def test_closing_after_the_window_was_closed(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    picture = viewer.add_image(np.zeros((3, 8, 8)))
    group = Group(viewer, lambda: [picture])
    group.show(5)
    viewer.close()
    group.close()
    group.close()
    assert not group.layers


def test_a_hidden_layer_of_a_window_may_shrink(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    picture = viewer.add_image(np.zeros((3, 8, 8)))
    group = Group(viewer, lambda: [picture])
    group.show(5)
    marks = group.layers["marks"]
    marks.visible = False
    group.show(None)
    viewer.layers.remove(picture)
    marks.visible = True
    viewer.screenshot(canvas_only=True)
    assert len(marks.data) == 0


def test_a_layer_on_which_napari_fails_is_made_anew_and_nothing_around_fails(viewer, group, qtbot, monkeypatch):
    broken, fill_well = group.layers["marks"], group._fill

    def fill_badly(kind, layer):
        if layer is broken:
            raise IndexError("index 3 is out of bounds for axis 0 with size 1")
        fill_well(kind, layer)

    monkeypatch.setattr(group, "_fill", fill_badly)
    group.show(6)
    assert len(group.layers["lines"].data) == 6
    qtbot.waitUntil(lambda: "marks" in group.layers)
    assert broken not in viewer.layers
    assert not group.removed
    assert names(viewer) == ["picture", "field 6", "lines 6", "marks 6"]
    assert len(group.layers["marks"].data) == 6


def test_the_first_layer_of_a_window_may_move_the_camera_while_it_is_made(viewer, picture, qtbot):
    class Follower(Group):
        def _follow_zoom(self):
            super()._follow_zoom()
            self.draw("lines")

    group = Follower(viewer, lambda: [picture])
    viewer.layers.clear()
    viewer.scene.camera.zoom = 7.3
    qtbot.waitUntil(lambda: not group._zoom.waiting)
    group.show(5)
    assert sorted(names(viewer)) == ["field 5", "lines 5", "marks 5"]
