"""A session to a file and back: stacks, tracks, choices and maps."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtWidgets import QTabWidget

from napari_icenet.errors import IceNetError, UsageError
from napari_icenet.gui.compare.tab import CompareTab
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.session.session_file import (
    SavedChoices,
    SavedSession,
    SavedStack,
    SavedView,
    SessionFile,
    write_session,
)
from napari_icenet.gui.track.tab import TrackTab
from napari_icenet.gui.velocity import files as velocity_files
from napari_icenet.gui.velocity.tab import VelocityTab
from napari_icenet.gui.widgets.job import Job
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack

Writers = dict[str, Callable[[Path], Any]]


class Tabs(Protocol):
    """Parts of the dock that are saved: its session, and the tabs with what was done in them."""

    session: Session
    tabs: QTabWidget
    track: TrackTab
    velocity: VelocityTab
    compare: CompareTab


def save_session(dock: Tabs, path: Path) -> Job | None:
    """Write the whole state of a window; maps are written off the interface's thread.

    Raises
    ------
    UsageError
        No stack is open, or one lives in memory alone.
    """
    saved, writers = _gathered(dock, path)

    def work(_progress: Progress) -> None:
        write_session(saved, writers, path)

    return dock.session.run(f"Saving {path.name}", work)


def open_session(dock: Tabs, path: Path) -> Job | None:
    """Open the stacks of a session, and put back what was done with them.

    What is open stays open. A stack or a map that cannot be read any more is told, and the others come back.
    """
    session = dock.session

    def work(progress: Progress) -> tuple[SessionFile, list[tuple[SavedStack, SceneStack, _Maps]], list[str]]:
        file, found, troubles = SessionFile(path), [], []
        count = len(file.saved.stacks)
        for k, saved in enumerate(file.saved.stacks):

            def part(share: float, text: str, k: int = k) -> None:
                progress((k + share) / count, text)

            try:
                stack = _opened(file, saved, part)
            except IceNetError as error:
                troubles.append(str(error))
                continue
            found.append((saved, stack, _Maps(file, saved, troubles)))
        if not found:
            raise UsageError(f"{path.name}: {troubles[0] if troubles else 'it holds no stack.'}")
        return file, found, troubles

    def show(made: tuple[SessionFile, list[tuple[SavedStack, SceneStack, _Maps]], list[str]]) -> None:
        file, found, troubles = made
        for saved, stack, maps in found:
            troubles += _restored(dock, saved, stack, maps)
        _restore_choices(dock, file.saved.choices)
        _restore_view(dock, file.saved, [(saved, stack) for saved, stack, _ in found])
        if troubles:
            session.report(UsageError("Not everything came back: " + " ".join(troubles)))

    return session.run(f"Opening {path.name}", work, show)


class _Maps:
    """Maps of one stack, read off the interface's thread; what cannot be read is told."""

    def __init__(self, file: SessionFile, saved: SavedStack, troubles: list[str]) -> None:
        from napari_icenet.evaluation.correlation_map.store import read_maps

        self.velocity = self._read(file, saved.velocity, velocity_files.read, troubles)
        self.correlation = self._read(file, saved.correlation, read_maps, troubles)

    @staticmethod
    def _read(file: SessionFile, name: str | None, reader: Callable[[Path], Any], troubles: list[str]) -> Any:
        if name is None:
            return None
        try:
            return file.read(name, reader)
        except IceNetError as error:
            troubles.append(str(error))
            return None


# Saving


def _gathered(dock: Tabs, path: Path) -> tuple[SavedSession, Writers]:
    from napari_icenet.evaluation.correlation_map.store import save_maps
    from napari_icenet.velocity.io.write import write_maps

    session, writers, stacks = dock.session, Writers(), []
    if not session.stacks:
        raise UsageError("there is nothing to save yet; open pictures of a glacier first.")
    for k, layers in enumerate(session.all_layers):
        stack = layers.stack
        if stack.origin is None:
            raise UsageError(
                f"{stack.name} lives in this window alone; save the stack first (Scenes, Options), and open what "
                "you saved."
            )
        velocity, correlation = dock.velocity.control.maps_of(stack), dock.compare.map.control.maps_of(stack)
        if velocity:
            series = dock.velocity.control.series_of(stack)
            writers[f"velocity-{k}.nc"] = partial(write_maps, velocity, series=series)
        if correlation is not None:
            writers[f"correlation-{k}.npz"] = partial(save_maps, correlation)
        tracker = dock.track.control.tracker_of(stack)
        low, high = layers.image.contrast_limits
        stacks.append(
            SavedStack(
                origin=stack.origin,
                beside=_seen_from(path, stack.origin.path),
                name=stack.name,
                credit=session.credits.get(stack, ""),
                band=layers.band,
                contrast=None if layers.auto_contrast else (float(low), float(high)),
                tracks="" if tracker is None or not tracker.marks else tracker.to_json(),
                velocity=f"velocity-{k}.nc" if velocity else None,
                correlation=f"correlation-{k}.npz" if correlation is not None else None,
            )
        )
    return SavedSession(stacks=tuple(stacks), view=_view(dock), choices=_choices(dock)), writers


