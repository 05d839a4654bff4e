"""Opening: makes plain records in memory from the envelopes on topics. It takes a whole batch, to read all keys at
once.

A bad value never raises: it gets ``problems`` with published codes, and the others are opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.codec import wire
from hub.codec.catalogue import catalogue
from hub.errors import RecordRejected, TamperDetected
from hub.ports import DAMAGED, DamagedKey, Fault, KeyVault, Plain
from hub.privacy import cipher, commitment
from hub.privacy.sealing import ERASED, KEY_DAMAGED, ORIGINAL_SCHEMA, RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records.kinds import KINDS

# Which kind and part a part's schema belongs to, of every version.
_PARTS = {
    schema.id: (kind.name, part)
    for kind in KINDS.values()
    for part in kind.parts
    for schema in catalogue().versions(f"{kind.name}.{part.name}")
}


class Original(NamedTuple):
    """The original of a record: the row's key at the source, its bytes, and the proof of its signature (b"" without
    one)."""

    key: str
    raw: bytes
    proof: bytes


@dataclass(slots=True)
class Opened:
    """One opened value. ``envelope`` is empty when it could not be read. ``record`` is ``None`` when there are
    ``problems``. ``keys`` are the data keys of its parts, in order."""

    envelope: dict[str, Any] = field(default_factory=dict)
    schema_id: int = 0
    record: Plain | None = field(default=None, repr=False)
    problems: Sequence[Fault] = ()
    keys: Sequence[bytes] = field(default=(), repr=False)

    @property
    def problem(self) -> Fault | None:
        """The first problem, or ``None``."""
        return self.problems[0] if self.problems else None

    def original(self) -> Original:
        """Open the original. Raises ``TamperDetected`` when it does not open, or does not agree with the record's
        commitment."""
        record_id = self.envelope["record_id"]
        plaintext = cipher.decrypt(cipher.joint_key(self.keys, record_id), self.envelope["original"], record_id)
        salt, frame = plaintext[: commitment.SEED_BYTES], plaintext[commitment.SEED_BYTES :]
        if commitment.of_original(salt, frame) != self.envelope["original_commitment"]:
            raise TamperDetected("the sealed original is not the one that the record commits to")
        return _original(frame)


class Opener:
    """Opens values with the keys of a vault. What it returns is personal and must stay in memory (P5).

    All methods raise as ``KeyVault`` does.
    """

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault

    def open(self, values: Sequence[bytes | None]) -> list[Opened]:
        """One ``Opened`` for each value, in order. ``None`` is unreadable."""
        opened = [_read(value) for value in values]
        subjects = list(dict.fromkeys(subject for one in opened for subject in _subjects(one)))
        keys = dict(zip(subjects, self._vault.open_keys(subjects), strict=True)) if subjects else {}
        for one in opened:
            if one.schema_id == UNREADABLE_SCHEMA:
                _check_unreadable(one, keys)
            elif not one.problems:
                _open_record(one, keys)
        return opened

    def open_value(self, subject_id: bytes, sealed: bytes) -> bytes | None:
        """The plaintext of ``Sealer.seal_value``; ``None`` when the subject is erased. Raises ``TamperDetected`` when
        the value or its key does not open."""
        key = _usable(self._vault.open_keys([subject_id])[0])
        return cipher.decrypt(key, sealed, subject_id) if key else None

    def open_values(self, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        """As ``open_value`` for many, (subject's id, sealed value). A ``Fault`` for each that does not open: ERASED,
        KEY_DAMAGED or SEAL_BROKEN."""
        keys = self._vault.open_keys([subject for subject, _ in sealed])
        return [_open_value(key, *one) for key, one in zip(keys, sealed, strict=True)]

    def open_unreadable(self, envelope: dict[str, Any]) -> Original | None:
        """The original of an unreadable record, for the person who corrects it. ``None`` when it was too large to be
        stored, or the source's key has expired. Raises ``TamperDetected`` when it does not open."""
        key = _usable(self._vault.open_keys([envelope["subject_id"]])[0])
        if key is None:
            return None
        frame = cipher.decrypt(key, envelope["ciphertext"], cipher.unreadable_part(envelope))
        return _original(frame) if frame else None


def _original(frame: bytes) -> Original:
    schema_id, value = wire.decode(frame)
    if schema_id != ORIGINAL_SCHEMA:
        raise TamperDetected("the sealed original is of another schema")
    return Original(value["key"], value["raw"], value["proof"])


def _usable(key: bytes | DamagedKey | None) -> bytes | None:
    """The key, or ``None``. Raises ``TamperDetected`` for a damaged one."""
    if isinstance(key, DamagedKey):
        raise TamperDetected("a data key does not open: the vault was changed")
    return key


def _open_value(key: bytes | DamagedKey | None, subject_id: bytes, sealed: bytes) -> bytes | Fault:
    if not isinstance(key, bytes):
        return _no_key(key)
    try:
        return cipher.decrypt(key, sealed, subject_id)
    except TamperDetected:
        return Fault("SEAL_BROKEN")


def _no_key(key: DamagedKey | None) -> Fault:
    return Fault(ERASED if key is None else KEY_DAMAGED)


def _read(value: bytes | None) -> Opened:
    try:
        schema_id, envelope = wire.decode(value or b"")
    except RecordRejected as rejected:
        return Opened(problems=(Fault(rejected.code),))
    if schema_id == RECORD_SCHEMA:
        return Opened(envelope, schema_id)
    if schema_id == UNREADABLE_SCHEMA:
        faults = tuple(Fault(**fault) for fault in envelope["faults"])
        return Opened(envelope, schema_id, problems=faults or (Fault("UNREADABLE"),))
    return Opened({}, schema_id, problems=(Fault("SCHEMA_UNKNOWN"),))


def _subjects(one: Opened) -> Sequence[bytes]:
    if one.schema_id == UNREADABLE_SCHEMA:
        return (one.envelope["subject_id"],)
    return [part["subject_id"] for part in one.envelope.get("parts", ())]


def _check_unreadable(one: Opened, keys: Mapping[bytes, bytes | DamagedKey | None]) -> None:
    """Add SEAL_BROKEN alone when bytes were changed. Without the source's key this cannot be checked: add ERASED or
    KEY_DAMAGED."""
    envelope = one.envelope
    key = keys[envelope["subject_id"]]
    if not isinstance(key, bytes):
        one.problems = (*one.problems, _no_key(key))
        return
    try:
        cipher.decrypt(key, envelope["ciphertext"], cipher.unreadable_part(envelope))
    except TamperDetected:
        one.problems = (Fault("SEAL_BROKEN"),)


def _open_record(one: Opened, keys: Mapping[bytes, bytes | DamagedKey | None]) -> None:
    """Set ``record``, or the problem: ERASED when a subject has no key any more, KEY_DAMAGED when its key does not
    open, SEAL_BROKEN when bytes were changed."""
    envelope = one.envelope
    found = [keys[part["subject_id"]] for part in envelope["parts"]]
    one.keys = [key for key in found if isinstance(key, bytes)]
    if not found or len(one.keys) < len(found):
        one.problems = (_no_key(None if None in found or not found else DAMAGED),)
        return
    try:
        one.record = _assemble(envelope, one.keys)
    except (TamperDetected, RecordRejected, KeyError):
        one.problems = (Fault("SEAL_BROKEN"),)


def _assemble(envelope: dict[str, Any], keys: Sequence[bytes]) -> Plain:
    source = envelope["source"]
    record: Plain = {
        "source": {
            "system": source["system"],
            "key": "",
            "version": source["version"],
            "operation": source["operation"],
        },
        "authority": envelope["authority"],
        "region": envelope["region"],
        "assurance": envelope["assurance"],
    }
    kind = KINDS[envelope["kind"]]
    if kind.has_status:
        record["status"] = envelope["status"]
    for part in kind.parts:
        if part.many:
            record[part.name] = []
    opened = _binding(envelope)
    for sealed, key in zip(envelope["parts"], keys, strict=True):
        _put_part(record, envelope["kind"], sealed, key, opened)
    return record


def _binding(envelope: dict[str, Any]) -> bytes:
    return cipher.open_part(envelope, [part["subject_id"] for part in envelope["parts"]])


def _put_part(record: Plain, kind: str, sealed: dict[str, Any], key: bytes, opened: bytes) -> None:
    binding = cipher.part_binding(opened, sealed["subject_id"], sealed["role"], sealed["root"])
    plaintext = cipher.decrypt(key, sealed["ciphertext"], binding)
    schema_id, value = wire.decode(plaintext[commitment.SEED_BYTES :])
    belongs_to, part = _PARTS[schema_id]
    if belongs_to != kind:
        raise TamperDetected("a part of another kind")
    if schema_id != part.schema_id:
        value = part.complete(value)
    if part.many:
        record[part.name].append(value)
    else:
        record[part.name] = value


def check_commitments(opened: Opened) -> None:
    """Check that the fields of each part agree with its root; otherwise raise ``TamperDetected``. Called before fields
    leave the hub (P3)."""
    binding = _binding(opened.envelope)
    for sealed, key in zip(opened.envelope["parts"], opened.keys, strict=True):
        bound = cipher.part_binding(binding, sealed["subject_id"], sealed["role"], sealed["root"])
        plaintext = cipher.decrypt(key, sealed["ciphertext"], bound)
        seed, frame = plaintext[: commitment.SEED_BYTES], plaintext[commitment.SEED_BYTES :]
        if commitment.commit(seed, wire.decode(frame)[1]) != sealed["root"]:
            raise TamperDetected("a part is not what its root commits to")
