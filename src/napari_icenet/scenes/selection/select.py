"""Select the scenes of a stack, one per acquisition, and the bands they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from napari_icenet.scenes.bands import find_band
from napari_icenet.scenes.landsat.files import band_order
from napari_icenet.scenes.scene import Notice, Scene

#: Landsat 4, 5 and 7 (TM, ETM+) number their bands alike, Landsat 8 and 9 (OLI) otherwise: B1 is
#: blue on the former and coastal aerosol on the latter. The MSS of Landsat 1-3 begins with B4, green,
#: which is B1 on that of Landsat 4 and 5.
_BAND_NUMBERS = {
    "LM01": "MSS 1–3",
    "LM02": "MSS 1–3",
    "LM03": "MSS 1–3",
    "LM04": "MSS 4–5",
    "LM05": "MSS 4–5",
    "LT04": "TM",
    "LT05": "TM",
    "LE07": "TM",
    "LC08": "OLI",
    "LO08": "OLI",
    "LC09": "OLI",
    "LO09": "OLI",
}


def newest_of_each_acquisition(scenes: Sequence[Scene]) -> tuple[list[Scene], list[Notice]]:
    """Drop older processings of the same acquisition (same sensor, reference system, path, row and day).

    Of several, those of the level that most scenes have come first, then the last processed, then
    the higher collection, then those that are not real-time.

    Returns
    -------
    scenes : list of Scene
        In the order given.
    notices : list of Notice
        One for each scene that is left out.
    """
    acquisitions: dict[tuple[object, ...], list[Scene]] = defaultdict(list)
    for scene in scenes:
        origin = scene.provenance
        known = None not in (origin.sensor, origin.geometry)
        key = (origin.sensor, origin.geometry, scene.time.date()) if known else (id(scene),)
        acquisitions[key].append(scene)
    levels = Counter(_level(scene) for scene in scenes)

    def rank(scene: Scene) -> tuple[int, date, str, bool, str]:
        origin = scene.provenance
        newest = origin.processed or date.min
        return levels[_level(scene)], newest, origin.collection or "", origin.tier != "RT", scene.id

    keep, notices = [], []
    for same in acquisitions.values():
        best = max(same, key=rank)
        keep.append(best)
        notices += [Notice(_superseded(scene, best), scene.id) for scene in same if scene is not best]
    return keep, notices


def _superseded(scene: Scene, best: Scene) -> str:
    if scene.id == best.id:
        return f"{scene.id} is there twice; that in {best.provenance.location} is used."
    if _level(scene) != _level(best):
        return f"{scene.id} is left out: {best.id} is the same acquisition, of the other scenes' level."
    return f"{scene.id} is left out: {best.id} is a newer processing of the same acquisition."


def _level(scene: Scene) -> str:
    """``L1`` or ``L2``: what the numbers mean, whatever the geometric correction."""
    return (scene.provenance.level or "")[:2]


def choose_bands(
    scenes: Sequence[Scene], asked: Sequence[str | int] | None, name: str, told: Sequence[Notice] = ()
) -> tuple[tuple[str, ...], list[Notice]]:
    """The bands of a stack: those asked for, or those that at least half of the scenes have.

    Parameters
    ----------
    scenes : sequence of Scene
    asked : sequence of str or int, optional
        Names or numbers (``B4``, ``4``).
    name : str
        What the stack is called in an error.
    told : sequence of Notice
        What was said already: a band that a scene is known to lack is not told again.

    Returns
    -------
    bands : tuple of str
        As asked for, or in the order of their numbers.
    notices : list of Notice
        Bands that are left out, and scenes that lack one.

    Raises
    ------
    UsageError
        No scene has a band that was asked for.
    """
    counts = Counter(band for scene in scenes for band in scene.bands)
    order = sorted(counts, key=band_order)
    notices = []
    if asked is None:
        bands = [band for band in order if 2 * counts[band] >= len(scenes)] or order
        dropped = [band for band in order if band not in bands]
        if dropped:
            verb = "is" if len(dropped) == 1 else "are"
            notices.append(
                Notice(f"{_join(dropped)} {verb} left out: fewer than half of the scenes have {_it(dropped)}.")
            )
    else:
        bands = list(dict.fromkeys(find_band(order, band, name) for band in asked))
    explained = {(notice.scene, band) for notice in told for band in notice.lacks}
    for scene in scenes:
        lacking = [band for band in bands if band not in scene.bands and (scene.id, band) not in explained]
        if lacking:
            verb = "reads" if len(lacking) == 1 else "read"
            notices.append(Notice(f"{scene.id} lacks {_join(lacking)}, which {verb} as fill on its date.", scene.id))
    return tuple(bands), notices


def mixed_meanings(scenes: Sequence[Scene]) -> list[Notice]:
    """Notices where the same band or number does not mean the same on all dates."""
    notices = []
    sensors = sorted({scene.provenance.sensor for scene in scenes if scene.provenance.sensor in _BAND_NUMBERS})
    numberings = {_BAND_NUMBERS[sensor] for sensor in sensors}
    if len(numberings) > 1:
        where = (
            "on Landsat 4–7 and 8–9, for example B4 near-infrared and red"
            if numberings == {"TM", "OLI"}
            else "on each of their instruments"
        )
        notices.append(
            Notice(
                f"The stack mixes {_join(sensors)}: the same band number is another wavelength {where}; "
                "choose bands with care."
            )
        )
    levels = sorted({level for scene in scenes if (level := _level(scene))})
    if len(levels) > 1:
        notices.append(
            Notice(
                f"The stack mixes Levels {_join([level[1:] for level in levels])}: stored values of the two are "
                "scaled differently; compare reflectances."
            )
        )
    return notices


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
