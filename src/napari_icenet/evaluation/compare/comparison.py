"""One piece of ice on one date: what each predictor expects of the next two frames, and how right it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from napari_icenet.common.types import F32
from napari_icenet.errors import IceNetError, TrackingError
from napari_icenet.evaluation.compare.track_frames import Frame, Place, Target, frames_around, past_before
from napari_icenet.evaluation.scoring.displacement import Flow
from napari_icenet.evaluation.scoring.ncc import Image, correlation
from napari_icenet.matching.match import Match, find_peak
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import Past, Prediction, Predictor, failures_of, predicted, prefilter_of
from napari_icenet.predictors.batching import BatchPredictor
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec
from napari_icenet.predictors.remote import PredictionProcess, RemotePredictor
from napari_icenet.tracking.evidence import Correlator
from napari_icenet.tracking.settings import changed
from napari_icenet.tracking.track import Track

_NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Judged:
    """A template for one frame, held against what came.

    Attributes
    ----------
    prediction : Prediction or None
        None where none can be made.
    chip : array of float32, (C, C)
        What came, filtered as the template is.
    ncc : float
        Correlation in place (equation 1 of the paper); NaN without a template, or where too little is known.
    match : Match or None
        Where the template is found in the search window of side c·C around t0's chip, with the surface.
    moved : (float, float)
        From t0's chip to that place, (row, col), px; NaN without one.
    off_px : float
        From that place to where the ice truly is, or to where the track has it; NaN where neither is known.
    """

    prediction: Prediction | None
    chip: F32
    ncc: float = _NAN
    match: Match | None = None
    moved: Place = (_NAN, _NAN)
    off_px: float = _NAN

    @property
    def placed(self) -> bool:
        """True if the template was found away from the border of what was searched."""
        return self.match is not None and self.match.found and self.match.reason is None

    @property
    def peak_ratio(self) -> float:
        """Peak of the correlation surface over its best rival; NaN without one."""
        return self.match.peak_ratio if self.match is not None and self.placed else _NAN


@dataclass(frozen=True, eq=False)
class Compared:
    """Templates of one predictor from a past, and how they track.

    Attributes
    ----------
    entry : PredictorSpec
        The predictor.
    judged : tuple of Judged
        For t1 and t2, as far as there are such dates.
    trouble : str
        Why it could not predict; empty where it could.
    """

    entry: PredictorSpec
    judged: tuple[Judged, ...] = ()
    trouble: str = ""

    def at(self, target: int) -> Judged | None:
        """What was found at t1 (1) or t2 (2); None where there is no such date, or nothing could be predicted."""
        return self.judged[target - 1] if target <= len(self.judged) else None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictors on one piece of ice.

    Attributes
    ----------
    track : Track
    predictor_set : PredictorSet
        All that are asked for.
    past : tuple of Frame
        Up to eight frames, oldest first; the last is t0.
    targets : tuple of Target
        t1 and t2, as far as the stack has them.
    compared : tuple of Compared
        Those that are worked out so far, in the order of the predictor set.
    """

    track: Track
    predictor_set: PredictorSet
    past: tuple[Frame, ...]
    targets: tuple[Target, ...]
    compared: tuple[Compared, ...] = ()

    @property
    def time(self) -> int:
        """Index of the date of t0."""
        return self.past[-1].time

    @property
    def whole(self) -> bool:
        """True if all predictors are worked out."""
        return len(self.compared) == len(self.predictor_set.entries)

    @property
    def flow_known(self) -> bool:
        """True if misses are held against the true motion, not against the track."""
        return any(target.known is not None for target in self.targets)

    def at(self, target: int) -> Target | None:
        """t1 (1) or t2 (2); None where the stack has no such date."""
        return self.targets[target - 1] if target <= len(self.targets) else None

    def of(self, key: str) -> Compared | None:
        """Find the result of a predictor; None where it is not worked out."""
        return next((one for one in self.compared if one.entry.key == key), None)


