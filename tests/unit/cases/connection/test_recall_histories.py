"""P2: longer histories of one delivered record: in force again, in and after the end that was not electricity, beside a
new application, and where an answer was lost. What a sink has at the end is what the source says."""

from typing import Any

import pytest

from hub.cases.tables import case
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

LICENCE = "licence.business"
HOUR_S = 3_600


def submitted(house: House, number: str = "A-1") -> bytes:
    house.live(samples.business(version=house.clock.now_ms()), samples.title())
    case_id = house.submit(body(number)).case_id
    house.due()
    return case_id


def becomes(house: House, sink: ConnectionSystem, *statuses: str) -> None:
    """The licence, hour by hour; each is delivered."""
    for status in statuses:
        house.clock.pass_s(HOUR_S)
        house.live(samples.business(version=house.clock.now_ms()) | {"status": status})
        house.deliver(sink)


def reported(house: House, case_id: bytes, action: str) -> None:
    number = References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)
    house.due()
    house.clock.pass_s(60)
    house.verified(
        samples.step(f"E-{number}", action, "acceptance", house.clock.now_ms(), application_no=number, reason="x")
    )
    house.project()


def of_licence(sink: ConnectionSystem) -> list[dict[str, Any]]:
    assert {len(one) for one in sink.effects.values()} == {1}, "each piece once"
    return [one for (one,) in sink.effects.values() if one["kind"] == LICENCE]


def counting(sink: ConnectionSystem) -> list[str]:
    """The evidence that the sink has and that was not taken back."""
    said = of_licence(sink)
    gone = {one["recordId"] for one in said if "withdrawnAt" in one}
    return [one["recordId"] for one in said if "fields" in one and one["recordId"] not in gone]


def reasons(sink: ConnectionSystem) -> list[str]:
    return [one["reason"] for one in sorted(of_licence(sink), key=lambda one: one.get("noticeNo", 0)) if "ended" in one]


def rebuilt(house: House) -> bool:
    house.relay()
    return all(one.equal for one in house.remade().values())


def test_in_force_again_before_the_end_is_evidence_of_its_own(house: House, sink: ConnectionSystem) -> None:
    submitted(house)
    house.deliver(sink)
    becomes(house, sink, "SUSPENDED", "CURRENT", "REVOKED", "CURRENT")
    assert len(counting(sink)) == 1 and len([one for one in of_licence(sink) if "withdrawnAt" in one]) == 2
    assert rebuilt(house)


@pytest.mark.parametrize(("action", "over"), [("RETURN", False), ("NOT_ACCEPTED", True), ("TERMINATE", True)])
def test_only_what_ends_the_case_makes_a_notice_of_it(
    house: House, sink: ConnectionSystem, action: str, over: bool
) -> None:
    case_id = submitted(house)
    house.deliver(sink)
    reported(house, case_id, action)
    becomes(house, sink, "REVOKED", "CURRENT")
    assert reasons(sink) == (["NOT_CURRENT", "SUPERSEDED"] if over else [])
    assert len([one for one in of_licence(sink) if "withdrawnAt" in one]) == (0 if over else 1)
    assert rebuilt(house)


def test_the_former_application_is_told_and_the_new_one_gets_a_withdrawal(house: House, sink: ConnectionSystem) -> None:
    first = submitted(house)
    house.deliver(sink)
    reported(house, first, "TERMINATE")
    house.submit(body("A-2"))
    house.due()
    house.deliver(sink)
    becomes(house, sink, "REVOKED")
    assert reasons(sink) == ["NOT_CURRENT"]
    assert len([one for one in of_licence(sink) if "withdrawnAt" in one]) == 1
    assert len(house.rows(case)) == 2 and rebuilt(house)


@pytest.mark.parametrize("statuses", [("REVOKED",), ("REVOKED", "CURRENT"), ("SUSPENDED", "REVOKED")])
def test_evidence_that_took_effect_and_whose_answer_was_lost_is_taken_back(
    house: House, sink: ConnectionSystem, statuses: tuple[str, ...]
) -> None:
    """The change is heard while its piece is pending."""
    house.live(samples.title())
    house.submit(body())
    house.due()
    house.deliver(sink)
    sink.failures = ["dropped"]
    house.live(samples.business(version=house.clock.now_ms()))
    house.deliver(sink)
    becomes(house, sink, *statuses)
    house.clock.pass_s(2 * HOUR_S)
    for _ in range(2):
        house.deliver(sink)
        house.due()
    assert len([one for one in of_licence(sink) if "withdrawnAt" in one]) == 1
    assert len(counting(sink)) == (1 if statuses[-1] == "CURRENT" else 0)
    assert rebuilt(house)


def test_after_the_end_and_after_erasure_the_last_word_is_what_the_source_says(
    house: House, sink: ConnectionSystem
) -> None:
    """A notice has no personal value, so it is told also when the applicant's data is gone."""
    case_id = submitted(house)
    house.connected(case_id, sink)
    becomes(house, sink, "SUSPENDED")
    house.vault.erase_all([bytes(row.subject_id) for row in house.rows(case)])
    becomes(house, sink, "REVOKED", "CURRENT", "CANCELLED")
    assert reasons(sink) == ["NOT_CURRENT", "SUPERSEDED", "NOT_CURRENT"]
    assert rebuilt(house)
