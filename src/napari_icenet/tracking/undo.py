"""States of a click-tracker, step by step, to undo and to save."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.settings import TrackSettings, make_settings


@dataclass(frozen=True)
class Mark:
    """Start of a chip: position in pixels and index of the date."""

    row: float
    col: float
    time: int


@dataclass(frozen=True)
class State:
    """Everything the user has said, and nothing that follows from it.

    Attributes
    ----------
    marks : mapping of int to Mark
        Chips by number.
    settings : TrackSettings
    selected : int or None
    stable : int or None
        Number of the track on stable ground.
    mask : array of bool, (y, x), or None
        Stable ground as a mask; ``stable`` is None then.
    next_number : int
        Numbers are not used twice, so that a name stays with its track.
    """

    marks: Mapping[int, Mark]
    settings: TrackSettings
    selected: int | None = None
    stable: int | None = None
    mask: NDArray[np.bool_] | None = None
    next_number: int = 1


class History:
    """The current state, those before it and those undone."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._past: list[State] = []
        self._future: list[State] = []
        self._open: object = None

    @property
    def can_undo(self) -> bool:
        """True if there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """True if there is a step to do again."""
        return bool(self._future)

    def step(self, state: State, merge: object = None) -> None:
        """Go on to a new state; steps in a row with the same ``merge`` count as one."""
        if merge is None or merge != self._open:
            self._past.append(self.state)
        self._open = merge
        self._future.clear()
        self.state = state

    def finish(self) -> None:
        """The next step is not merged with the last."""
        self._open = None

    def replace(self, state: State) -> None:
        """Change the current state without a step."""
        self.state = state

    def undo(self) -> State:
        """Step back; the same state where there is nothing to undo."""
        return self._move(self._past, self._future)

    def redo(self) -> State:
        """Step forward again."""
        return self._move(self._future, self._past)

    def _move(self, origin: list[State], target: list[State]) -> State:
        self.finish()
        if origin:
            target.append(self.state)
            self.state = origin.pop()
        return self.state


def state_to_json(state: State, stack: SceneStack, time: int) -> str:
    """Chips, settings, selection, stable track and date shown as JSON; a mask is not kept."""
    labels = stack.labels
    chips = [{"track": n, "row": m.row, "col": m.col, "date": labels[m.time]} for n, m in state.marks.items()]
    return json.dumps(
        {
            "settings": state.settings.model_dump(),
            "chips": chips,
            "selected": state.selected,
            "stable": state.stable,
            "date": labels[time],
        }
    )


def state_from_json(text: str, stack: SceneStack) -> tuple[State, int]:
    """The state of :func:`state_to_json` on a stack with the same dates, and the date shown.

    Raises
    ------
    UsageError
        The text is not such a state, or the stack lacks one of its dates.
    """
    try:
        data = json.loads(text)
        settings = make_settings(**data["settings"])
        marks = {
            int(chip["track"]): Mark(float(chip["row"]), float(chip["col"]), stack.time_index(str(chip["date"])))
            for chip in data["chips"]
        }
        selected, stable, date = data["selected"], data["stable"], str(data["date"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the saved chips cannot be read ({error}); save them again.") from error
    state = State(
        marks,
        settings,
        selected if selected in marks else None,
        stable if stable in marks else None,
        None,
        max(marks, default=0) + 1,
    )
    return state, stack.time_index(date)
