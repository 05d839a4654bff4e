"""XML from outside: rows flow in constant memory, and nothing that XML can do to its reader happens (P1)."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RecordRejected
from hub.records.files import xml
from hub.records.files.json import RECORD_BYTES_MAX


def read(text: str | bytes, *lists: str, encoding: str = "utf-8") -> list[Any]:
    data = text if isinstance(text, bytes) else text.encode(encoding)
    found = [value for _, value in xml.rows(io.BytesIO(data), "row", lists, encoding)]
    return [value.code if isinstance(value, RecordRejected) else value for value in found]


def refused(text: str | bytes, encoding: str = "utf-8") -> str:
    with pytest.raises(RecordRejected) as caught:
        read(text, encoding=encoding)
    return caught.value.code


def test_children_become_columns_and_lists_stay_lists() -> None:
    page = "<p><row no='7'><a>天津</a><b/><hs><h><n>王</n></h></hs></row><row><hs><h>1</h><h>2</h></hs></row></p>"
    first, second = read(page, "hs.h")
    assert first == {"no": "7", "a": "天津", "b": "", "hs": {"h": [{"n": "王"}]}}
    assert second == {"hs": {"h": ["1", "2"]}}


def test_namespaces_comments_and_cdata_change_nothing() -> None:
    page = "<p xmlns:x='urn:a'><x:row><x:a><!-- no -->1<![CDATA[<2>]]></x:a></x:row></p>"
    assert read(page) == [{"a": "1<2>"}]


@pytest.mark.parametrize("declared", ["GB18030", "UTF-8", "GBK"])
def test_the_sender_says_the_encoding_and_not_the_document(declared: str) -> None:
    page = f"<?xml version='1.0' encoding='{declared}'?><p><row><a>㐂𠮷</a></row></p>"
    assert read(page, encoding="gb18030") == [{"a": "㐂𠮷"}]
    assert read(b"\xef\xbb\xbf" + page.encode()) == [{"a": "㐂𠮷"}]
    assert refused(page.encode("gb18030")) == "TEXT_ENCODING"


LAUGHS = "<!DOCTYPE p [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><p><row><a>&b;</a></row></p>"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (LAUGHS, "XML_UNSAFE"),
        ("<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><p><row><a>&x;</a></row></p>", "XML_UNSAFE"),
        ("<!DOCTYPE p SYSTEM 'http://127.0.0.1/x.dtd'><p/>", "XML_UNSAFE"),
        ("<!DOCTYPE p [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]><p/>", "XML_UNSAFE"),
        ("<p><row><a>&x;</a></row></p>", "UNREADABLE"),
        ("<p>" + "<a>" * 200, "TOO_DEEP"),
        ("<p " + " ".join(f"a{i}='1'" for i in range(1_000)) + "/>", "XML_UNSAFE"),
        ("<p " + "x" * 2_000_000, "XML_UNSAFE"),
        ("<p><!-- " + "x" * 2_000_000, "XML_UNSAFE"),
        ("<p><row><a>1</a></row>", "UNREADABLE"),
        ("<p></p><p></p>", "UNREADABLE"),
        ("", "UNREADABLE"),
        ("<p>\x00</p>", "UNREADABLE"),
    ],
    ids=[
        "laughs", "external", "dtd", "parameter", "unknown-entity", "deep", "attributes", "name", "comment", "cut",
        "two", "empty", "nul",
    ],
)  # fmt: skip
def test_p1_hostile_documents_are_refused_with_a_code(page: str, code: str) -> None:
    assert refused(page) == code


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("<a>1</a><a>2</a>", "DUPLICATE_KEY"),
        ("<a>1</a>loose", "UNREADABLE"),
        ("<a>" + "x" * (RECORD_BYTES_MAX + 1) + "</a>", "TOO_LARGE"),
        ("<a>1</a>" * 100_000, "DUPLICATE_KEY"),
    ],
    ids=["twice", "loose", "large", "many"],
)
def test_p1_a_row_that_is_none_leaves_its_neighbours(row: str, code: str) -> None:
    found = read(f"<p><row><a>1</a></row><row>{row}</row><row><a>3</a></row></p>")
    assert found[0] == {"a": "1"}
    assert found[1] in (code, "TOO_LARGE")
    assert found[2] == {"a": "3"}


def test_p1_rows_come_before_the_document_ends() -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size: int = -1) -> bytes:
            self.taken += 1
            return b"<p>" if self.taken == 1 else b"<row><a>1</a></row>" * 1_000

    stream = Endless()
    rows = xml.rows(stream, "row")  # type: ignore[arg-type]
    assert [next(rows)[0] for _ in range(1_500)] == list(range(1, 1_501))
    assert stream.taken < 10


@given(st.text(alphabet="<>/&;'\"=!-[]? ab\x00天rowp", max_size=200), st.booleans())
def test_p1_whatever_text_comes_it_is_read_or_refused(text: str, inside: bool) -> None:
    try:
        read(f"<p><row>{text}</row></p>" if inside else text)
    except RecordRejected as refusal:
        assert refusal.code.isupper()
