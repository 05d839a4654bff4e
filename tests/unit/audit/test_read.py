"""From records on topics to findings: the audit reads what the hub's own stages wrote."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.audit import report, segments
from hub.audit.account import Account
from hub.audit.files import Sort
from hub.audit.read import Book
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.steps import histories
from hub.cases.steps import gather, project
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

MINUTE_MS, DAY_MS = 60_000, 86_400_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


@contextmanager
def opened(house: House, day: date | None = None) -> Iterator[Book]:
    """The cases now, or at the end of a day."""
    references = partial(References, MasterKey(bytes(32)))
    parts: Any = SimpleNamespace(
        references=references, opener=house.opener, vault=house.vault, log=house.log, journal=lambda: house.journal
    )
    with house.store.read() as connection:
        yield Book(parts, connection, day or china_day(house.clock.now()))


def accounts(house: House) -> list[Account]:
    with opened(house) as book:
        return list(book.accounts(0))


def findings(house: House, since_ms: int = 0, day: date | None = None, **files: Path) -> list[report.Told]:
    """What the audit finds now, or at the end of a day."""
    with opened(house, day) as book:
        paths = {Sort(name.replace("_", "-")): path for name, path in files.items()}
        return report.findings(book, paths, since_ms).found


def registered(house: House, external_no: str) -> str:
    """The number of a new application at the connection system."""
    case_id = house.submit(body(external_no, sanling=False)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    return References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)


def accepted(house: House, event_id: str, **named: str) -> dict[str, Any]:
    """The end of acceptance, a minute after now."""
    at_ms = house.clock.now_ms() + MINUTE_MS
    return samples.step(event_id, "END", "acceptance", at_ms, recorded_at_ms=at_ms, **named)


def test_p4_a_step_of_no_case_and_a_late_one_are_found(house: House) -> None:
    number = registered(house, "A-1")
    told = [accepted(house, "E-1", application_no=number), accepted(house, "E-2", application_no="7K3M9QPDX2V4TW")]
    house.clock.pass_s(2 * DAY_MS // 1000)
    house.verified(*told)
    house.project()
    house.relay()
    found = {one.finding.code: one for one in findings(house)}
    assert {"STEP_OF_NO_CASE", "REPORTED_LATE"} <= found.keys()
    assert found["REPORTED_LATE"].numbers == number
    assert found["STEP_OF_NO_CASE"].finding.case_id is None
    assert found["STEP_OF_NO_CASE"].finding.shown_by[0].told == "utility_steps"


def test_a_step_of_no_case_is_found_in_its_time_only(house: House) -> None:
    before = china_day(house.clock.now())
    house.clock.pass_s(2 * DAY_MS // 1000)
    house.verified(accepted(house, "E-2", application_no="7K3M9QPDX2V4TW"))
    house.project()
    now_ms = house.clock.now_ms()
    assert [one.finding.code for one in findings(house, now_ms - DAY_MS)] == ["STEP_OF_NO_CASE"]
    assert findings(house, now_ms + DAY_MS) == findings(house, 0, before) == []


def test_p4_a_rejected_step_is_found_in_its_time_once_until_it_is_verified(house: House) -> None:
    before = china_day(house.clock.now())
    house.clock.pass_s(2 * DAY_MS // 1000)
    house.rejected(told := accepted(house, "E-3", application_no="7K3M9QPDX2V4TW"), code="STEP_TIME")
    house.rejected(told, attempt=2, code="STEP_TIME")
    house.project()
    now_ms = house.clock.now_ms()
    (found,) = (one.finding for one in findings(house, now_ms - DAY_MS))
    assert (found.code, found.of.zh) == ("STEP_REJECTED", "统计不实")
    assert found.shown_by[0].told == "utility_steps STEP_TIME"
    assert findings(house, now_ms + DAY_MS) == findings(house, 0, before) == []
    house.verified(told)
    house.project()
    assert [one.finding.code for one in findings(house)] == ["STEP_OF_NO_CASE"]


def test_p4_the_first_reading_in_a_step_is_read_and_compared(house: House, tmp_path: Path) -> None:
    number = registered(house, "A-1")
    house.clock.pass_s(120)
    at_ms = house.clock.now_ms()
    told = samples.step("E-1", "WITHIN", "completion", at_ms, recorded_at_ms=at_ms, application_no=number)
    house.verified(told | {"step": told["step"] | {"first_reading_at_ms": at_ms - 3 * DAY_MS}})
    house.project()
    day = china_day(house.clock.now())
    path = tmp_path / "readings.csv"
    path.write_text(f"application_no,app_no,read_at\n{number},,{day}\n", "utf-8")
    found = {(one.finding.code, one.finding.shown_by[0].told) for one in findings(house, first_reading=path)}
    assert ("ENERGISED_EARLY", "first reading") in found
    assert ("READING_DIFFERS", "first reading") in found


@pytest.mark.parametrize("site", [{"unit_no": samples.UNIT_NO}, {"address": "杨村街道某某村"}])
def test_p4_one_that_was_taken_back_and_made_again_is_found_with_who_took_it_back_and_when(
    house: House, site: dict[str, str]
) -> None:
    """Also where the address identifies no site. What is taken back after the last day of the audit is left out."""
    first = house.submit(body("A-1", site=site)).case_id
    house.clock.pass_s(3_600)
    later = house.submit(body("A-2", site=site)).case_id
    before = china_day(house.clock.now())
    house.clock.pass_s(DAY_MS // 1000)
    cancelled_ms = house.clock.now_ms()
    house.applications.cancel(first, By("token:1", "counter-7", "counter"))
    house.clock.pass_s(3_600)
    house.applications.cancel(first, By("cli:wangwei"))
    house.relay()
    (found,) = [one.finding for one in findings(house) if one.finding.code == "REAPPLIED"]
    assert found.case_id == later
    assert [(one.sort, one.told) for one in found.shown_by] == [
        ("submission", ""),
        ("cancel", "counter"),
        ("submission", ""),
    ]
    assert (found.shown_by[0].ref, found.shown_by[1].at_ms) == (first.hex(), cancelled_ms)
    assert "REAPPLIED" not in {one.finding.code for one in findings(house, day=before)}


def test_p4_p5_every_segment_says_by_whom_its_application_was_taken_back_and_no_person(house: House) -> None:
    first, second = (house.submit(body(name)).case_id for name in ("A-1", "A-2"))
    house.applications.cancel(first, By("cli:wangwei"))
    house.relay()
    rows = [row for one in accounts(house) for row in segments.rows(one)]
    told = {(row.account.case_id, (segments.plain(row)["taken_back"] or {}).get("by")) for row in rows}
    assert told == {(first, "cli"), (second, None)}
    place = list(segments.TITLES).index("taken_back")
    assert {str(segments.cells(row)[place]).partition(" ")[0] for row in rows} == {"cli", ""}


def test_a_line_is_found_by_the_number_that_a_step_told(house: House, tmp_path: Path) -> None:
    number = registered(house, "A-1")
    house.clock.pass_s(120)
    house.verified(accepted(house, "E-1", application_no=number, app_no="1204010001"))
    house.project()
    day = china_day(house.clock.now() + timedelta(days=-3))
    path = tmp_path / "contacts.csv"
    path.write_text(f"application_no,app_no,contacted_at\n,1204010001,{day}\n,9999,{day}\n", "utf-8")
    found = {one.finding.code: one.numbers for one in findings(house, contact=path)}
    assert found["CONTACT_BEFORE_APPLICATION"] == number
    assert found["NOT_IN_HUB"] == ""


def test_the_order_of_arrival_changes_nothing_that_is_found(house: House) -> None:
    numbers = [registered(house, f"A-{n}") for n in range(3)]
    told = [accepted(house, f"E-{n}", application_no=number) for n, number in enumerate(numbers)]
    assert len({one["step"]["occurred_at_ms"] // 1000 for one in told}) == 1
    house.clock.pass_s(600)
    for one in reversed(told):
        house.verified(one)
        house.project()
    before = [report.plain(one) for one in findings(house)]
    house.verified(*told)
    house.project()
    assert [report.plain(one) for one in findings(house)] == before
    assert "SAME_SECOND_IN_CASES" in {one["code"] for one in before}


def test_a_number_of_two_cases_and_a_step_beyond_the_most_have_codes_of_their_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = registered(house, "A-1"), registered(house, "A-2")  # two systems gave both the number R1
    house.due()
    house.verified(accepted(house, "E-1", app_no="R1"))
    for module in (gather, histories, project):
        monkeypatch.setattr(module, "FACTS_MAX", 1)
    house.verified(accepted(house, "E-2", application_no=first), accepted(house, "E-3", application_no=first))
    house.project()
    house.relay()
    codes = Counter(one.finding.code for one in findings(house))
    assert codes["NUMBER_OF_TWO_CASES"] == 2
    assert (codes["STEP_OF_TWO_CASES"], codes["STEP_BEYOND_MAX"], codes["STEP_OF_NO_CASE"]) == (1, 1, 0)
    assert first != second


def test_p4_what_the_hub_knows_of_a_beginning_is_held_against_what_the_utility_says(house: House) -> None:
    """The customer handed in both papers and asked; the utility tells a request of two days later, and no request of
    what follows. What came after the last day of the audit is left out."""
    house.clock.pass_s(20 * 3600)
    high = {"voltage": "HIGH_10KV", "sanling": False, "important": True}
    case_id = house.submit(body("A-1", **high)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    named = {"application_no": References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)}
    begun_ms, day = house.clock.now_ms(), china_day(house.clock.now())
    house.clock.pass_s(3600)
    materials = Materials(house.store, house.opener, house.journal)
    for name in ("designer-qualification", "design"):
        materials.hand_in(case_id, {"material": name, "reference": "r", "sha256": "ab" * 32}, By("token:1"))
    planned = [samples.step(f"E-{name}", "END", name, begun_ms + MINUTE_MS * n, **named)
               for n, name in enumerate(("acceptance", "supply-plan"), 1)]  # fmt: skip
    house.verified(*planned)
    house.project()
    for mid, told_ms in ((False, 2 * DAY_MS), (True, None)):
        if mid:
            house.customers.ask(case_id, {"segment": "mid-inspection"}, By("applicant"))
        house.clock.pass_s(2 * DAY_MS // 1000 + 60)
        now_ms, segment = house.clock.now_ms(), "mid-inspection" if mid else "design-review"
        requested = {} if told_ms is None else {"requested_at_ms": begun_ms + told_ms}
        house.verified(samples.step(f"E-{segment}", "END", segment, now_ms - MINUTE_MS, **named, **requested))
        house.project()
    house.relay()
    found = {one.finding.code: one.finding for one in findings(house)}
    assert [one.sort for one in found["PAPERS_WAITED"].shown_by] == ["document", "document", "step"]
    assert dict(found["REQUEST_NOT_TOLD"].figures)["segment"] == "mid-inspection"
    assert not {"PAPERS_WAITED", "REQUEST_NOT_TOLD"} & {one.finding.code for one in findings(house, day=day)}
