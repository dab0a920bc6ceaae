"""The dates of a stack: what each shows, and how much of it is fill and cloud."""

from __future__ import annotations

from functools import partial
from weakref import WeakKeyDictionary

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.gui.scenes.facts import path_row, unusual_geometry
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.statistics import Shares, shares

COLUMNS = ("Date", "Sensor", "Path/row", "Fill", "Cloud")
SENSOR, PATH_ROW, FILL, CLOUD = 1, 2, 3, 4
PARALLAX = (
    "Seen from another path or row than most dates: terrain that the elevation model misses shifts "
    "between them (parallax)."
)


class DateTable(QTableWidget):
    """One row a date; clicking one shows that date, and the shown date is marked."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._session = session
        self._stack: SceneStack | None = None
        self._reader = LatestWorker("icenet-shares", lambda _busy: None)
        self._wanted: object = None
        # What is known of a stack goes with it: another one may later have its place in memory.
        self._found: WeakKeyDictionary[SceneStack, dict[int, Shares]] = WeakKeyDictionary()
        self.setHorizontalHeaderLabels(COLUMNS)
        numbers, header = self.verticalHeader(), self.horizontalHeader()
        assert numbers is not None
        assert header is not None
        numbers.hide()
        numbers.setDefaultSectionSize(22)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.currentCellChanged.connect(self._show_date)
        session.stack_changed.connect(self._fill_in)
        session.time_changed.connect(self._mark)
        session.date_seen_changed.connect(lambda _seen: self._mark(session.time))
        self._fill_in(session.stack)

    def stop(self) -> None:
        """Stop reading shares."""
        self._wanted = None
        self._reader.drop("shares")

    def _fill_in(self, stack: SceneStack | None) -> None:
        self.stop()
        self._stack = stack
        self.blockSignals(True)
        self.setRowCount(0 if stack is None else len(stack.scenes))
        if stack is not None:
            unusual = unusual_geometry(stack)
            for row, scene in enumerate(stack.scenes):
                geometry = path_row(stack, row)
                cells = (stack.labels[row], scene.provenance.sensor or "–", geometry, "…", "…")
                for column, text in enumerate(cells):
                    self._say(row, column, text, scene.id)
                if unusual[row]:
                    self._say(row, PATH_ROW, f"{geometry} ≠", PARALLAX)
            self._hide_unknown(stack)
            self._mark(self._session.time)
        self.blockSignals(False)
        if stack is not None:
            self._start(stack)

    def _hide_unknown(self, stack: SceneStack) -> None:
        origins = [scene.provenance for scene in stack.scenes]
        self.setColumnHidden(SENSOR, not any(origin.sensor for origin in origins))
        self.setColumnHidden(PATH_ROW, not any(origin.wrs_path for origin in origins))
        self.setColumnHidden(CLOUD, not any(scene.mask for scene in stack.scenes))

    def _say(self, row: int, column: int, text: str, tooltip: str) -> None:
        cell = QTableWidgetItem(text)
        cell.setToolTip(tooltip)
        if column >= FILL:
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, cell)

    def _start(self, stack: SceneStack) -> None:
        known = self._found.setdefault(stack, {})
        for time, found in known.items():
            self._show_shares(stack, time, found)
        wanted = [time for time in range(len(stack.scenes)) if time not in known]
        if wanted:
            request = self._wanted = object()
            self._reader.submit("shares", partial(self._read, request, stack, wanted))

    def _read(self, request: object, stack: SceneStack, times: list[int]) -> None:
        """Read date by date, on the reader's thread, until others are wanted."""
        for time in times:
            if self._wanted is not request:
                return
            try:
                self._show_shares(stack, time, shares(stack, time))
            except IceNetError as error:
                self._show_failure(stack, time, str(error))

    @on_main_thread
    def _show_failure(self, stack: SceneStack, time: int, sentence: str) -> None:
        if stack is self._stack:
            for column in (FILL, CLOUD):
                self._say(time, column, "–", sentence)

    @on_main_thread
    def _show_shares(self, stack: SceneStack, time: int, found: Shares) -> None:
        if stack is not self._stack:
            return
        self._found[stack][time] = found
        scene = stack.scenes[time].id
        self._say(time, FILL, percent(found.fill), scene)
        if found.cloud is None:
            self._say(time, CLOUD, "–", "This scene carries no cloud mask, or shows nothing but fill.")
        else:
            self._say(time, CLOUD, percent(found.cloud), scene)

    def _mark(self, time: int) -> None:
        row = -1 if self._session.unseen else time
        if row < self.rowCount() and row != self.currentRow():
            self.blockSignals(True)
            # A row that is not marked can be chosen again.
            self.setCurrentCell(row, 0)
            self.blockSignals(False)

    def _show_date(self, row: int, *_: int) -> None:
        if row >= 0:
            self._session.time = row


def percent(share: float) -> str:
    """``0 %``, ``< 1 %``, ``37 %``: what is nearly none or all is not called none or all."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"
