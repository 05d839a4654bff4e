"""The files of other systems: evidence, so a bad line is told and no line stops the audit."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit import files
from hub.audit.files import Row, Sort, Unread
from hub.audit.findings.classes import Class
from hub.audit.values import Moment
from hub.errors import Misconfigured
from tests.unit.audit.cases import ms

DAY_MS = 86_400_000


def lines(path: Path, sort: Sort, text: str) -> list[files.Line]:
    path.write_text(text, "utf-8")
    return list(files.read(path, sort))


def test_a_line_of_the_archive(tmp_path: Path) -> None:
    text = "\ufeffapp_no,application_no,name,completed_at,accepted_at,rating\n"
    text += "7,NULL,某某,2022-03-16 17:00:00,2022-03-02,4\n"
    start = ms("2022-03-02T00:00:00")
    assert lines(tmp_path / "a.csv", Sort.ARCHIVE, text) == [
        Row(
            *(Sort.ARCHIVE, 2, "", "7", Moment(ms("2022-03-16T17:00:00"), ms("2022-03-16T17:00:00"))),
            Moment(start, start + DAY_MS - 1),
            4,
        )
    ]


def test_a_time_with_an_offset_of_its_own(tmp_path: Path) -> None:
    (row,) = lines(tmp_path / "a.csv", Sort.CONTACTS, "app_no,application_no,contacted_at\n7,,2022-03-16T09:00:00Z\n")
    assert isinstance(row, Row)
    assert row.at.first_ms == ms("2022-03-16T17:00:00")


def test_a_complaint_names_a_class_in_either_language(tmp_path: Path) -> None:
    text = "app_no,application_no,complained_at,about\n7,,2022-03-16,体外循环\n8,,2022-03-16,OFF_SYSTEM\n"
    text += "9,,2022-03-16,其他\n"
    first, second, third, bad = lines(tmp_path / "a.csv", Sort.COMPLAINTS, text)
    about = [one.about for one in (first, second, third) if isinstance(one, Row)]
    assert about == [Class.OFF_SYSTEM, Class.OFF_SYSTEM, None]
    assert bad == Unread(Sort.COMPLAINTS, 4, "about names no class", "9")


@pytest.mark.parametrize("text", ["", "a,b\n", "app_no,application_no\n"])
def test_a_file_without_its_columns_is_refused_with_their_names(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured, match="read_at"):
        lines(tmp_path / "a.csv", Sort.FIRST_READINGS, text)


def test_a_file_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at,Contacted_At \n7,,2022-03-16,2022-03-01\n"
    with pytest.raises(Misconfigured, match=r"names contacted_at more than once.*leave one column"):
        lines(tmp_path / "a.csv", Sort.CONTACTS, text)


def test_two_columns_that_are_not_read_may_have_one_name(tmp_path: Path) -> None:
    text = "note,app_no,note,application_no,contacted_at\nx,7,y,,2022-03-16\n"
    (row,) = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    assert isinstance(row, Row)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_in_another_encoding_is_refused_with_a_remedy(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("app_no,application_no,contacted_at\n7,,2022-03-16\n".encode(encoding))
    with pytest.raises(Misconfigured, match=r"save it as CSV in UTF-8.*gb18030"):
        list(files.read(path, Sort.CONTACTS))


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_a_file_in_gbk_is_read_where_it_is_said_and_otherwise_each_line_says_why_not(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("app_no,application_no,complained_at,about\n7,,2022-03-16,体外循环\n".encode(encoding))
    (row,) = files.read(path, Sort.COMPLAINTS, "gb18030")
    assert isinstance(row, Row)
    assert row.about is Class.OFF_SYSTEM
    why = "about is not in this encoding; name it: --encoding utf-8 or gb18030"
    assert list(files.read(path, Sort.COMPLAINTS))[1:] == [Unread(Sort.COMPLAINTS, 2, why, "7")]


def test_a_line_with_more_cells_than_columns_cannot_be_read(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at\n7,,2022-03-16,2022-03-01\n8,,2022-03-16,,\n"
    bad, good = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    assert bad == Unread(Sort.CONTACTS, 2, "more cells than columns")
    assert isinstance(good, Row)


def test_one_number_in_two_spellings_is_one(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at\na000 0017,,2022-03-16\nＡ0000017,,2022-03-16\n"
    found = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    assert [one.app_no for one in found if isinstance(one, Row)] == ["A0000017"] * 2


def test_a_file_with_too_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINES_MAX", 1)
    with pytest.raises(Misconfigured, match="divide it"):
        lines(tmp_path / "a.csv", Sort.CONTACTS, "app_no,application_no,contacted_at\n1,,2022-03-01\n2,,2022-03-01\n")


def the_row(tmp_path: Path, cells: str, sort: Sort = Sort.ARCHIVE) -> Row:
    found = lines(tmp_path / "a.csv", sort, ",".join(files.titles(sort)) + f"\n{cells}\n")
    assert [type(one) for one in found] == [Row]
    assert isinstance(found[0], Row)
    return found[0]


@pytest.mark.parametrize(
    ("cell", "first", "lasts_ms"),
    [
        ("2022/3/16 9:05", "2022-03-16T09:05:00", 60_000),
        ("2022-03-16 09:05", "2022-03-16T09:05:00", 60_000),
        ("2022/3/16 9:05:07", "2022-03-16T09:05:07", 1),
        ("2022/03/16", "2022-03-16T00:00:00", DAY_MS),
        ("2022/3/16 0:00", "2022-03-16T00:00:00", DAY_MS),
        ("2022-03-16 00:00:00.0", "2022-03-16T00:00:00", DAY_MS),
        ("2022年3月16日", "2022-03-16T00:00:00", DAY_MS),
        ("２０２２－03-16", "2022-03-16T00:00:00", DAY_MS),
        ("20220316", "2022-03-16T00:00:00", DAY_MS),
    ],
)
def test_p4_a_time_as_a_spreadsheet_writes_it_is_read(tmp_path: Path, cell: str, first: str, lasts_ms: int) -> None:
    """In each file, and of each of its times."""
    at = Moment(ms(first), ms(first) + lasts_ms - 1)
    assert (found := the_row(tmp_path, f"A1,7,{cell},{cell},5")).at == found.accepted == at
    assert the_row(tmp_path, f"A1,7,{cell}", Sort.FIRST_READINGS).at == at
    assert the_row(tmp_path, f"A1,7,{cell}", Sort.CONTACTS).at == at
    assert the_row(tmp_path, f"A1,7,{cell},", Sort.COMPLAINTS).at == at


@pytest.mark.parametrize("cell", ["'A0000017", '="A0000017"', '"=""A0000017"""', "\tA0000017", "' A0000017 "])
def test_p4_a_number_that_a_spreadsheet_keeps_as_text_is_that_number(tmp_path: Path, cell: str) -> None:
    assert the_row(tmp_path, f"'1P7HA-88J8,{cell},'2022-03-16,,").app_no == "A0000017"
    assert the_row(tmp_path, f"{cell},{cell},2022-03-16", Sort.CONTACTS).application_no == "A0000017"


