"""Sealing and opening: P5 (nothing personal lies open), P4 (nothing is quietly changed), P2 (ids are computed)."""

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from hub.codec import wire
from hub.errors import TamperDetected
from hub.ports import NAMELESS, Fault, Plain, SourceRow
from hub.privacy import commitment
from hub.privacy.opening import Opened, Opener, check_commitments
from hub.privacy.sealing import (
    FAULTS_MAX,
    RAW_BYTES_MAX,
    RECORD_SCHEMA,
    UNREADABLE_SCHEMA,
    VALUE_BYTES_MAX,
    SealedRow,
    Sealer,
)
from hub.privacy.vault import DatabaseVault
from hub.records.shape import check_shape
from tests import samples

TITLES = samples.Info("property_title", "licence.property-title")
LICENCES = samples.Info("business_licence", "licence.business")


def row(record: Plain) -> SourceRow:
    return SourceRow(record["source"]["key"], record["source"]["version"], b"raw bytes", record, proof=b"proof")


@pytest.fixture
def sealer(vault: DatabaseVault) -> Sealer:
    return Sealer(vault, b"k" * 32)


@pytest.fixture
def opener(vault: DatabaseVault) -> Opener:
    return Opener(vault)


def seal(sealer: Sealer, info: samples.Info, *records: Plain) -> list[SealedRow]:
    return sealer.seal_page(info, [row(record) for record in records], 1_700_000_000_000)


