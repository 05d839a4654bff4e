"""REST feeds as gateways serve them: cursors that do not move, become empty or go back, pages of a cache, answers that
are too large or cut, and systems that ask for no wait."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.bootstrap import Hub
from hub.clock import SystemClock
from hub.connect.host.guard import GuardedSource
from hub.connect.host.probe import probe
from hub.connect.host.registry import open_sink, open_source
from hub.errors import HubError, Misconfigured, Unavailable
from hub.ingest.control import Report, Reports
from hub.ports import Address, LookupQuery
from hub.records.tables import current
from tests.clocks import HandClock
from tests.feeding import feeding, received, until
from tests.field.gateway import NAME, Answer, Handler, licence, page, says, serving, settings
from tests.grants import granted

KIND = "licence.business"
ROWS = [licence(number) for number in range(3)]


def polled(source: GuardedSource, times: int, clock: HandClock) -> tuple[int, list[HubError]]:
    """(Rows taken, errors) of so many polls as a feed makes them, a minute apart."""
    cursor, taken, errors = None, 0, []
    for _ in range(times):
        clock.pass_s(60)
        try:
            found = source.fetch(cursor)
        except HubError as error:
            errors.append(error)
            continue
        taken, cursor = taken + len(found.rows), json.loads(json.dumps(found.cursor))
    return taken, errors


class Now(HandClock):
    """Moved by hand for waits; its time of day is the machine's, as the gateway signs with that."""

    def process_ms(self) -> int:
        return SystemClock().process_ms()


@pytest.fixture
def clock() -> HandClock:
    return Now()


def opened(url: str, clock: HandClock, **more: Any) -> GuardedSource:
    return open_source(NAME, settings(url, **more), clock, grant=granted(NAME))


def by_cursor(pages: Mapping[str, tuple[list[dict[str, Any]], str, bool]]) -> Handler:
    return lambda path, query: says(page(*pages[query["after"]]))


