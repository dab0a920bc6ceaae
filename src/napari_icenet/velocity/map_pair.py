"""A velocity map of two dates, from the stack to the last check."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.instant import Instant
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.common.text import capital
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.acceptance import NO_PIXELS
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code
from napari_icenet.matching.pictures import TILE, Pictures, TileCache
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.stable_ground import check_mask
from napari_icenet.velocity.cautions import (
    edge_caution,
    pair_cautions,
    pair_title,
    reach_text,
    speed_caution,
    with_cautions,
)
from napari_icenet.velocity.chip_levels import Levels
from napari_icenet.velocity.error_bars import with_scatter
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.outliers import DEFAULT_TEST
from napari_icenet.velocity.prior import Prior, prior_of
from napari_icenet.velocity.search_plan import MIN_RADIUS, plan_search
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.stable_ground.coregistration import check_stable_ground, coregistered
from napari_icenet.velocity.tile_checkpoint import FinishedTiles
from napari_icenet.velocity.tiles import PairMatcher, Points
from napari_icenet.velocity.velocity_map import VelocityMap

#: Part of the memory limit that pictures may take; matching and the map itself need the rest.
_PICTURES_SHARE = 0.4
#: Settings that change nothing in the matches of a tile.
_NOT_IN_TILES = {"coregister", "memory_gb", "max_chip", "same_geometry"}
#: Side of the samples of a picture that stand for it in a fingerprint, and their number along an axis.
_SAMPLE_PX, _SAMPLES = 32, 5


def picture_cache(settings: VelocitySettings) -> TileCache:
    """A cache of pictures as large as the memory limit allows, to be shared between pairs."""
    return TileCache(int(settings.memory_gb * _PICTURES_SHARE * 1e9))


def map_pair(
    stack: SceneStack,
    first: Instant | int,
    second: Instant | int,
    settings: VelocitySettings | None = None,
    *,
    stable: NDArray[np.bool_] | None = None,
    prior: Prior | VelocityMap | str | Path | None = None,
    engine: Engine | None = None,
    workplace: Path | None = None,
    progress: Progress | None = None,
    cache: TileCache | None = None,
) -> VelocityMap:
    """Measure how the ice moved between two dates, on a regular grid.

    Fill is left out; cloud is not masked, as its masks take much bright ice for cloud: matches under
    cloud are ambiguous, or their neighbours do not bear them out.

    Parameters
    ----------
    stack : SceneStack
    first, second : int, str, datetime, date or datetime64
        The dates, as :meth:`~napari_icenet.scenes.stack.SceneStack.time_index` finds them.
        ``second`` may be the earlier one: displacements then lead back in time,
        velocities do not.
    settings : VelocitySettings, optional
    stable : array of bool, (y, x) of the frame, optional
        Ground that does not move.
    prior : Prior, VelocityMap or path, optional
        A velocity map, or the file of one, that the search is centred on; the radius counts from there.
    engine : Engine, optional
        Default: one on ``settings.device``.
    workplace : Path, optional
        Folder in which finished tiles are kept: a run that was killed continues from them. It is for
        the caller to delete once the map is safe.
    progress : callable, optional
        May raise :class:`~napari_icenet.errors.Cancelled`; it is asked several times a second.
    cache : TileCache, optional
        Of pictures of this stack, shared between pairs (:func:`picture_cache`).

    Returns
    -------
    VelocityMap

    Raises
    ------
    UsageError
        The dates are one and the same, or chip, radius, spacing or speed do not fit the frame.
    TrackingError
        The pictures share no valid pixels, or the stable ground or the prior does not fit the stack.
    """
    settings = given_or_default(VelocitySettings, settings)
    check_stack(stack)
    first, second = stack.time_index(first), stack.time_index(second)
    days = _days_between(stack, first, second)
    prior = None if prior is None else prior_of(prior, stack)
    if stable is not None:
        check_mask(stable, stack.grid.shape)
    pictures = Pictures(stack, settings.band, settings.prefilter, cache=cache or picture_cache(settings))
    search, cells = plan_search(stack.grid, days, settings), map_cells(stack.grid, settings.spacing)
    if stable is not None and settings.coregister:
        check_stable_ground(stable, settings.spacing, search.chips)
    points, notes = _points(cells, settings.spacing, prior, days)
    engine = engine or Engine(settings.device)
    title = pair_title(stack, (first, second))
    if progress is not None:
        progress(0.0, f"{title}: preparing the engine")
    engine.prepare()
    finished = None
    if workplace is not None:
        finished = FinishedTiles(workplace, _fingerprint(pictures, (first, second), points, settings, engine))
    matcher = PairMatcher(pictures, first, second, points, search, settings, engine)
    found = Levels(matcher, cells.shape, finished, title, progress).run()
    if not found.valid.any():
        _refuse_without_ground(pictures, first, second, found, title)
    if progress is not None:
        progress(1.0, f"{title}: done")
    made = coregistered(_velocity_map(matcher, found, cells, notes), stable, settings.coregister)
    cautions = pair_cautions(stack, (first, second), settings, prior=prior is not None)
    if not any(caution.kind == "reach" for caution in cautions):
        shifts = points.shift_rows, points.shift_cols
        edge = edge_caution(found, cells.shape, shifts, search.radius, frame=stack.grid, days=days)
        cautions += () if edge is None else (edge,)
    # About a prior velocity the search reaches other speeds at each point.
    fast = speed_caution(made) if prior is None else None
    if fast is not None:
        cautions += (fast,)
    elif settings.max_speed is not None and prior is None and min(search.radius) == MIN_RADIUS:
        made = replace(
            made, notes=(*made.notes, f"{capital(reach_text(made))}; {settings.max_speed:g} m/yr were given.")
        )
    return with_cautions(made, cautions)


def _days_between(stack: SceneStack, first: int, second: int) -> float:
    """Days from one date to the other, not 0."""
    if first == second:
        raise UsageError(f"First and second date are the same, {stack.labels[first]}; choose two dates.")
    days = float(stack.days[second] - stack.days[first])
    if days == 0:
        raise UsageError(
            f"{stack.labels[first]} and {stack.labels[second]} were taken at the same time; choose two dates."
        )
    return days


def _points(cells: Grid, spacing: int, prior: Prior | None, days: float) -> tuple[Points, tuple[str, ...]]:
    """The points of a map and where they are sought, and what is to be told of that."""
    rows, cols = (a.ravel() * spacing + spacing // 2 for a in np.indices(cells.shape))
    if prior is None:
        return Points(rows, cols, np.zeros_like(rows), np.zeros_like(rows)), ()
    # An even chip's geometric centre lies half a pixel before its place.
    shifts = prior.displacement(rows - 0.5, cols - 0.5, days)
    known = np.isfinite(shifts[0]) & np.isfinite(shifts[1])
    notes = [f"The search is centred on {prior.name}."]
    if not known.all():
        notes.append(
            f"{1 - known.mean():.0%} of the points have no velocity there; they are sought around their place."
        )
    notes.extend(prior.notices)
    shift_rows, shift_cols = (np.rint(np.where(known, s, 0)).astype(np.intp) for s in shifts)
    return Points(rows, cols, shift_rows, shift_cols), tuple(notes)


def _fingerprint(
    pictures: Pictures, dates: tuple[int, int], points: Points, settings: VelocitySettings, engine: Engine
) -> str:
    """All that the matches of a tile depend on, in one line."""
    from napari_icenet.common.software import __version__

    stack, height, width = pictures.stack, *pictures.shape
    made_of = {
        "version": __version__,
        "engine": engine.title,
        "settings": settings.model_dump(mode="json", exclude=_NOT_IN_TILES),
        "tile": TILE,
        "scenes": [(stack.scenes[date].id, str(stack.times[date])) for date in dates],
        "frame": (height, width, *stack.grid.transform, "" if stack.grid.crs is None else stack.grid.crs.to_wkt()),
    }
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode())
    digest.update(np.stack([points.shift_rows, points.shift_cols]).tobytes())
    # The same id may stand for other pixels, as in arrays or where a scene was processed again.
    for date in dates:
        for row in np.linspace(0, max(height - _SAMPLE_PX, 0), _SAMPLES).astype(int):
            for col in np.linspace(0, max(width - _SAMPLE_PX, 0), _SAMPLES).astype(int):
                window = Window(int(row), int(col), _SAMPLE_PX, _SAMPLE_PX).clipped(pictures.shape)
                digest.update(np.nan_to_num(stack.read(date, pictures.band, window)).tobytes())
    return digest.hexdigest()


def _refuse_without_ground(pictures: Pictures, first: int, second: int, found: Matches, title: str) -> None:
    """Raise where a map came out empty for want of pixels, which is not the ice's own doing."""
    labels, plain = pictures.stack.labels, pictures.filtered("none")
    height, width = pictures.shape
    seen, shared = np.zeros(2, bool), False
    for row in range(0, height, TILE):
        for col in range(0, width, TILE):
            window = Window(row, col, TILE, TILE).clipped(pictures.shape)
            valid = [np.isfinite(plain.read(date, window)) for date in (first, second)]
            seen |= [v.any() for v in valid]
            shared |= bool((valid[0] & valid[1]).any())
    for date, any_seen in zip((first, second), seen, strict=True):
        if not any_seen:
            raise TrackingError(f"{labels[date]} holds no valid pixel in {pictures.band}; choose another date or band.")
    if not shared:
        raise TrackingError(f"{title}: the two scenes share no valid pixel; choose dates that cover the same ground.")
    if (found.reason == reason_code(LostReason.OUTSIDE)).all():
        raise TrackingError(
            f"{title}: every chip leaves the frame; choose smaller chips, or a prior map in m/yr that keeps them in it."
        )
    if np.isin(found.reason, [reason_code(reason) for reason in NO_PIXELS]).all():
        raise TrackingError(
            f"{title}: no chip has enough valid pixels in both scenes; choose a smaller chip, a lower least overlap "
            "or other dates."
        )


