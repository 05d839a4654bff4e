"""Readers of columns: what is dirt is mended, what is wrong is a fault of its own row."""

import json
from datetime import date

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


def test_no_end_and_nothing_are_none() -> None:
    assert read("长期").optional_day("c", "f") is None
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