def changed(value: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    envelope = wire.decode(value)[1]
    change(envelope)
    return wire.encode(RECORD_SCHEMA, envelope)


def open_one(opener: Opener, value: bytes) -> Opened:
    return opener.open([value])[0]


@pytest.mark.parametrize(("info", "record"), [(TITLES, samples.title()), (LICENCES, samples.business())])
def test_p4_what_is_opened_is_what_was_sealed(
    sealer: Sealer, opener: Opener, info: samples.Info, record: Plain
) -> None:
    sealed = seal(sealer, info, record)[0]
    opened = open_one(opener, sealed.value)
    assert opened.problem is None
    assert opened.record == {**record, "source": {**record["source"], "key": ""}}
    assert opened.original() == (record["source"]["key"], b"raw bytes", b"proof")
    check_commitments(opened)


def test_p5_no_personal_value_is_in_the_message(sealer: Sealer) -> None:
    sealed = seal(sealer, TITLES, samples.title())[0]
    message = sealed.entity_id + sealed.value
    for word in (samples.PERSON, samples.USCC, samples.UNIT_NO, "王伟", "南京路", "1000001", "raw bytes"):
        for form in (
            word.encode(),
            word.encode("utf-16-le"),
            base64.b64encode(word.encode()),
            word.encode().hex().encode(),
        ):
            assert form not in message


def test_p2_versions_of_one_thing_share_a_key_and_not_an_id(sealer: Sealer) -> None:
    first, again, second = seal(
        sealer, TITLES, samples.title(version=1), samples.title(version=1), samples.title(version=2)
    )
    assert first.entity_id == second.entity_id
    assert first.record_id == again.record_id != second.record_id
    other = seal(sealer, TITLES, samples.title(key="T2", unit_no="120101001001GB00001F00010002"))[0]
    assert other.entity_id != first.entity_id


def test_p2_one_enterprise_is_one_subject_in_every_kind(sealer: Sealer) -> None:
    title = wire.decode(seal(sealer, TITLES, samples.title())[0].value)[1]
    licence = wire.decode(seal(sealer, LICENCES, samples.business())[0].value)[1]
    assert title["parts"][2]["subject_id"] == licence["parts"][0]["subject_id"]


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "status": lambda e: e.update(status="REVOKED"),
    "version": lambda e: e["source"].update(version=99),
    "assurance": lambda e: e.update(assurance="SEALED_DOCUMENT"),
    "a holder taken away": lambda e: e["parts"].pop(),
    "holders swapped": lambda e: e["parts"].reverse(),
    "root": lambda e: e["parts"][0].update(root=bytes(32)),
    "ciphertext": lambda e: e["parts"][0].update(ciphertext=e["parts"][0]["ciphertext"][:-1] + b"\x00"),
    "links": lambda e: e.update(links=[]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_p4_any_change_of_the_envelope_is_noticed(
    sealer: Sealer, opener: Opener, change: Callable[[dict[str, Any]], object]
) -> None:
    value = seal(sealer, TITLES, samples.title())[0].value
    neighbour = seal(sealer, LICENCES, samples.business())[0].value
    broken, fine = opener.open([changed(value, change), neighbour])
    assert broken.problem == Fault("SEAL_BROKEN")
    assert fine.problem is None


def different(value: Any) -> Any:
    """Another value that the schema takes as well."""
    if isinstance(value, bytes):
        return bytes(len(value)) if any(value) else b"\x01" * len(value)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {name: different(item) for name, item in value.items()}
    if isinstance(value, list):
        return value[:-1]
    return None if value is None else {"UPSERT": "DELETE", "CURRENT": "REVOKED"}.get(value, f"{value}x")


def paths(envelope: dict[str, Any], but: frozenset[str]) -> list[tuple[str, ...]]:
    """Every open field, those inside of ``source`` one by one."""
    plain = [(name,) for name in envelope if name not in but | {"source"} and envelope[name] is not None]
    return [*plain, *(("source", name) for name in envelope["source"])]


def test_p4_each_open_field_of_a_record_is_bound(sealer: Sealer, opener: Opener) -> None:
    envelope = wire.decode(seal(sealer, LICENCES, samples.business())[0].value)[1]
    # The original is bound by its commitment; assurance is an enum, see above.
    found = paths(envelope, frozenset({"parts", "original", "assurance", "valid_until_year"}))
    assert len(found) > 15
    for path in found:
        changed = deepcopy(envelope)
        inside = changed[path[0]] if len(path) > 1 else changed
        inside[path[-1]] = different(inside[path[-1]])
        opened = open_one(opener, wire.encode(RECORD_SCHEMA, changed))
        assert opened.problem == Fault("SEAL_BROKEN"), path


def test_p4_each_open_field_of_an_unreadable_row_is_bound_also_without_its_bytes(
    sealer: Sealer, opener: Opener
) -> None:
    rows = [SourceRow("B1", 1, raw, None, (Fault("UNREADABLE"),)) for raw in (b"raw", bytes(RAW_BYTES_MAX + 1))]
    for sealed in sealer.seal_page(LICENCES, rows, 1_700_000_000_000):
        envelope = wire.decode(sealed.value)[1]
        for path in paths(envelope, frozenset({"subject_id"})):
            changed = deepcopy(envelope)
            inside = changed[path[0]] if len(path) > 1 else changed
            inside[path[-1]] = different(inside[path[-1]])
            opened = open_one(opener, wire.encode(UNREADABLE_SCHEMA, changed))
            assert opened.problems == (Fault("SEAL_BROKEN"),), path


def test_p4_an_original_that_is_not_the_one_committed_to_is_noticed(sealer: Sealer, opener: Opener) -> None:
    """The same row sealed twice has two originals under one key: each opens, and only its own record takes it."""
    one, other = (wire.decode(seal(sealer, LICENCES, samples.business())[0].value)[1] for _ in range(2))
    assert one["record_id"] == other["record_id"]
    swapped = open_one(opener, wire.encode(RECORD_SCHEMA, one | {"original": other["original"]}))
    assert swapped.problem is None
    with pytest.raises(TamperDetected, match="commits"):
        swapped.original()


def test_a_reading_keeps_its_id_and_the_time_at_which_the_source_was_read(sealer: Sealer) -> None:
    first = row(samples.business())
    again = replace(first, reading=1, read_at_ms=1_600_000_000_000)
    mapped = LICENCES._replace(mapping=b"mapping2")
    old, new = sealer.seal_page(LICENCES, [first], 1_700_000_000_000), sealer.seal_page(mapped, [again], 1)
    envelopes = [wire.decode(one.value)[1] for one in (*old, *new)]
    assert old[0].record_id == new[0].record_id and (old[0].reading, new[0].reading) == (0, 1)
    assert [(one["reading"], one["mapping"], one["read_at_ms"]) for one in envelopes] == [
        (0, b"mapping1", 1_700_000_000_000),
        (1, b"mapping2", 1_600_000_000_000),
    ]


def test_p1_every_fault_of_a_row_is_told_up_to_a_bound(sealer: Sealer, opener: Opener) -> None:
    faults = tuple(Fault("SHAPE_TYPE", f"enterprise.field{number}") for number in range(FAULTS_MAX + 5))
    sealed = sealer.seal_page(LICENCES, [SourceRow("B1", 1, b"raw", None, faults)], 1_700_000_000_000)[0]
    assert open_one(opener, sealed.value).problems == faults[:FAULTS_MAX]


def test_p5_erasing_one_holder_closes_the_record_and_its_original(
    sealer: Sealer, opener: Opener, vault: DatabaseVault
) -> None:
    title = seal(sealer, TITLES, samples.title())[0].value
    licence = seal(sealer, LICENCES, samples.business())[0].value
    vault.erase(wire.decode(title)[1]["parts"][1]["subject_id"])
    erased, other = opener.open([title, licence])
    assert erased.problem == Fault("ERASED")
    with pytest.raises(TamperDetected):
        erased.original()
    assert other.problem is None


def test_p1_a_row_that_is_no_record_is_sealed_and_counted(sealer: Sealer, opener: Opener) -> None:
    bad = SourceRow("B9", 3, "坏数据".encode(), None, (Fault("SHAPE_MISSING", "enterprise.uscc"),))
    good = row(samples.business())
    sealed = sealer.seal_page(LICENCES, [bad, good], 1_700_000_000_000)
    opened = opener.open([one.value for one in sealed])
    assert opened[0].problem == Fault("SHAPE_MISSING", "enterprise.uscc")
    original = opener.open_unreadable(opened[0].envelope)
    assert original is not None and original.raw == "坏数据".encode()
    assert opened[1].problem is None


def test_p1_a_record_of_the_wrong_shape_is_sealed_with_its_fault(sealer: Sealer, opener: Opener) -> None:
    record = samples.business()
    del record["enterprise"]["uscc"]
    surrogate = samples.business(key="B2")
    surrogate["enterprise"]["name"] = "\ud800"
    opened = opener.open([one.value for one in seal(sealer, LICENCES, record, surrogate, samples.business(key="B3"))])
    assert [one.problem for one in opened] == [
        Fault("SHAPE_MISSING", "enterprise.uscc"),
        Fault("TEXT_ENCODING", "enterprise.name"),
        None,
    ]


@pytest.mark.parametrize(
    "junk",
    [None, b"", b"\x00", b"hello", b"\x00\x00\x00\x00\x05", b"\x00\x7f\xff\xff\xff1", b"\x00\x00\x00\x00\x0b\x02"],
)
def test_p1_junk_gets_a_code_and_its_neighbour_is_opened(sealer: Sealer, opener: Opener, junk: bytes | None) -> None:
    value = seal(sealer, LICENCES, samples.business())[0].value
    broken, trailing, fine = opener.open([junk, value + b"x", value])
    assert broken.problem is not None and broken.problem.code in ("UNREADABLE", "SCHEMA_UNKNOWN")
    assert trailing.problem == Fault("TRAILING_BYTES")
    assert fine.problem is None


def test_p5_one_field_is_shown_without_the_rest(sealer: Sealer) -> None:
    seed, part = bytes(16), samples.title()["holders"][0]
    root = commitment.commit(seed, part)
    shown = commitment.disclose(seed, part, "name")
    commitment.check(root, shown)
    with pytest.raises(TamperDetected):
        commitment.check(root, shown._replace(value="王芳"))
    with pytest.raises(TamperDetected):
        commitment.check(root, shown._replace(name="id_number"))
    assert samples.PERSON not in repr(shown)


# ---- rows that no message could hold -------------------------------------------------------------------------------


def test_p1_a_record_that_fits_its_shape_but_no_message_is_sealed_as_too_large_and_keeps_its_bytes(
    sealer: Sealer, opener: Opener
) -> None:
    title = samples.title()
    title["holders"] = [
        {"name": "京" * 200, "id_type": "OTHER", "id_number": f"{n:064}", "share": "1/2"} for n in range(1_000)
    ]
    assert check_shape("licence.property-title", title) == ()
    raw = json.dumps(title["holders"], ensure_ascii=False).encode()
    assert len(raw) < RAW_BYTES_MAX
    sealed = sealer.seal_page(TITLES, [SourceRow("T1", 1, raw, title)], 1_700_000_000_000)[0]
    assert len(sealed.value) <= VALUE_BYTES_MAX
    opened = open_one(opener, sealed.value)
    assert opened.problem == Fault("TOO_LARGE")
    original = opener.open_unreadable(opened.envelope)
    assert original is not None and original.raw == raw


@pytest.mark.parametrize(("key", "proof"), [("K" * 100_000, b""), ("K", bytes(100_000))])
def test_p1_a_key_or_a_proof_without_bounds_does_not_make_a_message_too_large(
    sealer: Sealer, opener: Opener, key: str, proof: bytes
) -> None:
    unmapped = SourceRow(key, 1, bytes(RAW_BYTES_MAX), None, (Fault("UNREADABLE"),), proof)
    sealed = sealer.seal_page(TITLES, [unmapped], 1_700_000_000_000)[0]
    assert len(sealed.value) <= VALUE_BYTES_MAX
    envelope = wire.decode(sealed.value)[1]
    assert (envelope["size"], len(envelope["digest"])) == (RAW_BYTES_MAX, 32)
    assert opener.open_unreadable(envelope) is None


def test_p1_a_key_that_is_no_text_does_not_stop_its_page(sealer: Sealer, opener: Opener) -> None:
    title = samples.title(key="T\ud800")
    rows = [SourceRow("T\ud800", 1, b"first", title), row(samples.title("T2")), SourceRow("\udfff", 1, b"x", None)]
    opened = opener.open([one.value for one in sealer.seal_page(TITLES, rows, 1_700_000_000_000)])
    assert [one.problem for one in opened] == [
        Fault("TEXT_ENCODING", "source.key"), None, Fault("TEXT_ENCODING", "source.key"),
    ]  # fmt: skip
    original = opener.open_unreadable(opened[0].envelope)
    assert original is not None and original.raw == b"first" and original.key.startswith(NAMELESS)


@pytest.mark.parametrize("said", ["X" * 65, "A\0", "\ud800", "", "身份证", samples.PERSON])
def test_p5_a_fault_that_is_no_code_or_no_field_does_not_lie_open(sealer: Sealer, said: str) -> None:
    bad = SourceRow("T1", 1, b"raw", None, (Fault(said, said * 3),))
    envelope = wire.decode(sealer.seal_page(TITLES, [bad], 1_700_000_000_000)[0].value)[1]
    assert envelope["faults"] == [{"code": "UNREADABLE", "field": ""}]
