"""P3: the verdict names each defect, in the fixed order, under the rules' version, the same every time."""

import copy
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.records.kinds import KIND_NAMES, KINDS
from hub.records.rules import CODES, CURRENT, RULES, STEPS, Context
from hub.records.rules.base import found, rule
from hub.records.rules.codes import WARNINGS
from hub.records.verdict import judge, rules_for

Plain = Callable[[str], dict[str, Any]]
GOOD_OTHER_ID = "11010519491231002X"


@dataclass(frozen=True)
class Case:
    """A change to a good record, and all that is to be found then."""

    kind: str
    changes: dict[str, Any]
    findings: list[tuple[str, str]]

    @property
    def name(self) -> str:
        return f"{self.kind}-{'+'.join(code for code, _ in self.findings) or 'clean'}-{next(iter(self.changes), '')}"


def changed(record: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    record = copy.deepcopy(record)
    for dotted, value in changes.items():
        node: Any = record
        *steps, last = dotted.split(".")
        for step in steps:
            node = node[int(step)] if step.isdigit() else node[step]
        node[int(last) if last.isdigit() else last] = value
    return record


D = date
CASES = [
    # resident ID: female, born 1990-03-07, issued 2018 at 28, valid 20 years
    Case("resident-id", {"holder.id_number": "12010419900307002"}, [("ID_FORM", "holder.id_number")]),
    Case("resident-id", {"holder.id_number": "120104199013070028"}, [("ID_DATE", "holder.id_number")]),
    Case("resident-id", {"holder.id_number": "120104199003070021"}, [("ID_CHECK", "holder.id_number")]),
    Case("resident-id", {"holder.id_number": "120104900307002"}, [("ID_LEGACY", "holder.id_number")]),
    Case("resident-id", {"holder.birth": D(1990, 3, 8)}, [("BIRTH_MISMATCH", "holder.birth")]),
    Case("resident-id", {"holder.sex": "MALE"}, [("SEX_MISMATCH", "holder.sex")]),
    Case("resident-id", {"holder.valid_until": D(2028, 5, 10)}, [("VALIDITY_TERM", "holder.valid_until")]),
    Case("resident-id", {"holder.valid_until": None}, [("VALIDITY_TERM", "holder.valid_until")]),
    Case("resident-id", {"holder.valid_until": D(2038, 5, 9)}, []),
    Case(
        "resident-id",
        {"holder.issued_on": D(2003, 4, 1), "holder.valid_from": D(2003, 4, 1), "holder.valid_until": D(2008, 4, 1)},
        [("EXPIRED", "holder.valid_until")],
    ),
    # business licence
    Case("business", {"enterprise.uscc": "9112010"}, [("USCC_FORM", "enterprise.uscc")]),
    Case("business", {"enterprise.uscc": "91110000600037341M"}, [("USCC_CHECK", "enterprise.uscc")]),
    Case("business", {"enterprise.licence_id": "1.2.3"}, [("ELICENCE_FORM", "enterprise.licence_id")]),
    Case(
        "business",
        {"enterprise.licence_id": "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.S"},
        [("ELICENCE_CHECK", "enterprise.licence_id")],
    ),
    Case("business", {"legal_representative.id_number": None}, []),
    Case("business", {"legal_representative.id_number": "1"}, [("ID_FORM", "legal_representative.id_number")]),
    Case(
        "business",
        {"legal_representative.id_number": "990426199112010074"},
        [("ID_REGION", "legal_representative.id_number")],
    ),
    Case(
        "business",
        {"legal_representative.id_number": "120104209912310016"},
        [("DATE_FUTURE", "legal_representative.id_number")],
    ),
    Case("property-title", {"holders.0.id_number": "120104209912310016"}, [("DATE_FUTURE", "holders.0.id_number")]),
    Case("property-title", {"unit.unit_no": "120119001001GL00001L00000001"}, []),
    Case("property-title", {"unit.unit_no": "120119001001JN00001W00000000"}, []),
    Case("property-title", {"unit.title_no": "黔（2019）南明区不动产权第0001234号"}, []),
    Case("property-title", {"region": "120225", "unit.address.district": "蓟州区"}, []),
    Case(
        "resident-id",
        {"holder.id_number": "999999900307002"},
        [("ID_LEGACY", "holder.id_number"), ("ID_REGION", "holder.id_number")],
    ),
    Case(
        "resident-id",
        {"holder.id_number": "120104910307002"},
        [("ID_LEGACY", "holder.id_number"), ("BIRTH_MISMATCH", "holder.birth")],
    ),
    Case("business", {"legal_representative.id_type": "PASSPORT", "legal_representative.id_number": "E1"}, []),
    Case("business", {"enterprise.registered_capital": None}, []),
    Case("business", {"enterprise.valid_until": D(2024, 4, 30)}, [("EXPIRED", "enterprise.valid_until")]),
    Case("business", {"enterprise.valid_until": D(2024, 5, 1)}, []),
    Case("business", {"enterprise.valid_until": D(2024, 4, 30), "status": "CANCELLED"}, []),
    Case("business", {"enterprise.valid_until": D(2024, 4, 30), "source.operation": "DELETE"}, []),
    Case(
        "business",
        {"enterprise.valid_until": D(2016, 1, 1), "status": "REVOKED"},
        [("DATE_ORDER", "enterprise.valid_until")],
    ),
    Case("business", {"enterprise.issued_on": D(2024, 5, 2)}, [("DATE_FUTURE", "enterprise.issued_on")]),
    Case("business", {"enterprise.valid_from": D(2024, 6, 1)}, [("NOT_YET_VALID", "enterprise.valid_from")]),
    Case("business", {"status": "UNKNOWN"}, [("STATUS_UNKNOWN", "status")]),
    Case("business", {"region": "120103"}, [("REGION_MISMATCH", "region")]),
    Case("business", {"region": "120000"}, []),
    # property title: two holders by shares
    Case("property-title", {"unit.unit_no": "120104001001GB00001"}, [("UNIT_FORM", "unit.unit_no")]),
    Case("property-title", {"unit.title_no": "房地证津字第104020912345号"}, [("TITLE_NO_FORM", "unit.title_no")]),
    Case("property-title", {"holders.0.share": None}, [("SHARES_MISSING", "holders.0.share")]),
    Case("property-title", {"holders.0.share": "1/2"}, [("SHARES_SUM", "holders")]),
    Case("property-title", {"holders.0.share": "33.33%"}, [("SHARES_SUM", "holders")]),
    Case("property-title", {"unit.co_ownership": "JOINT"}, [("SHARES_SUM", "unit.co_ownership")]),
    Case("property-title", {"unit.co_ownership": "JOINT", "holders.0.share": None, "holders.1.share": None}, []),
    Case("property-title", {"holders": []}, [("HOLDERS_EMPTY", "holders")]),
    Case(
        "property-title",
        {"holders.1.id_type": "USCC", "holders.1.id_number": "1"},
        [("USCC_FORM", "holders.1.id_number")],
    ),
    Case("property-title", {"unit.valid_until": D(2023, 1, 1)}, []),
    Case("property-title", {"unit.valid_until": D(2016, 6, 30)}, []),
    Case(
        "property-title",
        {"unit.valid_from": D(2017, 1, 1), "unit.valid_until": D(2016, 6, 30)},
        [("DATE_ORDER", "unit.valid_until")],
    ),
    Case("property-title", {"unit.issued_on": D(2025, 1, 1)}, [("DATE_FUTURE", "unit.issued_on")]),
    # approval
    Case("approval", {"project.code": "2020"}, [("PROJECT_CODE_FORM", "project.code")]),
    Case("approval", {"builder.uscc": "91110000600037341M"}, [("USCC_CHECK", "builder.uscc")]),
    Case("approval", {"project.planned_completion": D(2020, 1, 1)}, [("DATE_ORDER", "project.planned_completion")]),
    Case("approval", {"project.valid_until": D(2023, 5, 20)}, [("EXPIRED", "project.valid_until")]),
    Case("approval", {"project.permit": "CONSTRUCTION"}, [("NOT_AN_APPROVAL", "project.permit")]),
    Case("information", {"project.planned_completion": D(2020, 1, 1)}, [("DATE_ORDER", "project.planned_completion")]),
    # identity check
    Case("check", {"check.result": "NO_MATCH"}, [("CHECK_NO_MATCH", "check.result")]),
    Case("information", {"builder.uscc": "91110000600037341M"}, [("USCC_CHECK", "builder.uscc")]),
    # steps
    Case("step", {"step.action": "UNKNOWN"}, [("STEP_UNKNOWN", "step.code")]),
    Case("step", {"step.application_no": None, "step.app_no": None}, [("STEP_NO_NUMBER", "step.application_no")]),
    Case("step", {"step.segment": ""}, [("STEP_SEGMENT", "step.segment")]),
    Case("step", {"step.recorded_at_ms": 2_147_483_647_000}, [("STEP_TIME", "step.recorded_at_ms")]),
    Case("step", {"step.occurred_at_ms": 0}, [("STEP_TIME", "step.occurred_at_ms")]),
    Case("step", {"step.action": "AMEND"}, [("STEP_AMENDS", "step.amends")]),
    Case("step", {"step.amends": "E-0"}, [("STEP_AMENDS", "step.amends")]),
    # joint transfers
    Case("transfer", {"report.result": "UNKNOWN"}, [("TRANSFER_UNKNOWN", "report.code")]),
    Case("transfer", {"report.occurred_at_ms": 0}, [("TRANSFER_TIME", "report.occurred_at_ms")]),
    Case("transfer", {"report.question": 0}, [("TRANSFER_TIME", "report.question")]),
]


def kind_of(name: str) -> str:
    return next(full for full in KIND_NAMES if full.endswith(f".{name}"))


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_good_record_is_verified(name: str, plain: Plain, context: Context) -> None:
    verdict = judge(name, plain(name.rpartition(".")[2]), context)
    assert verdict == ((), CURRENT)
    assert not verdict.rejected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_defect_is_named_and_nothing_else(case: Case, plain: Plain, context: Context) -> None:
    record = changed(plain(case.kind), case.changes)
    verdict = judge(kind_of(case.kind), record, context)
    assert [tuple(finding) for finding in verdict.findings] == case.findings
    rejecting = [code for code, _ in case.findings if code not in WARNINGS]
    assert verdict.rejected == bool(rejecting)
    assert [reason["code"] for reason in verdict.reasons] == rejecting
    assert len(verdict.warnings) + len(verdict.rejections) == len(case.findings)


def test_the_same_holder_twice(plain: Plain, context: Context) -> None:
    """By document, in whatever spelling; the same name with two documents is two people."""
    record = plain("property-title")
    record["holders"][1] = {**record["holders"][0], "share": "2/3"}
    assert [one.code for one in judge("licence.property-title", record, context).findings] == ["HOLDER_TWICE"]
    record["holders"][1]["id_number"] = GOOD_OTHER_ID
    assert not judge("licence.property-title", record, context).findings


def test_every_code_of_a_rule_is_provoked() -> None:
    provoked = {code for case in CASES for code, _ in case.findings}
    elsewhere = {"HOLDER_TWICE", "PROOF_MISSING", "PROOF_INVALID"}
    assert {code.code for one in RULES for code in one.codes} == provoked | elsewhere


@pytest.mark.parametrize(
    ("assurance", "proof", "codes"),
    [
        ("SIGNED_RESPONSE", "valid", []),
        ("SIGNED_RESPONSE", None, []),
        ("SIGNED_RESPONSE", "missing", ["PROOF_MISSING"]),
        ("SIGNED_RESPONSE", "invalid", ["PROOF_INVALID"]),
        ("SEALED_DOCUMENT", "missing", ["PROOF_MISSING"]),
        ("CHANNEL_ONLY", "missing", []),
        ("CHANNEL_ONLY", "invalid", ["PROOF_INVALID"]),
    ],
)
def test_proof(plain: Plain, context: Context, assurance: str, proof: str | None, codes: list[str]) -> None:
    record = {**plain("business"), "assurance": assurance}
    assert [finding.code for finding in judge("licence.business", record, context, proof).findings] == codes


def test_findings_come_in_the_order_of_the_steps(plain: Plain, context: Context) -> None:
    changes = {
        "enterprise.uscc": "1", "enterprise.issued_on": D(2030, 1, 1), "status": "UNKNOWN", "region": "120103",
        "assurance": "SIGNED_RESPONSE",
    }  # fmt: skip
    verdict = judge(KINDS["licence.business"], changed(plain("business"), changes), context, "missing")
    steps = [STEPS.index(CODES[finding.code].step) for finding in verdict.findings]
    assert [finding.code for finding in verdict.findings] == [
        "USCC_FORM", "DATE_FUTURE", "STATUS_UNKNOWN", "PROOF_MISSING", "REGION_MISMATCH",
    ]  # fmt: skip
    assert steps == sorted(steps)


def test_a_record_without_its_shape_is_judged_no_further(plain: Plain, context: Context) -> None:
    record = changed(plain("business"), {"enterprise.uscc": "1"})
    del record["region"]
    assert [finding.code for finding in judge("licence.business", record, context).findings] == ["SHAPE_MISSING"]


def test_old_rules_stay_and_new_ones_can_be_tried(plain: Plain) -> None:
    """A rule of version 2 finds nothing under version 1, and a rule that ended with version 2 still judges history."""
    before = list(RULES)
    counts = [len(rules_for("licence.business", version)) for version in (1, 2)]
    try:
        rule("STATUS_UNKNOWN", kinds=("licence.business",), since=2)(_always)
        rule("STATUS_UNKNOWN", kinds=("licence.business",), since=1, until=2)(_always)
        rules_for.cache_clear()
        codes = {
            version: judge("licence.business", plain("business"), Context(D(2024, 5, 1), version)) for version in (1, 2)
        }
        assert {version: (len(verdict.findings), verdict.rules_version) for version, verdict in codes.items()} == {
            1: (1, 1), 2: (1, 2),
        }  # fmt: skip
        assert [len(rules_for("licence.business", version)) for version in (1, 2)] == [one + 1 for one in counts]
    finally:
        RULES[:] = before
        rules_for.cache_clear()


def _always(_record: Any, _context: Context) -> Any:
    return found("STATUS_UNKNOWN", "status")


def test_the_day_is_china_s() -> None:
    assert Context.at(datetime(2024, 4, 30, 16, 0, tzinfo=UTC)).judged_on == D(2024, 5, 1)
    assert Context.at(datetime(2024, 4, 30, 15, 59, tzinfo=UTC)).judged_on == D(2024, 4, 30)


def test_judging_changes_nothing(plain: Plain, context: Context) -> None:
    for name in KIND_NAMES:
        record = plain(name.rpartition(".")[2])
        before = copy.deepcopy(record)
        judge(name, record, context)
        assert record == before


def test_judging_is_quick(plain: Plain, context: Context) -> None:
    """15 µs on an idle machine; the bound leaves room for a busy one and still fails a rule that does real work."""
    record = plain("business")
    best = min(timeit.repeat(lambda: judge("licence.business", record, context), number=500, repeat=7)) / 500
    assert best < 100e-6


def test_every_rule_explains_itself() -> None:
    for one in RULES:
        assert one.check.__doc__
        assert ">>>" in one.check.__doc__, one.name
        assert all(code.clause and code.english and code.chinese for code in one.codes)
