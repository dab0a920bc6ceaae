"""Two windows on one run: what one does the other shows, and one process is at work whoever starts it."""

from __future__ import annotations

from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.run_folder.process_record import read_launch
from tests.gui.train.ready import small
from tests.gui.train.windows import stopped_run, trainers


def test_resumed_in_both_at_once_paused_in_one_and_stopped_in_the_other(new_desk, dataset):
    values = {"objective": {"cost": 0.05}, "validation": {"every": 0}, "optimisation": {"steps": 5000}}
    folder = stopped_run("shared", small(dataset, **values), 4)
    one, other = new_desk(), new_desk()
    for desk in (one, other):
        desk.until(lambda desk=desk: desk.run is not None and desk.run.resumable)
        desk.tab.show_page(1)
        desk.until(desk.runs.next.isEnabled)
        assert desk.runs.next.text() == "Resume"
    for desk in (one, other):
        desk.runs.next.click()
    for desk in (one, other):
        desk.until_state("running")
    assert len(trainers(folder)) == 1
    # It does not wait for itself: once stopped it would begin anew.
    assert Queue().waiting == ()
    for desk in (one, other):
        said = desk.runs.message.text()
        assert not said or "perhaps by another window" in said or "waits in the queue already" in said, said

    one.runs.next.click()
    assert one.runs.next.text() == "Pausing …"
    other.until_state("paused")
    one.until_state("paused")
    assert [desk.runs.next.text() for desk in (one, other)] == ["Go on", "Go on"]
    assert other.runs.line.text().startswith("Paused at step ")
    assert other.tab.bar.tabText(1) == "Runs · 1 going on"
    held, launched = one.run.step, read_launch(folder / "launch.json").token
    other.runs.next.click()
    # One need not wait until it has gone on to stop it.
    assert other.runs.next.text() == "Going on …"
    assert other.runs.stop.isEnabled()
    one.until(lambda: one.run.state == "running" and one.run.step > held)
    other.runs.stop.click()
    for desk in (one, other):
        desk.until_state("stopped")
        desk.until(lambda desk=desk: desk.runs.next.text() == "Resume")
        assert desk.tab.bar.tabText(1) == "Runs"
    # A process takes its time to leave, with a window and other tests beside it; none comes in its place.
    one.until(lambda: not trainers(folder), 30)
    one.qtbot.wait(1500)
    assert trainers(folder) == []
    assert read_launch(folder / "launch.json").token == launched
