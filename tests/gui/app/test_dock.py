import shutil

from napari_icenet.gui.app.dock import IceNetDock, show_dock
from napari_icenet.gui.session.session import Session
from napari_icenet.models.weights import bundled


def test_the_window_has_one_dock_with_the_tabs_in_the_order_of_the_work(viewer):
    dock = show_dock(viewer)
    assert isinstance(dock, IceNetDock)
    assert show_dock(viewer) is dock
    assert dock.session is Session.of(viewer)
    tabs = [dock.tabs.tabText(i) for i in range(dock.tabs.count())]
    assert tabs == ["Scenes", "Track", "Velocity", "Compare", "Train"]


def test_every_tab_fits_a_small_screen(make_napari_viewer, stack):
    viewer = make_napari_viewer()
    dock = show_dock(viewer)
    dock.session.add_stack(stack)
    # Of 1280 × 800, napari's menus, titles and status line leave about 700 of the height.
    for i in range(dock.tabs.count()):
        hint = dock.tabs.widget(i).minimumSizeHint()
        assert hint.height() <= 700, dock.tabs.tabText(i)
        assert hint.width() <= 420, dock.tabs.tabText(i)


def test_weights_that_were_trained_here_go_on_to_be_compared(viewer, tmp_path):
    dock = show_dock(viewer)
    run = tmp_path / "north"
    run.mkdir()
    for suffix in (".safetensors", ".json"):
        shutil.copy(bundled()["icenet"].with_suffix(suffix), run / f"best{suffix}")
    dock.train.compare_wanted.emit(run / "best.safetensors")
    assert dock.tabs.currentWidget() is dock.compare
    assert dock.compare.chooser.predictor_set.keys[-1] == "icenet@north"


def test_the_canvas_is_dark_in_the_light_theme_too(viewer, session, stack):
    viewer.theme = "light"
    session.add_stack(stack)
    assert tuple(viewer.canvas.background_color[:3]) == (0, 0, 0)
    session.close_stack(stack)
    assert tuple(viewer.canvas.background_color[:3]) != (0, 0, 0)


def test_the_session_lives_on_when_the_dock_is_closed(viewer, session, stack, qtbot):
    dock = show_dock(viewer)
    session.add_stack(stack)
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(50)
    session.time = 2
    session.layers.show_mask = True
    session.band = "B2"
    session.close_stack(stack)
    session.add_stack(stack)
    again = show_dock(viewer)
    assert again is not dock
    assert again.scenes.chooser.currentText() == "ramp"
