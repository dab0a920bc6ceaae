"""A run that is set up on an open stack cuts its dataset itself, with or without a window."""

from __future__ import annotations

import pytest

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.scenes.open import open_stack
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.run_folder.folder import RunFolder
from tests.datasets.ice import dated_pictures
from tests.gui.train.ready import small
from tests.training.launched import wait_for_end, wait_for_state


@pytest.fixture(autouse=True)
def _slow(own_home):
    own_home.setattr(launching, "MODULE", "tests.training.slow_cut")


def test_it_is_cut_and_trained_on_though_the_window_is_closed(new_desk, tmp_path):
    first = new_desk()
    first.choose_stack(open_stack(dated_pictures(tmp_path / "glacier")))
    first.until(lambda: "Cuts the sequences, then trains" in first.setup.bar.line.text())
    planned = first.setup.data.planned.plan
    path = planned.place_in(tmp_path / "home" / "datasets")
    first.start(small())
    assert not first.setup.busy
    folder = first.run.folder
    first.until(lambda: first.runs.line.text().startswith("Cutting the sequences, "))
    assert first.run.state == "preparing"
    assert not path.exists()
    first.viewer.close()

    wait_for_state(folder, "finished", "failed")
    wait_for_end(folder)
    assert RunFolder(folder).status().state == "finished"
    cut, bands = open_dataset(path).record.settings, {"bands"}
    assert cut.model_dump(exclude=bands) == planned.settings.model_dump(exclude=bands)
    second = new_desk()
    second.until(lambda: second.run is not None and second.run.folder == folder)
    # The same plan has the same place: nothing is cut a second time.
    second.tab.show_page(0)
    second.choose_stack(open_stack(tmp_path / "glacier"))
    second.until(lambda: "Trains at once" in second.setup.bar.line.text())


def test_it_is_stopped_and_resumed_while_it_cuts(new_desk, tmp_path):
    desk = new_desk()
    desk.choose_stack(open_stack(dated_pictures(tmp_path / "glacier")))
    desk.start(small())
    desk.until(lambda: desk.runs.line.text().startswith("Cutting the sequences, "))
    assert desk.runs.next.text() == "Stop"
    desk.runs.next.click()
    desk.until_state("stopped")
    assert desk.runs.next.text() == "Resume"
    desk.runs.next.click()
    desk.until_state("preparing")
    desk.until_state("finished", "failed")
    assert desk.run.state == "finished"
