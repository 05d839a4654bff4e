"""Sealing: makes the envelopes on topics from plain records, which exist in memory only (P5).

A record is sealed once, in ingest; later stages forward the same bytes. A whole page is sealed together, to read all
identities and keys at once. The layout is in ``schemas/hub/record.v1.avsc``; ``cipher.py`` binds each ciphertext.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import sha256
from itertools import count
from typing import Any, Final, NamedTuple

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.errors import RecordRejected, Unavailable
from hub.ports import NAMELESS, DamagedKey, Fault, KeyVault, Plain, SourceRow
from hub.privacy import cipher, commitment
from hub.privacy.record_ids import RecordIds, SourceInfo
from hub.records.identifiers import Identity
from hub.records.kinds import KINDS, REPORT_STATUS, Kind, PartValue
from hub.records.shape import check_shape
from hub.records.text import is_encodable

RECORD_SCHEMA: Final = schema_id("hub.record")
UNREADABLE_SCHEMA: Final = schema_id("hub.unreadable")
ORIGINAL_SCHEMA: Final = schema_id("hub.original")
RAW_BYTES_MAX = 1_000_000
"""Most bytes of a row's content that are stored, because brokers accept messages of 1 MiB. A longer row is rejected."""
VALUE_BYTES_MAX = 1_020_000
"""Most bytes of one sealed value. What is left of a broker's 1 MiB is for headers, a verdict's reasons among them."""
_ORIGINAL_BYTES_MAX = VALUE_BYTES_MAX - 10_000
FAULTS_MAX = 20
"""Most faults of one row that are reported."""
ERASED: Final = "ERASED"
KEY_DAMAGED: Final = "KEY_DAMAGED"
TOO_LARGE: Final = "TOO_LARGE"
_ROUNDS: Final = 5
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")

Keys = Mapping[bytes, bytes | DamagedKey]


class SealedRow(NamedTuple):
    """One sealed row. ``entity_id`` is the message key (for an unreadable row its ``row_id``), ``value`` the message.
    All ids have 16 bytes."""

    kind: str
    entity_id: bytes
    record_id: bytes
    row_id: bytes
    value: bytes
    readable: bool = True
    reading: int = 0


class _Outside(NamedTuple):
    """The source of bytes that no connector made. Connectors never have this scope: theirs is not empty."""

    kind: str
    name: str = "outside"
    scope: str = ""
    mapping: bytes = bytes(8)


