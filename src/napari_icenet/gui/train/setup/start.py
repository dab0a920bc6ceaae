"""Starting a run, and the button that does."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QWidget

from napari_icenet.errors import TrainingError
from napari_icenet.gui.widgets.run_bar import RunBar
from napari_icenet.training.data.plan import DataPlan
from napari_icenet.training.launch.list import default_root, new_run_folder
from napari_icenet.training.launch.preflight import preflight
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.settings import RunSettings

START, QUEUE = "Start training", "Add to the queue"
TIP = (
    "Cut the dataset if it is not there yet, then train in a process of its own, which goes on when the window is "
    "closed. Where another run is going on, this one waits for it."
)


class StartBar(RunBar):
    """Start, which turns into Cancel while the dataset is made; and into a queue while another run goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, action=START, tip=TIP)

    def set_waits(self, waits: bool) -> None:
        """Say whether a run would have to wait."""
        action = QUEUE if waits else START
        if action != self._action:
            self._action = action
            if not self._busy:
                self.button.setText(action)


def start(settings: RunSettings, name: str, plan: DataPlan | None = None) -> Path:
    """Start a run of this name, or let it wait its turn.

    Parameters
    ----------
    settings : RunSettings
    name : str
    plan : DataPlan, optional
        Of a dataset that the run cuts first, where it is not there yet.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    TrainingError
        Something would keep it from working; the sentence says what.
    UsageError, TrainingError
        It cannot be started.
    """
    folder = new_run_folder(default_root(), name)
    found = preflight(settings, folder, plan)
    if found:
        raise TrainingError(found[0])
    Queue().add(folder, settings, plan=plan)
    return folder
