"""One attempt: an unknown outcome is asked for until it has settled, and only then pushed again (P2); an answer that no
one can use stops its own piece only."""

from typing import Any

import pytest

from hub.cases.tables import piece
from hub.delivery import deliver as stage
from hub.delivery import endings
from hub.delivery.attempts import UNCONFIRMED_MAX
from hub.delivery.claims import LEASE_S, SETTLE_MAX_S, SETTLE_S, let_go
from hub.delivery.tables import attempt
from hub.errors import Misconfigured, NotSent, TamperDetected, Unavailable, Unconfirmed
from hub.ports import Address, Receipt, Refused
from tests.casework import BY, ConnectionSystem, House, body

TIME = "2026-03-02T09:00:00+08:00"


def states(house: House) -> list[str]:
    return [row.state for row in house.rows(piece)]


def later(house: House, sink: Any, seconds: float) -> None:
    """So much time passes, and the stage works every ten seconds."""
    for _ in range(round(seconds / 10)):
        house.clock.pass_s(10)
        house.deliver(sink)


UNKNOWN = (
    Unavailable("no complete answer in time"),
    Unconfirmed("HTTP 202"),
    ValueError("a defect"),
    TamperDetected("x"),
)


@pytest.mark.parametrize("trouble", UNKNOWN, ids=lambda trouble: type(trouble).__name__)
def test_p2_a_push_that_takes_effect_late_is_not_made_twice(house: House, sink: ConnectionSystem, trouble: Any) -> None:
    """The system commits 110 s after the hub gave up. Until then it says that it does not have the piece."""
    house.submit(body())
    sink.failures = [trouble]
    house.deliver(sink)
    later(house, sink, 110)
    assert (states(house), sink.pushed) == (["pending"], 1)
    assert sink.asked >= 4, "it is asked again and again"
    (row,) = house.rows(piece)
    number = house.parts(sink).references.piece_key(bytes(row.case_id), "registration")
    sink.effects[number] = [{}]
    later(house, sink, 60)
    assert (states(house), sink.pushed) == (["acknowledged"], 1)


