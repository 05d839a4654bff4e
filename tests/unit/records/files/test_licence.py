"""The file of an e-licence is known by its bytes and never unpacked: what is no OFD and no PDF is not kept (P3)."""

import io
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.errors import RecordRejected
from hub.records.files.licence import FILE_BYTES_MAX, OFD, PDF, media_type


def ofd(*names: str, inside: bytes = b"<ofd:OFD/>") -> bytes:
    """A zip archive with these entries."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, inside)
    return written.getvalue()


PLAIN = ofd("OFD.xml", "Doc_0/Document.xml")


def code(content: bytes) -> str:
    with pytest.raises(RecordRejected) as refused:
        media_type(content)
    return refused.value.code


def test_ofd_and_pdf_are_known_by_their_bytes() -> None:
    assert media_type(PLAIN) == OFD
    assert media_type(b"%PDF-1.4\n1 0 obj\n%%EOF\n") == PDF


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html>OFD.xml %PDF- %%EOF</html>",
        b"%PDF-1.4 cut off in the middle",
        ofd("document.xml"),
        ofd("Doc_0/OFD.xml"),
        PLAIN[: len(PLAIN) // 2],
        ofd("OFD.xml", inside=bytes(200 * 1024 * 1024 // 100)),
    ],
    ids=["empty", "html", "half a pdf", "another zip", "not at its root", "half an ofd", "bomb"],
)
def test_everything_else_is_refused(content: bytes) -> None:
    assert code(content) == "FILE_TYPE"


def test_a_file_that_is_too_large_is_not_looked_into() -> None:
    assert code(PLAIN + bytes(FILE_BYTES_MAX)) == "FILE_TOO_LARGE"


@given(st.binary(max_size=400), st.integers(0, len(PLAIN)), st.integers(0, 40))
@example(b"", len(PLAIN), 0)
def test_bytes_put_into_a_file_give_an_answer_or_a_refusal(noise: bytes, place: int, cut: int) -> None:
    for content in (noise, PLAIN[:place] + noise + PLAIN[place + cut :], b"%PDF-" + noise):
        try:
            assert media_type(content) in (OFD, PDF)
        except RecordRejected as refused:
            assert refused.code == "FILE_TYPE"


@given(st.binary(max_size=400))
def test_no_bytes_without_both_marks_are_a_file(noise: bytes) -> None:
    if not noise.startswith((b"%PDF-", b"PK")):
        assert code(noise) == "FILE_TYPE"
