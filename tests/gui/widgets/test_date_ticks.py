"""An axis of dates can be read, whether it spans a month or decades."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.gui.widgets.date_ticks import date_ticks


@pytest.mark.parametrize("days", [30, 200, 450, 2000, 9000])
def test_an_axis_of_dates_has_a_few_labels_on_whole_months(days):
    times = np.array(["2015-11-22", np.datetime64("2015-11-22") + days], "datetime64[s]")
    labelled, _ = date_ticks(times)
    assert 2 <= len(labelled) <= 9
    first = np.datetime64(int(labelled[0][0]), "s")
    assert days < 75 or str(first.astype("datetime64[D]")).endswith("-01")
