"""What stands between the hub and every connector."""

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from hub.connect.context import Context
from hub.connect.folder import of_package
from hub.connect.host.guard import SINK_HOLD_S, Gate, GuardedSink, GuardedSource
from hub.connect.spec import Limits
from hub.errors import Misconfigured, NotNow, NotSent, RecordRejected, Unavailable, Unconfirmed
from hub.grants.originals import UNREADABLE
from hub.ports import Address, DayCount, Fault, LookupQuery, Page, Refused, SourceRow
from hub.runtime.backoff import ASKED_MAX_S
from tests.clocks import HandClock
from tests.grants import granted

QUERY = LookupQuery("uscc", "91110000600037341L", "connection-application", "条例")
ADDRESS = Address("connection", "registration", "7K3M9QPDX2V4TW", "0" * 32)


class Away:
    """A source or sink that is away so many times."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.calls = 0
        self._times = times
        self._error = error or Unavailable("away")

    def _call(self) -> None:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error

    def fetch(self, cursor: Any) -> Page:
        self._call()
        return Page((), {}, False)

    look_up = fetch

    def day(self, day: date) -> DayCount:
        self._call()
        return DayCount(day, frozenset())

    def push(self, address: Address, body: Any) -> Any:
        self._call()

    def find(self, address: Address) -> Any:
        self._call()

    def close(self) -> None: ...


def guarded(context: Context, source: Away, **limits: Any) -> GuardedSource:
    context = replace(context, limits=Limits(**limits))
    return GuardedSource(source, context, Gate(context, wait=lambda _: None))


def test_a_feed_is_tried_once_a_look_up_twice_a_count_three_times(context: Context) -> None:
    for call, times in (("fetch", 1), ("look_up", 2), ("day", 3)):
        source = Away(times - 1)
        argument = {"fetch": None, "look_up": QUERY, "day": date(2024, 1, 2)}[call]
        getattr(guarded(context, source), call)(argument)
        assert source.calls == times
        with pytest.raises(Unavailable):
            getattr(guarded(context, Away(times)), call)(argument)


@pytest.mark.parametrize("change", [{"purpose": " "}, {"legal_basis": ""}, {"by": "name"}])
def test_a_question_without_purpose_never_leaves(context: Context, change: dict[str, str]) -> None:
    """P3."""
    source = Away(0)
    with pytest.raises(RecordRejected):
        guarded(context, source).look_up(replace(QUERY, **change))
    assert source.calls == 0


def test_a_push_is_never_repeated_by_itself(context: Context) -> None:
    """P2: its outcome is unknown until somebody asked."""
    sink = Away(1)
    with pytest.raises(Unavailable):
        GuardedSink(sink, context, Gate(context)).push(ADDRESS, {})
    assert sink.calls == 1


def test_a_final_no_is_an_answer_and_keeps_the_circuit_closed(context: Context) -> None:
    sink = GuardedSink(Away(20, Refused("X", "no")), context, Gate(context))
    for _ in range(20):
        with pytest.raises(Refused):
            sink.push(ADDRESS, {})
    assert sink.health().circuit == "CLOSED"


def test_failures_in_a_row_open_the_circuit_and_no_call_goes_out(context: Context) -> None:
    source = Away(99)
    guard = guarded(context, source)
    for _ in range(8):
        with pytest.raises(Unavailable):
            guard.fetch(None)
    assert source.calls == 5
    assert guard.health().circuit == "OPEN"


def test_a_wait_of_a_day_that_a_system_asks_for_is_obeyed_for_an_hour(context: Context, clock: HandClock) -> None:
    guard = guarded(context, Away(1, Unavailable("away", retry_after_s=86_400)))
    with pytest.raises(Unavailable) as told:
        guard.fetch(None)
    assert told.value.retry_after_s == ASKED_MAX_S
    clock.pass_s(ASKED_MAX_S - 1)
    assert guard.health().circuit == "OPEN"
    clock.pass_s(1)
    assert guard.fetch(None)


def test_a_sink_that_asks_for_an_hour_about_one_piece_gets_the_others_in_a_minute(
    context: Context, clock: HandClock
) -> None:
    away = Away(1, Unavailable("HTTP 503", retry_after_s=3_600))
    sink = GuardedSink(away, context, Gate(context, hold_max_s=SINK_HOLD_S))
    with pytest.raises(Unavailable) as told:
        sink.push(ADDRESS, {})
    assert told.value.retry_after_s == 3_600
    with pytest.raises(NotSent, match="the last one: HTTP 503"):
        sink.find(ADDRESS)
    clock.pass_s(SINK_HOLD_S)
    sink.find(ADDRESS)
    assert away.calls == 2


def test_an_answer_that_no_one_can_use_says_nothing_about_the_system(context: Context) -> None:
    sink = GuardedSink(Away(20, Unconfirmed("HTTP 400: neither yes nor no")), context, Gate(context))
    for _ in range(20):
        with pytest.raises(Unconfirmed):
            sink.push(ADDRESS, {})
    assert sink.health().circuit == "CLOSED"


def test_our_own_bounds_say_nothing_about_the_system(context: Context, clock: HandClock) -> None:
    guard = guarded(context, Away(0), calls_a_day=2)
    guard.fetch(None)
    guard.fetch(None)
    for _ in range(9):
        with pytest.raises(Unavailable, match="quota"):
            guard.fetch(None)
    assert guard.health() == ("CLOSED", 0) or (guard.health().circuit, guard.health().quota_left) == ("CLOSED", 0)


def test_outside_its_hours_a_feed_does_not_call_and_a_look_up_does(context: Context) -> None:
    source = Away(0)
    guard = guarded(context, source, feed_hours="01:00-02:00")  # it is 09:00
    with pytest.raises(NotNow, match="continues on 2026-03-03 at 01:00"):
        guard.fetch(None)
    assert source.calls == 0
    guard.look_up(QUERY)
    assert (source.calls, guard.health().circuit) == (1, "CLOSED")


def test_a_guard_that_becomes_another_one_closes_what_it_was_later(context: Context) -> None:
    """P1: a call that is running ends with the source that it began with."""
    closed: list[int] = []

    class Closing(Away):
        def close(self) -> None:
            closed.append(id(self))

    sources = [Closing(0) for _ in range(3)]
    guard, *others = (guarded(context, one) for one in sources)
    for other, expected in zip(others, ([], [id(sources[0])]), strict=True):
        guard.become(other)
        assert closed == expected
    guard.fetch(None)
    assert [one.calls for one in sources] == [0, 0, 1]
    guard.close()
    assert closed == [id(one) for one in (sources[0], sources[2], sources[1])]


# ---- the grant -----------------------------------------------------------------------------------------------------

BEYOND: list[tuple[str, dict[str, Any] | None, type[Exception]]] = [
    ("fetch", None, Misconfigured),
    ("look_up", None, Misconfigured),
    ("day", None, Misconfigured),
    ("fetch", {"ways": ["look-up"]}, Misconfigured),
    ("day", {"ways": ["look-up"]}, Misconfigured),
    ("look_up", {"ways": ["feed"]}, RecordRejected),
    ("look_up", {"purposes": ["capacity-increase"]}, RecordRejected),
    ("fetch", {"until": "2025-01-01"}, Misconfigured),
    ("look_up", {"until": "2025-01-01"}, Misconfigured),
    ("fetch", {"since": "2027-01-01"}, Misconfigured),
]


@pytest.mark.parametrize(("call", "changes", "error"), BEYOND)
def test_p3_a_call_beyond_the_grant_is_not_made(
    context: Context, call: str, changes: dict[str, Any] | None, error: type[Exception]
) -> None:
    source = Away(0)
    grant = None if changes is None else granted("sample", **changes)
    argument = {"fetch": None, "look_up": QUERY, "day": date(2024, 1, 2)}[call]
    with pytest.raises(error):
        getattr(guarded(replace(context, grant=grant), source), call)(argument)
    assert source.calls == 0


class Gives(Away):
    """A source that gives one row with this original; without a record it could not be read."""

    def __init__(self, raw: bytes, record: dict[str, Any] | None = None) -> None:
        super().__init__(0)
        self._row = SourceRow("k", 1, raw, record, () if record else (Fault("UNREADABLE"),), b"proof")

    def fetch(self, cursor: Any) -> Page:
        return Page((self._row,), {}, False)

    look_up = fetch


BEYOND_RAW = b'{"row": {"name": "n"}, "holders": [{"phone": "13800000000"}]}'


@pytest.fixture
def narrow(context: Context) -> Context:
    """The connector is written in Python, and has a column that its grant does not have."""
    info = context.info.model_copy(update={"columns": ("name", "holders.phone")})
    return replace(context, info=info, folder=of_package("connectors.utility_crm"))


@pytest.mark.parametrize("call", ["fetch", "look_up"])
def test_p3_a_row_that_was_read_with_a_column_outside_the_grant_is_not_taken(narrow: Context, call: str) -> None:
    argument = {"fetch": None, "look_up": QUERY}[call]
    inside = b'{"row": {"name": "n"}}'
    assert getattr(guarded(narrow, Gives(inside, {"a": 1})), call)(argument).rows[0].raw == inside
    with pytest.raises(Misconfigured, match="the connector gives phone"):
        getattr(guarded(narrow, Gives(BEYOND_RAW, {"a": 1})), call)(argument)


@pytest.mark.parametrize("raw", [BEYOND_RAW, BEYOND_RAW[:-2], b"name;13800000000", b"\xff"])
def test_p3_of_a_row_that_cannot_be_read_only_digest_and_size_stay(narrow: Context, raw: bytes) -> None:
    """Its columns cannot be told apart, and it does not stop the feed."""
    (row,) = guarded(narrow, Gives(raw)).fetch(None).rows
    assert json.loads(row.raw) == {"withheld": sha256(raw).hexdigest(), "bytes": len(raw)}
    assert (row.key, row.proof, row.faults) == ("k", b"", (Fault("UNREADABLE"),))
    assert narrow.dropped.take() == {UNREADABLE: 1}


def test_p3_a_row_that_cannot_be_read_is_whole_only_where_its_columns_can_be_told(context: Context) -> None:
    """The source may send more than the connector reads and the grant has."""
    (row,) = guarded(context, Gives(b'{"name": "n"}')).fetch(None).rows
    assert (row.raw, row.proof) == (b'{"name": "n"}', b"proof")
    (row,) = guarded(context, Gives(b'{"name": "n", "phone": "13800000000"')).fetch(None).rows
    assert (b"138" in row.raw, row.proof) == (False, b"")


def test_p3_what_is_dropped_is_counted_once_a_row(context: Context) -> None:
    for _ in range(2):
        assert context.granted({"name": "n", "phone": "1"}) == ({"name": "n"}, True)
    assert context.granted({"name": "n"}) == ({"name": "n"}, False)
    assert context.dropped.take() == {"phone": 2}
    assert not context.dropped.take()
