"""The report figure: drawn from the numbers it claims, whole, and calm where there is nothing to draw."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.quality.assess import quality_report
from napari_icenet.velocity.quality.figure import draw, report_figure
from napari_icenet.velocity.stable_ground.coregistration import coregistered
from tests.velocity.maps import glacier, made

pytestmark = pytest.mark.slow

DAYS = (0, 16, 32)


def maps_of(*pairs, **changes):
    out = []
    for k, (i, j) in enumerate(pairs):
        drow, dcol, ice = glacier((40, 40), peak=0.3 * (j - i), noise=0.05, seed=k)
        whole = coregistered(made(drow, dcol, days=(i, j), **changes), np.kron(~ice, np.ones((16, 16), bool)), False)
        out.append(whole)
    return out


@pytest.fixture(scope="module")
def three():
    return maps_of((0, 16), (16, 32), (0, 32))


def words(figure):
    texts = [t.get_text() for t in figure.texts]
    for axes in figure.axes:
        texts += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        texts += [t.get_text() for t in axes.texts] + [c.get_ylabel() for c in axes.child_axes]
    return texts


def panel(figure, title):
    return next(a for a in figure.axes if a.get_title(loc="left") == title)


def test_panels_show_the_arrays_they_name(three):
    figure = draw(three, quality_report(three))
    shown = three[2]  # the longest of equally full maps
    np.testing.assert_allclose(panel(figure, "Speed").images[1].get_array().filled(np.nan), shown.v, rtol=1e-6)
    assert panel(figure, "Speed").images[1].get_clim()[0] == 0
    np.testing.assert_array_equal(panel(figure, "Valid").images[0].get_array(), shown.reason)
    limits = panel(figure, "Shear rate along the flow").images[0].get_clim()
    assert limits[0] == -limits[1]
    assert panel(figure, "Closure").images[0].get_clim()[0] == 0
    assert panel(figure, "All pairs")
    # The arrows follow the ice: to the right, and down the rows means down the map.
    arrows = panel(figure, "Speed").collections[0]
    assert (arrows.U > 0).all()
    assert (arrows.V < 0).all()


def test_every_quantity_has_its_unit_and_the_numbers_are_those_of_the_report(three):
    report = quality_report(three)
    told = " | ".join(words(draw(three, report)))
    for text in ("speed, m/yr", "x, km", "y, km", "misfit, px", "1/yr", "2020-01-01 → 2020-02-02", "one of 3 maps"):
        assert text in told
    assert f"median {report.closure[0].median_px:.3f}, p90 {report.closure[0].p90_px:.3f} px" in told
    assert f"δu {report.maps[2].static_terrain.du_px.value:.2f} px" in told
    assert "SIMULATED" not in told


def test_simulated_pictures_are_named_so():
    maps = maps_of((0, 16), simulated=True, georeferenced=False)
    told = words(draw(maps, quality_report(maps)))
    assert "SIMULATED" in told
    assert "speed, px/day" in told
    assert "column, px" in told
    assert "Error of the speed" in told
    assert "Closure needs three dates." in told


def test_a_map_without_any_vector_or_stable_ground_says_so():
    whole = made(*glacier((40, 40))[:2])
    for reason in (LostReason.FILL, LostReason.FLAT):
        nothing = replace(whole, reason=np.full((40, 40), reason_code(reason), np.uint8))
        told = " ".join(words(draw([nothing], quality_report([nothing]))))
        assert "No stable ground is known" in told
        assert "There is no valid match." in told


def test_the_file_is_whole_or_absent(tmp_path, three):
    path = tmp_path / "report.png"
    report_figure(three[0], path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["report.png"]
    with pytest.raises(UsageError, match=r"end the name in \.png"):
        report_figure(three[0], tmp_path / "report.gif")
    with pytest.raises(TrackingError, match="no folder"):
        report_figure(three[0], tmp_path / "missing" / "report.png")


def test_drawing_is_loaded_only_to_draw():
    code = "import sys, napari_icenet.velocity.quality.figure; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