def _view(dock: Tabs) -> SavedView:
    session = dock.session
    camera = session.viewer.scene.camera
    return SavedView(
        shown=session.stacks.index(session.stack) if session.stack is not None else 0,
        time=session.time,
        centre=tuple(float(v) for v in camera.center),
        zoom=float(camera.zoom),
        tab=dock.tabs.tabText(dock.tabs.currentIndex()),
    )


def _choices(dock: Tabs) -> SavedChoices:
    chip = dock.compare.chip
    return SavedChoices(
        predictor_set=dock.compare.chooser.predictor_set,
        overlays=chip.overlays.chosen,
        target=chip.target,
        picked=chip.strip.focus,
        velocity=_made(dock.velocity.form.settings),
        map=_made(dock.compare.map.form.settings),
    )


def _made(settings: Callable[[], Any]) -> Any:
    """The settings of a form; None where they make no sense as they stand."""
    try:
        return settings()
    except IceNetError:
        return None


def _seen_from(file: Path, path: Path) -> str | None:
    try:
        return Path(os.path.relpath(path, file.absolute().parent)).as_posix()
    except ValueError:
        return None  # on another drive


# Opening


def _opened(file: SessionFile, saved: SavedStack, progress: Progress) -> SceneStack:
    from napari_icenet.scenes.open import open_again

    stack = open_again(file.origin_of(saved), progress=progress)
    stack.name = saved.name
    return stack


def _restored(dock: Tabs, saved: SavedStack, stack: SceneStack, maps: _Maps) -> list[str]:
    """Show a stack and put its tracks and maps back; what cannot be put back, in sentences."""
    session, troubles = dock.session, []
    if saved.credit:
        session.credits[stack] = saved.credit
    session.add_stack(stack)
    if saved.band in stack.bands:
        session.band = saved.band
    if saved.contrast is not None and session.layers is not None:
        session.layers.auto_contrast = False
        session.layers.image.contrast_limits = saved.contrast
    tracker = dock.track.control.tracker
    if saved.tracks and tracker is not None:
        try:
            tracker.from_json(saved.tracks)
        except IceNetError as error:
            troubles.append(str(error))
    if maps.velocity is not None:
        dock.velocity.control.take(*maps.velocity)
    if maps.correlation is not None:
        dock.compare.map.control.take(maps.correlation, stack)
    return troubles


def _restore_choices(dock: Tabs, choices: SavedChoices) -> None:
    chip = dock.compare.chip
    if choices.predictor_set is not None:
        dock.compare.chooser.show_line_up(choices.predictor_set)
    chip.overlays.choose(choices.overlays)
    chip.show_target(choices.target)
    if choices.picked:
        chip.strip.pick(choices.picked)
    if choices.velocity is not None:
        dock.velocity.form.show_settings(choices.velocity)
    if choices.map is not None:
        dock.compare.map.form.show_settings(choices.map)


def _restore_view(dock: Tabs, saved: SavedSession, found: list[tuple[SavedStack, SceneStack]]) -> None:
    session, view = dock.session, saved.view
    wanted = saved.stacks[min(view.shown, len(saved.stacks) - 1)]
    shown = next((stack for one, stack in found if one is wanted), found[-1][1])
    session.show(shown)
    session.time = view.time
    camera = session.viewer.scene.camera
    # Two stacks may have been laid out around another one before: then the view is that of the stack alone.
    if len(view.centre) == len(tuple(camera.center)) and len(found) == len(session.stacks):
        camera.center, camera.zoom = view.centre, view.zoom
    tabs = {dock.tabs.tabText(k): k for k in range(dock.tabs.count())}
    if view.tab in tabs:
        dock.tabs.setCurrentIndex(tabs[view.tab])
