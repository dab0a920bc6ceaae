"""A caution: one sentence on an answer that cannot be right, with numbers and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

#: reach: the search ends before fast ice; edge: matches lie at its edge; short: too few days for the ice to move;
#: gap: the ice left the search while it was lost; chip: much of the frame in one chip; rock: still ground in a chip;
#: path: positions differ by path and row; speed: vectors are faster than the greatest speed that was given.
Kind = Literal["reach", "edge", "short", "gap", "chip", "rock", "path", "speed"]


@dataclass(frozen=True)
class Caution:
    """Why an answer cannot be right, and what to do.

    Attributes
    ----------
    kind : str
        What is wrong; one of each kind is told of many answers.
    sentence : str
        Begins with a small letter, so that it can follow what it is about.
    weight : float
        Of several of one kind the heaviest is told.
    """

    kind: Kind
    sentence: str
    weight: float = 0.0


def told_once(
    of_each: Sequence[Iterable[Caution]], about: Callable[[list[int]], str], *, leave_out: Iterable[Kind] = ()
) -> list[str]:
    """The heaviest caution of each kind among many answers, with what it is about before it.

    Parameters
    ----------
    of_each : sequence of iterables of Caution
        Those of each answer.
    about : callable
        Gives the words for some answers (indices, the heaviest first); empty words stand before nothing.
    leave_out : iterable of str
        Kinds that were told already.
    """
    found: dict[Kind, list[tuple[float, int, str]]] = {}
    for index, cautions in enumerate(of_each):
        for caution in cautions:
            found.setdefault(caution.kind, []).append((-caution.weight, index, caution.sentence))
    sentences = []
    for kind in (kind for kind in found if kind not in set(leave_out)):
        heaviest = sorted(found[kind])
        words = about([index for _, index, _ in heaviest])
        sentences.append(f"{words}: {heaviest[0][2]}" if words else heaviest[0][2])
    return sentences
