"""The files of licences: small archives in the form of an OFD (GB/T 33190), made when they are asked for, the same each
time. They have no seal."""

import io
import zipfile
from hashlib import sha256
from typing import NamedTuple
from xml.sax.saxutils import escape

from sandbox.faults import Faults

FILE_FAULTS = {
    "file_missing": "the licence has no file",
    "file_digest": "the digest is not that of the file",
    "file_large": "the file has twelve million bytes",
    "file_html": "a page of HTML comes in the place of the file, with success",
}
LARGE_BYTES = 12_000_000
_MADE = (2026, 1, 1, 0, 0, 0)
_OFD = (
    '<?xml version="1.0" encoding="UTF-8"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.0" '
    'DocType="OFD"><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>'
)
_HTML = "<!DOCTYPE html><html><body>系统维护中，请稍后访问</body></html>"


class LicenceFile(NamedTuple):
    """A file, and the SHA-256 that is stated of it, hexadecimal."""

    content: bytes
    digest: str


def file_of(text: str, faults: Faults) -> LicenceFile | None:
    """The file of a licence whose record is ``text``; ``None`` when there is none."""
    if faults.strikes("file_missing"):
        return None
    content = _archive(text)
    if faults.strikes("file_html"):
        content = _HTML.encode()
    if faults.strikes("file_large"):
        content += bytes(LARGE_BYTES)
    digest = sha256(content + b"!" if faults.strikes("file_digest") else content)
    return LicenceFile(content, digest.hexdigest())


def _archive(text: str) -> bytes:
    page = f'<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Text>{escape(text)}</ofd:Text></ofd:Document>'
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, inside in (("OFD.xml", _OFD), ("Doc_0/Document.xml", page)):
            archive.writestr(zipfile.ZipInfo(name, _MADE), inside)
    return written.getvalue()
