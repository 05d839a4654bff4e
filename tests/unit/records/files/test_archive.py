"""Zip files from outside are opened only when nothing in them can hurt (P1: what is refused is told with a code)."""

import io
import stat
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.errors import RecordRejected
from hub.records.files import archive


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
        file.comment = comment
    return out.getvalue()


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(RecordRejected) as caught, archive.opened(io.BytesIO(data)) as found:
        for name in found.names():
            with found.member(name) as stream:
                stream.read()
    return caught.value.code, caught.value.detail


def info(name: str, mode: int = 0) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def test_a_plain_archive_is_read() -> None:
    with archive.opened(io.BytesIO(zipped(("a/", b""), ("a/b.csv", b"1,2")))) as found:
        assert found.names() == ["a/b.csv"]
        with found.member("a/b.csv") as stream:
            assert stream.read() == b"1,2"


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "a\\b", "C:a", "a\nb"])
def test_p1_a_path_out_of_the_archive_is_refused(name: str) -> None:
    assert refused(zipped((name, b"x")))[0] == "ARCHIVE_UNSAFE"


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR])
def test_p1_a_link_or_a_device_is_refused(mode: int) -> None:
    assert refused(zipped((info("a", mode), b"/etc/passwd"))) == ("ARCHIVE_UNSAFE", "a link")


def test_p1_a_bomb_is_refused_before_it_is_inflated() -> None:
    code, detail = refused(zipped(("a", bytes(200_000_000))))
    assert (code, detail) == ("ARCHIVE_UNSAFE", "it inflates to too many bytes")


def test_p1_a_bomb_that_lies_about_its_size_gives_no_more_than_it_said() -> None:
    data = zipped(("a", bytes(10_000_000)))
    lying = data.replace((10_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert refused(lying)[0] == "UNREADABLE"


def test_p1_many_members_and_two_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(zipped(("A", b""), ("a", b""))) == ("ARCHIVE_UNSAFE", "two members with one name")
    monkeypatch.setattr(archive, "MEMBERS_MAX", 3)
    assert refused(zipped(*((f"{i}", b"") for i in range(4)))) == ("ARCHIVE_UNSAFE", "too many members")


def _encrypted(data: bytes) -> bytes:
    place = data.index(b"PK\x01\x02") + 8
    return data[:place] + b"\x01\x00" + data[place + 2 :]


def _flipped(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 0xFF]) + data[41:]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data + b"more", "UNREADABLE"),
        (lambda data: data[:-30], "UNREADABLE"),
        (lambda data: b"", "UNREADABLE"),
        (_encrypted, "ARCHIVE_UNSAFE"),
        (_flipped, "UNREADABLE"),
    ],
    ids=["trailing", "cut", "empty", "encrypted", "flipped"],
)
def test_p1_a_damaged_archive_is_refused(change: Callable[[bytes], bytes], code: str) -> None:
    assert refused(change(zipped(("a.csv", b"some text, some text, some more text"))))[0] == code


def test_p1_an_archive_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ARCHIVE_BYTES_MAX", 10)
    assert refused(zipped(("a", b"x")))[0] == "TOO_LARGE"


GOOD = zipped(("a.csv", b"1,2,3\n" * 50), ("b/c.csv", b"x"))


@example([(208, 1)], 0)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(GOOD)))
def test_p1_whatever_bytes_come_they_are_read_or_refused(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    for given_bytes in (bytes(data), bytes(data[:end])):
        try:
            with archive.opened(io.BytesIO(given_bytes)) as found:
                for name in found.names():
                    with found.member(name) as stream:
                        stream.read()
        except RecordRejected:
            pass
