"""A record that changes at its source after its delivery: taken back before electricity is on, told of after it, once
in either order of time, also where the system drops its answers."""

from itertools import product
from typing import Any

import pytest

from hub.cases import reasons
from hub.cases.connection.recall.tables import recall
from hub.cases.evidence.tables import need
from hub.cases.tables import piece
from tests import samples
from tests.casework import ConnectionSystem, House, body

KINDS = ("licence.business", "licence.property-title")
HOUR_S = 3_600


def submitted(house: House) -> bytes:
    house.live(samples.business(version=house.clock.now_ms() - HOUR_S * 1000), samples.title())
    case_id = house.submit(body()).case_id
    house.due()
    return case_id


def revoked(house: House) -> dict[str, Any]:
    """The licence, revoked an hour before the hub hears of it."""
    version = house.clock.now_ms()
    house.clock.pass_s(HOUR_S)
    return samples.business(version=version) | {"status": "REVOKED"}


def sent(sink: ConnectionSystem, field: str) -> list[dict[str, Any]]:
    return [one for (one,) in sink.effects.values() if field in one]


def test_before_electricity_is_on_it_is_taken_back_with_both_times(house: House, sink: ConnectionSystem) -> None:
    case_id = submitted(house)
    house.deliver(sink)
    house.live(revoked(house))
    house.deliver(sink)
    assert sent(sink, "learnedAt") == []
    (taken,) = sent(sink, "withdrawnAt")
    assert (taken["changedAt"], taken["withdrawnAt"]) == ("2026-03-02T09:00+08:00", "2026-03-02T10:00+08:00")
    (shown,) = house.applications.show(case_id)["recalls"]
    assert (shown["reason"], shown["after_the_end"]) == ("NOT_CURRENT", False)
    assert (shown["changed_at"], shown["learned_at"]) == ("2026-03-02T01:00:00.000Z", "2026-03-02T02:00:00.000Z")


def test_after_electricity_is_on_the_sinks_are_told_and_nothing_is_looked_for(
    house: House, sink: ConnectionSystem
) -> None:
    case_id = submitted(house)
    house.connected(case_id, sink)
    house.live(revoked(house))
    house.deliver(sink)
    assert sent(sink, "withdrawnAt") == []
    (told,) = sent(sink, "learnedAt")
    (evidence,) = [one for (one,) in sink.effects.values() if one["kind"] == KINDS[0] and "fields" in one]
    assert told == {
        "kind": "licence.business", "number": told["number"], "noticeNo": 1, "recordId": evidence["recordId"],
        "reading": 0, "reason": "NOT_CURRENT", "changedAt": "2026-03-02T09:03+08:00",
        "learnedAt": "2026-03-02T10:03+08:00", "ended": "END", "endedAt": "2026-03-02T09:02+08:00",
    }  # fmt: skip
    assert {(row.kind, row.state, row.reason) for row in house.rows(need)} == {
        (KINDS[0], "met", reasons.MET), (KINDS[1], "met", reasons.MET),
    }  # fmt: skip
    (shown,) = house.applications.show(case_id)["recalls"]
    assert shown["after_the_end"]


def test_what_changed_before_electricity_and_is_heard_of_after_it_is_told_with_both_times(
    house: House, sink: ConnectionSystem
) -> None:
    """The source is late: no withdrawal comes after the end, and the notice says that it happened before."""
    case_id = submitted(house)
    house.deliver(sink)
    late = revoked(house)
    house.connected(case_id, sink)
    house.live(late)
    house.deliver(sink)
    (told,) = sent(sink, "learnedAt")
    assert told["changedAt"] < told["endedAt"] < told["learnedAt"]
    assert sent(sink, "withdrawnAt") == []


def test_a_step_that_is_heard_together_with_the_change_comes_first(house: House, sink: ConnectionSystem) -> None:
    case_id = submitted(house)
    house.deliver(sink)
    house.verified(revoked(house))
    house.connected(case_id, sink)
    house.deliver(sink)
    assert len(sent(sink, "learnedAt")) + len(sent(sink, "withdrawnAt")) == 1


def test_each_change_after_the_end_is_told_once(house: House, sink: ConnectionSystem) -> None:
    """A mortgage is a later version that is in force; then the title is gone. What is heard again says nothing new."""
    case_id = submitted(house)
    house.connected(case_id, sink)
    mortgaged = samples.title(version=2)
    mortgaged["unit"]["mortgaged"] = True
    gone = samples.title(version=3) | {"status": "CANCELLED"}
    for record in (mortgaged, gone):
        for _ in range(2):
            house.live(record)
            house.deliver(sink)
    told = sent(sink, "learnedAt")
    assert [(one["noticeNo"], one["reason"]) for one in told] == [(1, "SUPERSEDED"), (2, "NOT_CURRENT")]
    assert {one["changedAt"] for one in told} == {None}, "this source counts its rows and gives no time"
    assert house.deliver(sink) == 0


@pytest.mark.parametrize(("on_first", "delivered_first"), [*product((True, False), repeat=2)])
def test_p2_in_either_order_of_time_it_is_delivered_once_where_every_answer_is_lost(
    house: House, sink: ConnectionSystem, on_first: bool, delivered_first: bool
) -> None:
    case_id = submitted(house)
    sink.failures = ["dropped"] * 100
    if delivered_first:
        settled(house, sink)
    if on_first:
        house.connected(case_id, sink)
        settled(house, sink)
    house.live(revoked(house))
    settled(house, sink)
    if not on_first:
        house.connected(case_id, sink)
        settled(house, sink)
    assert {len(one) for one in sink.effects.values()} == {1}
    withdrawn, told = len(sent(sink, "withdrawnAt")), len(sent(sink, "learnedAt"))
    assert (withdrawn, told) == ((0, 1) if on_first else (1, 0) if delivered_first else (0, 0))
    assert len(house.rows(recall)) == 1
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("status", ["REVOKED", "CANCELLED", "SUPERSEDED"])
@pytest.mark.parametrize("years", [-1, 0, 1])
def test_a_row_under_another_key_that_is_over_takes_back_no_evidence_of_the_same_number(
    house: House, sink: ConnectionSystem, status: str, years: int
) -> None:
    """An old licence that is closed after it was issued again, a change that is revoked, a co-owner's row: the licence
    that was delivered is in force."""
    case_id = submitted(house)
    house.deliver(sink)
    licence = samples.business("B2", house.clock.now_ms()) | {"status": status}
    issued = licence["enterprise"]["issued_on"]
    licence["enterprise"]["issued_on"] = issued.replace(year=issued.year + years)
    house.live(licence, samples.title("T2", house.clock.now_ms()) | {"status": status})
    house.deliver(sink)
    shown = house.applications.show(case_id)["evidence"]
    assert {one["kind"]: one["state"] for one in shown if one["kind"] in KINDS} == dict.fromkeys(KINDS, "met")
    assert sent(sink, "withdrawnAt") == []


def settled(house: House, sink: ConnectionSystem) -> None:
    """Deliver until no piece is pending, however often the answer is lost."""
    for _ in range(20):
        house.deliver(sink)
        house.due()
        if all(row.state != "pending" for row in house.rows(piece)):
            return
        house.clock.pass_s(HOUR_S / 6)
    raise AssertionError("a piece never ended")