FEEDS: dict[str, tuple[Mapping[str, tuple[list[dict[str, Any]], str, bool]], int, str]] = {
    "empty on the last page": ({"": (ROWS, "", False)}, 0, "empty cursor"),
    "empty after some pages": (
        {"": (ROWS[:1], "C1", True), "C1": (ROWS[1:2], "C2", True), "C2": (ROWS[2:], "", False)}, 2, "empty cursor",
    ),
    "the same, with more": ({"": ([], "C1", True), "C1": ([], "C1", True)}, 0, "stuck"),
    "the same, with rows": ({"": (ROWS, "C1", True), "C1": (ROWS, "C1", False)}, 3, "stuck"),
    "two in turns": (
        {"": (ROWS[:1], "A", True), "A": (ROWS[1:2], "B", True), "B": (ROWS[2:], "A", True)}, 2, "earlier cursor",
    ),
    "back to a place before": (
        {"": (ROWS[:1], "1", True), "1": (ROWS[1:2], "2", True), "2": (ROWS[2:], "3", True), "3": ([], "1", False)},
        3, "earlier cursor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_p2_a_cursor_that_does_not_move_on_is_told_and_no_row_comes_twice(name: str, clock: HandClock) -> None:
    pages, rows, words = FEEDS[name]
    with serving(by_cursor(pages)) as server:
        taken, errors = polled(opened(server.url, clock), 20, clock)
    assert taken == rows
    assert len(errors) >= 15
    assert all(words in str(error) for error in errors)


def test_p1_an_empty_page_may_say_nothing_of_the_cursor(clock: HandClock) -> None:
    """Nothing is new: the cursor stays, and later rows come."""
    pages: dict[str, tuple[list[dict[str, Any]], str, bool]] = {"": (ROWS[:2], "C1", False), "C1": ([], "", False)}
    with serving(by_cursor(pages)) as server:
        source = opened(server.url, clock)
        assert polled(source, 5, clock) == (2, [])
        pages["C1"] = (ROWS[2:], "C2", False)
        pages["C2"] = ([], "C2", False)
        assert len(source.fetch({"after": "C1"}).rows) == 1


def report_of(hub: Hub) -> Report:
    report = Reports(hub.store, hub.clock).get(NAME)
    assert report is not None
    return report


def calls_in(
    tmp_path: Path, answer: Callable[[], Answer], seconds: float, poll_s: float = 0.05
) -> tuple[int, Report, int]:
    """(Calls, the last report, records received) of a running feed."""
    with (
        serving(lambda path, query: answer()) as server,
        feeding(tmp_path, {NAME: settings(server.url, poll_s=poll_s)}) as (hub, task),
    ):
        until(task, lambda: bool(server.calls))
        ends_s = hub.clock.monotonic_s() + seconds
        until(task, lambda: hub.clock.monotonic_s() > ends_s, seconds + 30)
        return len(server.calls), report_of(hub), len(received(hub, KIND))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [[], ROWS])
def test_p2_a_feed_that_is_stuck_is_told_and_asked_seldom(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    calls, report, found = calls_in(tmp_path, lambda: says(page(rows, "C1", True)), 8)
    assert calls <= 12
    assert found == len(rows)
    assert "stuck" in report.trouble and report.failures > 1


@pytest.mark.slow
def test_a_feed_that_always_has_more_and_gives_no_row_is_asked_at_its_poll(tmp_path: Path) -> None:
    counted = iter(range(10_000))
    calls, report, _ = calls_in(tmp_path, lambda: says(page([], f"C{next(counted)}", True)), 4, poll_s=0.5)
    assert calls <= 12
    assert report.behind_ms


@pytest.mark.slow
@pytest.mark.parametrize("asked", [None, "0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_system_that_asks_for_no_wait_is_called_no_more_often(tmp_path: Path, asked: str | None) -> None:
    headers = {} if asked is None else {"retry_after": asked}
    calls, report, _ = calls_in(tmp_path, lambda: says({}, 503, **headers), 8)
    assert calls <= 10
    assert "503" in report.trouble


def test_p1_a_page_that_is_too_large_is_asked_for_by_fewer_rows(clock: HandClock) -> None:
    rows = [licence(number, opscope="经营" * 900) for number in range(40)]

    def handler(path: str, query: Mapping[str, str]) -> Answer:
        begin = int(query["after"] or 0)
        taken = rows[begin : begin + int(query["limit"])]
        return says(page(taken, str(begin + len(taken)), begin + len(taken) < len(rows)))

    with serving(handler) as server:
        source = opened(server.url, clock, answer_bytes_max=40_000, page_rows=20)
        assert polled(source, 20, clock) == (40, [])
        limits = [int(query["limit"]) for _, query, _ in server.calls]
        assert limits[:4] == [20, 10, 5, 5]
        small = opened(server.url, clock, answer_bytes_max=4_000, page_rows=20)
        with pytest.raises(Misconfigured, match="answer_bytes_max"):
            small.fetch(None)


@pytest.mark.parametrize("rows", [[], ROWS])
def test_p1_a_signed_page_of_a_cache_is_not_up_to_date(clock: HandClock, rows: list[dict[str, Any]]) -> None:
    old = page(rows, "C9", False, signed_at="2026-08-01T00:00:00Z")
    with serving(lambda path, query: says(old)) as server:
        source = opened(server.url, clock)
        with pytest.raises(Unavailable, match="was signed"):
            source.fetch({"after": "C9"})
        with pytest.raises(Unavailable, match="was signed"):
            source.look_up(LookupQuery("uscc", "91110000600037341L", "connection-application", "b"))
        assert {headers["cache-control"] for _, _, headers in server.calls} == {"no-cache"}


def test_an_answer_that_is_cut_says_so(clock: HandClock) -> None:
    def handler(path: str, query: Mapping[str, str]) -> Answer:
        if path.endswith("count"):
            return says({"count": 5, "keys": ["a#1"]})
        return says(page(ROWS[:1], "", True))

    with serving(handler) as server:
        source = opened(server.url, clock)
        assert source.look_up(LookupQuery("uscc", "91110000600037341L", "connection-application", "b")).more
        with pytest.raises(Unavailable, match="not complete"):
            source.day(date(2026, 3, 4))


@pytest.mark.parametrize("token", ["abc\n", "abc\r\n", " abc", "\ufeffabc"])
def test_a_token_from_a_file_is_stripped_or_named(token: str, clock: HandClock) -> None:
    with serving(lambda path, query: says({"items": []})) as server:
        try:
            sink = open_sink("utility_crm", {"url": server.url, "token": token}, clock)
            assert sink.find(Address("connection", "registration", "N" * 14, "k" * 32)) is None
        except Misconfigured as error:
            assert "connectors.utility_crm" in str(error)
        else:
            assert server.calls[0][2]["authorization"] == "Bearer abc"


@pytest.mark.parametrize("token", ["a\nb", "令牌", "a\x00b", "abc\u200b"])
def test_a_token_that_no_header_can_hold_is_for_the_operator(token: str, clock: HandClock) -> None:
    with pytest.raises(Misconfigured, match=r"connectors\.utility_crm"):
        open_sink("utility_crm", {"url": "http://127.0.0.1:9", "token": token}, clock).find(
            Address("connection", "registration", "N" * 14, "k" * 32)
        )


def test_a_probe_ends(clock: HandClock) -> None:
    """A source that always has more, without a row."""
    counted = iter(range(10_000))
    with serving(lambda path, query: says(page([], f"C{next(counted)}", True))) as server:
        with pytest.raises(Unavailable, match="without a row"):
            probe(opened(server.url, clock), 20)
        assert len(server.calls) <= 25


def test_p1_a_licence_revoked_under_its_version_is_revoked_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The source corrects a row by hand and does not raise its version: what was read last counts."""
    pages: dict[str, tuple[list[dict[str, Any]], str, bool]] = {"": (ROWS[:1], "1", False), "1": ([], "1", False)}
    with (
        serving(by_cursor(pages)) as server,
        feeding(tmp_path, {NAME: settings(server.url, poll_s=0.05)}) as (hub, task),
    ):
        stages = [hub.task(name)() for name in ("verify", "project")]

        def status() -> list[str]:
            while sum(stage.step() for stage in stages):
                pass
            with hub.store.read() as connection:
                return list(connection.execute(select(current.c.status)).scalars())

        until(task, lambda: status() == ["CURRENT"])
        pages["2"] = ([], "2", False)
        pages["1"] = ([licence(0, zzzt="2")], "2", False)
        until(task, lambda: status() == ["CANCELLED"])
        for stage in stages:
            stage.close()
    assert "one version" in "".join(capsys.readouterr())
