"""``icenet demo``: the main job on the bundled sample, in napari, or as a picture of it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.errors import IceNetError, StackError, UsageError
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.matching.template import PAST_CHIPS
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.track import Track

#: The fast trunk of the sample.
AT = (318.0, 345.0)
#: The search window takes this part of the picture's shorter side.
FILLED = 0.72
WINDOW_PX = (1600, 1000)
PATIENCE_SECONDS = 120.0
#: Distance of the cells of the demo's map, px.
MAP_STRIDE = 64
COLUMNS = ("date", "row", "col", "drow", "dcol", "ncc", "peak_ratio", "valid", "v", "v_error")


def run_demo(
    screenshot: Path | None = None,
    path: Path | None = None,
    compare: Path | None = None,
    correlation: Path | None = None,
) -> Track:
    """Open the sample in napari with a chip tracked and its overlays drawn.

    Parameters
    ----------
    screenshot : path, optional
        Write a picture of the window here, print the track as a table, and end. Default: show the
        window until it is closed.
    path : path, optional
        Another stack than the bundled sample; its chip is placed in the middle.
    compare : path, optional
        With ``screenshot``: write a picture of the Compare tab here, on the date in the middle of the series.
    correlation : path, optional
        With ``screenshot``: write a picture of a correlation map here, of the same date.

    Returns
    -------
    Track

    Raises
    ------
    UsageError
        There is no display.
    IceNetError
        The stack cannot be opened, the chip cannot be tracked, or the picture cannot be written.
    """
    _need_display()
    import napari

    from napari_icenet.gui.app.dock import IceNetDock
    from napari_icenet.gui.session.open_sample import SIMULATED, open_sample
    from napari_icenet.gui.session.session import Session

    viewer = napari.Viewer(title="napari-icenet", show=True)
    viewer.window._qt_window.resize(*WINDOW_PX)
    session = Session.of(viewer)
    dock = IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet", area="right")
    dock.tabs.setCurrentWidget(dock.track)
    job = open_sample(session, SIMULATED) if path is None else session.open(path)
    if job is not None:
        job.wait()
    track = _track(viewer, session, dock.track.control, AT if path is None else None)
    if screenshot is None:
        napari.run()
        return track
    try:
        _write_png(_picture(viewer), Path(screenshot))
        if compare is not None:
            _compare(session, dock)
            _write_png(_picture(viewer), Path(compare))
        if correlation is not None:
            _map(session, dock)
            _write_png(_picture(viewer), Path(correlation))
        sys.stdout.write(_table(track, session) + "\n")
    finally:
        viewer.close()
    return track


def _track(viewer: Any, session: Any, control: Any, at: tuple[float, float] | None) -> Track:
    """Place a chip, wait until it is followed, and go to the date on which it moved farthest."""
    tracker, grid = control.tracker, session.stack.grid
    row, col = at or (grid.height / 2, grid.width / 2)
    problems: list[str] = []
    control.message.connect(problems.append)
    # The demo is the same for all, whatever was chosen last time.
    tracker.change(**TrackSettings().model_dump(exclude={"band"}))
    number = tracker.add(row, col, 0)
    tracker.prefetch(number)
    _live(lambda: not tracker.busy and number in tracker.tracks)
    track: Track = tracker.tracks[number]
    if not track.valid.any():
        raise IceNetError(next((text for text in problems if text), "the chip of the demo could not be followed."))
    moved = np.nan_to_num(np.hypot(track.drow, track.dcol))
    session.time = int(moved.argmax())
    _live(lambda: control.live.surface(track, tracker.time) is not None)
    viewer.reset_view()
    camera = viewer.scene.camera
    camera.zoom *= FILLED * min(grid.shape) / track.settings.search
    y, x = session.pixel_to_world(*track.observations[tracker.time].centre)
    camera.center = (*tuple(camera.center)[:-2], float(y), float(x))
    _live(lambda: False, 1.0)
    return track


def _compare(session: Any, dock: Any) -> None:
    """Show what predictors expect of the chip, with eight frames before it and two after."""
    from napari_icenet.gui.compare.layers import FIRST_SHOWN
    from napari_icenet.gui.compare.predictor_chooser import FIRST_CHOSEN
    from napari_icenet.predictors.predictor_set import PredictorSet

    # The same for all, here too.
    dock.compare.chooser.show_line_up(PredictorSet.of_names(*FIRST_CHOSEN))
    dock.compare.chip.overlays.choose(FIRST_SHOWN)
    dock.compare.chip.strip.pick(FIRST_CHOSEN[-1])
    shown: list[Any] = []
    dock.compare.chip.shown.connect(shown.append)
    session.time = _middle(session)
    dock.tabs.setCurrentWidget(dock.compare)
    _live(lambda: bool(shown) and shown[-1].time == session.time)
    _live(lambda: False, 0.5)


def _map(session: Any, dock: Any) -> None:
    """Map how well each predictor foresees the whole frame."""
    from napari_icenet.gui.compare.tab import MAP
    from napari_icenet.gui.session.drawn_areas import WHOLE

    session.time = _middle(session)
    # Its overlays would lie on the cells.
    dock.track.control.clear()
    session.viewer.reset_view()
    dock.tabs.setCurrentWidget(dock.compare)
    dock.compare.show_page(MAP)
    page = dock.compare.map
    page.form.show_settings(MapSettings(band=session.band, stride=MAP_STRIDE, t0=session.time))
    page.form.where.setCurrentText(WHOLE)
    _live(lambda: False, 0.5)
    page.map()
    summed: list[Any] = []
    page.control.summary_changed.connect(lambda: summed.append(page.control.summary))
    _live(lambda: not page.control.busy)
    _live(lambda: bool(summed) and summed[-1] is not None and summed[-1].maps is page.control.maps, 10)
    _live(lambda: False, 1.0)


def _middle(session: Any) -> int:
    """The date with eight frames up to it, and two after it."""
    return min(PAST_CHIPS - 1, len(session.stack.times) - 3)


def _live(until: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Let the window live until something holds, or so long."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def _picture(viewer: Any) -> Any:
    return viewer.window.screenshot(flash=False, canvas_only=False)


def _write_png(picture: Any, path: Path) -> None:
    import cv2

    from napari_icenet.common.atomic_io import write_durably

    _, content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content.tobytes(), flush=False)
    except OSError as error:
        raise StackError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error


def _table(track: Track, session: Any) -> str:
    from napari_icenet.tracking.export import track_table

    table = track_table([track], session.stack)
    shown = table[[name for name in COLUMNS if name in table.columns]]
    unit = track.speed_unit
    caption = f"{session.stack.name}: row, col, drow, dcol in px" + (f"; v, v_error in {unit}" if "v" in shown else "")
    numbers = shown.to_string(
        index=False, na_rep="", float_format="{:.2f}".format, formatters=dict.fromkeys(("v", "v_error"), _whole)
    )
    return f"{caption}\n{numbers}"


def _whole(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"


def _need_display() -> None:
    # Qt ends the whole process where it finds no display; one sentence is kinder.
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise UsageError("there is no display to show napari on; run it under xvfb-run, with --screenshot PNG.")
