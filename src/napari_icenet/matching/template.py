"""Templates: the last chip, the first, its high-pass, or a predictor's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import IceNetError, PredictorError, UsageError

#: Filter of the paper's high-pass template, and of the check of every match.
HIGH_PASS = "high-pass"
#: Past chips that a predictor is handed at most, as in the paper.
PAST_CHIPS = 8

#: Templates that need no predictor, with their titles for a drop-down.
TEMPLATES = {
    "persistence": "Last chip",
    "first": "First chip",
    "high-pass": "High-pass of last chip",
}


@dataclass(frozen=True, eq=False)
class Past:
    """The past chips of one track, and how far ahead the next one lies.

    Attributes
    ----------
    chips : array of float32, (n, C, C)
        Oldest first; the last one is t0. NaN is missing. Any unit: a predictor normalises by itself.
    days : array of float64, (n,)
        Days from t0 to each frame: the last is 0, earlier ones are negative.
    valid : array of bool, (n,)
        Whether the frame was tracked and shows ice.
    horizon : float
        Days from t0 to the frame that is to be predicted.
    steps : int
        Acquisitions from t0 to that frame: t1 is 1, t2 is 2.
    cloud : array of float, (n,), or None
        Share of cloud, shadow and cirrus of each frame; NaN where unknown, None where nobody asked.
    covariates : array of float, (n, K), or None
        Further facts of each frame's date, such as wind; NaN where missing, None where nobody gave any.
    covariate_names : tuple of str, (K,)
        What they are, with their units.

    Raises
    ------
    UsageError
        The arrays do not belong together.
    """

    chips: NDArray[np.float32]
    days: NDArray[np.float64]
    valid: NDArray[np.bool_]
    horizon: float
    steps: int = 1
    cloud: NDArray[np.floating[Any]] | None = None
    covariates: NDArray[np.floating[Any]] | None = None
    covariate_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _as_arrays(self)
        shape = self.chips.shape
        if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
            raise UsageError(f"past chips of shape {shape} cannot be used; hand over (n, C, C) with n of at least 1.")
        if self.days.shape != shape[:1] or self.valid.shape != shape[:1]:
            raise UsageError(
                f"{shape[0]} past chips came with {self.days.size} days and {self.valid.size} marks of validity; "
                "each chip needs one of both."
            )
        if not (np.isfinite(self.days).all() and np.isfinite(self.horizon)):
            raise UsageError("a past chip or its target has no date; each needs one.")
        if self.steps < 1:
            raise UsageError(f"a chip {self.steps} acquisitions after t0 cannot be predicted; hand over 1 or more.")
        if self.cloud is not None and self.cloud.shape != shape[:1]:
            raise UsageError(f"{shape[0]} past chips came with {self.cloud.size} shares of cloud; each needs one.")
        wanted = (shape[0], len(self.covariate_names))
        if self.covariates is not None and self.covariates.shape != wanted:
            raise UsageError(
                f"{shape[0]} past chips and {wanted[1]} names of covariates came with values of shape "
                f"{self.covariates.shape}; each chip needs one of each."
            )


def _as_arrays(past: Past) -> None:
    """Lists become arrays; arrays stay what they are."""
    kinds = {"chips": np.float32, "days": np.float64, "valid": np.bool_, "cloud": np.float64, "covariates": np.float64}
    for name, kind in kinds.items():
        value = getattr(past, name)
        if isinstance(value, np.ndarray) or (value is None and name in ("cloud", "covariates")):
            continue
        try:
            object.__setattr__(past, name, np.asarray(value, kind))
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name} of past chips cannot be used; hand over an array of numbers.") from error
    if isinstance(past.horizon, bool) or not isinstance(past.horizon, int | float | np.number):
        raise UsageError(f"a horizon of {past.horizon!r} cannot be used; give the days to the target, a number.")


def named_covariates(
    values: NDArray[np.floating[Any]] | None, names: Sequence[str], wanted: Sequence[str], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Covariates in the order that is wanted.

    Parameters
    ----------
    values : array, (…, K), or None
    names : sequence of str, (K,)
        Of the values.
    wanted : sequence of str, (W,)
    shape : tuple of int
        That of the values but for their last axis.

    Returns
    -------
    array of float64, (…, W)
        NaN where there is no covariate of a name.
    """
    out = np.full((*shape, len(wanted)), np.nan)
    for k, name in enumerate(wanted):
        if values is not None and name in names:
            out[..., k] = values[..., list(names).index(name)]
    return out


