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
    [("a,a", "DUPLICATE_KEY"), (",".join(f"c{n}" for n in range(3_000)), "TOO_LARGE"), ('"a', "UNREADABLE")],
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
