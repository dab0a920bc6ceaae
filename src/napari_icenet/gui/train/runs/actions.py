"""Actions on a run, and the dialogs that ask before them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from qtpy.QtCore import QObject, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_icenet.errors import TrainingError
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.launch.list import delete_run
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.results.export import export_weights
from napari_icenet.training.results.summary import RunSummary
from napari_icenet.training.run_folder.folder import RunFolder

#: The one thing that comes next, by the state of the run: what the button says, and its tip.
NEXT: Final[dict[str, tuple[str, str]]] = {
    "preparing": ("Stop", "Stop it; it can be resumed."),
    "running": ("Pause", "Wait after the present step, and give the machine back to you; nothing is lost."),
    "paused": ("Go on", "Take the next step."),
    "stopped": ("Resume", "Go on from the last checkpoint, as if it had never stopped."),
    "failed": ("Resume", "Try again from the last checkpoint, after what was wrong is mended."),
    "queued": ("Take out of the queue", "It no longer waits; its settings stay, and it can be resumed later."),
    "new": ("Start", "Start it, or let it wait where another run is going on."),
    "finished": ("Compare on the picture", "Put its weights into the Compare tab, beside those of the package."),
    "damaged": ("Delete…", "Its settings cannot be read; all that can be done is to delete it."),
}
_WAITING: Final[dict[str, str]] = {"pause": "Pausing …", "stop": "Stopping …", "run": "Going on …"}


class RunActions(QObject):
    """Does things to runs, off the interface's thread.

    Attributes
    ----------
    said : Signal(str)
        One sentence for the user; empty takes the last one back.
    changed : Signal()
        Something was asked for, which a run has yet to heed.
    """

    said = Signal(str)
    changed = Signal()

    def __init__(self, follower: RunFollower, parent: QWidget) -> None:
        super().__init__(parent)
        self._follower, self._parent = follower, parent
        self._wishes: dict[Path, tuple[str, str]] = {}
        follower.runs_changed.connect(self._on_runs)
        follower.failed.connect(self._on_failed)

    def waiting_for(self, folder: Path) -> str:
        """Request that a run has not yet heeded, in a word; empty where there is none."""
        found = self._wishes.get(folder)
        return "" if found is None else _WAITING[found[0]]

    def stopping(self, folder: Path) -> bool:
        """Whether a run was asked to stop and has not yet heeded that."""
        return self._wishes.get(folder, ("", ""))[0] == "stop"

    def request(self, run: RunSummary, wish: str) -> None:
        """Ask a run to ``pause``, to ``run`` or to ``stop``."""
        self._wishes[run.folder] = (wish, run.state)
        self.changed.emit()
        self._do(lambda: RunFolder(run.folder).request(wish))  # type: ignore[arg-type]

    def resume(self, run: RunSummary, datasets: list[str] | None = None) -> None:
        """Go on with a run, or let it wait its turn; with its datasets where they are now."""

        def work() -> None:
            Queue().add_resume(run.folder, datasets=datasets)

        self._wishes[run.folder] = ("run", run.state)
        self.changed.emit()
        self._do(work)

    def compare_again(self, run: RunSummary) -> None:
        """Make the table of before and after anew, or let it wait its turn."""
        self._do(lambda: Queue().add_resume(run.folder))

    def take_out(self, run: RunSummary) -> None:
        """Let it wait no longer."""
        self._do(lambda: Queue().remove(run.folder))

    def put_first(self, run: RunSummary) -> None:
        """Make it the next one of the queue."""
        self._do(lambda: Queue().move(run.folder, 0))

    def end(self, run: RunSummary) -> None:
        """Kill a run that does not heed, after asking."""
        if ask_end(self._parent, run):
            self._do(lambda: launching.end(run.folder))

    def delete(self, run: RunSummary) -> None:
        """Delete a run, after asking."""
        if run.active:
            self.said.emit(f"{run.name} is going on; stop it before it is deleted.")
        elif ask_delete(self._parent, run):
            self._do(lambda: delete_run(run.folder, Queue()), f"Deleted {run.name}.")

    def export(self, run: RunSummary, path: Path | None = None) -> None:
        """Write its best weights as one file that holds its card."""
        path = path or ask_export(self._parent, run)
        if path is not None:
            self._do(
                lambda: export_weights(run.folder, path),
                f"Wrote {path.name}, which holds its card; give it to anyone who has icenet.",
            )

    def open_folder(self, run: RunSummary) -> None:
        """Show its folder in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def ask_datasets(self, run: RunSummary) -> None:
        """Ask where the datasets of a run are now, and resume it with them."""
        try:
            paths = RunFolder(run.folder).settings().data.datasets
        except TrainingError as error:
            self.said.emit(str(error))
            return
        found = []
        for path in paths:
            chosen = QFileDialog.getExistingDirectory(
                self._parent, f"Where is {Path(path).name} now?", str(Path(path).parent)
            )
            if not chosen:
                return
            found.append(chosen)
        self.resume(run, found)

    def _do(self, work: object, done: str = "") -> None:
        self.said.emit("")
        self._follower.act(work, lambda _result: self.said.emit(done))  # type: ignore[arg-type]

    def _on_failed(self, _sentence: str) -> None:
        """Forget a request that has failed."""
        self._wishes.clear()
        self.changed.emit()

    def _on_runs(self) -> None:
        """Stop waiting for what a run has heeded."""
        for folder, (_, state) in list(self._wishes.items()):
            run = self._follower.find(folder)
            if run is None or run.state != state:
                del self._wishes[folder]
        self.changed.emit()


def ask_delete(parent: QWidget, run: RunSummary) -> bool:
    """True if a run is to be deleted."""
    weights = " and its weights" if run.weights is not None else ""
    answer = QMessageBox.question(
        parent,
        "Delete run",
        f"Delete {run.name} with its settings, curves{weights}? This cannot be undone.",
        QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
        QMessageBox.StandardButton.No,
    )
    return bool(answer == QMessageBox.StandardButton.Yes)


def ask_end(parent: QWidget, run: RunSummary) -> bool:
    """True if a run is to be killed."""
    answer = QMessageBox.question(
        parent,
        "End at once",
        f"End {run.name} at once? What it learned since its last checkpoint is lost; it can be resumed from there.",
        QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
        QMessageBox.StandardButton.No,
    )
    return bool(answer == QMessageBox.StandardButton.Yes)


def ask_export(parent: QWidget, run: RunSummary) -> Path | None:
    """Ask where to write the weights of a run."""
    memory = Remembered("train")
    plain = re.sub(r"[^\w.+ -]+", "-", run.name)
    start = Path(memory.get("export", str(Path.home()))) / f"{plain}.safetensors"
    chosen, _ = QFileDialog.getSaveFileName(parent, "Export weights", str(start), "Weights (*.safetensors)")
    if not chosen:
        return None
    memory.set("export", str(Path(chosen).parent))
    return Path(chosen)
