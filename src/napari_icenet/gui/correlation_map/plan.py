"""Plan of a map before it is made: its size in a line, or why it cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from napari_icenet.common.text import grouped
from napari_icenet.errors import IceNetError, UsageError
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map.form import MapForm
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.session.session import Session
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

_MEND = "choose a chip of 128 px, or another predictor."


@dataclass(frozen=True)
class Plan:
    """The map that would be made now.

    Attributes
    ----------
    sentence : str
        What would be made, or why nothing can be.
    possible : bool
    settings : MapSettings, optional
    predictor_set : PredictorSet, optional
        Without predictors that have no weights for chips of this size.
    """

    sentence: str
    possible: bool
    settings: MapSettings | None = None
    predictor_set: PredictorSet | None = None


def plan(session: Session, form: MapForm, predictor_set: Callable[[], PredictorSet]) -> Plan:
    """The map that the form asks for now.

    Parameters
    ----------
    session : Session
        With a stack.
    form : MapForm
    predictor_set : callable
    """
    stack = session.stack
    try:
        if stack is None:
            raise UsageError("open scenes first.")
        settings = form.settings()
        windows = settings.windows(stack)
        chosen = predictor_set()
        if not chosen.entries:
            raise UsageError("no predictor is chosen; choose at least one.")
        fitting = chosen.fitting(settings.chip)
        left_out = [entry.title for entry in chosen.entries if entry.key not in fitting.keys]
        if not fitting.entries:
            raise UsageError(f"{', '.join(left_out)}: no weights for chips of {settings.chip} px; {_MEND}")
        area = drawn_areas.area_of(session, form.where.currentText())
        cells = int(choose_cells(stack.grid.shape, settings, area).asked.sum())
    except IceNetError as error:
        return Plan(str(error), False)
    parts = [f"{grouped(cells)} cell{'s' * (cells != 1)}"]
    parts.append(f"{len(fitting.entries)} predictor{'s' * (len(fitting.entries) != 1)}")
    if settings.t0 is None:
        parts.append(f"{len(windows)} t0, {stack.labels[windows[0].t0]} to {stack.labels[windows[-1].t0]}")
    else:
        parts.append(_dates(stack, settings.t0))
    sentence = SEPARATOR.join(parts)
    if left_out:
        verb = "are" if len(left_out) > 1 else "is"
        sentence += f". {' and '.join(left_out)} {verb} left out, without weights for chips of {settings.chip} px."
    return Plan(sentence, True, settings, fitting)


def _dates(stack: SceneStack, t0: int) -> str:
    day = [stack.labels[t] for t in range(t0, min(t0 + 3, len(stack.labels)))]
    text = f"t0 {day[0]} → t1 {day[1]}"
    return text + (f", t2 {day[2]}" if len(day) > 2 else ", no t2")
