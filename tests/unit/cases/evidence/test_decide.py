"""What follows for a need. Pure, so that every case is a line: no answer is ever a refusal."""

from typing import Any

import pytest

from hub.cases import reasons
from hub.cases.events import Relation
from hub.cases.evidence.decide import (
    ASK_PAUSES_S,
    Ask,
    Asker,
    Met,
    Wait,
    ask_again,
    ask_again_s,
    look,
    put_off,
    request_id,
    settle,
)
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import NEVER_MS, Need
from hub.cases.procedure import Answered, Moment, Question
from tests.clocks import HandClock

CLOCK = HandClock()
NOW = Moment(CLOCK.now(), 1_000_000)
KIND = "licence.property-title"
CASE = b"c" * 16
MATCH = Match(b"r" * 16, 0, "t", 0, 1, Relation.SELF)
ASKER = Asker(CASE, "A-1", "item", "connection-application", "basis")
ASK = Ask("property_title", "unit-no", "U")


def need(**changes: Any) -> Need:
    fields: dict[str, Any] = {"kind": KIND, "wanted_by": "unit-no", "wanted_id": b"w" * 16, "record_id": None}
    fields |= {"reading": None, "reason": reasons.NEW, "attempt": 0, "next_ask_ms": 0}
    return Need(**fields | changes)


def answered(outcome: str, retry_after_s: float | None = None) -> Answered:
    return Answered(CASE, b"q" * 16, outcome, retry_after_s)


def test_a_record_that_answers_meets_the_need_whatever_else_was_heard() -> None:
    for answer in (None, answered("NOT_FOUND")):
        assert settle([(need(), answer)], {KIND: MATCH}, NOW) == [Met(need(), MATCH)]
    assert look([need()], {KIND: MATCH}, {KIND: ASK}, ASKER, NOW) == [Met(need(), MATCH)]


def test_nothing_new_is_no_event() -> None:
    assert settle([(need(reason=reasons.EXPIRED), None)], {KIND: reasons.EXPIRED}, NOW) == []


def test_a_new_reason_is_an_event_and_moves_no_time() -> None:
    waiting = need(next_ask_ms=77)
    assert settle([(waiting, None)], {KIND: reasons.EXPIRED}, NOW) == [Wait(KIND, reasons.EXPIRED, 0, 77)]


@pytest.mark.parametrize(
    ("outcome", "reason", "wait_s"),
    [
        ("FOUND", reasons.FOUND_CHECKING, 30),
        ("NOT_FOUND", reasons.NOT_FOUND, 60),
        ("UNAVAILABLE", reasons.UNAVAILABLE, 5),
        ("REFUSED", reasons.REFUSED_BY_SOURCE, 60),
    ],
)
def test_every_answer_is_a_reason_to_look_again(outcome: str, reason: str, wait_s: int) -> None:
    asked = need(reason=reasons.ASKED, attempt=1)
    (waits,) = settle([(asked, answered(outcome))], {KIND: None}, NOW)
    assert waits == Wait(KIND, reason, 1, NOW.process_ms + wait_s * 1000, int(outcome != "UNAVAILABLE"))


def test_what_a_person_should_look_at_stays_in_view() -> None:
    (waits,) = settle([(need(attempt=1), answered("NOT_FOUND"))], {KIND: reasons.AMBIGUOUS}, NOW)
    assert isinstance(waits, Wait) and waits.reason == reasons.AMBIGUOUS


def test_a_question_says_what_a_source_may_bind_its_answer_to() -> None:
    question, waits = look([need()], {KIND: None}, {KIND: ASK}, ASKER, NOW)
    assert isinstance(question, Question) and isinstance(waits, Wait)
    assert question.request_id == request_id(CASE, KIND, 1)
    assert (question.business_number, question.service_item, question.legal_basis) == ("A-1", "item", "basis")
    assert (waits.reason, waits.attempt) == (reasons.ASKED, 1)


