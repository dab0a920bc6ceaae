"""One window with the Train tab for all tests of a module, and what its user presses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox

from napari_icenet.common.user_files import home
from napari_icenet.gui.train import closing as train_closing
from napari_icenet.gui.train.setup.data_form import STACK
from napari_icenet.gui.widgets import preferences as settings
from napari_icenet.jobs.detached import alive
from napari_icenet.training.launch.list import default_root
from napari_icenet.training.run_folder.process_record import read_launch
from napari_icenet.training.settings import RunSettings
from napari_icenet.training.train import train
from tests.gui.train.ready import Desk
from tests.gui.velocity.ready import kept_viewer
from tests.training import tiny
from tests.training.launched import at_home, end_all
from tests.training.runs import steps, wait_for


@contextmanager
def kept_home(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """The tiny network is known here and to launched processes, and no choice or run of the user's is touched."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(settings, "location", lambda: folder / "choices" / "settings.json")
        at_home(changed, folder / "home")
        tiny.register()
        try:
            yield changed
        finally:
            end_all(folder)
            tiny.forget()


@contextmanager
def kept_desk(folder: Path) -> Iterator[Desk]:
    """A window that closes without a question; :meth:`begin_anew` comes before each test."""
    with kept_home(folder) as changed:
        changed.setattr(train_closing, "ask", lambda *_: train_closing.KEEP)
        viewer = kept_viewer()
        desk = Desk(viewer, None)
        try:
            yield desk
        finally:
            end_all(folder)
            viewer.close()


def begin_anew(desk: Desk, qtbot: object) -> None:
    """As after a start: no run, no dataset, no word."""
    desk.qtbot = qtbot
    # First what waits, for the next one would begin when one ends.
    (home() / "queue.json").unlink(missing_ok=True)

    def quiet() -> bool:
        end_all(home())
        records = map(read_launch, home().rglob("launch.json"))
        return not any(
            alive(pid) for record in records if record is not None for pid in (record.supervisor, record.pid)
        )

    wait_for(quiet, 20)
    shutil.rmtree(home(), ignore_errors=True)
    desk.tab.follower.look()
    desk.until(lambda: not desk.tab.follower.runs)
    desk.setup.data.form.show_source(STACK)
    desk.runs.say("")
    desk.setup.say("")
    desk.tab.show_page(0)


def stopped_run(name: str, wanted: RunSettings, after: int) -> Path:
    """A run that was stopped after some steps, among those that the window lists."""
    folder = default_root() / name
    train(wanted, folder, stop=lambda: steps(folder) >= after)
    return folder


def trainers(folder: Path) -> list[int]:
    """Processes that train in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if b"train" in words and str(folder).encode() in words and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


class Answers:
    """Presses a button of each dialog that comes up, as soon as it is there.

    Parameters
    ----------
    words : str
        On the button of each, in order; ``Esc`` for the key.

    Attributes
    ----------
    seen : list of (str, str)
        What each dialog said, and its further words.
    """

    def __init__(self, *words: str) -> None:
        self.words, self.seen = list(words), []
        self._timer = QTimer()
        self._timer.timeout.connect(self._press)
        self._timer.start(30)

    def _press(self) -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox) or not box.isVisible() or not self.words:
            return
        word = self.words.pop(0)
        self.seen.append((box.text(), box.informativeText()))
        if word == "Esc":
            QTest.keyClick(box, Qt.Key.Key_Escape)
            return
        buttons = {button.text().replace("&", ""): button for button in box.buttons()}
        # A dialog without this button must not hold the test up for ever.
        buttons.get(word, box.buttons()[-1]).click()
        assert word in buttons
        if not self.words:
            self._timer.stop()
