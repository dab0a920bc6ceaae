from __future__ import annotations

from datetime import datetime

import pytest

from napari_icenet.errors import SceneError
from napari_icenet.scenes.dated.image_name import bears_date, parse_image_name, without_band

DAY = datetime(2020, 1, 31)


@pytest.mark.parametrize(
    ("text", "when", "time_known"),
    [
        ("20200131", DAY, False),
        ("2020_01_31", DAY, False),
        ("2020.01.31", DAY, False),
        ("2020031", DAY, False),
        ("mosaic_20200131", DAY, False),
        ("20200131_20200216", DAY, False),
        ("20200131_2500", DAY, False),
        ("LC08_008011_20200131", DAY, False),
        ("LC08_008011_20200131_20200826", DAY, False),
        ("2020-01-31-00_00_2020-01-31-23_59_Sentinel-2_L2A_B04_(Raw)", DAY, False),
        ("20200131_0600", DAY.replace(hour=6), True),
        ("20200131T0600", DAY.replace(hour=6), True),
        ("202001310600", DAY.replace(hour=6), True),
        ("2020-01-31_06-00", DAY.replace(hour=6), True),
        ("2020-01-31_06-00-00", DAY.replace(hour=6), True),
        ("20200131T060000.581Z", DAY.replace(hour=6), True),
        ("T19GCP_20200131T142731_B04", datetime(2020, 1, 31, 14, 27, 31), True),
        ("S1A_IW_GRDH_1SDV_20200131T095500_20200131T095525_030612_0381F0", datetime(2020, 1, 31, 9, 55), True),
        ("HLS.S30.T19GCP.2020031T142731.v2.0.B8A", datetime(2020, 1, 31, 14, 27, 31), True),
    ],
)
def test_dates_beyond_doubt(text: str, when: datetime, time_known: bool) -> None:
    assert bears_date(text)
    name = parse_image_name(text)
    assert (name.when, name.time_known) == (when, time_known)


@pytest.mark.parametrize(
    "text",
    [
        "31-01-2020",
        "31012020",
        "2021366",
        "1234567",
        "glacier",
        "pair_20200131_20200216",
        "2020-01-31-00_00_2020-02-16-23_59_Sentinel-2_L2A_B04_(Raw)",
    ],
)
def test_dates_in_doubt_are_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(SceneError, match="begin its name with the date, as in 20200131"):
        parse_image_name(text)


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("20200131_B04", "B04"),
        ("20200131_b2", "B2"),
        ("20200131_B8A", "B8A"),
        ("LC08_008011_20200131_SR_B3", "B3"),
        ("20200131_band_4", "B4"),
        ("20200131_Red", "red"),
        ("20200131_nir", "nir"),
        ("20200131_vv", "VV"),
        ("LC08_L1TP_229012_20200131_20200322_01_T1_B8_Subset", "B8"),
        ("20200131_B04_B08", None),
        ("20200131_subset", None),
        ("20200131_reduced", None),
    ],
)
def test_bands_in_names(text: str, band: str | None) -> None:
    assert parse_image_name(text).band == band


def test_the_parts_of_a_product_s_name() -> None:
    name = parse_image_name("S2A_MSIL2A_20200131T142731_N0500_R053_T19GCP_20200203T200000_B04_10m")
    assert (name.band, name.tile, name.pixel) == ("B04", "T19GCP", 10)
    assert name.processing == ("2020-02-03T20:00:00", 0, 500)
    assert name.rest == ("s2a", "msil2a", "r053")
    assert parse_image_name("20200131_142731_103c_3B_udm2_clip").mask == "udm2"
    assert parse_image_name("20200131 (1)").copy
    parts = [parse_image_name(f"20200131_B4-0000000000-0000{offset}") for offset in ("000000", "012800")]
    assert parts[0].tile != parts[1].tile
    assert parts[0].rest == parts[1].rest == ()
    assert without_band("T19GCP_20200131_B04_10m") == "T19GCP_20200131_10m"
