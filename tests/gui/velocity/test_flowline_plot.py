"""The plot along a flowline in a real window: what it draws and says, against the profile's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest

from napari_icenet.gui.velocity import flowline_plot
from napari_icenet.gui.velocity.flowline_plot import EMPTY, FlowlinePlot, band_path
from napari_icenet.gui.velocity.flowline_words import date_colours
from napari_icenet.velocity.along.flowline import along
from tests.velocity.fields import PLAIN, make_map

LINE = np.array([(40.0, 30.0), (280.0, 440.0)])


def profile_of(count: int, frame=None):
    """Pairs of 16 days, faster by 100 m/yr each, up to 14 km along x."""
    starts = np.datetime64("2020-01-01") + 16 * np.arange(count)
    extra = {} if frame is None else {"frame": frame}
    maps = [
        make_map(
            lambda x, y, k=k: (0.02 * (x - x.min()) + 100 * k + 200, 0 * y),
            dates=(str(start), str(start + 16)),
            missing=np.pad(np.ones((1, 1), bool), ((10, 9), (15, 14))) if k == 0 else None,
            **extra,
        )
        for k, start in enumerate(starts)
    ]
    return along(maps, LINE, name="centre line")


@pytest.fixture(scope="module")
def three():
    return profile_of(3)


@pytest.fixture
def plot(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    plot = FlowlinePlot(viewer)
    viewer.window.add_dock_widget(plot, name="flowline")
    qtbot.wait(50)
    yield plot
    plot.release()


def hover(plot, km: float, speed: float) -> None:
    """Move the real mouse over a place of the plot."""
    view = plot._item.getViewBox().mapViewToScene(QPointF(km, speed))
    at = plot.canvas.mapFromScene(view)
    QTest.mouseMove(plot.canvas.viewport(), at)
    QTest.qWait(20)


def test_curves_bands_and_words(plot, three, qtbot):
    """All in one window: from empty over three pairs of dates to many, and back."""
    assert plot.readout.text() == EMPTY
    assert not plot.canvas.isVisible()

    plot.show_profile(three)
    qtbot.wait(50)
    for i, curve in enumerate(plot._curves):
        x, v = curve.line.getData()
        np.testing.assert_allclose(x, three.distance / 1000)
        np.testing.assert_allclose(v, three.v[i])
        assert curve.band.isVisible()
        assert curve.line.opts["pen"].color() == QColor(date_colours(three.mid_times, True)[i])
    assert plot.readout.text() == "centre line · 14.5 km · 3 pairs of dates · 97% valid"
    assert "2020-01-17 → 2020-02-02" in plot.legend.text()

    places = []
    plot.place_hovered.connect(places.append)
    place = int(np.argmin(np.abs(three.distance - 3000)))
    hover(plot, three.distance[place] / 1000, float(three.v[1, place]) + 5)
    said = plot.readout.text()
    assert said.startswith(f"{three.distance[place] / 1000:.2f} km · 2020-01-17 → 2020-02-02 · ")
    assert f"{three.v[1, place]:.0f} ± {three.v_error[1, place]:.0f} m/yr" in said
    assert places[-1] == pytest.approx((three.rows[place], three.cols[place]))
    assert [curve.band.isVisible() for curve in plot._curves] == [False, True, False]

    many = profile_of(8)
    plot.show_profile(many)
    assert places[-1] is None
    assert not any(curve.band.isVisible() for curve in plot._curves)
    assert plot.legend.text().startswith("2020-01-09 ")
    plot.show_profile(three)
    assert [curve.line.isVisible() for curve in plot._curves] == [True] * 3 + [False] * 5
    plot.show_profile(profile_of(1, PLAIN))
    assert "px · one pair of dates" in plot.readout.text()
    plot.show_profile(None)
    assert plot.readout.text() == EMPTY
    assert not plot.export_button.isVisible()


def test_the_theme_is_followed(plot, three):
    plot.show_profile(three)
    dark = plot._curves[0].line.opts["pen"].color()
    plot._viewer.theme = "light"
    light = plot._curves[0].line.opts["pen"].color()
    assert light == QColor(date_colours(three.mid_times, False)[0])
    assert light.lightness() < dark.lightness()


def test_export_by_the_button(plot, three, tmp_path, monkeypatch, qtbot):
    plot.show_profile(three)
    chosen = tmp_path / "out"
    monkeypatch.setattr(
        flowline_plot.QFileDialog, "getSaveFileName", lambda *_: (str(chosen), "Map, WGS84 (*.geojson)")
    )
    plot.export_button.click()
    plot._job.wait_quietly()
    assert [p.name for p in tmp_path.iterdir()] == ["out.geojson"]
    plot.export(tmp_path / "out.csv").wait_quietly()
    assert len(pd.read_csv(tmp_path / "out.csv")) == three.v.size
    said = []
    monkeypatch.setattr(flowline_plot, "show_error", lambda _viewer, text: said.append(text))
    plot.export(tmp_path / "none" / "out.csv").wait_quietly()
    assert "there is no folder" in said[0]


def test_bands_stop_where_values_are_missing():
    x, v = np.arange(6.0), np.array([1, 2, np.nan, 4, 5, 6.0])
    path = band_path(x, v, np.array([1, 1, 1, 1, np.nan, 1]))
    assert path.contains(QPointF(0.5, 1.5))
    assert not path.contains(QPointF(2.0, 3.0))
    assert not path.contains(QPointF(4.5, 5.5))
    assert path.boundingRect().top() == 0


def test_colours_go_with_time():
    times = np.array(["2020-01-01", "2020-01-11", "2020-04-10"], "datetime64[s]")
    # Plasma's lightness grows evenly: the second colour lies a tenth of the way, as its date does.
    luma = [0.299 * c.red() + 0.587 * c.green() + 0.114 * c.blue() for c in map(QColor, date_colours(times, True))]
    assert (luma[1] - luma[0]) / (luma[2] - luma[0]) == pytest.approx(0.1, abs=0.03)
    assert luma[2] > 200
