"""Session of one napari window: its open stacks, the shown band and the shown date."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_icenet.errors import IceNetError, SceneWarning, TrackingError
from napari_icenet.gui.session.date_axis import bring_into_view, frame_at, go_to_frame, shows_one_picture
from napari_icenet.gui.session.frame_cache import FrameCache, level_count
from napari_icenet.gui.session.frame_sources import BandFrames
from napari_icenet.gui.session.layers import StackLayers
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.session.preload import warm_up
from napari_icenet.gui.session.readout import Readout
from napari_icenet.gui.session.vispy_patch import keep_mesh_shaders, tell_units_once
from napari_icenet.gui.widgets.dialogs import is_shown, show_error, window_of
from napari_icenet.gui.widgets.job import Job
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack


class Session:
    """The open stacks of one viewer; get it with :meth:`of`.

    Attributes
    ----------
    stack_changed : Signal(SceneStack or None)
        Another stack is shown, or none any more.
    stacks_changed : Signal()
        A stack was opened or closed.
    band_changed : Signal(str)
    time_changed : Signal(int)
        Index of the shown date.
    date_seen_changed : Signal(bool)
        The slider has come upon a date of the shown stack, or has left its dates.
    notices_changed : Signal()
        Something more is to be said of the shown stack.
    job_changed : Signal(Job or None)
        Long work has begun, or has ended.
    """

    stack_changed = Signal(object)
    stacks_changed = Signal()
    band_changed = Signal(str)
    time_changed = Signal(int)
    date_seen_changed = Signal(bool)
    notices_changed = Signal()
    job_changed = Signal(object)

    _sessions: ClassVar[WeakKeyDictionary[Any, Session]] = WeakKeyDictionary()

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.job: Job | None = None
        self.cache = FrameCache()
        self._places: WeakKeyDictionary[SceneStack, Placement] = WeakKeyDictionary()
        self.credits: WeakKeyDictionary[SceneStack, str] = WeakKeyDictionary()
        self._layers: list[StackLayers] = []
        self._shown: StackLayers | None = None
        self._time = 0
        self._unseen = ""
        # The Scenes tab lists what was left out; a pop-up for each would only repeat it.
        warnings.filterwarnings("ignore", category=SceneWarning)
        for moved in ("point", "current_step", "ndim", "order", "ndisplay"):
            getattr(viewer.dims.events, moved).connect(self._follow_slider)
        self._many = False
        viewer.layers.events.removed.connect(self._forget_removed)
        viewer.layers.events.begin_batch.connect(self._on_many)
        viewer.layers.events.end_batch.connect(self._on_many_done, position="last")
        self.readout = Readout(self)
        warm_up()
        keep_mesh_shaders()
        tell_units_once()
        self._noticed = 0
        self.cache.loaded.connect(self._look_for_notices)
        window = window_of(viewer)
        if window is not None:
            window.destroyed.connect(self._close)

    @classmethod
    def of(cls, viewer: Any) -> Session:
        """The session of a viewer, always the same one."""
        viewer = getattr(viewer, "__wrapped__", viewer)
        if viewer not in cls._sessions:
            cls._sessions[viewer] = cls(viewer)
        return cls._sessions[viewer]

    @property
    def stacks(self) -> tuple[SceneStack, ...]:
        """All open stacks, in the order of opening."""
        return tuple(layers.stack for layers in self._layers)

    @property
    def stack(self) -> SceneStack | None:
        """The shown stack."""
        return None if self._shown is None else self._shown.stack

    @property
    def all_layers(self) -> tuple[StackLayers, ...]:
        """The layers of all open stacks."""
        return tuple(self._layers)

    @property
    def layers(self) -> StackLayers | None:
        """The layers of the shown stack."""
        return self._shown

    def shown_layers(self) -> tuple[Any, ...]:
        """The shown stack's layers that are in the viewer; what is drawn on the stack lies above them."""
        return () if self._shown is None else tuple(self._shown.layers.values())

    @property
    def image(self) -> Any | None:
        """The shown stack's napari image layer."""
        return None if self._shown is None else self._shown.image

    @property
    def band(self) -> str:
        """Name of the shown band; empty without a stack."""
        return "" if self._shown is None else self._shown.band

    @band.setter
    def band(self, name: str) -> None:
        if self._shown is not None and name != self._shown.band:
            self._shown.band = name
            self.band_changed.emit(self._shown.band)

    @property
    def time(self) -> int:
        """Index of the shown date; of the last one that was seen where the slider stands beyond them."""
        return self._time

    @time.setter
    def time(self, index: int) -> None:
        if self._shown is not None:
            go_to_frame(self.viewer, max(0, min(int(index), self._shown.stack.shape[0] - 1)))

    @property
    def unseen(self) -> str:
        """Why no date of the shown stack is seen by itself, as a sentence; empty where one is."""
        return self._unseen

    def check_date_seen(self) -> None:
        """Raise TrackingError where no date of the shown stack is seen by itself."""
        if self._unseen:
            raise TrackingError(self._unseen)

    def show(self, stack: SceneStack) -> None:
        """Show one of the open stacks, at the nearest of its dates, and hide the others."""
        if stack is not self.stack:
            self._show(stack)
            # Who opens or chooses a stack wants to see it; later the slider is the user's alone.
            frame, last = frame_at(self.viewer), stack.shape[0] - 1
            if frame is not None and not 0 <= frame <= last:
                go_to_frame(self.viewer, min(max(frame, 0), last))

    def _show(self, stack: SceneStack) -> None:
        chosen = next(layers for layers in self._layers if layers.stack is stack)
        # Ice in grey on a dark canvas, in napari's light theme too; a canvas of the user's own stays.
        if self.viewer.canvas.background_color_override is None:
            self.viewer.canvas.background_color_override = "black"
        before = self._shown
        if before is not None:
            before.visible = False
        self._shown = chosen
        chosen.visible = True
        # Stacks on one map are compared in place; any other has to be brought into view.
        if before is None or not stack.grid.on_map or before.stack.grid.crs != stack.grid.crs:
            bring_into_view(self.viewer, chosen.image)
        self._follow_slider()
        self.stack_changed.emit(stack)
        self.band_changed.emit(chosen.band)

    def add_stack(self, stack: SceneStack, *, first: BandFrames | None = None, placed: Placement | None = None) -> Any:
        """Add a stack's layers to the viewer, show them, and return the image layer.

        Parameters
        ----------
        stack : SceneStack
        first : BandFrames, optional
            The band to show first, perhaps decoded already; default the first band.
        placed : Placement, optional
            Where its pixels lie in the world; default by its grid.
        """
        if placed is not None:
            self._places[stack] = placed
        if stack not in self.stacks:
            self._layers.append(StackLayers(self.viewer, stack, self.placement(stack), self.cache, first))
            self.stacks_changed.emit()
            self.show(stack)
        else:
            self.show(stack)
        return self.image

    def close_stack(self, stack: SceneStack) -> None:
        """Remove a stack and its layers, and show another one that is open."""
        self._let_go(stack)
        self._show_another()

    def _let_go(self, stack: SceneStack) -> None:
        layers = next(layers for layers in self._layers if layers.stack is stack)
        self._layers.remove(layers)
        if self._shown is layers:
            self._shown, self._unseen = None, ""
        try:
            layers.close()
        finally:
            self.stacks_changed.emit()

    def _show_another(self) -> None:
        if self._shown is not None or not is_shown(self.viewer):
            return
        if self._layers:
            self._show(self._layers[-1].stack)
        else:
            self.viewer.canvas.background_color_override = None
            self.stack_changed.emit(None)

    def open(self, path: str | Path, **choices: Any) -> Job | None:
        """Open a folder, scene or saved stack off the interface's thread, then show it.

        Parameters
        ----------
        path : path
        **choices
            ``bands``, ``extent``, ``crs``, ``exclude``, ``only``, ``pixel_size`` of
            :func:`napari_icenet.scenes.open_stack`.

        Returns
        -------
        Job or None
            None where another stack is still being opened.
        """

        def find(progress: Progress) -> SceneStack:
            from napari_icenet.scenes import open_stack

            return open_stack(path, progress=progress, **choices)

        return self.start(f"Opening {Path(path).name}", find)

    def start(self, description: str, find: Callable[[Progress], SceneStack]) -> Job | None:
        """Run what finds or makes a stack off the interface's thread, then show the stack.

        Returns
        -------
        Job or None
            None where other work is still under way.
        """

        def work(progress: Progress) -> BandFrames:
            stack = find(progress)
            frames = BandFrames(stack, stack.bands[0])
            progress(1.0, "Reading the first picture")
            self.cache.read(frames, 0, level_count(stack.grid.shape) - 1)
            return frames

        return self.run(description, work, self._add_opened)

    def run(
        self, description: str, work: Callable[[Progress], Any], then: Callable[[Any], Any] | None = None
    ) -> Job | None:
        """Do long work off the interface's thread, one at a time; errors are shown as a sentence."""
        if self.job is not None:
            self.report(IceNetError(f"{self.job.description} is still under way; wait for it, or cancel it."))
            return None
        job = Job(description, work)
        if then is not None:
            job.returned.connect(then)
        job.failed.connect(self.report)
        job.ended.connect(self._end_job)
        self.job = job
        self.job_changed.emit(job)
        return job.start()

    def cancel(self) -> None:
        """Stop opening."""
        if self.job is not None:
            self.job.cancel()

    def report(self, error: Exception) -> None:
        """Show an error as one sentence, without stopping anything else."""
        show_error(self.viewer, str(error))

    def placement(self, stack: SceneStack | None = None, *, axes: int = 3) -> dict[str, Any]:
        """``scale``, ``translate``, ``units``, ``axis_labels`` (and ``affine``) of a layer derived from a stack.

        Parameters
        ----------
        stack : SceneStack, optional
            Default: the shown one.
        axes : {3, 2}
            (time, y, x), or (y, x) for a layer that is the same at all dates.
        """
        return self._place(stack).layer_choices(axes)

    def pixel_to_world(self, row: ArrayLike, col: ArrayLike, stack: SceneStack | None = None) -> NDArray[np.float64]:
        """World (y, x) of pixel positions of a stack; shape (…, 2)."""
        return self._place(stack).to_world(row, col)

    def world_to_pixel(self, y: ArrayLike, x: ArrayLike, stack: SceneStack | None = None) -> NDArray[np.float64]:
        """(row, col), fractional, of world positions on a stack; shape (…, 2)."""
        return self._place(stack).to_pixel(y, x)

    def _close(self) -> None:
        self.cancel()
        self.cache.close()
        for layers in self._layers:
            layers.close(remove=False)
        self._layers, self._shown = [], None
        self._sessions.pop(self.viewer, None)

    def _place(self, stack: SceneStack | None) -> Placement:
        stack = stack or self.stack
        if stack is None:
            raise ValueError("no stack is open")
        if stack in self._places:
            return self._places[stack]
        reference = next((s.grid for s in self.stacks if s.grid.crs == stack.grid.crs), stack.grid)
        return Placement.of_grid(stack.grid, reference)

    def _follow_slider(self, event: Any = None) -> None:
        frame = None if self._shown is None else frame_at(self.viewer)
        if self._shown is None or frame is None:
            return
        count = self._shown.stack.shape[0]
        # The slider spans the longest layer of all: where it stands is the user's, and other layers may be looked at.
        index = frame if 0 <= frame < count else min(self._time, count - 1)
        unseen = self._why_unseen(frame)
        came, self._unseen = unseen != self._unseen, unseen
        if index != self._shown.time or event is None:
            self._shown.time = index
        if index != self._time or event is None:
            self._time = index
            self.time_changed.emit(index)
        if came:
            self.readout.update()
            self.date_seen_changed.emit(not unseen)

    def _why_unseen(self, frame: int) -> str:
        assert self._shown is not None
        stack = self._shown.stack
        if not shows_one_picture(self.viewer):
            return (
                f"several dates of {stack.name} are seen at once; leave the 3-D view, or roll its axes until the "
                "slider steps through dates."
            )
        last = stack.shape[0] - 1
        if not 0 <= frame <= last:
            return f"frame {frame} is none of the dates of {stack.name}; move the slider to one of 0 to {last}."
        return ""

    def _forget_removed(self, event: Any = None) -> None:
        if self._many:
            return  # napari counts on the others that are selected being there until their turn comes
        gone = [layers.stack for layers in self._layers if layers.image not in self.viewer.layers]
        for stack in gone:
            self._let_go(stack)
        if not gone:
            return
        if self._layers and event is not None:
            # Whoever clears the list takes the next picture in a moment, and napari fails on layers made meanwhile.
            QTimer.singleShot(0, self._show_another)
        else:
            self._show_another()

    def _on_many(self, _event: Any = None) -> None:
        self._many = True

    def _on_many_done(self, _event: Any = None) -> None:
        self._many = False
        self._forget_removed()

    def _look_for_notices(self, *_: Any) -> None:
        noticed = 0 if self.stack is None else len(self.stack.notices)
        if noticed != self._noticed:
            self._noticed = noticed
            self.notices_changed.emit()

    def _add_opened(self, frames: BandFrames) -> None:
        self.add_stack(frames.stack, first=frames)

    def _end_job(self) -> None:
        self.job = None
        self.job_changed.emit(None)