def test_p1_what_is_not_there_when_it_has_settled_is_pushed_again(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    sink.failures = [Unavailable("no complete answer in time")]
    house.deliver(sink)
    house.clock.pass_s(SETTLE_S - 1)
    house.deliver(sink)
    assert sink.pushed == 1
    house.clock.pass_s(1)
    house.deliver(sink)
    assert (states(house), sink.pushed) == (["acknowledged"], 2)


def test_p2_each_sink_has_its_own_time_to_settle(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    sink.failures = [Unavailable("no complete answer in time")]
    house.deliver(sink, settle_s=300)
    house.clock.pass_s(299)
    house.deliver(sink, settle_s=300)
    assert sink.pushed == 1
    house.clock.pass_s(1)
    house.deliver(sink, settle_s=300)
    assert sink.pushed == 2


@pytest.mark.parametrize("trouble", [NotSent("the connection is refused"), Misconfigured("HTTP 404", "see the url")])
def test_nothing_has_to_settle_where_nothing_was_sent(house: House, sink: ConnectionSystem, trouble: Any) -> None:
    house.submit(body())
    sink.failures = [trouble]
    house.deliver(sink)
    later(house, sink, 10)
    assert (states(house), sink.pushed, sink.asked) == (["acknowledged"], 2, 1)


def test_p2_a_process_that_was_stopped_does_not_push_when_its_claim_is_old(
    house: House, sink: ConnectionSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up when another instance has the piece: it sends nothing, and leaves the other's claim."""
    house.submit(body())
    (asleep,) = house.parts(sink, "hub-1").claims.claim(8, house.clock.process_ms())
    house.clock.pass_s(LEASE_S + 1)
    (other,) = house.parts(sink, "hub-2").claims.claim(8, house.clock.process_ms())
    stage.deliver(house.parts(sink, "hub-1"), asleep)
    assert sink.pushed == 0
    assert [row.claimed_by for row in house.rows(attempt)] == ["hub-2"]
    let_go([asleep.key, other.key])


class NotToBeAsked(ConnectionSystem):
    """Loses the answer to its first push, and does not answer questions at first."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__()
        self.failures = ["dropped"]
        self.troubles: list[Exception] = [trouble] * 3

    def find(self, address: Address) -> Receipt | None:
        if self.troubles:
            raise self.troubles.pop()
        return super().find(address)


@pytest.mark.parametrize("trouble", [Unavailable("503"), Unconfirmed("an error with HTTP 200"), ValueError("a defect")])
def test_p2_a_question_without_an_answer_does_not_say_not_there(house: House, trouble: Exception) -> None:
    house.submit(body())
    sink = NotToBeAsked(trouble)
    house.deliver(sink)
    house.clock.pass_s(2 * SETTLE_S)
    house.deliver(sink)
    later(house, sink, 120)
    assert (states(house), sink.pushed) == (["acknowledged"], 1)


class Hostile(ConnectionSystem):
    """Answers every push with the same, and never has anything."""

    def __init__(self, answer: Receipt | Exception) -> None:
        super().__init__()
        self.answer = answer

    def push(self, address: Address, body: Any) -> Receipt:
        self.pushed += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        Receipt("\ud800", TIME), Receipt("9" * 100_000, TIME), Receipt("  ", TIME), Receipt("A\x001", TIME),
        Unconfirmed("HTTP 200: it is no acknowledgement"),
    ],
    ids=["surrogate", "giant", "blank", "NUL", "no number"],
)  # fmt: skip
def test_p2_a_system_that_never_says_yes_or_no_is_not_pushed_for_ever(house: House, answer: Any) -> None:
    case_id = house.submit(body()).case_id
    sink = Hostile(answer)
    for pushes in range(1, UNCONFIRMED_MAX + 1):
        house.deliver(sink)
        assert (sink.pushed, states(house)) == (pushes, ["pending"])
        house.clock.pass_s(SETTLE_S * 2 ** (pushes - 1) - 1)
        house.deliver(sink)
        assert sink.pushed == pushes, "each time it waits twice as long"
        house.clock.pass_s(1)
    house.deliver(sink)
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert (shown["state"], shown["reason"], sink.pushed) == ("stopped", "UNCONFIRMED", UNCONFIRMED_MAX)
    house.applications.release(case_id, BY)
    house.deliver(good := ConnectionSystem())
    assert (states(house), good.asked, good.pushed) == (["acknowledged"], 1, 1)


def test_an_outage_stops_no_piece_however_long_it_is(house: House) -> None:
    """P1: without an answer there is nothing for a person to look at."""
    house.submit(body())
    sink = Hostile(Unavailable("HTTP 503"))
    for _ in range(3 * UNCONFIRMED_MAX):
        house.deliver(sink)
        house.clock.pass_s(SETTLE_MAX_S)
    assert states(house) == ["pending"]


@pytest.mark.parametrize(
    ("code", "message"),
    [("NO", "\ud800 bad"), ("NO", "x" * 100_000), ("9" * 100_000, "no"), ("\ud800", "\x00"), (7, None)],
    ids=["surrogate", "giant words", "giant code", "both strange", "no texts"],
)
def test_a_no_in_strange_words_is_a_no(house: House, sink: ConnectionSystem, code: Any, message: Any) -> None:
    case_id = house.submit(body()).case_id
    sink.failures = [Refused(code, message)]
    house.deliver(sink)
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert shown["state"] == "refused"
    assert shown["said"].isprintable() and len(shown["said"]) <= 2_000


def test_a_receipts_time_in_any_form_is_no_trouble(house: House) -> None:
    """P04: Java's ZonedDateTime has 44 characters."""
    case_id = house.submit(body()).case_id
    house.deliver(Hostile(Receipt("A1", "2026-11-26T12:00:00.000000+08:00[Asia/Shanghai]")))
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert (shown["receipt"], shown["receipt_at"]) == ("A1", "2026-11-26T12:00:00.000000+08:00")


@pytest.mark.parametrize("said", ["yesterday", "", "9" * 100_000, "\ud800", "2026-13-45T99:00:00+08:00"])
def test_a_receipts_number_counts_without_a_time(house: House, said: str) -> None:
    case_id = house.submit(body()).case_id
    house.deliver(Hostile(Receipt("A1", said)))
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert (shown["state"], shown["receipt"], shown["receipt_at"]) == ("acknowledged", "A1", None)


def test_p2_an_outcome_that_cannot_be_written_down_is_its_own_pieces_trouble(
    house: House, sink: ConnectionSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in writing stops neither the stage nor another piece, and the push is not repeated."""
    bad = house.submit(body()).case_id
    house.submit(body("A-2"))
    with monkeypatch.context() as patched:
        write = endings.end

        def end(parts: Any, claimed: Any, event: Any) -> None:
            if claimed.case.case_id == bad:
                raise ValueError("too long for its column")
            write(parts, claimed, event)

        patched.setattr(endings, "end", end)
        house.deliver(sink)
        assert sorted(states(house)) == ["acknowledged", "pending"]
        (shown,) = house.applications.show(bad)["deliveries"]
        assert "cannot be written down (ValueError)" in shown["trouble"]
    later(house, sink, 10)
    assert (states(house), sink.pushed) == (["acknowledged"] * 2, 2)


def test_a_log_line_names_the_application_once_for_each_new_trouble(
    house: House, sink: ConnectionSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = house.submit(body()).case_id
    sink.failures = [NotSent("no connection"), NotSent("no connection"), Misconfigured("HTTP 404", "see the url")]
    for _ in range(3):
        house.deliver(sink)
        later(house, sink, 40)
    said = "".join(capsys.readouterr())
    assert said.count("put off") == 2
    assert said.count(case_id.hex()) == 2
    assert "see the url" in said
