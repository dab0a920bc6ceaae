"""Scenes of a stack as a user chooses them: dates that are left out, paths and rows that are kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_icenet.common.instant import Instant
from napari_icenet.errors import SceneError, UsageError
from napari_icenet.scenes.dated.image_name import parse_image_name
from napari_icenet.scenes.dates import date_labels, date_text, no_one_date, scenes_of_date
from napari_icenet.scenes.scene import Notice, Provenance, Scene

_PATH_ROW = re.compile(r"(\d{1,3})(?:/(\d{1,3}))?")


@dataclass(frozen=True)
class SceneChoice:
    """Which scenes a stack is made of; make it with :meth:`of`.

    Attributes
    ----------
    exclude : tuple of str
        Dates that are left out, as :func:`~napari_icenet.scenes.dates.find_date` knows them.
    only : tuple of str
        Paths and rows that are kept, ``233/013``, or ``233`` for all rows of a path; all where there is none.
    least : int
        Fewest scenes that must be left, where any is left out.
    """

    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    least: int = 1

    @classmethod
    def of(
        cls, exclude: Instant | Iterable[Instant] = (), only: str | Iterable[str] = (), least: int = 1
    ) -> SceneChoice:
        """The choice in words as typed.

        Raises UsageError: a word is no path and row, or something is named twice.
        """
        given = exclude if isinstance(exclude, Iterable) and not isinstance(exclude, str) else (exclude,)
        dates = tuple(date_text(one) for one in given)
        places = (only,) if isinstance(only, str) else tuple(str(one) for one in only)
        _check_once(dates)
        _check_once([_called(_numbers(text)) for text in places])
        return cls(dates, places, least)

    def __bool__(self) -> bool:
        return bool(self.exclude or self.only)

    def apply(
        self, scenes: Sequence[Scene], name: str, told: Sequence[Notice] = ()
    ) -> tuple[list[Scene], list[Notice]]:
        """The scenes that are kept.

        Parameters
        ----------
        scenes : sequence of Scene
            Oldest first.
        name : str
            What they are called in an error.
        told : sequence of Notice
            What was said so far.

        Returns
        -------
        scenes : list of Scene
            In the order given.
        notices : list of Notice
            Those told, without what is said of scenes that are left out on purpose; and one that names scenes
            whose path and row are not known, where some are asked for.

        Raises
        ------
        UsageError
            No scene has a date, or a path and row, that was named; or fewer than ``least`` are left.
        """
        notices = list(told)
        if not self:
            return list(scenes), notices
        kept, more = self._of_paths(scenes, name)
        dropped, unused = self._of_dates(scenes, kept, name, notices)
        left = [scene for i, scene in enumerate(scenes) if i in kept and i not in dropped]
        if len(left) < self.least:
            raise UsageError(_too_few(scenes, left, name))
        unused |= {scene.id for scene in scenes} - {scene.id for scene in left}
        return left, [*(notice for notice in notices if notice.scene not in unused), *more]

    def _of_paths(self, scenes: Sequence[Scene], name: str) -> tuple[set[int], list[Notice]]:
        """Indices of the scenes of the paths and rows that are kept."""
        if not self.only:
            return set(range(len(scenes))), []
        kept: set[int] = set()
        notices = []
        for place in map(_numbers, self.only):
            mine = {i for i, scene in enumerate(scenes) if _lies_in(scene.provenance, place)}
            if not mine:
                raise UsageError(f"{name} has no scene of {_called(place)}; {places_of(scenes)}.")
            if len({scenes[i].provenance.wrs for i in mine}) > 1:
                notices.append(
                    Notice(
                        f"{_called(place)} is kept in both worldwide reference systems, that of Landsat 1–3 and that "
                        "of the others, which are different places; leave the dates of one out."
                    )
                )
            kept |= mine
        unknown = [scene for i, scene in enumerate(scenes) if i not in kept and not _known(scene.provenance, self.only)]
        if unknown:
            verb, whose = ("is", "its path and row") if len(unknown) == 1 else ("are", "their paths and rows")
            some = _some([scene.id for scene in unknown])
            notices.append(Notice(f"{some} {verb} left out: {whose} are not known."))
        return kept, notices

    def _of_dates(
        self, scenes: Sequence[Scene], kept: set[int], name: str, notices: Sequence[Notice]
    ) -> tuple[set[int], set[str | None]]:
        """Indices of the scenes of the dates left out, and names of those that could not be used anyway."""
        dropped: set[int] = set()
        unused: set[str | None] = set()
        usable = {scene.id for scene in scenes}
        for text in self.exclude:
            found = scenes_of_date(scenes, text)
            mine = [i for i in found if i in kept]
            lost = {notice.scene for notice in notices if notice.scene and _bears(notice.scene, text)} - usable
            if len(mine) > 1 or not (found or lost):
                raise no_one_date(scenes, text, mine, name)
            if dropped & set(mine):
                raise UsageError(f"{text} is left out already; name each date once.")
            dropped |= set(mine)
            unused |= lost
        return dropped, unused


def _too_few(scenes: Sequence[Scene], left: Sequence[Scene], name: str) -> str:
    there = f"its dates are {', '.join(date_labels(scenes))}"
    if any(scene.provenance.path_row for scene in scenes):
        there += f"; {places_of(scenes)}"
    if not left:
        return f"This choice leaves no scene of {name}; {there}."
    kept = ", ".join(date_labels(left))
    return f"This choice leaves {_dates(len(left))} of {name} ({kept}), too few for motion; {there}."


#: All scenes there are.
EVERY = SceneChoice()


def places_of(scenes: Sequence[Scene]) -> str:
    """The paths and rows of scenes with their number of dates, as the end of a sentence."""
    counts = Counter(scene.provenance.path_row for scene in scenes)
    unknown = counts.pop(None, 0)
    each = [f"{place} ({_dates(count)})" for place, count in sorted(counts.items(), key=lambda item: str(item[0]))]
    if not each:
        return "none of its scenes has a known path and row"
    rest = f", and {_dates(unknown)} of unknown path and row" if unknown else ""
    return f"its paths and rows are {', '.join(each)}{rest}"


def _dates(count: int) -> str:
    return "1 date" if count == 1 else f"{count} dates"


def _check_once(words: Sequence[str]) -> None:
    for word, count in Counter(words).items():
        if count > 1:
            raise UsageError(f"{word} is named {'twice' if count == 2 else f'{count} times'}; name it once.")


def _numbers(text: str) -> tuple[int, int | None]:
    """Path and row, None for all rows."""
    found = _PATH_ROW.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text or 'Nothing'} is no path and row; write 233/013, or 233 for all rows of a path.")
    return int(found[1]), None if found[2] is None else int(found[2])


def _called(place: tuple[int, int | None]) -> str:
    path, row = place
    return f"path {path:03}" if row is None else f"{path:03}/{row:03}"


def _lies_in(origin: Provenance, place: tuple[int, int | None]) -> bool:
    path, row = place
    return origin.wrs_path == path and row in (None, origin.wrs_row)


def _known(origin: Provenance, only: Sequence[str]) -> bool:
    """True if it is known that a scene is of none of some paths and rows."""
    if origin.wrs_path is None:
        return False
    return origin.wrs_row is not None or all(path != origin.wrs_path for path, _ in map(_numbers, only))


def _some(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    few, more = ", ".join(names[:3]), len(names) - 3
    return f"{few} and {more} more" if more > 0 else few


def _bears(name: str, text: str) -> bool:
    """True if the name of a product or an image bears a date that was typed."""
    try:
        return parse_image_name(Path(name).stem).is_of(text)
    except SceneError:
        return False
