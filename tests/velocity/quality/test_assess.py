"""The quality report: every number against one worked out here, and sentences where there is none."""

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_icenet.errors import UsageError
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.quality.assess import judge, quality_report, write_report
from napari_icenet.velocity.quality.report import DEFINITIONS, QualityReport
from napari_icenet.velocity.stable_ground.coregistration import coregistered
from tests.velocity.maps import glacier, made

NOISE = 0.1


@pytest.fixture(scope="module")
def velocity_map():
    """A valley with 9 cells of fill, 6 outside and 5 outliers."""
    drow, dcol, ice = glacier((40, 40), offset=(0.7, -1.3), noise=NOISE)
    whole = made(drow, dcol)
    reason = whole.reason.copy()
    reason[0, :9] = reason_code(LostReason.FILL)
    reason[1, :6] = reason_code(LostReason.OUTSIDE)
    reason[2, :5] = reason_code(LostReason.OUTLIER)
    return coregistered(replace(whole, reason=reason), np.kron(~ice, np.ones((16, 16), bool)), remove=False)


def test_shares_count_only_points_with_pixels(velocity_map):
    found = judge(velocity_map)
    assert found.cells == 1600
    assert found.points == 1600 - 9 - 6
    assert found.valid == 1600 - 20
    assert found.valid_share == pytest.approx((1600 - 20) / (1600 - 15))
    assert found.invalid == {"fill": 9, "outside": 6, "outlier": 5}
    assert found.chip_px == {"32": 1580}
    assert found.ncc.median == pytest.approx(0.8)
    assert found.formal_error_px.median == pytest.approx(0.05)
    assert found.times == ("2020-01-01T00:00:00Z", "2020-01-17T00:00:00Z")


def test_static_terrain_is_two_sigma_of_the_matches_in_px_and_metres(velocity_map):
    ground = judge(velocity_map).static_terrain
    for value in (ground.du_px, ground.dv_px):
        assert value.low <= 2 * NOISE * 1.2
        assert value.value == pytest.approx(2 * NOISE, rel=0.25)
    assert ground.bias_u_px.value == pytest.approx(-1.3, abs=0.06)
    assert ground.bias_v_px.value == pytest.approx(0.7, abs=0.06)
    per_year = 15 * 365.25 / 16
    assert ground.du.value == pytest.approx(ground.du_px.value * per_year, rel=2e-3)
    # v points up the map and down the rows.
    assert ground.bias_v.value == pytest.approx(-ground.bias_v_px.value * per_year, rel=2e-3)
    assert ground.bias_v.low < ground.bias_v.value < ground.bias_v.high


def test_what_is_removed_is_no_bias_any_more(velocity_map):
    removed = judge(replace(velocity_map, offset_removed=True))
    assert removed.static_terrain.bias_u_px.value == pytest.approx(0, abs=0.06)
    assert removed.offset.removed
    assert removed.offset.dcol_px.value == pytest.approx(-1.3, abs=0.03)
    assert removed.offset.dcol_px.low < -1.3 < removed.offset.dcol_px.high
    assert removed.offset.rms_px == pytest.approx(NOISE * np.sqrt(2), rel=0.1)
    assert max(removed.offset.left_px) < 0.05


def test_what_cannot_be_measured_is_said(velocity_map):
    bare = judge(replace(velocity_map, stable=None, offset=None))
    assert bare.static_terrain == "No stable ground is known; give a mask."
    assert bare.offset is None
    nothing = judge(replace(velocity_map, reason=np.full((40, 40), reason_code(LostReason.FILL), np.uint8)))
    assert nothing.valid_share is None
    assert nothing.ncc is None
    assert isinstance(nothing.strain, str)
    assert "Only 0 points" in nothing.static_terrain
    with pytest.raises(UsageError, match="no velocity map to judge"):
        quality_report([])


def maps_of(pairs):
    out = []
    for k, (a, b) in enumerate(pairs):
        rng = np.random.default_rng(k)
        moved = np.ones((30, 30)) * 0.1 * (b - a)
        drow, dcol = moved + NOISE * rng.normal(size=(2, 30, 30))
        out.append(made(drow, dcol, days=(a, b), georeferenced=False))
    return out


def test_closure_is_reported_where_three_dates_close():
    report = quality_report(maps_of([(0, 5), (5, 20), (0, 20)]))
    (closed,) = report.closure
    assert closed.labels == ("2020-01-01", "2020-01-06", "2020-01-21")
    # Three independent maps: the misfit has a Rayleigh distribution.
    sigma = NOISE * np.sqrt(2.8)
    assert closed.median_px == pytest.approx(sigma * np.sqrt(2 * np.log(2)), rel=0.1)
    assert closed.p90_px == pytest.approx(sigma * np.sqrt(2 * np.log(10)), rel=0.1)
    assert closed.share == 1
    assert closed.bias_px == pytest.approx((0, 0), abs=0.03)
    assert report.closure_note is None
    assert report.maps[0].unit == "px/day"


def test_missing_closure_is_explained():
    assert "map all pairs" in quality_report(maps_of([(0, 5), (5, 20)])).closure_note
    assert quality_report(maps_of([(0, 5)])).closure_note == "Closure needs three dates."


def test_the_file_is_strict_json_with_every_definition(tmp_path, velocity_map):
    report = quality_report([velocity_map])
    path = tmp_path / "report.json"
    write_report(report, path)
    read = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert QualityReport.model_validate(read) == report
    assert read["definitions"] == DEFINITIONS
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    with pytest.raises(UsageError, match=r"end the name in \.json"):
        write_report(report, tmp_path / "report.txt")
