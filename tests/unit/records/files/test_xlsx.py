"""Spreadsheets from outside: what another program wrote is read as it meant it, and hostile ones are refused (P1)."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import RecordRejected
from hub.records.files import xlsx
from hub.records.files.json import RECORD_BYTES_MAX


def written(*rows: list[Any], sheets: dict[str, list[list[Any]]] | None = None) -> bytes:
    """A workbook by openpyxl."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    for name, lines in (sheets or {}).items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes, sheet: str = "") -> list[Any]:
    with xlsx.opened_book(io.BytesIO(data)) as book:
        found = [value for _, value in book.rows(sheet)]
    return [value.code if isinstance(value, RecordRejected) else value for value in found]


def refused(data: bytes, sheet: str = "") -> str:
    with pytest.raises(RecordRejected) as caught:
        read(data, sheet)
    return caught.value.code


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """The workbook with a text of one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in given.namelist():
            text = given.read(name)
            assert name != part or old.encode() in text
            file.writestr(name, text.replace(old.encode(), new.encode()) if name == part else text)
    return out.getvalue()


SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
TABLE = (
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>津</t></si>'
    "<si><r><t>天</t></r><r><t>津</t></r><rPh><t>tianjin</t></rPh></si></sst>"
)


def with_shared_texts(table: str = TABLE) -> bytes:
    """A workbook as Excel writes it: its cells name shared texts. openpyxl writes the texts into the cells."""
    cells = '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
    out = io.BytesIO(changed(written([5]), SHEET, '<c r="A1" t="n"><v>5</v></c>', cells))
    with zipfile.ZipFile(out, "a") as file:
        file.writestr(SHARED, table)
    return out.getvalue()


AT = datetime(2021, 3, 4, 5, 6, 7)  # noqa: DTZ001 - a spreadsheet has no zone
CELLS = ["津(2021)", 7, 89.53, date(2021, 3, 4), AT, True, None, "360426199101010071"]


def test_cells_are_what_their_writer_meant() -> None:
    (row,) = read(written(CELLS))
    assert row == ["津(2021)", 7, 89.53, date(2021, 3, 4), AT, True, None, CELLS[7]]
    assert type(row[3]) is date
    assert isinstance(row[4], datetime)


def test_shared_texts_are_those_of_the_workbook_without_readings_beside_them() -> None:
    assert read(with_shared_texts()) == [["津", "天津"]]


def test_a_sheet_is_chosen_by_name_and_blank_rows_are_none() -> None:
    book = written(["a"], sheets={"数据": [["b"], [None], ["c"]]})
    assert read(book) == [["a"]]
    assert read(book, "数据") == [["b"], ["c"]]
    assert refused(book, "no") == "UNREADABLE"


def test_a_number_that_lost_figures_is_not_made_whole() -> None:
    (row,) = read(changed(written([5]), SHEET, "<v>5</v>", "<v>3.6042619910101E+17</v>"))
    assert isinstance(row[0], float)


def test_p1_a_formula_is_refused_and_its_neighbours_are_not() -> None:
    assert read(written(["a"], ["=1+1"], ['=HYPERLINK("http://x")'], ["b"])) == [["a"], "FORMULA", "FORMULA", ["b"]]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<v>5</v>", "<v>1e999</v>", "NUMBER_NOT_FINITE"),
        ("<v>5</v>", "<v>x</v>", "UNREADABLE"),
        (' t="n"><v>5</v>', ' t="s"><v>99</v>', "UNREADABLE"),
        (' t="n"><v>5</v>', ' t="e"><v>#REF!</v>', "UNREADABLE"),
        (' t="n"><v>5</v>', f' t="inlineStr"><is><t>{"x" * 40_000}</t></is>', "TOO_LARGE"),
        ('r="A2"', 'r="XFD2"', "TOO_LARGE"),
    ],
)
def test_p1_a_cell_that_is_none_leaves_its_neighbours(old: str, new: str, code: str) -> None:
    assert read(changed(written(["a"], [5], ["b"]), SHEET, old, new)) == [["a"], code, ["b"]]


def test_p1_a_row_of_many_large_cells_is_too_large() -> None:
    cells = ["x" * 30_000] * (RECORD_BYTES_MAX // 30_000 + 2)
    inline = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    data = changed(written([5], ["b"]), SHEET, '<c r="A1" t="n"><v>5</v></c>', inline)
    assert read(data) == ["TOO_LARGE", ["b"]]


@pytest.mark.parametrize("part", [SHEET, SHARED, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
def test_p1_entities_are_refused_in_every_part(part: str) -> None:
    data = with_shared_texts()
    with zipfile.ZipFile(io.BytesIO(data)) as given:
        text = given.read(part).decode()
    head = text.partition("?>")[0] + "?>" if text.startswith("<?xml") else ""
    hostile = f"{head}<!DOCTYPE x [<!ENTITY a 'ha'>]>{text.removeprefix(head)}"
    assert refused(changed(data, part, text, hostile)) == "XML_UNSAFE"


def test_p1_macros_and_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_macro = io.BytesIO(written(["a"]))
    with zipfile.ZipFile(with_macro, "a") as file:
        file.writestr("xl/vbaProject.bin", b"x")
    assert refused(with_macro.getvalue()) == "ARCHIVE_UNSAFE"
    bomb = io.BytesIO(written(["a"]))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/media/a.bin", bytes(50_000_000))
    assert refused(bomb.getvalue()) == "ARCHIVE_UNSAFE"
    monkeypatch.setattr(xlsx, "SHARED_CHARACTERS_MAX", 100)
    assert refused(with_shared_texts(TABLE.replace("津", "津" * 101))) == "TOO_LARGE"


def test_p1_a_part_that_is_outside_is_not_fetched() -> None:
    data = changed(
        written(["a"]), "xl/_rels/workbook.xml.rels", 'Target="/xl/worksheets', 'TargetMode="External" Target="'
    )
    assert refused(data) == "UNREADABLE"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text[0] != "="
)
VALUES = st.one_of(TEXTS, st.integers(-(10**15), 10**15), st.booleans(), st.dates(date(1901, 1, 1), date(2200, 1, 1)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=1, max_size=6), min_size=1, max_size=6))
def test_every_table_that_another_program_writes_is_read_as_it_is(rows: list[list[Any]]) -> None:
    assert read(written(*rows)) == rows


GOOD = written(["a", 5], ["b", date(2021, 3, 4)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_p1_whatever_bytes_come_they_are_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    try:
        read(bytes(data))
    except RecordRejected as refusal:
        assert refusal.code.isupper()