@dataclass(frozen=True, slots=True)
class _Page:
    """What the rows of one page have in common. ``own`` gives the source's own id and key, asked for once."""

    source: SourceInfo
    read_at_ms: int
    ids: Mapping[Identity, bytes]
    keys: Keys
    own: Callable[[], tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One readable row with the identities that it needs from the vault."""

    kind: Kind
    row: SourceRow
    record: Plain
    parts: list[tuple[PartValue, Identity]]
    entity: Identity
    links: list[Identity]

    def identities(self) -> Iterable[Identity]:
        yield self.entity
        yield from self.links
        yield from (identity for _, identity in self.parts)


class Sealer:
    """Seals rows of a source. ``record_key``: 32 secret bytes for the record ids. All methods raise as ``KeyVault``
    does."""

    def __init__(self, vault: KeyVault, record_key: bytes) -> None:
        self._vault = vault
        self.ids = RecordIds(record_key)

    def seal_page(self, source: SourceInfo, rows: Sequence[SourceRow], read_at_ms: int) -> list[SealedRow]:
        """One sealed row per row, in order, read at ``read_at_ms`` (ms since the epoch). Rows that did not become a
        record of its kind's exact shape, or whose sealed record is too large for a message, are sealed as unreadable,
        with their faults, so that they are counted like the rest (P1); one whose bytes are too large with its digest
        and size, and without its bytes; one about a subject whose key is damaged with KEY_DAMAGED. A subject that is
        erased meanwhile is a new one from then on, as for the next page. Raises ``Unavailable``, before anything is
        sealed."""
        rows = [shaped(KINDS[source.kind], row) for row in rows]
        plans = [_plan(KINDS[source.kind], row) for row in rows]
        page = self._page(source, read_at_ms, [plan for plan in plans if plan])
        return [
            self._seal(page, plan) if plan else self._unreadable(page, row)
            for plan, row in zip(plans, rows, strict=True)
        ]

    def _page(self, source: SourceInfo, read_at_ms: int, plans: Sequence[_Plan]) -> _Page:
        ids, keys = self._known(plans)
        return _Page(source, read_at_ms, ids, keys, cache(partial(self._source_key, source.name, read_at_ms)))

    def _known(self, plans: Sequence[_Plan]) -> tuple[dict[Identity, bytes], Keys]:
        """The ids of all that these rows name, and the key of every subject. One that was erased between the two
        questions has another id when asked again."""
        if not plans:
            return {}, {}
        wanted = list(dict.fromkeys(identity for plan in plans for identity in plan.identities()))
        for _ in range(_ROUNDS):
            ids = dict(zip(wanted, self._vault.identify(wanted), strict=True))
            subjects = list(dict.fromkeys(ids[identity] for plan in plans for _, identity in plan.parts))
            keys = dict(zip(subjects, self._vault.keys(subjects), strict=True))
            if (found := _all_there(keys)) is not None:
                return ids, found
        raise Unavailable("subjects are being erased while a page about them is sealed")

    def seal_foreign(self, kind: str, raw: bytes, fault: Fault, read_at_ms: int) -> SealedRow:
        """Bytes that no connector made, sealed as an unreadable record, so that their content is not forwarded in the
        open (P5)."""
        row = SourceRow(self.ids.digest(raw).hex(), 0, raw, None, (fault,))
        return self._unreadable(self._page(_Outside(kind), read_at_ms, ()), _bounded(row))

    def seal_value(self, subject_id: bytes, plaintext: bytes) -> bytes:
        """Seal any other value about one subject under its key. Raises ``RecordRejected``: ERASED, KEY_DAMAGED."""
        sealed = self.seal_values([(subject_id, plaintext)])[0]
        if isinstance(sealed, Fault):
            raise RecordRejected(sealed.code)
        return sealed

    def seal_values(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        """As ``seal_value`` for many, (subject's id, value); a ``Fault``, ERASED or KEY_DAMAGED, for each that cannot
        be sealed."""
        keys = self._vault.keys([subject for subject, _ in values])
        return [_seal_value(key, *one) for key, one in zip(keys, values, strict=True)]

    def _seal(self, page: _Page, plan: _Plan) -> SealedRow:
        subjects = [page.ids[identity] for _, identity in plan.parts]
        usable = [key for one in subjects if isinstance(key := page.keys[one], bytes)]
        if len(usable) < len(subjects):
            return self._unreadable(page, replace(plan.row, faults=(Fault(KEY_DAMAGED),)))
        salt, frame = os.urandom(commitment.SEED_BYTES), _original(plan.row)
        envelope = self._envelope(page, plan) | {
            "read_at_ms": page.read_at_ms if plan.row.read_at_ms is None else plan.row.read_at_ms,
            "original_commitment": commitment.of_original(salt, frame),
        }
        opened = cipher.open_part(envelope, subjects)
        envelope["parts"] = [
            _seal_part(value, subject, key, opened)
            for (value, _), subject, key in zip(plan.parts, subjects, usable, strict=True)
        ]
        record_id, row_id = envelope["record_id"], envelope["row_id"]
        joint = cipher.joint_key(usable, record_id)
        envelope["original"] = cipher.encrypt(joint, salt + frame, record_id)
        value = wire.encode(RECORD_SCHEMA, envelope)
        if len(value) > VALUE_BYTES_MAX:
            return self._unreadable(page, replace(plan.row, faults=(Fault(TOO_LARGE),)))
        return SealedRow(plan.kind.name, page.ids[plan.entity], record_id, row_id, value, True, plan.row.reading)

    def _envelope(self, page: _Page, plan: _Plan) -> dict[str, Any]:
        record, row = plan.record, plan.row
        principal = record[plan.kind.principal.name]
        issued, until = principal.get("issued_on"), principal.get("valid_until")
        return {
            **self._named(page.source, row, record["source"]["operation"]),
            "authority": record["authority"],
            "region": record["region"],
            "status": record.get("status", REPORT_STATUS),
            "issued_month": issued.year * 100 + issued.month if issued else None,
            "valid_until_year": until.year if until else None,
            "entity_id": page.ids[plan.entity],
            "reading": row.reading,
            "mapping": page.source.mapping,
            "assurance": record["assurance"],
            "links": [page.ids[link] for link in plan.links],
        }

    def _named(self, source: SourceInfo, row: SourceRow, operation: str) -> dict[str, Any]:
        """The fields that readable and unreadable rows have in common."""
        content = self.ids.content(row)
        return {
            "record_id": self.ids.record(source, row, content),
            "row_id": self.ids.row(source, row.key),
            "kind": source.kind,
            "source": {
                "system": source.name,
                "version": row.version,
                "revision": row.revision,
                "content": content,
                "operation": operation,
            },
        }

    def _unreadable(self, page: _Page, row: SourceRow) -> SealedRow:
        source, (subject, key) = page.source, page.own()
        frame = _original(row)
        too_large = len(frame) > _ORIGINAL_BYTES_MAX or len(row.raw) > RAW_BYTES_MAX
        faults = row.faults[:FAULTS_MAX] or (Fault("UNREADABLE"),)
        envelope = self._named(source, row, "UPSERT") | {
            "faults": [fault._asdict() for fault in faults],
            "size": len(row.raw),
            "digest": self.ids.digest(row.raw) if too_large else None,
            "reading": row.reading,
            "read_at_ms": page.read_at_ms if row.read_at_ms is None else row.read_at_ms,
            "subject_id": subject,
        }
        plaintext = b"" if too_large else frame
        envelope["ciphertext"] = cipher.encrypt(key, plaintext, cipher.unreadable_part(envelope))
        record_id, row_id = envelope["record_id"], envelope["row_id"]
        value = wire.encode(UNREADABLE_SCHEMA, envelope)
        return SealedRow(source.kind, row_id, record_id, row_id, value, False, row.reading)

    def _source_key(self, name: str, read_at_ms: int) -> tuple[bytes, bytes]:
        """The source's own id and key, a new one each month, so that unreadable rows expire with it. When the key is
        damaged or was just erased, the next one of that month."""
        month = datetime.fromtimestamp(read_at_ms / 1000, UTC).strftime("%Y%m")
        for turn in count():
            subjects = self._vault.identify([("source", f"{name}:{month}" + (f":{turn}" if turn else ""))])
            key = self._vault.keys(subjects)[0]
            if isinstance(key, bytes):
                return subjects[0], key
        raise AssertionError


def shaped(kind: Kind, row: SourceRow) -> SourceRow:
    """The row as it is sealed: with its completed record, or without a record and with the faults of its shape."""
    row = _bounded(row)
    if row.record is None:
        return row
    record = kind.complete(row.record)
    faults = check_shape(kind.name, record)
    return replace(row, record=None, faults=tuple(faults)) if faults else replace(row, record=record)


def _bounded(row: SourceRow) -> SourceRow:
    """The row without what no message can hold: a key that is no text, too many bytes, a fault that is no code."""
    if not is_encodable(row.key):
        key, fault = NAMELESS + sha256(row.raw).hexdigest(), Fault("TEXT_ENCODING", "source.key")
        row = replace(row, key=key, record=None, faults=(fault, *row.faults))
    if len(row.raw) > RAW_BYTES_MAX:
        row = replace(row, record=None, faults=(Fault(TOO_LARGE), *row.faults))
    return replace(row, faults=tuple(map(_published, row.faults))) if row.faults else row


def _published(fault: Fault) -> Fault:
    """The fault as it may be open. A text that is no code, or no name of a field, may be a value of the row (P5)."""
    code = fault.code if _CODE.fullmatch(fault.code) else "UNREADABLE"
    return Fault(code, fault.field if _FIELD.fullmatch(fault.field) else "")


def _plan(kind: Kind, row: SourceRow) -> _Plan | None:
    record = row.record
    if record is None:
        return None
    parts = [(value, kind.subject_identity(record, value)) for value in kind.walk(record)]
    return _Plan(kind, row, record, parts, kind.entity_identity(record), kind.links(record))


def _all_there(keys: Mapping[bytes, bytes | DamagedKey | None]) -> Keys | None:
    """``keys`` if none is missing, else ``None``."""
    found = {one: key for one, key in keys.items() if key is not None}
    return found if len(found) == len(keys) else None


def _seal_value(key: bytes | DamagedKey | None, subject_id: bytes, plaintext: bytes) -> bytes | Fault:
    if isinstance(key, bytes):
        return cipher.encrypt(key, plaintext, subject_id)
    return Fault(ERASED if key is None else KEY_DAMAGED)


def _original(row: SourceRow) -> bytes:
    return wire.encode(ORIGINAL_SCHEMA, {"key": row.key, "raw": row.raw, "proof": row.proof})


def _seal_part(value: PartValue, subject: bytes, key: bytes, opened: bytes) -> dict[str, Any]:
    seed = os.urandom(commitment.SEED_BYTES)
    root = commitment.commit(seed, value.value)
    plaintext = seed + wire.encode(value.part.schema_id, value.value)
    role = value.part.role
    return {
        "subject_id": subject,
        "role": role,
        "ciphertext": cipher.encrypt(key, plaintext, cipher.part_binding(opened, subject, role, root)),
        "root": root,
    }
