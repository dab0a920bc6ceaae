"""A window that is closed while it trains asks with buttons of its own; each is pressed, and does what it says."""

from __future__ import annotations

import pytest

from napari_icenet.training.run_folder.folder import RunFolder
from tests.datasets.ice import moving, stack_of
from tests.gui.train.ready import Desk, small, wait_for_step
from tests.gui.train.windows import Answers, trainers
from tests.training.launched import wait_for_end
from tests.training.runs import steps


@pytest.fixture
def window(own_home, make_napari_viewer, qtbot):
    """Opens a window that asks before it closes."""
    return lambda: Desk(make_napari_viewer(show=True), qtbot)


def held_back(desk):
    """Whether a window that its user closes is still there."""
    window = desk.viewer.window._qt_window
    return not window.close() and window.isVisible()


def gone(desk):
    """Whether a window that its user closes has gone."""
    window = desk.viewer.window
    if not window._qt_window.close():
        return False
    # The rest of what closing the viewer would do, without closing its window again.
    window._teardown()
    del window._qt_window
    return True


def test_keep_going_stop_training_stay_here(window, dataset):
    first = window()
    first.choose_dataset(dataset)
    first.start(small(dataset, objective={"cost": 0.05}, validation={"every": 0}, optimisation={"steps": 5000}))
    first.until_state("running")
    folder = first.run.folder
    stay = Answers("Stay here")
    assert held_back(first)
    (said,) = stay.seen
    assert said[0] == f"{folder.name} is being trained."
    assert said[1].startswith("Training needs no window: kept going, it is found in the Train tab next time.")
    before = first.run.step
    first.until(lambda: first.run.step > before)
    # Esc is no answer that would end anything.
    escape = Answers("Esc")
    assert held_back(first)
    assert len(escape.seen) == 1
    assert first.run.state == "running"

    keep = Answers("Keep going")
    assert gone(first)
    assert len(keep.seen) == 1
    (pid,) = trainers(folder)
    wait_for_step(folder, steps(folder) + 5)

    second = window()
    second.until(lambda: second.tab.bar.currentIndex() == 1 and second.run is not None)
    assert second.run.folder == folder
    stop = Answers("Stop training")
    assert gone(second)
    assert len(stop.seen) == 1
    wait_for_end(folder)
    assert trainers(folder) == []
    status = RunFolder(folder).status()
    assert (status.state, status.pid) == ("stopped", pid)
    assert status.step == steps(folder)

    third = window()
    third.until(lambda: third.run is not None)
    assert third.run.resumable
    third.tab.show_page(1)
    assert third.runs.next.text() == "Resume"
    # Nothing goes on, so nothing is asked.
    unasked = Answers()
    assert gone(third)
    assert not unasked.seen


def test_while_a_dataset_is_cut(window):
    desk = window()
    desk.choose_stack(stack_of(moving(16, 320, (0, 1))), stride=4)
    desk.setup.settings.show_settings(small())
    desk.until(desk.setup.bar.button.isEnabled)
    path = desk.setup.data.path
    desk.setup.bar.button.click()
    desk.until(lambda: desk.setup.bar.progress.value() > 0)
    stay = Answers("Stay here")
    assert held_back(desk)
    assert stay.seen[0][0] == "A dataset is being built."
    assert "finished parts are kept" in stay.seen[0][1]
    assert desk.setup.busy
    leave = Answers("Close")
    assert gone(desk)
    assert len(leave.seen) == 1
    desk.until(lambda: not desk.setup.builder.busy)
    # No half dataset; of parts that were finished, if any was, the next one goes on.
    assert not path.exists()