def test_without_a_way_to_ask_the_feed_is_awaited() -> None:
    (waits,) = look([need()], {KIND: None}, {}, ASKER, NOW)
    assert waits == Wait(KIND, reasons.NO_LOOKUP, 0, NOW.process_ms + 6 * 3600 * 1000)


def test_a_reason_in_place_of_a_way_to_ask_is_shown() -> None:
    (waits,) = look([need()], {KIND: None}, {KIND: "SEAL_BROKEN"}, None, NOW)
    assert isinstance(waits, Wait) and waits.reason == "SEAL_BROKEN"


def test_a_verdict_that_does_not_come_is_for_a_person() -> None:
    checking = need(attempt=2, answers=2, reason=reasons.FOUND_CHECKING)
    (waits,) = look([checking], {KIND: None}, {KIND: ASK}, ASKER, NOW)
    assert waits == Wait(KIND, reasons.NOT_VERIFIED, 2, NOW.process_ms + 600_000, 2)
    (waits,) = look([checking], {KIND: reasons.OTHER_SITE}, {KIND: ASK}, ASKER, NOW)
    assert isinstance(waits, Wait) and waits.reason == reasons.OTHER_SITE


@pytest.mark.parametrize("outcome", ["FOUND", "NOT_FOUND", "REFUSED"])
def test_a_source_that_answers_is_asked_a_few_times_and_then_no_more(outcome: str) -> None:
    pauses = []
    for answers in range(len(ASK_PAUSES_S) + 2):
        found = reasons.AMBIGUOUS if outcome == "FOUND" else None
        (waits,) = settle([(need(attempt=9, answers=answers), answered(outcome))], {KIND: found}, NOW)
        assert isinstance(waits, Wait) and waits.answers == answers + 1
        pauses.append(waits.next_ask_ms)
    assert pauses == [*(NOW.process_ms + pause * 1000 for pause in ASK_PAUSES_S), NEVER_MS, NEVER_MS]


def test_only_a_new_record_or_an_operator_has_it_asked_again() -> None:
    over = need(attempt=9, answers=9, next_ask_ms=NEVER_MS, reason=reasons.OTHER_SITE)
    assert settle([(over, None)], {KIND: None}, NOW) == []
    assert settle([(over, None)], {KIND: None}, NOW, [KIND]) == [Wait(KIND, reasons.OTHER_SITE, 9, NOW.process_ms, 9)]
    assert ask_again([over, need()], NOW) == [Wait(KIND, reasons.OTHER_SITE, 9, NOW.process_ms, 0)]


def test_what_is_put_off_keeps_its_reason() -> None:
    assert put_off([need(reason=reasons.ASKED, attempt=3)], 300, NOW) == [
        Wait(KIND, reasons.ASKED, 3, NOW.process_ms + 300_000)
    ]


def test_back_off_is_capped() -> None:
    assert [ask_again_s(n) for n in (0, 1, 2, 99)] == [60, 60, 120, 21_600]


def test_p2_the_same_question_has_the_same_id() -> None:
    assert request_id(CASE, KIND, 1) == request_id(CASE, KIND, 1)
    assert len({request_id(CASE, KIND, 1), request_id(CASE, KIND, 2), request_id(CASE, "other", 1)}) == 3


@pytest.mark.parametrize(
    ("asked_s", "wait_s"), [(3_600.0, 3_600), (1e9, 6 * 3_600), (float("inf"), 6 * 3_600), (float("nan"), 5), (-9.0, 5)]
)
def test_p1_what_an_answer_asks_is_bounded_and_no_number_stops_the_stage(asked_s: float, wait_s: int) -> None:
    asked = need(reason=reasons.ASKED, attempt=1)
    (waits,) = settle([(asked, answered("UNAVAILABLE", asked_s))], {KIND: None}, NOW)
    assert waits == Wait(KIND, reasons.UNAVAILABLE, 1, NOW.process_ms + wait_s * 1000)
