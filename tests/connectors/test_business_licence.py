"""The gateway connector against the real sandbox server: certified, and right through every fault on the wire."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import connectors.business_licence as package
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.connect.mapping import to_row
from hub.connect.rest.pageproof import check_row_proof
from hub.connect.spec import Limits
from hub.errors import Misconfigured, Unavailable
from hub.grants.originals import is_withheld
from hub.ports import NAMELESS, LookupQuery, SourceRow
from hub.records.identifiers import tidy
from hub.records.shape import check_shape
from sandbox.launch import Running
from tests.connectors.former import licence_record
from tests.grants import granted

NAME = "business_licence"
FOLDER = Path(package.__file__).parent


def opened(sandbox: Running, **more: Any) -> GuardedSource:
    return registry.open_source(NAME, sandbox.connectors()[NAME] | more, SystemClock(), grant=granted(NAME))


@pytest.fixture
def source(sandbox: Running) -> Iterator[GuardedSource]:
    source = opened(sandbox, page_rows=100)
    yield source
    source.close()


FOUND = of_package("connectors.business_licence")
CONTEXT = Context(FOUND.info, Limits(), SystemClock(), FOUND)


def mapped(row: Mapping[str, Any]) -> SourceRow:
    key, version = str(row.get("zzbs")).strip(), str(row.get("version"))
    return row_of(CONTEXT, DeclaredRow(tidy(key), int(version) if version.isdigit() else 1, "UPSERT", row), b"raw")


def as_before(columns: Mapping[str, Any], row: SourceRow) -> SourceRow:
    codes = kit.codes_of("connectors.business_licence")
    return to_row(tidy(columns["zzbs"]), columns["version"], row.raw, lambda: licence_record(columns, codes))


def test_p2_rows_are_mapped_as_by_the_release_before(source: GuardedSource) -> None:
    """At an upgrade each row is the same record: same key, version, bytes and fields, or the same faults."""
    compared = 0
    for row in (row for page in kit.read_all(source) for row in page.rows):
        if row.key.startswith(NAMELESS):
            kept = json.loads(row.raw) if is_withheld(row.raw) else {}
            assert row.key == f"{NAMELESS}{kept.get('withheld') or sha256(row.raw).hexdigest()}"
            assert len(row.faults) == 1
            continue
        former = as_before(json.loads(row.raw), row)
        assert (row.key, row.version, row.record) == (former.key, former.version, former.record)
        assert set(row.faults) == set(former.faults)
        compared += 1
    assert compared > 100


def test_the_package_describes_itself() -> None:
    assert kit.check_package("connectors.business_licence").kind == "licence.business"


def test_samples_map_as_expected() -> None:
    assert kit.check_samples(FOLDER / "samples", "licence.business", mapped) >= 3


@pytest.mark.parametrize("dirt", [str.lower, lambda text: text.translate({46: "．", 49: "１"}), "{}\u200b".format])
def test_the_identifier_of_the_e_licence_is_tidied_like_every_other(dirt: Any) -> None:
    row = json.loads((FOLDER / "samples" / "company.json").read_text("utf-8"))
    clean = mapped(row).record
    assert clean
    found = mapped(row | {"zzbs": dirt(row["zzbs"])}).record
    assert found
    assert found["enterprise"]["licence_id"] == clean["enterprise"]["licence_id"]


@pytest.mark.parametrize("dirt", [str.lower, "\u200e{}".format, "{}\u200b ".format, "{}\xa0".format])
def test_every_identifier_is_tidied(dirt: Any) -> None:
    """P2: a licence is the same licence, however its number was typed."""
    columns = json.loads((FOLDER / "samples" / "company.json").read_text("utf-8"))
    clean = mapped(columns)
    for column in ("zzbs", "uniscid", "lerep_zjh", "zzbfjgdm", "xzqhdm"):
        assert mapped(columns | {column: dirt(columns[column])}).record == clean.record, column
    assert not check_shape("licence.business", clean.record)


def test_a_bad_column_stops_no_neighbour() -> None:
    kit.check_isolation(mapped, json.loads((FOLDER / "samples" / "company.json").read_text("utf-8")))


def test_the_feed_is_certified_and_brings_every_row_of_the_truth_file(sandbox: Running, source: GuardedSource) -> None:
    """P1: every row that the gateway emitted arrives, readable or not."""
    rows = kit.check_feed(source, source.context.info)
    lines = [json.loads(line) for line in sandbox.truth.open(encoding="utf-8")]
    truth = [line for line in lines if line["source"] == NAME]
    assert len(rows) == len(truth)
    assert kit.check_remap(source.inner, rows) == len(rows)
    named = {(line["key"], line["version"]) for line in truth if "raw_sha256" not in line}
    assert named <= {(row.key, row.version) for row in rows}
    hidden = {f"sha256:{line['raw_sha256']}" for line in truth if "raw_sha256" in line}
    assert {row.key for row in rows if row.key.startswith("sha256:")} <= hidden


def test_the_feed_resumes_at_a_stored_cursor(source: GuardedSource) -> None:
    kit.check_resumes(source)


def test_a_record_changed_after_signing_is_told_by_its_proof(sandbox: Running, source: GuardedSource) -> None:
    """P4: its neighbours on the same page keep their proofs."""
    trusted = registry.trusted_keys(NAME, sandbox.connectors()[NAME])
    states = {
        (row.key, row.version): check_row_proof(row.raw, row.proof, trusted)
        for page in kit.read_all(source)
        for row in page.rows
    }
    lines = [json.loads(line) for line in sandbox.truth.open(encoding="utf-8")]
    tampered = {(line["key"], line["version"]) for line in lines if line["code"] == "PROOF_INVALID"}
    assert {name for name, state in states.items() if state == "invalid"} == tampered != set()


def test_look_up_finds_the_enterprise_and_is_refused_without_purpose(source: GuardedSource) -> None:
    row = next(row for row in source.fetch(None).rows if row.record)
    assert row.record is not None
    code = row.record["enterprise"]["uscc"]
    query = LookupQuery("uscc", code, "connection-application", "优化营商环境条例 第28条")
    kit.check_look_up(source, source.context.info, query, lambda record: record["enterprise"]["uscc"] == code)
    assert kit.check_same_content(source, query)


def test_an_unknown_enterprise_is_an_empty_answer(source: GuardedSource) -> None:
    assert source.look_up(LookupQuery("uscc", "91110000600037341L", "connection-application", "b")).rows == []


def test_the_days_count_names_keys_with_versions(source: GuardedSource) -> None:
    counted = source.day(date(2024, 1, 2))
    assert all("#" in key for key in counted.keys)


@pytest.mark.parametrize(
    "fault", ["unavailable", "error", "drop_before_commit", "drop_after_commit", "truncate", "down"]
)
def test_an_outage_is_unavailable_and_the_same_page_comes_afterwards(
    sandbox: Running, source: GuardedSource, fault: str
) -> None:
    """P1: an outage is back-pressure; the cursor has not moved, so nothing is lost."""
    before = source.fetch(None)
    sandbox.fault(NAME, fault)
    with pytest.raises(Unavailable):
        source.fetch(None)
    sandbox.clear(NAME)
    after = opened(sandbox, page_rows=100).fetch(None)
    assert [row.raw for row in after.rows] == [row.raw for row in before.rows]


def test_a_429_tells_how_long_to_wait_and_binds_every_caller(sandbox: Running, source: GuardedSource) -> None:
    sandbox.fault(NAME, "too_many", retry_after_s=7)
    with pytest.raises(Unavailable) as told:
        source.fetch(None)
    assert told.value.retry_after_s == 7
    sandbox.clear(NAME)
    with pytest.raises(Unavailable, match="not called after"):
        source.day(date(2024, 1, 2))
    assert source.health().circuit == "OPEN"


def test_a_bad_page_signature_is_fetched_again_and_no_row_of_it_used(sandbox: Running, source: GuardedSource) -> None:
    sandbox.fault(NAME, "bad_signature")
    with pytest.raises(Unavailable, match="signature"):
        source.fetch(None)


def test_an_unknown_signing_key_is_for_the_operator(sandbox: Running) -> None:
    with pytest.raises(Misconfigured, match="not trusted"):
        opened(sandbox, key_id="another").fetch(None)


def test_a_wrong_secret_is_for_the_operator_and_is_not_told(sandbox: Running) -> None:
    with pytest.raises(Misconfigured, match="credentials") as told:
        opened(sandbox, secret="wrong-secret-value").fetch(None)
    assert "wrong-secret-value" not in str(told.value)


def test_a_gateway_that_hangs_is_left_after_the_read_time_out(sandbox: Running) -> None:
    sandbox.fault(NAME, "hang")
    source, begin = opened(sandbox, read_timeout_s=0.3), time.monotonic()
    with pytest.raises(Unavailable, match="ReadTimeout"):
        source.fetch(None)
    assert time.monotonic() - begin < 2


def test_a_new_column_is_ignored_and_a_renamed_one_is_a_fault_of_each_row(sandbox: Running) -> None:
    sandbox.fault(NAME, "extra_field")
    assert any(row.record for row in opened(sandbox).fetch(None).rows)
    sandbox.clear(NAME)
    sandbox.fault(NAME, "renamed_field")
    faults = {fault for row in opened(sandbox).fetch(None).rows for fault in row.faults}
    assert ("SHAPE_MISSING", "enterprise.business_scope") in faults
    assert all(row.faults for row in opened(sandbox).fetch(None).rows)
