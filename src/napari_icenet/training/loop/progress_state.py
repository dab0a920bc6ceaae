"""How far a run is, and what that asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_icenet.training.settings import RunSettings


@dataclass
class TrainingState:
    """How far a run is; part of every checkpoint.

    Attributes
    ----------
    step : int
        Steps taken.
    seconds : float
        Spent in them.
    best : dict
        The best validation so far: step, t1, t2, and persistence's; empty before the first.
    since_best : int
        Validations since then.
    validated : int, optional
        Step of the last validation; -1 before the one that is due at first, None where it was not written down.
    """

    step: int = 0
    seconds: float = 0.0
    best: dict[str, Any] = field(default_factory=dict)
    since_best: int = 0
    validated: int | None = None

    def owes_validation(self, settings: RunSettings) -> bool:
        """Whether the run begins with a validation, or was stopped in the middle of one."""
        every = settings.validation.every
        due = bool(every) and (self.step % every == 0 or self.step >= settings.optimisation.steps)
        return due and self.validated is not None and self.validated < self.step

    def has_given_up(self, settings: RunSettings) -> bool:
        """Whether too many validations in a row were no better than the best one."""
        patience = settings.validation.patience
        return bool(patience) and self.since_best >= patience