@dataclass(frozen=True, eq=False)
class Prediction:
    """Expected next chip, and its spread.

    Attributes
    ----------
    template : array of float32, (C, C)
        In the place of t0. NaN where nothing is known.
    spread : array of float32, (C, C), or None
        One standard deviation of each pixel, in the template's unit, where the predictor knows it.
    """

    template: NDArray[np.float32]
    spread: NDArray[np.float32] | None = None


@runtime_checkable
class Predictor(Protocol):
    """Makes a template from past chips.

    One may have a ``prefilter``, too (:func:`prefilter_of`).
    """

    @property
    def name(self) -> str:
        """As in settings and tables."""
        ...

    @property
    def title(self) -> str:
        """For a drop-down or a legend."""
        ...

    def __call__(self, past: Past) -> Prediction | None:
        """The template for the frame ``past.horizon`` days after t0; None where none can be made."""
        ...


def prefilter_of(predictor: Predictor) -> str:
    """Filter of the picture that a predictor's templates are searched in; ``none``, the plain one, where it has none.

    Raises UsageError: there is no such filter.
    """
    from napari_icenet.matching.prefilter import prefilter

    name = getattr(predictor, "prefilter", "none")
    try:
        return prefilter(name).name
    except UsageError as error:
        raise UsageError(f"The predictor {predictor.name}: {error}") from error


def predicted(predictor: Predictor, past: Past) -> Prediction | None:
    """The prediction after a past; None where a predictor can make none.

    Raises PredictorError: the predictor fails, or gives something else.
    """
    with failures_of(predictor):
        made = predictor(past)
    if made is None:
        return None
    if not isinstance(made, Prediction):
        raise PredictorError(
            f"The predictor {predictor.name} gave a {type(made).__name__}; return a Prediction, or None."
        )
    wanted = past.chips.shape[1:]
    if np.shape(made.template) != wanted:
        raise PredictorError(
            f"The predictor {predictor.name} gave a template of shape {np.shape(made.template)} for chips of {wanted}; "
            "return one of the chips' shape."
        )
    return made


@contextmanager
def failures_of(predictor: Predictor) -> Iterator[None]:
    """Tell what a predictor raises as an error of ours with its name; ours pass.

    Raises PredictorError: anything else is raised within.
    """
    try:
        yield
    except (IceNetError, MemoryError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise PredictorError(f"The predictor {predictor.name} failed ({what}); mend it, or choose another.") from error


def check_predictor(given: object) -> None:
    """Refuse what is no predictor.

    Raises UsageError: it is a name or a class, cannot be called, or has no name.
    """
    if isinstance(given, str):
        raise UsageError(f'{given} is the name of a predictor; hand over icenet.predictors.get("{given}").')
    way = 'hand over one, such as icenet.predictors.get("median")'
    if isinstance(given, type):
        raise UsageError(f"{given.__name__} is a class and no predictor yet; hand over {given.__name__}().")
    if not callable(given):
        raise UsageError(f"A {type(given).__name__} is no predictor; {way}.")
    if not isinstance(getattr(given, "name", None), str):
        raise UsageError(f"A {type(given).__name__} without a name is no predictor; {way}, or give it name and title.")


def check_template(name: str, predictor: Predictor | None, others: Iterable[str] | None = None) -> None:
    """Refuse a template that is neither built in nor handed over.

    Raises
    ------
    UsageError
        The message lists the templates there are, ``others`` (the names of predictors) among them; where nobody knows
        others, it says how a predictor is handed over.
    """
    if name in TEMPLATES or predictor is not None:
        return
    known = ", ".join(dict.fromkeys([*TEMPLATES, *(others or ())]))
    if others is None:
        raise UsageError(
            f"The template {name} needs its predictor; hand it over, as in "
            f'predictor=icenet.predictors.get("{name}"), or choose {known}.'
        )
    raise UsageError(f"there is no template {name}; choose {known}.")
