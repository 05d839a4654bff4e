"""Applications: registered whatever else is away, P2 (the same one twice is one), P5 (no personal value in tables)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hub.cases.by import By
from hub.cases.connection.procedure import PROCEDURE
from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.procedure import Refusal
from hub.cases.tables import case, piece
from hub.errors import RecordRejected
from hub.records.address import parse
from hub.stores.tables import outbox
from tests import samples
from tests.casework import House, body


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


ADDRESS = "天津市和平区南京路128号1号楼2单元301室"


def at(title: dict) -> dict:
    """A title whose address is structured as connectors structure it."""
    title["unit"]["address"] = parse(ADDRESS)
    return title


def evidence(house: House, number: str = "A-1") -> dict[str, tuple[str, str]]:
    application_id = house.applications.find("gov-platform", number)
    assert application_id
    return {one["kind"]: (one["state"], one["reason"]) for one in house.applications.show(application_id)["evidence"]}


def test_submission_registers_at_once_and_starts_the_clock(house: House) -> None:
    submitted = house.submit(body())
    assert submitted.created
    shown = house.applications.show(submitted.case_id)
    assert [(one["piece"], one["kind"], one["state"]) for one in shown["deliveries"]] == [
        (0, "registration", "pending")
    ]
    assert (shown["due_on"], shown["clock"]["working_days"], shown["clock"]["policy"]) == (
        "2026-03-11",
        7,
        "tianjin-2022",
    )
    assert shown["external_no"] == "A-1"


def test_the_counting_of_the_date_is_shown_day_by_day(house: House) -> None:
    """Submitted on Monday 2 March 2026; the Qingming days are later, so only weekends are left out."""
    shown = house.applications.show(house.submit(body()).case_id)
    assert shown["clock"]["counted_days"] == [f"2026-03-{day:02}" for day in (3, 4, 5, 6, 9, 10, 11)]
    assert shown["clock"]["counted_days"][-1] == shown["due_on"]
    assert len(shown["clock"]["counted_days"]) == shown["clock"]["working_days"]


def test_of_a_high_voltage_case_the_segment_that_runs_is_counted(house: House) -> None:
    shown = house.applications.show(house.submit(body(voltage="HIGH_10KV", capacity_kw=2_000)).case_id)
    assert shown["clock"]["counted_days"][-1] == shown["segment_due_on"]
    assert len(shown["clock"]["counted_days"]) < shown["clock"]["working_days"]


def test_p2_the_same_application_again_is_the_same_answer(house: House) -> None:
    first = house.submit(body())
    again = house.submit(body())
    assert again == (first.case_id, False)
    assert len(house.rows(application)) == len(house.rows(outbox)) == 1


def test_another_content_under_the_same_number_is_refused(house: House) -> None:
    house.submit(body())
    with pytest.raises(RecordRejected) as caught:
        house.submit(body(capacity_kw=51))
    assert caught.value.code == "EXTERNAL_NO_TAKEN"
    assert house.submit(body(channel="other", capacity_kw=51)).created


def test_p6_a_refusal_of_the_procedure_is_told_and_opens_no_case(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Refusal("NOT_ASKED", "site", "§5")
    procedure = replace(PROCEDURE, decide=lambda *_: refusal)
    monkeypatch.setattr("hub.cases.connection.applications.PROCEDURE", procedure)
    with pytest.raises(RecordRejected, match="NOT_ASKED site §5"):
        house.submit(body())
    assert house.rows(case) == []


def test_an_unknown_calendar_does_not_hold_an_application_up(house: House) -> None:
    house.clock.pass_s(3600 * 24 * 300)
    submitted = house.submit(body())
    shown = house.applications.show(submitted.case_id)
    assert (shown["due_on"], shown["provisional"]) == ("2027-01-06", True)
    assert shown["deliveries"][0]["kind"] == "registration"


def test_p5_no_table_holds_what_the_applicant_wrote(house: House) -> None:
    house.submit(body())
    house.due()
    everything = repr([house.rows(table) for table in (case, application, need, piece, outbox)])
    for word in (samples.USCC, samples.UNIT_NO, "津门", "A-1"):
        assert word not in everything


def test_evidence_that_is_there_already_is_matched_without_asking(house: House) -> None:
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house) == {"licence.business": ("met", "MET"), "licence.property-title": ("met", "MET")}


def test_a_title_of_someone_else_is_shown_to_a_person_and_no_refusal(house: House) -> None:
    house.verified(samples.title())
    house.project()
    tenant = "91120116MA05J12345"
    from hub.records.identifiers import check_uscc

    tenant = next(tenant[:17] + end for end in "0123456789ABCDEFGHJKLMNPQRTUWXY" if not check_uscc(tenant[:17] + end))
    house.submit(body(applicant={"uscc": tenant}))
    house.due()
    assert evidence(house)["licence.property-title"] == ("met", "HELD_BY_OTHER")
    assert [row.holder_relation for row in house.rows(piece)] == ["NONE", "OTHER"]


@pytest.mark.parametrize("status", ["REVOKED", "CANCELLED", "SUPERSEDED", "SUSPENDED"])
def test_a_title_that_is_not_current_never_matches(house: House, status: str) -> None:
    title = samples.title()
    title["status"] = status
    house.verified(title)
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.property-title"] == ("open", "NOT_CURRENT")


def test_a_title_whose_land_use_term_is_over_matches(house: House) -> None:
    """The end of the term ends no title (民法典 §359)."""
    title = samples.title()
    title["unit"]["valid_until"] = date(2016, 6, 30)
    house.verified(title)
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.property-title"][0] == "met"


def test_a_row_that_the_source_took_back_never_matches(house: House) -> None:
    title = samples.title(version=2)
    title["source"]["operation"] = "DELETE"
    house.verified(samples.title(version=1), title)
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.property-title"] == ("open", "NOT_CURRENT")


def test_neighbours_never_match(house: House) -> None:
    house.verified(samples.title(unit_no="120101001001GB00001F00010002"))
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.property-title"] == ("open", "NO_LOOKUP")


def test_two_units_at_one_address_are_for_a_person(house: House) -> None:
    house.verified(at(samples.title("T1")), at(samples.title("T2", unit_no="120101001001GB00001F00010002")))
    house.project()
    house.submit(body(site={"address": ADDRESS}))
    house.due()
    assert evidence(house)["licence.property-title"] == ("open", "AMBIGUOUS")


def test_one_unit_at_the_full_address_matches_and_a_vague_address_is_for_a_person(house: House) -> None:
    house.verified(at(samples.title()))
    house.project()
    house.submit(body(site={"address": ADDRESS}))
    house.submit(body("A-2", site={"address": "天津市和平区"}))
    house.due()
    assert evidence(house)["licence.property-title"] == ("met", "MET")
    assert evidence(house, "A-2")["licence.property-title"] == ("open", "ADDRESS_UNCLEAR")


def test_p3_a_record_that_the_purpose_does_not_trust_is_for_a_person(house: House) -> None:
    licence = samples.business()
    licence["assurance"] = "CHANNEL_ONLY"
    house.verified(licence)
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.business"] == ("open", "ASSURANCE_LOW")


def test_an_expired_record_is_for_a_person(house: House) -> None:
    from datetime import date

    licence = samples.business()
    licence["enterprise"]["valid_until"] = date(2025, 1, 1)
    house.verified(licence)
    house.project()
    house.submit(body())
    house.due()
    assert evidence(house)["licence.business"] == ("open", "EXPIRED")


def test_hold_and_release_are_events_and_repeating_a_hold_is_none(house: House) -> None:
    application_id = house.submit(body()).case_id
    house.applications.hold(application_id, By("token:1"))
    house.applications.hold(application_id, By("token:1"))
    assert house.applications.show(application_id)["state"] == "held"
    house.applications.release(application_id, By("token:1"))
    assert house.applications.show(application_id)["state"] == "open"
    assert len(house.rows(outbox)) == 3


def test_an_unknown_application_is_said_to_be_unknown(house: House) -> None:
    with pytest.raises(RecordRejected) as caught:
        house.applications.show(bytes(16))
    assert caught.value.code == "NO_SUCH_APPLICATION"


def test_lists_are_newest_first_and_go_on_after_the_last(house: House) -> None:
    for number in ("1", "2", "3"):
        house.submit(body(number))
        house.clock.pass_s(1)
    first = house.applications.list(limit=2)
    assert [one["external_no"] for one in first] == ["3", "2"]
    rest = house.applications.list(after=bytes.fromhex(first[-1]["application_id"]))
    assert [one["external_no"] for one in rest] == ["1"]
    assert house.applications.list(channel="other") == []


def test_an_application_is_found_by_its_number_as_it_was_typed_and_a_number_that_is_no_text_belongs_to_none(
    house: House,
) -> None:
    typed = house.submit(body("\u3000A-1 "))
    assert house.applications.find("gov-platform", "\u3000A-1 ") == typed.case_id
    assert house.applications.find("gov-platform", "A-1") == typed.case_id
    assert house.applications.find("gov-platform", "A-\udcff") is None
