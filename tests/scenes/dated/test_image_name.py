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
        "AST_L1T_00313012020142731_20200215093021_12345",
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


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("PXL_20200131_230000123", DAY.replace(hour=23)),
        ("20200131-230000", DAY.replace(hour=23)),
        ("2020-01-31-14-27-31", DAY.replace(hour=14, minute=27, second=31)),
        ("2020-01-31-14-27", DAY.replace(hour=14, minute=27)),
        ("2020-01-31 14.27.31", DAY.replace(hour=14, minute=27, second=31)),
        ("2020.01.31.14.27.31", DAY.replace(hour=14, minute=27, second=31)),
        ("2020_01_31_14_27_31", DAY.replace(hour=14, minute=27, second=31)),
        ("20200131T14_27_31Z", DAY.replace(hour=14, minute=27, second=31)),
        ("20200131T14_27Z", DAY.replace(hour=14, minute=27)),
        ("20200131T14Z", DAY.replace(hour=14)),
        ("2020-01-31 14h27", DAY.replace(hour=14, minute=27)),
        ("Screenshot 2020-01-31 at 14.27.31", DAY.replace(hour=14, minute=27, second=31)),
        ("Screenshot 2020-01-31 at 02.27.31 PM", DAY.replace(hour=14, minute=27, second=31)),
        ("2020031_142731", DAY.replace(hour=14, minute=27, second=31)),
        ("SENTINEL2A_20200131-142731-123_L2A_T32TLR_C_V2-2_FRE_B4", DAY.replace(hour=14, minute=27, second=31)),
        ("AST_L1T_00301312020142731_20200215093021_12345", DAY.replace(hour=14, minute=27, second=31)),
        ("AST_07XT_00301312020142731_20200215093021_12345", DAY.replace(hour=14, minute=27, second=31)),
        ("AST14DMO_00301312020142731_20200215093021_12345_V3N", DAY.replace(hour=14, minute=27, second=31)),
    ],
)
def test_times_are_read_in_all_their_writings(text: str, when: datetime) -> None:
    assert bears_date(text)
    name = parse_image_name(text)
    assert (name.when, name.time_known) == (when, True)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("20200131T060000+1200", datetime(2020, 1, 30, 18)),
        ("20200131T060000.581+12:00", datetime(2020, 1, 30, 18)),
        ("20200131T060000+12", datetime(2020, 1, 30, 18)),
        ("20200131_060000-0300", datetime(2020, 1, 31, 9)),
        ("20200131T0600-0300", datetime(2020, 1, 31, 9)),
        ("PXL_20200131_230000123-0300", datetime(2020, 2, 1, 2)),
        ("2020-01-31_06-00-00+02:00_B04", datetime(2020, 1, 31, 4)),
        ("20200131_0600UTC+2", datetime(2020, 1, 31, 4)),
        ("20200131_0600UTC", datetime(2020, 1, 31, 6)),
        # No zone is of 37 minutes.
        ("20200131_060000-0137", datetime(2020, 1, 31, 6)),
    ],
)
def test_times_of_other_zones_are_turned_into_utc(text: str, when: datetime) -> None:
    name = parse_image_name(text)
    assert (name.when, name.time_known) == (when, True)


@pytest.mark.parametrize("text", ["20200131T060000-03", "20200131T060000+1537", "20200131-0216", "2020-01-01-01-16"])
def test_times_in_doubt_are_refused_with_the_way_out(text: str) -> None:
    assert bears_date(text)
    with pytest.raises(SceneError, match=r"bears what may be a .*; write the time in UTC, as in 20200131T1427"):
        parse_image_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "S2_median_2020-01-01_2020-01-16",
        "S2A_median_20200101_20200116",
        "LC08_median_20200101_20200116",
        "L15_2020-01-01_2020-02-01",
        "20200131_20200216",
        "20200131-20200216",
        "2020-01-31_2020-02-16_NDSI",
        "2020-01-31_to_2020-02-16",
        "20200131to20200216",
        "20200131T142731_20200216T142731",
        "2020-01-31_2020-02",
        "2020001_2020016",
        "2020-01-31-00:00_2020-02-15-23:59_Sentinel-2_L2A_B04_(Raw)",
        "Copy of 20200131_20200216",
    ],
)
def test_a_second_date_beside_the_first_makes_a_span_and_no_time(text: str) -> None:
    assert bears_date(text)
    with pytest.raises(SceneError, match="bears a span of days; begin its name with the date"):
        parse_image_name(text)


def test_products_bear_acquisition_and_processing() -> None:
    name = parse_image_name("20151128T112653_20170523T113143_T19GCP.B4")
    assert (name.when, name.tile) == (datetime(2015, 11, 28, 11, 26, 53), "T19GCP")
    assert name.processing[0] == "2017-05-23T11:31:43"
    aster = [parse_image_name(f"AST_L1T_00301012020142731_2020021{n}093021_1234{n}_B3N") for n in (5, 6)]
    assert aster[0].rest == aster[1].rest == ("ast", "l1t")
    assert aster[0].processing < aster[1].processing
    assert aster[0].band == "B3N"
    same = parse_image_name("2020-01-31-00:00_2020-01-31-23:59_Sentinel-2_L2A_B04_(Raw)")
    assert (same.when, same.time_known, same.band) == (DAY, False, "B04")


@pytest.mark.parametrize(
    "text", ["Copy of 20200131", "Copy (2) of 20200131", "20200131 - Kopie", "20200131 - Kopie (2)", "20200131 (2)"]
)
def test_copies(text: str) -> None:
    assert bears_date(text)
    name = parse_image_name(text)
    assert (name.when, name.copy, name.rest) == (DAY, True, ())