def compare(
    pictures: Pictures,
    track: Track,
    time: int,
    predictor_set: PredictorSet,
    *,
    flow: Flow | None = None,
    process: PredictionProcess | None = None,
    still_wanted: Callable[[], bool] = lambda: True,
    on_part: Callable[[Comparison], None] = lambda _part: None,
) -> Comparison | None:
    """Compare what predictors expect after a date with the frames that followed.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the track's band.
    track : Track
        Its chip and c are those of templates and search windows.
    time : int
        Index of the date of t0.
    predictor_set : PredictorSet
    flow : callable, optional
        The true motion, where it is known (:func:`~napari_icenet.evaluation.scoring.known_flow.known_flow`).
    process : PredictionProcess, optional
        Where networks compute. Default: here.
    still_wanted : callable
        Asked before each template; None is returned when it says no.
    on_part : callable
        Told the frames at once, and then all that is worked out after each predictor but the last.

    Raises
    ------
    TrackingError
        The track is not known on any date, or nothing of the past shows ice.
    """
    past, targets = frames_around(pictures, track, time, flow)
    if not any(Image.of(frame.chip).usable for frame in past):
        raise TrackingError(
            "none of the frames up to this date shows enough of this ice; choose a later date, or another chip."
        )
    made = Comparison(track, predictor_set, past, targets)
    judge = _Judge(pictures, track, past[-1])
    # One past for all predictors: what they work out about it, such as how its frames align, they share.
    pasts = [past_before(past, target) for target in targets]
    for entry in predictor_set.entries:
        on_part(made)
        try:
            predictor: Predictor
            (predictor,) = predictor_set.only(entry).make(track.settings.chip, spread=True)
            if process is not None and isinstance(predictor, LearnedOptions):
                predictor = RemotePredictor(predictor, process)
            judged = judge.all(predictor, pasts, targets, still_wanted)
        except IceNetError as error:
            # One without weights must not keep the others from being seen.
            one = Compared(entry, trouble=str(error))
        else:
            if judged is None:
                return None
            one = Compared(entry, judged)
        made = replace(made, compared=(*made.compared, one))
    return made


class _Judge:
    """Searches for templates as tracking does, and tells how they fared."""

    def __init__(self, pictures: Pictures, track: Track, last: Frame) -> None:
        self._pictures, self._last = pictures, last
        self._correlator = Correlator(pictures, changed(track.settings, template="persistence"))

    def all(
        self, predictor: Predictor, pasts: Sequence[Past], targets: Sequence[Target], still_wanted: Callable[[], bool]
    ) -> tuple[Judged, ...] | None:
        """All targets of a predictor; None when nobody wants them any more."""
        # A network may make all of one run.
        together = None
        if isinstance(predictor, BatchPredictor) and still_wanted():
            with failures_of(predictor):
                together = predictor.predict_many(pasts)
        judged = []
        for k, (past, target) in enumerate(zip(pasts, targets, strict=True)):
            if not still_wanted():
                return None
            made = predicted(predictor, past) if together is None else together[k]
            judged.append(self._one(prefilter_of(predictor), made, target))
        return tuple(judged)

    def _one(self, name: str, made: Prediction | None, target: Target) -> Judged:
        chip = prefilter(name)(target.chip)
        if made is None:
            return Judged(None, chip)
        ncc = correlation(Image.of(made.template), Image.of(chip))
        filtered = self._pictures.filtered(name)
        start = self._last.row, self._last.col
        surface = self._correlator.search(filtered, made.template, target.time, start)
        match = find_peak(surface, pixels=float(made.template.size), share=filtered.filter.independent)
        judged = Judged(made, chip, ncc, match)
        if not judged.placed:
            return judged
        moved = match.row - start[0], match.col - start[1]
        off = match.distance(*target.reference) if target.reference is not None else _NAN
        return replace(judged, moved=moved, off_px=off)
