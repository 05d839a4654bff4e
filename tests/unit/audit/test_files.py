"""The files of other systems: evidence, so a bad line is told and no line stops the audit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit import files
from hub.audit.codes import Class
from hub.audit.files import Moment, Row, Sort
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
    first, second, third = lines(tmp_path / "a.csv", Sort.COMPLAINTS, text)
    assert [one.about for one in (first, second) if isinstance(one, Row)] == [Class.OFF_SYSTEM] * 2
    assert third == (Sort.COMPLAINTS, 4, "about names no class")


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
    assert list(files.read(path, Sort.COMPLAINTS)) == [
        (Sort.COMPLAINTS, 2, "not in this encoding; name it: --encoding utf-8 or gb18030")
    ]


def test_a_line_with_more_cells_than_columns_cannot_be_read(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at\n7,,2022-03-16,2022-03-01\n8,,2022-03-16,,\n"
    bad, good = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    assert bad == (Sort.CONTACTS, 2, "more cells than columns")
    assert isinstance(good, Row)


def test_one_number_in_two_spellings_is_one(tmp_path: Path) -> None:
    text = "app_no,application_no,contacted_at\na000 0017,,2022-03-16\nＡ0000017,,2022-03-16\n"
    found = lines(tmp_path / "a.csv", Sort.CONTACTS, text)
    assert [one.app_no for one in found if isinstance(one, Row)] == ["A0000017"] * 2


def test_a_file_with_too_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINES_MAX", 1)
    with pytest.raises(Misconfigured, match="divide it"):
        lines(tmp_path / "a.csv", Sort.CONTACTS, "app_no,application_no,contacted_at\n1,,2022-03-01\n2,,2022-03-01\n")


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_audit(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("file") / "a.csv"
    path.write_bytes(b"app_no,application_no,contacted_at\n" + data)
    assert all(isinstance(one, tuple) for one in files.read(path, Sort.CONTACTS))