def _velocity_map(matcher: PairMatcher, found: Matches, cells: Grid, notes: tuple[str, ...]) -> VelocityMap:
    stack, dates = matcher.pictures.stack, (matcher.first, matcher.second)
    lost = ~found.valid

    def laid(values: NDArray[np.floating], *, blank: bool = False) -> NDArray[np.float32]:
        out = np.where(lost, np.nan, values) if blank else values
        return out.astype(np.float32).reshape(cells.shape)

    scenes = [stack.scenes[date] for date in dates]
    moved = laid(found.drow, blank=True), laid(found.dcol, blank=True)
    formal = laid(found.error_row, blank=True), laid(found.error_col, blank=True)
    errors = with_scatter(formal, moved, DEFAULT_TEST.near(matcher.search.radius))
    return VelocityMap(
        drow=moved[0],
        dcol=moved[1],
        ncc=laid(found.ncc),
        peak_ratio=laid(found.peak_ratio),
        error_row=errors[0],
        error_col=errors[1],
        chip_size=found.chip.reshape(cells.shape),
        reason=found.reason.reshape(cells.shape),
        cells=cells,
        frame=stack.grid,
        times=(stack.times[dates[0]], stack.times[dates[1]]),
        scenes=(scenes[0].id, scenes[1].id),
        labels=(stack.labels[dates[0]], stack.labels[dates[1]]),
        settings=matcher.settings,
        radius=matcher.search.radius,
        device=matcher.engine.title,
        simulated=any(scene.provenance.simulated for scene in scenes),
        notes=(*notes, *_notes(matcher, found)),
    )


def _notes(matcher: PairMatcher, found: Matches) -> list[str]:
    """Notes on how a map was made, for its reader."""
    stack, settings, dates = matcher.pictures.stack, matcher.settings, (matcher.first, matcher.second)
    ids = {stack.scenes[date].id for date in dates}
    notes = [notice.message for notice in stack.notices if notice.scene in ids]
    if stack.different_geometry(*dates):
        notes.append("The two scenes are seen from different paths or rows; terrain may shift between them.")
    if settings.coarse_to_fine:
        notes.append("Searched coarse to fine: at a quarter of the resolution first.")
    if settings.affine:
        notes.append("Matches are refined by each chip's own stretch and shear.")
    if len(matcher.search.chips) < len(settings.chips):
        left_out = settings.chips[len(matcher.search.chips)]
        notes.append(f"Chips of {left_out} px and more do not fit into the frame and were not tried.")
    if not found.valid.any():
        codes, counts = np.unique(found.reason, return_counts=True)
        reason = REASONS[int(codes[counts.argmax()])]
        notes.append(f"No vector is valid; most are lost for this: {reason.sentence if reason else ''}")
    return notes
