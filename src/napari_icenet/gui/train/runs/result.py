"""Result of a run: the weights before and after it, held against persistence on held-out ice."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_icenet.common.palette import colour_of
from napari_icenet.common.text import capital, decimal_text, grouped, interval_text, mean_text, percent_text
from napari_icenet.evaluation.scoring.table import LEAST_BLOCKS
from napari_icenet.gui.train.runs.words import MODEL_WORDS
from napari_icenet.gui.widgets.number_table import ROW_PX, NumberTable, swatch
from napari_icenet.gui.widgets.theme import quiet
from napari_icenet.training.results.before_after import Comparing
from napari_icenet.training.results.comparison import BeforeAfter, Row

HEADINGS = (
    ("weights", "Whose template is compared with the chip that came, on the same held-out ice."),
    ("NCC at t1", "Mean correlation at zero shift with the next chip, ± half of its 95 % interval."),
    ("NCC at t2", "The same with the chip after that."),
    ("< 0.3", "Share of the chips with a correlation below 0.3 at t2, which the paper calls poor."),
    ("> 0.7", "Share of the chips with a correlation above 0.7 at t2, which the paper calls good."),
    ("px", "Median displacement error of tracking with the template, at t2, in pixels."),
)
_WIDTHS = {1: 73, 2: 73, 3: 36, 4: 42, 5: 36}


class RunResult(QWidget):
    """The table of before and after, and a sentence on what it shows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = quiet("", self)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = ResultTable(self)
        self.note = quiet("", self)
        self._shown: tuple[BeforeAfter | None, Comparing | None, str] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.sentence, self.table, self.note):
            layout.addWidget(widget)
        self.show_result(None, None)

    def show_result(self, found: BeforeAfter | None, comparing: Comparing | None, model: str = "") -> None:
        """Show the table of a run of some network, or how far it is."""
        if self._shown == (found, comparing, model):
            return
        self._shown = found, comparing, model
        rows = () if found is None else found.rows
        self.table.setVisible(bool(rows))
        self.note.setVisible(bool(rows))
        self.table.show_rows(rows, model)
        if found is not None and rows:
            self.sentence.setText(verdict(found))
            self.note.setText(ground(found))
        elif comparing is not None and comparing.state == "running":
            self.sentence.setText(f"{capital(comparing.message or 'comparing on held-out ice')} · {comparing.done:.0%}")
        elif comparing is not None and comparing.message:
            self.sentence.setText(capital(comparing.message))
        self.setVisible(bool(rows) or (comparing is not None and comparing.state != "done"))


class ResultTable(NumberTable):
    """A row for persistence, the weights before, and those after."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(list(HEADINGS), parent)
        self._fix_widths(_WIDTHS)
        self.setAccessibleName("Before and after")

    def show_rows(self, rows: tuple[Row, ...], model: str) -> None:
        """Fill the table; the network's own rows are told by what they are."""
        self._set_rows(len(rows))
        for k, row in enumerate(rows):
            tip = row.title
            if row.t2.difference is not None:
                tip += f"\n{decimal_text(row.t2.difference, signed=True)} at t2 against persistence on the same chips"
                if row.t2.difference_interval is not None:
                    tip += f", 95 %: {interval_text(row.t2.difference_interval)}"
            title = f"{MODEL_WORDS.get(model, model)} after" if row.role == "after" else row.title
            first = self._set(k, 0, title, tip=tip)
            colour = colour_of(row.key if row.role == "baseline" else model)
            if first.data(Qt.ItemDataRole.UserRole) != colour:
                first.setData(Qt.ItemDataRole.UserRole, colour)
                first.setIcon(swatch(colour))
            font = first.font()
            font.setBold(row.role == "after")
            first.setFont(font)
            for column, score in ((1, row.t1), (2, row.t2)):
                ends = score.interval
                self._set(k, column, mean_text(score.mean, ends), tip=f"95 %: {interval_text(ends)}" if ends else "")
            self._set(k, 3, percent_text(row.t2.low))
            self._set(k, 4, percent_text(row.t2.high))
            self._set(k, 5, decimal_text(row.t2.error_px, 2))
        self.setFixedHeight(ROW_PX * max(1, len(rows)) + ROW_PX + 6)


def verdict(found: BeforeAfter) -> str:
    """Verdict of the table, in a sentence that claims no more than it does."""
    if found.gain is not None and found.gain.t1 == found.gain.t2 == 0:
        return "Nothing gained: the best weights on validation ice are those it began with."
    if found.gain is not None:
        value, ends, against = found.gain.t2, found.gain.t2_interval, "what it began with"
    elif found.rows and found.rows[-1].t2.difference is not None:
        last = found.rows[-1].t2
        assert last.difference is not None  # asked just before
        value, ends, against = last.difference, last.difference_interval, "persistence"
    else:
        return ""
    sure = "" if ends is None else f" (95 %: {signed(ends[0])} … {signed(ends[1])})"
    said = f"{signed(value)} NCC at t2 against {against}{sure}"
    if found.blocks < LEAST_BLOCKS:
        few = f"{found.blocks} block{'s' * (found.blocks != 1)} of held-out ground"
        return f"{said}; {few} {'are' if found.blocks != 1 else 'is'} too little for a claim."
    if ends is None or ends[0] <= 0 <= ends[1]:
        return f"No clear change: {said}."
    return f"{'Better' if ends[0] > 0 else 'Worse'}: {said}."


def ground(found: BeforeAfter) -> str:
    """On which ice it was judged, and what must be known of it."""
    blocks = f"{found.blocks} block{'s' * (found.blocks != 1)} of ground"
    words = f"On {grouped(found.sequences)} sequences of the {found.split} split, in {blocks}"
    words += " of simulated ice." if found.simulated else "."
    return " ".join([words, *(capital(notice) for notice in found.notices)])


def signed(value: float) -> str:
    """``+.031``: three digits, for gains are small."""
    return decimal_text(value, 3, signed=True).replace("0.", ".", 1)
