"""A window with the Train tab, small runs of the tiny network, and what tests do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.tab import TrainTab
from napari_icenet.training.presets import merged
from napari_icenet.training.settings import RunSettings, make_run_settings
from tests.training.runs import wait_for


def small(dataset: Path | None = None, **values: Any) -> RunSettings:
    """Settings of a run of the tiny network that takes some seconds."""
    usual = {
        "model": "tiny",
        "threads": 1,
        "device": "cpu",
        "data": {"datasets": [] if dataset is None else [str(dataset)], "workers": 1},
        "objective": {"cost": 0.02},
        "optimisation": {"steps": 60, "batch": 4, "learning_rate": 0.01, "warm_up": 3},
        "validation": {"every": 20, "sequences": 12, "samples": 3},
        "checkpoint_every": 10,
    }
    return make_run_settings(merged(usual, values))


class Desk:
    """A window with nothing but the Train tab."""

    def __init__(self, viewer: Any, qtbot: Any) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(1280, 800)
        self.session = Session.of(viewer)
        self.tab = TrainTab(viewer, self.session)
        viewer.window.add_dock_widget(self.tab, name="IceNet")
        self.runs, self.setup = self.tab.runs, self.tab.setup

    @property
    def run(self):
        """The run that is shown."""
        return self.runs.run

    def until(self, condition, seconds=60):
        """Let the window live until something is so."""
        self.qtbot.waitUntil(condition, timeout=round(1000 * seconds))

    def until_state(self, *states):
        """Until the shown run is in one of these states."""
        self.until(lambda: self.run is not None and self.run.state in states)

    def choose_stack(self, stack, **values):
        """Open a stack and ask for a small dataset of it."""
        self.session.add_stack(stack)
        form = self.setup.data.form
        for name, value in ({"chip": 32, "frames": 5, "stride": 16} | values).items():
            form.editors[name].widget.setValue(value)
        wanted = tuple(form.editors[name].value() for name in ("stride", "chip", "frames"))

        def there():
            found = self.setup.data.planned
            if found is None:
                return False
            settings = found.plan.settings
            return (settings.stride, settings.chip, settings.frames) == wanted

        self.until(there)

    def choose_dataset(self, path):
        """Learn from a dataset."""
        self.setup.data.show_dataset(path)
        data = self.setup.data
        self.until(lambda: data.facts is not None or str(path.name) in data.trouble)

    def start(self, settings):
        """Press Start, and wait for the run."""
        self.setup.settings.show_settings(settings)
        before = len(self.tab.follower.runs)
        self.until(self.setup.bar.button.isEnabled)
        self.setup.bar.button.click()
        self.until(lambda: len(self.tab.follower.runs) > before or bool(self.setup.message.text()))
        assert not self.setup.message.text()
        self.until(lambda: self.run is not None)


def wait_for_step(folder: Path, step: int) -> None:
    """Until a run has taken so many steps, whether or not a window looks on."""
    from tests.training.runs import steps

    wait_for(lambda: steps(folder) >= step)
