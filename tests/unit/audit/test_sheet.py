"""What the audit prints opens in a spreadsheet without harm and without change."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit import sheet

FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def written(*cells: sheet.Cell) -> str:
    stream = io.StringIO(newline="")
    sheet.write(stream, ["一"], [cells])
    return stream.getvalue()


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", "\t=1", "\r\n=1", " =1", "＝1+1", "\u200b=1", '"=1', "=1;=2"],
)
def test_a_text_that_would_run_as_a_formula_does_not(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(written(text), newline=""))
    assert not cell.startswith((*FORMULAS, "\t", "\r", "\n", " ="))


@pytest.mark.parametrize("text", ["120104000000000123", "010101", "12e4", "1,5", "7%", "12E+3"])
def test_a_number_of_another_system_loses_no_digit(text: str) -> None:
    assert sheet.cell(text) == f"'{text}"


def test_what_the_hub_counted_stays_a_number() -> None:
    assert written(-3, 0, None, "南开区").splitlines()[1] == '-3,0,"","南开区"'


def test_a_hidden_character_is_shown() -> None:
    assert sheet.cell("a\u202eb\nc") == "a\\u202eb\\nc"


@given(st.text(max_size=40))
def test_no_text_begins_a_formula_and_each_row_is_one_line(text: str) -> None:
    told = written(text, "end")
    assert told.count("\r\n") == 2
    (_, (cell, end)) = csv.reader(io.StringIO(told, newline=""), strict=True)
    assert end == "end"
    assert not cell.strip().startswith(FORMULAS)


@pytest.mark.parametrize("text", ["=" * 40_000, "𠮷" * 20_000, "1" * 32_767])
def test_a_cell_is_as_long_as_a_spreadsheet_shows_and_says_that_it_is_cut(text: str) -> None:
    found = str(sheet.cell(text))
    assert len(found.encode("utf-16-le")) // 2 in (sheet.CELL_CHARACTERS_MAX - 1, sheet.CELL_CHARACTERS_MAX)
    assert found.endswith("--json has all 全文见 --json]")
    assert sheet.write(io.StringIO(), ["一"], [[text, "", 3]]) == (1, 1)


def test_a_cell_that_fits_is_whole() -> None:
    text = "a" * sheet.CELL_CHARACTERS_MAX
    assert sheet.cell(text) == text
    assert sheet.write(io.StringIO(), ["一"], [[text]]) == (1, 0)
