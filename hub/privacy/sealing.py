"""Sealing: from plain records, which live in memory only, to the envelopes that lie on topics (P5).

Sealed once, in ingest; every later stage forwards the same bytes. It takes a whole page, so that identities and
keys are asked for in one go. The layout is in ``schemas/hub/record.v1.avsc``; what every ciphertext is bound to, in
``cipher.py``.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Fault, KeyVault, Plain, SourceRow
from hub.privacy import cipher, commitment
from hub.records.identifiers import Identity
from hub.records.kinds import KINDS, Kind, PartValue
from hub.records.shape import check_shape

RECORD_SCHEMA = schema_id("hub.record")
UNREADABLE_SCHEMA = schema_id("hub.unreadable")
ORIGINAL_SCHEMA = schema_id("hub.original")
ID_BYTES = 16


class SourceInfo(Protocol):
    """What sealing needs to know of a connector."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


class SealedRow(NamedTuple):
    """One row, ready for its topic. ``entity_id`` is the message key, ``value`` the message."""

    kind: str
    entity_id: bytes
    record_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one readable row needs from the vault."""

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
    """Seals rows of a source. ``record_key`` keys the record ids, so that nobody without it can guess one."""

    def __init__(self, vault: KeyVault, record_key: bytes) -> None:
        self._vault = vault
        self._record_key = record_key

    def record_id(self, authority: str, key: str, version: int) -> bytes:
        """The id of one version of one row: the same however often, and by whichever source, it is received (P2). 16
        bytes."""
        return hmac.digest(
            self._record_key, f"{authority}\0{key}\0{version}".encode("utf-8", "surrogatepass"), "sha256"
        )[:ID_BYTES]

    def row_id(self, authority: str, key: str) -> bytes:
        """The id of a row: shared by all its versions, so that a newer one replaces its own row and no other. 16
        bytes."""
        return hmac.digest(self._record_key, f"row\0{authority}\0{key}".encode("utf-8", "surrogatepass"), "sha256")[
            :ID_BYTES
        ]

    def seal_page(self, source: SourceInfo, rows: Sequence[SourceRow], received_at_ms: int) -> list[SealedRow]:
        """One sealed row per row, in order; those that did not become a record of its kind's exact shape are sealed
        as unreadable, with the
        fault, so that they are counted like the rest (P1)."""
        rows = [_shaped(KINDS[source.kind], row) for row in rows]
        plans = [_plan(KINDS[source.kind], row) for row in rows]
        wanted = list(dict.fromkeys(identity for plan in plans if plan for identity in plan.identities()))
        ids = dict(zip(wanted, self._vault.identify(wanted), strict=True))
        subjects = list(dict.fromkeys(ids[identity] for plan in plans if plan for _, identity in plan.parts))
        keys = dict(zip(subjects, self._vault.keys(subjects), strict=True))
        return [
            self._seal(plan, ids, keys) if plan else self._seal_unreadable(source, row, received_at_ms)
            for plan, row in zip(plans, rows, strict=True)
        ]

    def seal_foreign(self, kind: str, raw: bytes, fault: Fault, received_at_ms: int) -> SealedRow:
        """Bytes that nobody's connector made, as an unreadable record: whatever is in them does not travel on in the
        open."""
        digest = hmac.digest(self._record_key, raw, "sha256").hex()
        return self._seal_as_unreadable("outside", kind, SourceRow(digest, 0, raw, None, fault), received_at_ms)

    def seal_value(self, subject_id: bytes, plaintext: bytes) -> bytes:
        """Any other value about one subject, sealed under its key."""
        return self.seal_values([(subject_id, plaintext)])[0]

    def seal_values(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """As ``seal_value`` for many, (subject's id, value)."""
        keys = self._vault.keys([subject for subject, _ in values])
        return [cipher.encrypt(key, plaintext, one) for key, (one, plaintext) in zip(keys, values, strict=True)]

    def _seal(self, plan: _Plan, ids: dict[Identity, bytes], keys: dict[bytes, bytes]) -> SealedRow:
        envelope = self._envelope(plan, ids)
        subjects = [ids[identity] for _, identity in plan.parts]
        opened = cipher.open_part(envelope, subjects)
        envelope["parts"] = [
            _seal_part(value, subject, keys[subject], opened)
            for (value, _), subject in zip(plan.parts, subjects, strict=True)
        ]
        joint = cipher.joint_key([keys[subject] for subject in subjects], envelope["record_id"])
        envelope["original"] = cipher.encrypt(joint, _original(plan.row), envelope["record_id"])
        return SealedRow(plan.kind.name, ids[plan.entity], envelope["record_id"], wire.encode(RECORD_SCHEMA, envelope))

    def _envelope(self, plan: _Plan, ids: dict[Identity, bytes]) -> dict[str, Any]:
        record, source = plan.record, plan.record["source"]
        principal = record[plan.kind.principal.name]
        issued, until = principal.get("issued_on"), principal.get("valid_until")
        return {
            "record_id": self.record_id(record["authority"], source["key"], source["version"]),
            "row_id": self.row_id(record["authority"], source["key"]),
            "kind": plan.kind.name,
            "authority": record["authority"],
            "region": record["region"],
            "status": record["status"],
            "issued_month": issued.year * 100 + issued.month if issued else None,
            "valid_until_year": until.year if until else None,
            "source": {"system": source["system"], "version": source["version"], "operation": source["operation"]},
            "assurance": record["assurance"],
            "links": [ids[link] for link in plan.links],
        }

    def _seal_unreadable(self, source: SourceInfo, row: SourceRow, received_at_ms: int) -> SealedRow:
        return self._seal_as_unreadable(source.name, source.kind, row, received_at_ms)

    def _seal_as_unreadable(self, system: str, kind: str, row: SourceRow, received_at_ms: int) -> SealedRow:
        month = datetime.fromtimestamp(received_at_ms / 1000, UTC).strftime("%Y%m")
        # The source's own key, one a month, so that what could never be read expires by itself.
        subject = self._vault.identify([("source", f"{system}:{month}")])[0]
        fault = row.fault or Fault("UNREADABLE")
        record_id = self.record_id(system, row.key, row.version)
        value = {
            "record_id": record_id,
            "kind": kind,
            "source": {"system": system, "version": row.version, "operation": "UPSERT"},
            "code": fault.code,
            "field": fault.field,
            "subject_id": subject,
            "ciphertext": cipher.encrypt(self._vault.keys([subject])[0], _original(row), record_id),
        }
        return SealedRow(kind, record_id, record_id, wire.encode(UNREADABLE_SCHEMA, value))


def _shaped(kind: Kind, row: SourceRow) -> SourceRow:
    """The row with its record complete, or without a record and with the first fault."""
    if row.record is None:
        return row
    record = kind.complete(row.record)
    faults = check_shape(kind.name, record)
    return replace(row, record=None, fault=faults[0]) if faults else replace(row, record=record)


def _plan(kind: Kind, row: SourceRow) -> _Plan | None:
    record = row.record
    if record is None:
        return None
    parts = [(value, kind.subject_identity(record, value)) for value in kind.walk(record)]
    return _Plan(kind, row, record, parts, kind.entity_identity(record), kind.links(record))


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
