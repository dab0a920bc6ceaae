"""Each panel of the report figure by itself: what is drawn is the array or the number that it names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.quality import figure_panels as panels
from napari_icenet.velocity.quality.assess import judge, quality_report
from napari_icenet.velocity.quality.closure import closure
from napari_icenet.velocity.stable_ground.coregistration import coregistered
from napari_icenet.velocity.velocity_map import VelocityMap
from tests.velocity.maps import METRES, glacier, made

SIDE = 40


@pytest.fixture
def axes():
    return Figure().add_subplot()


@pytest.fixture(scope="module")
def whole() -> VelocityMap:
    drow, dcol, ice = glacier((SIDE, SIDE), offset=(0.3, -0.2), noise=0.08)
    plain = made(drow, dcol)
    reason = plain.reason.copy()
    reason[0, :9] = reason_code(LostReason.FILL)
    reason[5, :7] = reason_code(LostReason.OUTLIER)
    return coregistered(replace(plain, reason=reason), np.kron(~ice, np.ones((16, 16), bool)), remove=False)


@pytest.fixture(scope="module")
def quality(whole):
    return judge(whole)


@pytest.fixture(scope="module")
def nothing(whole):
    return replace(whole, reason=np.full(whole.shape, reason_code(LostReason.FLAT), np.uint8))


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def title(axes):
    return axes.get_title(loc="left")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.00123, "0.0012"), (-0.00123, "-0.0012"), (0.01, "0.010"), (0.4567, "0.457"), (1.0, "1.00"),
        (9.994, "9.99"), (10, "10.0"), (99.94, "99.9"), (100, "100"), (-1234.5, "-1234"),
    ],
)  # fmt: skip
def test_numbers_have_two_or_three_digits_that_count(value, text):
    assert panels.rounded(value) == text


def test_speed_is_that_of_the_valid_cells(axes, whole):
    panels.speed(axes.figure, axes, whole)
    ground, image = axes.images
    shown = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_allclose(shown[whole.valid], whole.v[whole.valid], rtol=1e-6)
    assert np.isnan(shown[~whole.valid]).all()
    # Behind it, cells without pixels are told from those that failed.
    np.testing.assert_array_equal(ground.get_array() > 0, whole.reason == reason_code(LostReason.FILL))
    assert image.get_clim() == pytest.approx((0, np.nanpercentile(whole.v[whole.valid], 99.5)))
    assert title(axes) == "Speed"


def test_arrows_stand_where_the_ice_moves_and_point_where_it_goes(axes, whole):
    panels.speed(axes.figure, axes, whole)
    (arrows,) = (one for one in axes.collections if isinstance(one, Quiver))
    step = round(SIDE / panels.ARROWS)
    t = whole.cells.transform
    for (x, y), u, v in zip(arrows.get_offsets(), arrows.U, arrows.V, strict=True):
        col, row = (1e3 * x - t.c) / t.a - 0.5, (1e3 * y - t.f) / t.e - 0.5
        assert abs(row - round(row)) + abs(col - round(col)) < 1e-6
        row, col = round(row), round(col)
        assert (row % step, col % step) == (step // 2, step // 2)
        drow, dcol = (moved[row, col] for moved in whole.moved)
        # Rows go down the map.
        assert u / v == pytest.approx(-dcol / drow, rel=1e-3)
        assert np.sign(u) == np.sign(dcol)
        assert whole.v[row, col] > 0


@pytest.mark.parametrize("removed", [True, False])
def test_it_is_told_whether_the_offset_is_removed(axes, whole, removed):
    panels.speed(axes.figure, axes, replace(whole, offset_removed=removed))
    assert ("less the offset" in texts(axes)) is removed
    assert ("as measured" in texts(axes)) is not removed


def test_a_map_without_vectors_has_no_arrows(axes, nothing):
    panels.speed(axes.figure, axes, nothing)
    assert not [one for one in axes.collections if isinstance(one, Quiver)]


def test_reasons_are_drawn_and_counted(axes, whole, quality):
    panels.validity(axes, whole, quality)
    np.testing.assert_array_equal(axes.images[0].get_array(), whole.reason)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    count = f"{int(whole.valid.sum()):,}".replace(",", "\u2009")
    fill, outlier = LostReason.FILL.value, LostReason.OUTLIER.value
    assert labels == [f"valid  {count}", f"{fill}  9", f"{outlier}  7", "stable ground"]
    points = f"{SIDE**2 - 9:,}".replace(",", "\u2009")
    assert f"{100 * quality.valid_share:.1f} % of {points} points" in texts(axes)


def test_no_two_reasons_have_one_colour(axes, whole, quality):
    panels.validity(axes, whole, quality)
    image = axes.images[0]
    codes = np.arange(len(LostReason) + 1)
    assert len({tuple(image.cmap(image.norm(code))) for code in codes}) == len(codes)


def test_without_points_there_is_no_share(axes, whole):
    filled = replace(whole, reason=np.full(whole.shape, reason_code(LostReason.FILL), np.uint8), stable=None)
    panels.validity(axes, filled, judge(filled))
    assert "no points" in texts(axes)


def test_distributions_are_those_of_the_valid_matches(whole, quality):
    figure = Figure()
    one, other = figure.subplots(1, 2)
    rng = np.random.default_rng(0)
    ncc = rng.uniform(0.3, 0.95, whole.shape).astype(np.float32)
    ratio = rng.uniform(1.2, 4, whole.shape).astype(np.float32)
    varied = replace(whole, ncc=ncc, peak_ratio=ratio)
    found = judge(varied)
    panels.correlation(one, other, varied, found)
    for axes, values, spread in ((one, ncc, found.ncc), (other, ratio, found.peak_ratio)):
        known = values[varied.valid]
        heights = np.array([bar.get_height() for bar in axes.patches])
        edges = np.linspace(*axes.get_xlim(), 41)
        np.testing.assert_allclose(heights, 100 * np.histogram(known, edges)[0] / known.size, atol=1e-6)
        assert axes.lines[0].get_xdata()[0] == pytest.approx(np.median(known), rel=1e-5)
        assert f"median {spread.median:.2f}" in texts(axes)
    assert heights.sum() == pytest.approx(99.5, abs=0.3)


def test_without_a_match_the_distributions_say_so(nothing):
    one, other = Figure().subplots(1, 2)
    panels.correlation(one, other, nothing, judge(nothing))
    for axes in (one, other):
        assert texts(axes) == "There is no valid match."
        assert not axes.patches


def test_static_terrain_is_drawn_with_its_widths(axes, whole, quality):
    panels.static_ground(axes, whole, quality)
    found = quality.static_terrain
    (box,) = axes.patches
    assert box.get_width() == pytest.approx(2 * found.du_px.value, rel=1e-3)
    assert box.get_height() == pytest.approx(2 * found.dv_px.value, rel=1e-3)
    peak = axes.lines[0]
    assert float(peak.get_xdata()[0]) == pytest.approx(found.bias_u_px.value)
    assert float(peak.get_ydata()[0]) == pytest.approx(found.bias_v_px.value)
    assert box.get_x() + box.get_width() / 2 == pytest.approx(found.bias_u_px.value)
    # Rows go down.
    assert axes.yaxis_inverted()
    assert f"δu {found.du_px.value:.2f} px" in texts(axes)
    assert f"δv {found.dv_px.value:.2f} px" in texts(axes)


def test_without_stable_ground_the_panel_says_why(axes, whole):
    bare = replace(whole, stable=None, offset=None)
    panels.static_ground(axes, bare, judge(bare))
    assert not axes.patches
    assert " ".join(texts(axes).split()) == judge(bare).static_terrain


def test_shear_is_drawn_on_a_scale_about_nothing(axes, whole, quality):
    panels.strain(axes.figure, axes, whole, quality)
    low, high = axes.images[0].get_clim()
    assert low == -high < 0
    assert panels.rounded(quality.strain.shear.value) in texts(axes)


@pytest.mark.parametrize("rate", ["error", "none"])
def test_the_error_is_that_of_the_speed(axes, whole, nothing, rate):
    shown = whole if rate == "error" else nothing
    panels.error(axes.figure, axes, shown, "Closure needs three dates.")
    if rate == "none":
        assert texts(axes) == "There is no valid match."
        return
    image = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_allclose(image[whole.valid], whole.v_error[whole.valid], rtol=1e-6)
    assert np.isnan(image[~whole.valid]).all()
    assert "Closure needs three dates." in texts(axes)


def test_pairs_stand_in_order_of_their_days(axes):
    reports = []
    for days in (48, 16, 32):
        drow, dcol, ice = glacier((SIDE, SIDE), noise=0.002 * days, seed=days)
        one = coregistered(made(drow, dcol, days=(0, days)), np.kron(~ice, np.ones((16, 16), bool)), remove=True)
        reports.append(judge(one))
    panels.pairs(axes, reports)
    along, across, formal = axes.lines
    assert list(along.get_xdata()) == list(across.get_xdata()) == list(formal.get_xdata()) == [16, 32, 48]
    by_days = sorted(reports, key=lambda report: report.days)
    assert list(along.get_ydata()) == [report.static_terrain.du_px.value for report in by_days]
    assert list(across.get_ydata()) == [report.static_terrain.dv_px.value for report in by_days]
    assert list(formal.get_ydata()) == [report.formal_error_px.median for report in by_days]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["δu", "δv", "formal error"]
    assert "3 maps" in texts(axes)


def test_pairs_that_know_nothing_draw_nothing(axes, nothing):
    panels.pairs(axes, [judge(replace(nothing, stable=None))])
    assert not axes.lines
    assert axes.get_legend() is None


def test_panels_lie_on_the_maps_own_kilometres(axes, whole):
    panels.speed(axes.figure, axes, whole)
    t = whole.cells.transform
    left, right, bottom, top = axes.images[1].get_extent()
    assert (left, top) == pytest.approx((t.c / 1e3, t.f / 1e3))
    assert right - left == pytest.approx(SIDE * 16 * METRES / 1e3)
    assert top - bottom == pytest.approx(SIDE * 16 * METRES / 1e3)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x, km", "y, km")


def test_without_a_map_they_lie_on_pixels(axes):
    plain = made(*glacier((SIDE, SIDE))[:2], georeferenced=False)
    panels.speed(axes.figure, axes, plain)
    assert tuple(axes.images[1].get_extent()) == (-0.5, SIDE * 16 - 0.5, SIDE * 16 - 0.5, -0.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("column, px", "row, px")


def test_closure_is_drawn_in_px(axes):
    maps = []
    for k, (a, b) in enumerate([(0, 16), (16, 32), (0, 32)]):
        noise = 0.1 * np.random.default_rng(k).normal(size=(2, 30, 30))
        maps.append(made(0.1 * (b - a) + noise[0], noise[1], days=(a, b), georeferenced=False))
    report = quality_report(maps)
    found = closure(*maps)
    panels.misfit(axes.figure, axes, maps[2], found, report)
    np.testing.assert_allclose(np.ma.filled(axes.images[0].get_array(), np.nan), found.length)
    assert axes.images[0].get_clim() == pytest.approx((0, 2 * report.closure[0].p90_px))
    assert f"median {report.closure[0].median_px:.3f}" in texts(axes)
