"""Opening: from the envelopes that lie on topics to plain records in memory. Takes a whole batch, so that keys are
asked for in one go.

Nothing here raises for one bad value: it gets a ``problem`` with a published code, and its neighbours are opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.codec import wire
from hub.errors import RecordRejected, TamperDetected
from hub.ports import DAMAGED, DamagedKey, Fault, KeyVault, Plain
from hub.privacy import cipher, commitment
from hub.privacy.sealing import ERASED, KEY_DAMAGED, ORIGINAL_SCHEMA, RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records.kinds import KINDS

# Which kind and part a part's schema belongs to.
_PARTS = {part.schema_id: (kind.name, part) for kind in KINDS.values() for part in kind.parts}


class Original(NamedTuple):
    """What the source returned: the row's key there, its bytes, and the proof of its signature (b"" if it does not
    sign)."""

    key: str
    raw: bytes
    proof: bytes


@dataclass(slots=True)
class Opened:
    """One value from a topic. ``envelope`` is empty when not even that could be read; ``record`` is there unless
    there are ``problems``."""

    envelope: dict[str, Any] = field(default_factory=dict)
    schema_id: int = 0
    record: Plain | None = field(default=None, repr=False)
    problems: Sequence[Fault] = ()
    keys: Sequence[bytes] = field(default=(), repr=False)

    @property
    def problem(self) -> Fault | None:
        """The first of the problems, if there is one."""
        return self.problems[0] if self.problems else None

    def original(self) -> Original:
        """The sealed original. Raises ``TamperDetected`` when it does not open, or is not the one that the record
        commits to."""
        record_id = self.envelope["record_id"]
        plaintext = cipher.decrypt(cipher.joint_key(self.keys, record_id), self.envelope["original"], record_id)
        salt, frame = plaintext[: commitment.SEED_BYTES], plaintext[commitment.SEED_BYTES :]
        if commitment.of_original(salt, frame) != self.envelope["original_commitment"]:
            raise TamperDetected("the sealed original is not the one that the record commits to")
        return _original(frame)


class Opener:
    """Opens values with the keys of a vault. Everything it returns is personal: keep it in memory."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault

    def open(self, values: Sequence[bytes | None]) -> list[Opened]:
        """One ``Opened`` per value, in order."""
        opened = [_read(value) for value in values]
        subjects = list(dict.fromkeys(part["subject_id"] for one in opened for part in one.envelope.get("parts", ())))
        keys = dict(zip(subjects, self._vault.open_keys(subjects), strict=True)) if subjects else {}
        for one in opened:
            if not one.problems:
                _open_record(one, keys)
        return opened

    def open_value(self, subject_id: bytes, sealed: bytes) -> bytes | None:
        """What ``Sealer.seal_value`` sealed; ``None`` once the subject is erased. Raises ``TamperDetected`` when it or
        its key does not open."""
        key = _usable(self._vault.open_keys([subject_id])[0])
        return cipher.decrypt(key, sealed, subject_id) if key else None

    def open_values(self, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        """As ``open_value`` for many, (subject's id, sealed value). A ``Fault`` for each that does not open: ERASED,
        KEY_DAMAGED or SEAL_BROKEN."""
        keys = self._vault.open_keys([subject for subject, _ in sealed])
        return [_open_value(key, *one) for key, one in zip(keys, sealed, strict=True)]

    def open_unreadable(self, envelope: dict[str, Any]) -> Original | None:
        """The row behind an unreadable record, for the person who corrects it; ``None`` where it was too large to
        store, and once the source's key has expired. Raises ``TamperDetected`` when it does not open."""
        if not envelope["ciphertext"]:
            return None
        key = _usable(self._vault.open_keys([envelope["subject_id"]])[0])
        return _original(cipher.decrypt(key, envelope["ciphertext"], cipher.unreadable_part(envelope))) if key else None


def _original(frame: bytes) -> Original:
    schema_id, value = wire.decode(frame)
    if schema_id != ORIGINAL_SCHEMA:
        raise TamperDetected("the sealed original is of another schema")
    return Original(value["key"], value["raw"], value["proof"])


def _usable(key: bytes | DamagedKey | None) -> bytes | None:
    """Raises ``TamperDetected`` for a damaged key."""
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


def _open_record(one: Opened, keys: Mapping[bytes, bytes | DamagedKey | None]) -> None:
    """Fill in ``record``, or the problem: ERASED when a subject has no key any more, KEY_DAMAGED when its key does not
    open, SEAL_BROKEN when something was changed."""
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
    if part.many:
        record[part.name].append(value)
    else:
        record[part.name] = value


def check_commitments(opened: Opened) -> None:
    """Raises ``TamperDetected`` unless every part's fields are those that its root commits to. For whoever passes
    fields on."""
    binding = _binding(opened.envelope)
    for sealed, key in zip(opened.envelope["parts"], opened.keys, strict=True):
        bound = cipher.part_binding(binding, sealed["subject_id"], sealed["role"], sealed["root"])
        plaintext = cipher.decrypt(key, sealed["ciphertext"], bound)
        seed, frame = plaintext[: commitment.SEED_BYTES], plaintext[commitment.SEED_BYTES :]
        if commitment.commit(seed, wire.decode(frame)[1]) != sealed["root"]:
            raise TamperDetected("a part is not what its root commits to")
