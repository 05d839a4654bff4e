"""The file of an e-licence: what it is, by its bytes. Nothing in it is unpacked: of an OFD only the list of its entries
is read, so that no entry can grow here."""

from io import BytesIO
from typing import Final

from hub.errors import RecordRejected
from hub.records.files.archive import opened

FILE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bytes of the file of one licence."""
OFD: Final = "application/ofd"
"""GB/T 33190-2016. There is no registered media type; this one is in use."""
PDF: Final = "application/pdf"
_PDF_END_BYTES: Final = 1_024
"""ISO 32000-1, annex H: readers look for the end mark in so many last bytes."""


def media_type(content: bytes) -> str:
    """``OFD`` for a zip archive whose list has OFD.xml, ``PDF`` for what begins and ends as one. Raises
    ``RecordRejected``: FILE_TOO_LARGE, FILE_TYPE for everything else, such as a page of HTML or half a file.

    >>> media_type(b"%PDF-1.7 ... %%EOF")
    'application/pdf'
    """
    if len(content) > FILE_BYTES_MAX:
        raise RecordRejected("FILE_TOO_LARGE")
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-_PDF_END_BYTES:]:
        return PDF
    if _is_ofd(content):
        return OFD
    raise RecordRejected("FILE_TYPE")


def _is_ofd(content: bytes) -> bool:
    try:
        with opened(BytesIO(content)) as archive:
            return "OFD.xml" in archive.names()
    except RecordRejected:
        return False
