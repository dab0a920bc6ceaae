"""Correlation maps whose every value is known, and a model that lets a test grow them tile by tile."""

from __future__ import annotations

import numpy as np
from psygnal import Signal

from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps, MapMetadata, WindowTracks
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.gui.correlation_map.area import DRAWN
from napari_icenet.gui.correlation_map.control import MapControl
from napari_icenet.gui.correlation_map.page import MAP, MapPage
from napari_icenet.gui.session.session import Session
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.gui.ice import STEP, moving_ice

#: Cells (r, c) that were lost, and one of which high-pass alone had no template.
LOST, NO_TEMPLATE, WITHOUT = (0, 1), (1, 0), (2, 2)
CHIP, STRIDE = 32, 16
LINE_UP = PredictorSet.of_names("persistence", "high-pass", "median")


def known_values(shape: tuple[int, int], p: int) -> np.ndarray:
    """Correlations (2, R, C) of the p-th predictor: each is the best somewhere; at t2 a tenth less than at t1."""
    r, c = np.meshgrid(*map(np.arange, shape), indexing="ij")
    at_t1 = 0.6 * np.cos((r + c) / 3 + p * 2.1) + 0.05 * p
    return np.stack([at_t1, at_t1 - 0.1]).astype(np.float32)


def known_maps(
    stack, settings: MapSettings, predictor_set: PredictorSet, area=None, share: float = 1.0
) -> CorrelationMaps:
    """Maps of which a share of the cells is done, row by row; some cells are lost or have no template."""
    cells = choose_cells(tuple(stack.grid.shape), settings, area)
    number = np.arange(cells.asked.size).reshape(cells.shape)
    done = cells.asked & (number < share * cells.asked.size)
    state = np.where(done, CellState.SCORED, np.where(cells.asked, CellState.WAITING, CellState.OUTSIDE))
    for at, why in ((LOST, CellState.LOST), (NO_TEMPLATE, CellState.NO_TEMPLATE)):
        if done[at]:
            state[at] = why
    values, states = {}, {}
    for p, key in enumerate(predictor_set.keys):
        mine = state.copy()
        if key == "high-pass" and done[WITHOUT]:
            mine[WITHOUT] = CellState.NO_TEMPLATE
        values[key] = np.where(mine == CellState.SCORED, known_values(cells.shape, p), np.nan).astype(np.float32)
        states[key] = np.stack([mine, mine]).astype(np.uint8)
    windows = settings.windows(stack)
    r, c = np.nonzero(state == CellState.SCORED)
    frames = windows[-1].frames
    tracks = Tracks.starting(cells.rows[r], cells.cols[c], frames)
    for k in range(frames):
        tracks.places_row[:, k] += k * STEP[0]
        tracks.places_col[:, k] += k * STEP[1]
    return CorrelationMaps(
        settings=settings,
        predictor_set=predictor_set,
        ground=MapMetadata.of(stack, settings.band),
        windows=windows,
        rows=cells.rows,
        cols=cells.cols,
        values=values,
        states=states,
        done=float(done.sum() / max(1, cells.asked.sum())),
        parts=(_scores(values, state, cells),),
        followed={len(windows) - 1: WindowTracks(tracks, r * cells.shape[1] + c)},
    )


def _scores(values, state, cells) -> Scores:
    r, c = np.nonzero(state == CellState.SCORED)
    n, kinds = len(r), len(values)
    ncc = np.stack([of[:, r, c].T for of in values.values()], axis=1).astype(np.float64)
    lacking = np.isnan(ncc)
    place = np.stack([cells.rows[r], cells.cols[c]], axis=1)
    word = np.full(n, "x")
    return Scores(
        ncc=np.nan_to_num(ncc), early=np.nan_to_num(ncc[:, :, 0]), lacking=lacking, counted=np.ones((n, 2), bool),
        miss=np.full((n, kinds, 2), 0.25), peak_ratio=np.full((n, kinds, 2), 2.5), tracked=np.ones((n, 2), bool),
        cloud=np.full(n, np.nan), gap=np.full(n, 32.0), texture=np.full(n, 0.1), held=np.ones(n, bool), place=place,
        block=place // 64, stack=word, band=word, split=word, start=np.full(n, "2020-01-01", "datetime64[s]"),
        batch=np.zeros(n, np.int64), index=np.arange(n),
    )  # fmt: skip


