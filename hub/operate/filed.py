"""The files of licences that the hub has of some records: what they are and their digests, to be looked at. A digest
identifies a document of a person: it is put together in memory only (P5)."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Row, select

from hub.delivery import filed
from hub.delivery.tables import licence_file
from hub.errors import TamperDetected
from hub.ports import RecordLog, Store
from hub.privacy.opening import Opener
from hub.records.tables import record

FILES_MAX = 200
"""Files that are looked at."""


class Filed(NamedTuple):
    """One file: its record, its case, its state and why it is missing, what it is, and its SHA-256 as RFC 9530 writes
    it; "" where it cannot be told any more."""

    record_id: bytes
    case_id: bytes
    state: str
    reason: str | None
    media_type: str | None
    size: int | None
    digest: str


def files(store: Store, log: RecordLog, opener: Opener, record_ids: Collection[bytes]) -> list[Filed]:
    """The files of these records, in the order of cases. Raises ``Unavailable`` when a store or the log is."""
    place = (record.c.topic, record.c.partition, record.c.offset)
    query = (
        select(licence_file, *place)
        .join(record, record.c.record_id == licence_file.c.record_id)
        .where(licence_file.c.record_id.in_(record_ids))
        .order_by(licence_file.c.case_id, licence_file.c.record_id)
        .limit(FILES_MAX)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return list(_filed(log, opener, rows))


def _filed(log: RecordLog, opener: Opener, rows: Collection[Row[Any]]) -> Iterator[Filed]:
    for row in rows:
        named = bytes(row.record_id), bytes(row.case_id), row.state, row.reason, row.media_type, row.size
        yield Filed(*named, _digest(log, opener, row) if row.sealed_digest else "")


def _digest(log: RecordLog, opener: Opener, row: Row[Any]) -> str:
    message = log.read(row.topic, row.partition, row.offset)
    found = opener.open([message.value if message else None])[0]
    if found.problem is not None:
        return ""
    try:
        return filed.told_digest(filed.unseal(bytes(row.case_id), found, row.sealed_digest))
    except TamperDetected:
        return ""
