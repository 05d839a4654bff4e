"""CSV from outside: a header of dotted names, then one record a row (P1)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.ports import Fault
from hub.records.files.csv import columns, record
from hub.records.files.json import RECORD_BYTES_MAX
from hub.records.files.parse import ENCODINGS, Row
from hub.records.rules import Context
from hub.records.verdict import judge
from tests.unit.records.files.reading import ALONE, HEADER, LINE, TITLE, codes, read

_NOW = datetime(2024, 5, 1, tzinfo=UTC)


def csv_rows(*lines: str, encoding: str = "utf-8") -> list[Row]:
    return read("\n".join(lines).encode(encoding), "csv", TITLE, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv(encoding: str) -> None:
    both, alone = csv_rows(HEADER, LINE, ALONE, encoding=encoding)
    assert both.record is not None
    assert alone.record is not None
    assert [holder["share"] for holder in both.record["holders"]] == ["1/2", "1/2"]
    assert [holder["share"] for holder in alone.record["holders"]] == [None]
    assert both.record["unit"]["valid_until"] is None
    assert both.record["unit"]["seized"] is False
    assert (both.number, alone.number) == (2, 3)
    for row in (both, alone):
        assert judge(TITLE, row.record, Context.at(_NOW)).findings in ((), [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (LINE + ",more", "UNREADABLE"),
        ('"a"b,' + LINE, "UNREADABLE"),
        ("x" * (RECORD_BYTES_MAX + 10), "TOO_LARGE"),
    ],
    ids=["more-cells", "quote", "long"],
)
def test_csv_faults_and_their_neighbours(line: str, code: str) -> None:
    assert codes(csv_rows(HEADER, LINE, line, LINE)) == ["ok", code, "ok"]


def test_an_open_quote_swallows_a_bounded_part() -> None:
    rest = [LINE] * (RECORD_BYTES_MAX // len(LINE) + 50)
    found = codes(csv_rows(HEADER, '"' + LINE, *rest))
    assert found[0] in ("TOO_LARGE", "UNREADABLE")
    assert found[-1] == "ok"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("a,a", "DUPLICATE_KEY"),
        ("unit.unit_no,unit.unit_no ", "DUPLICATE_KEY"),
        ("\ufeffunit.unit_no,unit.\u200bunit_no", "DUPLICATE_KEY"),
        ("holders.0.name,holders.00.name", "DUPLICATE_KEY"),
        (",".join(f"c{n}" for n in range(3_000)), "TOO_LARGE"),
        ('"a', "UNREADABLE"),
    ],
)
def test_a_header_that_cannot_be(header: str, code: str) -> None:
    assert codes(csv_rows(header, LINE)) == [code]


def test_a_header_with_a_strange_name_is_named_in_every_row() -> None:
    (row,) = csv_rows(HEADER + ",unit.colour,holders.x.name", LINE + ",red,y")
    assert row.fault is None
    findings = judge(TITLE, row.record, Context.at(_NOW)).findings
    assert list(findings) == [
        Fault("SHAPE_UNKNOWN_FIELD", "unit.colour"),
        Fault("SHAPE_UNKNOWN_FIELD", "holders.x.name"),
    ]


@pytest.mark.parametrize("blank", [",,,", ", \u3000,\xa0,", '"","",', "\u200b,,", "," * 18, "," * 30])
def test_a_row_of_nothing_is_no_record(blank: str) -> None:
    """Spreadsheets write rows and columns of nothing."""
    found = csv_rows(blank, HEADER, blank, LINE, blank)
    assert codes(found) == ["ok"]
    assert found[0].number == 4, "lines are counted as an editor counts them"


def test_a_column_of_nothing_is_no_field() -> None:
    assert codes(csv_rows(HEADER + ",, ", LINE + ",,", LINE, LINE + ", ,\u200b,,")) == ["ok", "ok", "ok"]
    assert codes(csv_rows(HEADER + ",,", LINE + ",,x")) == ["UNREADABLE"], "what has no name is not lost silently"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("said", ENCODINGS)
def test_a_table_in_another_encoding_is_told_once(said: str, encoding: str) -> None:
    assert codes(read("\n".join((HEADER, LINE, LINE)).encode(encoding), "csv", TITLE, said)) == ["TEXT_ENCODING"]


def test_a_byte_order_mark_is_believed_before_the_option() -> None:
    table = "\n".join((HEADER, LINE))
    assert codes(read(table.encode("utf-8-sig"), "csv", TITLE, "gb18030")) == ["TEXT_ENCODING"]
    assert codes(read(("\ufeff" + table).encode("gb18030"), "csv", TITLE, "utf-8")) == ["TEXT_ENCODING"]
    assert codes(read(("\ufeff" + table).encode("gb18030"), "csv", TITLE, "gb18030")) == ["ok"]


def test_the_characters_that_gb18030_moved() -> None:
    """P4: a name is what its source wrote."""
    data = "\n".join((HEADER, LINE)).encode("gb18030").replace("李某".encode("gb18030"), bytes.fromhex("fe59fe61"))
    (row,) = read(data, "csv", TITLE, "gb18030")
    assert row.record is not None
    assert row.record["holders"][0]["name"] == "\u9fb4\u9fb5"


def test_a_column_that_is_a_value_and_a_group() -> None:
    assert codes(csv_rows("unit,unit.unit_no", "1,2")) == ["UNREADABLE"]


def test_csv_in_a_wrong_encoding_names_the_field() -> None:
    (row,) = read("\n".join((HEADER, LINE)).encode("gb18030"), "csv", TITLE)
    findings = judge(TITLE, row.record, Context.at(_NOW)).findings
    assert Fault("TEXT_ENCODING", "holders.0.name") in findings


def one(name: str, cell: str) -> Any:
    """What one cell of one column becomes."""
    found: Any = record([cell], columns([name], TITLE.schema.parsed))
    for step in name.split("."):
        found = found[step]
    return found


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("unit.issued_on", "2021-08-02", date(2021, 8, 2)),
        ("unit.issued_on", "2021/8/2", date(2021, 8, 2)),
        ("unit.issued_on", "长期", "长期"),
        ("unit.issued_on", "", ""),
        ("unit.valid_until", "长期", None),
        ("unit.valid_until", "", None),
        ("unit.valid_until", "soon", "soon"),
        ("unit.valid_until", "长期有效", None),
        ("unit.valid_until", " 9999/12/31", None),
        ("unit.valid_until", " ", None),
        ("unit.issued_on", "9999-12-31", date(9999, 12, 31)),
        ("unit.area_m2", " ", None),
        ("source.version", " 12\u200b", 12),
        ("unit.seized", " 是", True),
        ("unit.area_m2", "长期", "长期"),
        ("unit.area_m2", "", None),
        ("unit.notes", "", ""),
        ("unit.seized", "是", True),
        ("unit.seized", "FALSE", False),
        ("unit.seized", "perhaps", "perhaps"),
        ("source.version", "12", 12),
        ("source.version", "１２", "１２"),
        ("source.version", "9" * 30, "9" * 30),
    ],
)
def test_a_cell_becomes_what_its_field_is_or_stays_text(name: str, cell: str, value: Any) -> None:
    assert one(name, cell) == value
