"""Readers of columns: what is dirt is mended, what is wrong is a fault of its own row."""

import json
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from hub.connect.codes import Codes
from hub.connect.mapping import Reader, Unmapped, canonical, to_row
from hub.errors import Misconfigured

CODES = Codes.read("column,code,value,meaning\nzt,1,CURRENT,x\nbz,0,false,x\nbz,1,true,x\n")


def read(value: object) -> Reader:
    return Reader({"c": value, "zt": value, "bz": value}, CODES)


def test_dirt_is_mended() -> None:
    assert read(" ９１１ l\u3000").identifier("c", "f") == "911L"
    assert read("\u200e１1\u00ad0\u2060l").optional_identifier("c", "f") == "110L"
    assert read(" \u200e\ufeff").optional_identifier("c", "f") is None
    assert read("　天津 ").text("c", "f") == "天津"
    assert read(5).text("c", "f") == "5"
    assert read("2021年3月4日").day("c", "f") == date(2021, 3, 4)
    assert read(" １ ").code("zt", "f", unknown="UNKNOWN") == "CURRENT"
    assert read("1").flag("bz", "f") is True


@pytest.mark.parametrize("text", ["长期", "长期有效", " 长期", "永久", "9999-12-31", "2099-12-31 00:00:00"])
def test_no_end_is_none(text: str) -> None:
    assert read(text).optional_day("c", "f") is None


def test_a_moment_is_a_day_in_china() -> None:
    """P4."""
    assert read("2023-10-30T16:00:00.000Z").day("c", "f") == date(2023, 10, 31)
    assert read("2021.03.04").day("c", "f") == read("20210304000000").day("c", "f") == date(2021, 3, 4)


def test_what_copying_leaves_in_numbers_goes_and_in_names_stays_to_be_refused() -> None:
    """P2, P3: one person under one number; no name that is not what it looks like."""
    assert read("\u200e360426199101010071\u200b").identifier("c", "f") == "360426199101010071"
    assert read("1\u2060").code("zt", "f", unknown="UNKNOWN") == "CURRENT"
    assert read("1\xa0").flag("bz", "f") is True
    assert read("5\ufeff").number("c", "f") == 5
    assert read("天津\u200e").text("c", "f") == "天津\u200e"
    assert read("天\u200b津\u200b").text("c", "f") == "天\u200b津"


def test_no_visible_character_is_nothing() -> None:
    """P3."""
    assert read(" \u200b\u3000").optional("c", "f") is None
    assert read("\u200b").optional_identifier("c", "f") is None
    assert read(" ab ").optional_identifier("c", "f") == "AB"


def test_nothing_is_none() -> None:
    assert read("  ").optional("c", "f") is None
    assert read(None).optional("c", "f") is None


def test_an_unknown_code_is_the_named_word() -> None:
    assert read("8").code("zt", "status", unknown="UNKNOWN") == "UNKNOWN"


@pytest.mark.parametrize(
    ("value", "how", "code"),
    [
        (None, "text", "SHAPE_MISSING"),
        ("", "identifier", "SHAPE_MISSING"),
        ("\u200e", "identifier", "SHAPE_MISSING"),
        ([1], "text", "SHAPE_TYPE"),
        (True, "text", "SHAPE_TYPE"),
        (b"\xff", "text", "TEXT_ENCODING"),
        ("gestern", "day", "SHAPE_TYPE"),
        ("98/3/4", "day", "SHAPE_TYPE"),
        ("0001-01-01T00:00:00", "day", "SHAPE_TYPE"),
        ("\u200b", "text", "SHAPE_MISSING"),
        ("2021-02-30", "optional_day", "SHAPE_TYPE"),
        ("1.5", "number", "SHAPE_TYPE"),
        ("9" * 30, "number", "SHAPE_TYPE"),
        ("2", "flag", "SHAPE_TYPE"),
    ],
)
def test_what_is_wrong_has_a_code_and_a_field(value: object, how: str, code: str) -> None:
    with pytest.raises(Unmapped) as told:
        getattr(read(value), how)("bz" if how == "flag" else "c", "part.field")
    assert told.value.fault == (code, "part.field")


def test_a_column_that_is_gone_is_missing_even_where_null_would_do() -> None:
    with pytest.raises(Unmapped) as told:
        Reader({}, CODES).optional("c", "f")
    assert told.value.fault.code == "SHAPE_MISSING"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("89.53"), "89.53"),
        (Decimal("120104.00"), "120104"),
        (Decimal("1E+2"), "100"),
        (120104.0, "120104"),
        (89.5, "89.5"),
        (Decimal("360426199101010071"), "360426199101010071"),
        (Decimal("1234567890123456789012345678"), "1234567890123456789012345678"),
        (date(2021, 3, 4), "2021-03-04"),
        (datetime.fromisoformat("2021-03-04T10:30"), "2021-03-04 10:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_values_of_a_databases_own_types_are_read_as_what_they_are(value: object, text: str) -> None:
    assert read(value).text("c", "f") == text


def test_days_numbers_and_flags_of_a_database() -> None:
    assert (
        read(date(2021, 3, 4)).day("c", "f")
        == read(datetime.fromisoformat("2021-03-04T23:59")).day("c", "f")
        == date(2021, 3, 4)
    )
    assert read(Decimal("7.0")).number("c", "f") == 7
    assert read(True).flag("bz", "f") is True
    assert read(False).flag("bz", "f") is False
    assert read(1.0).flag("bz", "f") is True
    assert read(Decimal("1")).code("zt", "status", unknown="UNKNOWN") == "CURRENT"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), 1e308, 360426199101010071.0, 10**61, Decimal("1E+999"), True]
)
def test_a_number_that_no_field_can_hold_is_a_fault(value: object) -> None:
    with pytest.raises(Unmapped) as told:
        read(value).optional("c", "f")
    assert told.value.fault == ("SHAPE_TYPE", "f")


def test_all_faults_of_a_row_are_told_each_field_once() -> None:
    def mapping() -> dict[str, object]:
        reader = read([1])
        return {"a": reader.day("c", "a"), "b": reader.number("c", "b"), "c": reader.flag("bz", "c"), "d": 1 // 0}

    row = to_row("k", 1, b"raw", mapping)
    assert row.record is None
    assert row.faults == (("SHAPE_TYPE", "a"), ("SHAPE_TYPE", "b"), ("SHAPE_TYPE", "c"))
    assert len(to_row("k", 1, b"raw", lambda: {str(n): read(None).text("c", str(n)) for n in range(999)}).faults) == 100
    assert to_row("k", 1, b"raw", lambda: {"a": read("x").text("c", "a")}).record == {"a": "x"}


def test_a_defect_of_the_mapping_is_the_rows_fault_and_tells_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    """P5, and the neighbours flow on."""
    row = to_row("k", 1, b"raw", lambda: {}["360426199101010071"])
    assert [fault.code for fault in row.faults] == ["UNREADABLE"]
    assert "360426" not in "".join(capfd.readouterr())


def test_one_row_has_one_form() -> None:
    first = canonical({"a": "津", "b": None, "c": b"\xd6"})
    assert json.loads(first) == {"a": "津", "b": None, "c": {"hex": "d6"}}
    assert first == canonical({"a": "津", "b": None, "c": b"\xd6"})


def test_a_code_that_means_two_things_is_for_the_author() -> None:
    with pytest.raises(Misconfigured, match="two values"):
        Codes.read("column,code,value,meaning\nzt,1,CURRENT,x\nzt,1,REVOKED,x\n")