@pytest.mark.parametrize(("cell", "grade"), [("5.0", 5), ("5分", 5), ("非常满意", 5), ("不满意", 2)])
def test_a_rating_in_words_is_read(tmp_path: Path, cell: str, grade: int) -> None:
    assert the_row(tmp_path, f"A1,7,2022-03-16,,{cell}").rating == grade


def test_p4_a_number_that_lost_its_digits_is_told_and_not_looked_for(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at\n1.20104E+17,,2022-03-16\n1.20104e+17,A1,2022-03-16\n"
    alone, row, beside = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    why = "app_no is a number that a spreadsheet has shortened"
    assert (alone, beside) == (Unread(Sort.CONTACTS, 2, why), Unread(Sort.CONTACTS, 3, why, "A1"))
    assert isinstance(row, Row)
    assert (row.application_no, row.app_no) == ("A1", "")


@pytest.mark.parametrize(
    ("sort", "cells", "bad"),
    [
        (Sort.ARCHIVE, "A1,7,soon,2022-03-02,4", "completed_at is no time"),
        (Sort.ARCHIVE, "A1,7,2022-03-16,44636.1,4", "accepted_at is no time"),
        (Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,五", "rating is none of 1 to 5"),
        (Sort.ARCHIVE, "A1,7,,2022-03-02,4", "completed_at is empty"),
        (Sort.FIRST_READINGS, "A1,7,soon", "read_at is no time"),
        (Sort.CONTACTS, "A1,7,2022-13-01", "contacted_at is no time"),
        (Sort.COMPLAINTS, "A1,7,2022-03-16,其他", "about names no class"),
    ],
)
def test_p4_a_bad_cell_is_told_with_the_number_and_hides_no_other(
    tmp_path: Path, sort: Sort, cells: str, bad: str
) -> None:
    row, told = lines(tmp_path / "a.csv", sort, ",".join(files.titles(sort)) + f"\n{cells}\n")
    assert told == Unread(sort, 2, bad, "A1 7")
    assert isinstance(row, Row)
    assert (row.application_no, row.app_no) == ("A1", "7")
    assert (row.at is None) == bad.startswith(files.titles(sort)[2])
    assert sort is not Sort.ARCHIVE or row.rating == (None if bad.startswith("rating") else 4)


def test_a_pipe_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    text = b"app_no,application_no,contacted_at\n7,,2022-03-16\n"
    writing = threading.Thread(target=path.write_bytes, args=(text,))
    writing.start()
    (row,) = files.read(path, Sort.CONTACTS)
    writing.join(10)
    assert isinstance(row, Row)


@pytest.mark.parametrize("sort", list(Sort))
def test_p4_lines_that_are_later_than_the_last_day_are_counted_and_left_out(tmp_path: Path, sort: Sort) -> None:
    early, late = the_row(tmp_path, "A1,7,2022-03-16", sort), the_row(tmp_path, "A2,8,2022-03-17 00:01", sort)
    until_ms = ms("2022-03-17T00:00:00") - 1
    assert files.by(until_ms, [early]) == ([early], {})
    kept, later = files.by(until_ms, [early, late])
    assert ([one.application_no for one in kept], later) == (["A1"], {sort: 1})
    assert kept[0].goes_on


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_audit(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("file") / "a.csv"
    path.write_bytes(b"app_no,application_no,contacted_at\n" + data)
    assert all(isinstance(one, Row | Unread) for one in files.read(path, Sort.CONTACTS))