class KnownTool:
    """Makes known maps when the test says so, and remembers what it was asked."""

    maps_changed = Signal(object)
    progressed = Signal(float, str)
    busy_changed = Signal(bool)
    failed = Signal(Exception)

    def __init__(self):
        self.closed = False
        self.reset()

    def reset(self):
        self.asked, self.prepared, self.cancelled = [], [], 0
        self.at_once = True

    def start(self, stack, settings, predictor_set, area=None):
        settings.windows(stack)
        choose_cells(tuple(stack.grid.shape), settings, area)
        self.asked.append((stack, settings, predictor_set, area))
        self.busy_changed.emit(True)
        self.grow(0.0)
        if self.at_once:
            self.finish()

    def prepare(self, stack, settings, predictor_set):
        self.prepared.append((stack, predictor_set))

    def grow(self, share):
        self.maps_changed.emit(known_maps(*self.asked[-1], share))
        self.progressed.emit(share, f"{share:.0%} of the cells")

    def finish(self):
        self.grow(1.0)
        self.busy_changed.emit(False)

    def fail(self, error):
        self.failed.emit(error)
        self.busy_changed.emit(False)

    def cancel(self):
        self.cancelled += 1
        self.busy_changed.emit(False)

    def close(self):
        self.closed = True


class MapDesk:
    """A window with the map page, and what tests do with it."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(1500, 900)
        self.session = Session.of(viewer)
        self.predictor_set = LINE_UP
        self.tool = KnownTool()
        self.control = MapControl(viewer, self.session, self._make_tool)
        self.page = MapPage(viewer, self.session, lambda: self.predictor_set, control=self.control)
        self.dock = viewer.window.add_dock_widget(self.page, name="IceNet", area="right")
        self.clicked, self.said = [], []
        self.page.chip_wanted.connect(lambda *at: self.clicked.append(at))
        self.page.message.connect(self.said.append)

    def _make_tool(self):
        return self.tool

    def begin(self):
        """As a new window would be, but for its layers: those take seconds to make."""
        for stack in self.session.stacks[1:]:
            self.session.close_stack(stack)
        for stack in self.session.stacks:
            self.session.close_stack(stack)
        for layer in [one for one in self.viewer.layers if one.name == DRAWN]:
            self.viewer.layers.remove(layer)
        self.tool.reset()
        self.predictor_set = LINE_UP
        self.session.add_stack(moving_ice())
        self.viewer.reset_view()
        self.page.form.show_settings(MapSettings(chip=CHIP, stride=STRIDE))
        self.page.form.date.setCurrentIndex(0)
        self.page.form.where.setCurrentText("Whole frame")
        self.control.layers.restore()
        self.control.choose("", 2)
        self.clicked.clear()
        self.said.clear()
        self.qtbot.wait(20)

    def tool_maps(self, share):
        """Maps of the last request, as they would be with a share of the cells done."""
        return known_maps(*self.tool.asked[-1], share)

    def map(self):
        self.page.run.button.click()
        self.settle()

    def settle(self):
        self.qtbot.waitUntil(lambda: self.page.run.button.text() == MAP, timeout=60_000)
        self.qtbot.waitUntil(lambda: not self.control._draw_soon.waiting, timeout=60_000)
        self.qtbot.waitUntil(
            lambda: (
                self.control.maps is None
                or (self.control.summary is not None and self.control.summary.maps is self.control.maps)
            ),
            timeout=60_000,
        )
        self.qtbot.waitUntil(lambda: self.control.layers.settled, timeout=60_000)

    def layer(self, kind):
        return self.control.layers.layers[kind]
