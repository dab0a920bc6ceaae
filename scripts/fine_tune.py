"""Fine-tune the bundled network on real glaciers from the Train tab, as a newcomer does, and take pictures.

    scripts/on_screen.sh .venv/bin/python scripts/fine_tune.py start REAL --home FOLDER [--threads N]
    scripts/on_screen.sh .venv/bin/python scripts/fine_tune.py look REAL --home FOLDER

``REAL`` holds ``perito_moreno`` and ``sverdrup``. ``start`` opens Perito Moreno and trains SVG-LP further, opens
Sverdrup, lets the fine-tune of IceNet wait in the queue, and closes the window: the runs go on. ``look``, any time
after that, opens a new window, finds them, and shows what they came to.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox
from screenshots import Newcomer, live

from napari_icenet.gui.train.tab import NEW, RUNS
from napari_icenet.gui.widgets import preferences as settings

#: Names of the runs, by their ice and preset.
NAMES = ("perito_moreno-fine-tune", "sverdrup-fine-tune")


class Trainee(Newcomer):
    """A newcomer in the Train tab."""

    def __init__(self) -> None:
        super().__init__(1440, 900)
        self.tab = self.dock.train
        self.dock.tabs.setCurrentWidget(self.tab)
        live(1.0)

    def press(self, button: Any) -> None:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        live(1.0)

    def train(
        self,
        folder: Path,
        threads: int | None,
        picture: str | None = None,
        before: Callable[[], None] | None = None,
        **choices: Any,
    ) -> None:
        """Open a glacier, look at what would be learned from it, choose settings (``before``), and start."""
        self.tab.show_page(NEW)
        self.open(self.session.open(folder))
        setup = self.tab.setup
        form = setup.data.form
        for name, value in choices.items():
            editor = getattr(form, name)
            if hasattr(editor, "findData"):
                editor.setCurrentIndex(editor.findData(value))
            else:
                editor.setValue(value)
        live(1.0)
        live(60, lambda: setup.data.planned is not None)
        if before is not None:
            before()
        setup.settings.editors["threads"].set_value(threads)
        self.press(setup.data.look)
        live(120, lambda: setup.data.preview.count > 0)
        print(f"{setup.data.sizes.text()} | {setup.bar.line.text()}")
        if picture:
            self.picture(picture)
        self.press(setup.bar.button)
        live(60, lambda: self.tab.bar.currentIndex() == RUNS)

    def choose(self, name: str) -> None:
        """Choose a run of the list, and wait for all that is told of it."""
        self.tab.show_page(RUNS)
        runs, follower = self.tab.runs, self.tab.follower
        live(20, lambda: any(run.name == name for run in follower.runs))
        (run,) = (run for run in follower.runs if run.name == name)
        runs.choose((run.folder,))
        live(30, lambda: run.folder in follower.views and follower.views[run.folder].result is not None)
        live(1.5)
        print(f"{name}: {runs.line.text()} | {runs.result.sentence.text()} | {runs.result.note.text()}")


def keep_going() -> None:
    """Press the button that lets runs go on, once the window asks as it is closed."""

    def keep() -> None:
        for box in QApplication.topLevelWidgets():
            if isinstance(box, QMessageBox) and box.isVisible():
                next(button for button in box.buttons() if button.text() == "Keep going").click()
                return
        QTimer.singleShot(200, keep)

    QTimer.singleShot(500, keep)


def start(real: Path, threads: int | None) -> None:
    """Both runs, the second behind the first; then the window is closed."""
    one = Trainee()

    def network(name: str) -> None:
        widget = one.tab.setup.settings.editors["model"].widget
        widget.setCurrentIndex(widget.findData(name))

    def paper_network() -> None:
        network("svg-lp")
        editors = one.tab.setup.settings.editors
        rate = editors["optimisation.learning_rate"].widget
        rate.setText("0.0005")
        rate.editingFinished.emit()
        editors["optimisation.steps"].widget.setValue(800)
        editors["validation.every"].widget.setValue(100)
        live(1.0)

    one.train(real / "perito_moreno", threads, "train.png", paper_network, tracking="robust")
    by_time = {"split_by": "time", "chip": 64, "stride": 48}
    one.train(
        real / "sverdrup", threads, "train_by_time.png", lambda: network("icenet"), tracking="robust", **by_time
    )  # fmt: skip
    live(20, lambda: len(one.tab.follower.runs) == 2)
    print([(run.name, run.state) for run in one.tab.follower.runs])

    keep_going()
    one.viewer.window._qt_window.close()
    live(1.0)


def look(real: Path, runs: Sequence[str]) -> None:
    """What they came to, found again by a new window."""
    one = Trainee()
    one.open(one.session.open(real / "sverdrup"))
    one.choose(runs[1])
    one.picture("train_transfer.png")
    one.open(one.session.open(real / "perito_moreno"))
    one.choose(runs[0])
    one.picture("train_finished.png")
    one.tab.runs.show_panel("Chips")
    one.picture("train_chips.png")
    one.tab.runs.show_panel("Curves")
    one.press(one.tab.runs.next)
    compare = one.dock.compare
    chosen = compare.chooser.predictor_set
    shown = [entry for entry in chosen.entries if entry.weights or entry.name in ("persistence", "consensus", "svg-lp")]
    compare.chooser.show_line_up(chosen.model_copy(update={"entries": tuple(shown)}))
    one.dock.track.control.change(scale=1.5)
    one.session.time = 0
    # In the middle of a block that was held out.
    one.look(576, 575, 330)
    one.click(576, 575)
    one.session.time = list(one.session.stack.labels).index("2020-02-12")
    strip = compare.chip.strip
    live(20.0)
    live(60, lambda: strip.comparison is not None and strip.comparison.whole)
    strip.pick(shown[-1].key)
    one.picture("train_compared.png")
    one.viewer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stage", choices=("start", "look"))
    parser.add_argument("real", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="where datasets and runs are kept")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--runs", nargs=2, default=NAMES, help="of Perito Moreno and Sverdrup, if called otherwise")
    given = parser.parse_args()
    os.environ["ICENET_HOME"] = str(given.home.absolute())
    # What is chosen here must not become the user's next settings.
    settings.location = lambda: given.home / "choices.json"
    if given.stage == "start":
        start(given.real, given.threads)
    else:
        look(given.real, given.runs)
