from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.scenes.landsat.product_id import ProductName, parse_product_name


def test_collection_name_is_read_field_by_field() -> None:
    assert parse_product_name("LC08_L1GT_054118_20151122_20170401_01_T2") == ProductName(
        id="LC08_L1GT_054118_20151122_20170401_01_T2",
        sensor="LC08",
        wrs_path=54,
        wrs_row=118,
        acquired=date(2015, 11, 22),
        level="L1GT",
        processed=date(2017, 4, 1),
        collection="01",
        tier="T2",
    )


def test_the_first_landsats_are_read() -> None:
    name = parse_product_name("LM01_L1TP_008011_19730805_20200909_02_T2")
    assert name is not None
    assert (name.sensor, name.acquired) == ("LM01", date(1973, 8, 5))


def test_pre_collection_name_counts_days_of_the_year() -> None:
    name = parse_product_name("LC80540182015326LGN00")
    assert name is not None
    # 2015 is no leap year: day 326 is 22 November, as the calendar on any wall says.
    assert (name.sensor, name.wrs_path, name.wrs_row, name.acquired) == ("LC08", 54, 18, date(2015, 11, 22))
    assert name.collection is None
    assert name.processed is None


def test_day_60_of_a_leap_year_is_29_february() -> None:
    name = parse_product_name("LE72300122000060EDC01")
    assert name is not None
    assert name.acquired == date(2000, 2, 29)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("LC08_L1TP_229012_20160729_20170322_01_T1_B8_Subset.png", "B8_Subset.png"),
        ("LC08_L1TP_229012_20160729_20170322_01_T1.tif", "tif"),
        ("LC80540182015326LGN00_B1.TIF", "B1.TIF"),
        ("lc09_l2sp_229012_20220729_20220822_02_t1_mtl.txt", "mtl.txt"),
    ],
)
def test_what_follows_the_id_is_the_suffix(text: str, suffix: str) -> None:
    name = parse_product_name(text)
    assert name is not None
    assert name.suffix == suffix
    assert text.upper().startswith(name.id)


@pytest.mark.parametrize(
    "text",
    ["", "20200131.jpg", "LC08_L1TP_229012_20160729", "LX08_L1TP_229012_20160729_20170322_01_T1", "LC80540182015326",
     "S2A_MSIL1C_20200131", "LC08_L1TP_229012_20160729_20170322_01_T1x"],
)  # fmt: skip
def test_other_names_are_no_products(text: str) -> None:
    assert parse_product_name(text) is None


def test_a_day_that_does_not_exist_is_none_not_an_error() -> None:
    named = parse_product_name("LC08_L1TP_229012_20161399_20170322_01_T1")
    old = parse_product_name("LC80540182015366LGN00")
    assert named is not None
    assert named.acquired is None
    assert old is not None
    assert old.acquired is None


@given(
    instrument=st.sampled_from("COTEM"),
    satellite=st.integers(4, 9),
    level=st.sampled_from(["L1TP", "L1GT", "L1GS", "L2SP", "L2SR"]),
    path=st.integers(1, 233),
    row=st.integers(1, 248),
    acquired=st.dates(date(1982, 1, 1), date(2040, 1, 1)),
    delay=st.integers(0, 9000),
    collection=st.sampled_from(["01", "02"]),
    tier=st.sampled_from(["RT", "T1", "T2", "A1", "A2"]),
)
def test_every_name_reads_back(
    instrument: str,
    satellite: int,
    level: str,
    path: int,
    row: int,
    acquired: date,
    delay: int,
    collection: str,
    tier: str,
) -> None:
    processed = acquired + timedelta(days=delay)
    text = (
        f"L{instrument}0{satellite}_{level}_{path:03}{row:03}_{acquired:%Y%m%d}_{processed:%Y%m%d}_{collection}_{tier}"
    )
    name = parse_product_name(text)
    assert name == ProductName(
        text, f"L{instrument}0{satellite}", path, row, acquired, level, processed, collection, tier
    )
