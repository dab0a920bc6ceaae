"""Records of a comparison: weights before and after a run on held-out ice."""

from __future__ import annotations

from typing import Literal

from napari_icenet.common.settings_model import FrozenModel

Role = Literal["baseline", "before", "bundled", "after"]


class Score(FrozenModel, extra="ignore"):
    """Score of one predictor at one target.

    Attributes
    ----------
    mean : float
        Mean correlation of the templates with what came.
    interval : (float, float), optional
        95 %, of the mean.
    low, high : float
        Shares of correlations below 0.3 and above 0.7.
    difference, difference_interval
        To persistence, on the same chips; None for persistence.
    peak_ratio, error_px : float, optional
        Medians of tracking with the template.
    """

    mean: float
    interval: tuple[float, float] | None = None
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    difference_interval: tuple[float, float] | None = None
    peak_ratio: float | None = None
    error_px: float | None = None


class Row(FrozenModel, extra="ignore"):
    """One predictor: what it is in the comparison, and its scores."""

    key: str
    title: str
    role: Role
    weights: str | None = None
    t1: Score
    t2: Score


class Gain(FrozenModel, extra="ignore"):
    """Mean correlation after less before, on the same chips, and its 95 % interval."""

    t1: float
    t1_interval: tuple[float, float] | None = None
    t2: float
    t2_interval: tuple[float, float] | None = None


class BeforeAfter(FrozenModel, extra="ignore"):
    """The comparison: ``comparison.json``.

    Attributes
    ----------
    rows : tuple of Row
    gain : Gain, optional
        None where the run began at random, and there are no weights in the package to compare with.
    datasets : tuple of str
    split : {'test', 'validation'}
    sequences, blocks : int
        That were judged at t2, and the blocks of ground that they lie in.
    simulated : bool
    device : str
    seconds : float
    notices : tuple of str
        What a reader must know, in sentences.
    """

    rows: tuple[Row, ...]
    gain: Gain | None = None
    datasets: tuple[str, ...]
    split: Literal["test", "validation"]
    sequences: int
    blocks: int
    simulated: bool = False
    device: str = ""
    seconds: float = 0.0
    notices: tuple[str, ...] = ()
