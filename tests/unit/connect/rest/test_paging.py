"""P1: no row of a service is passed over, however its pages, windows and totals move while they are read."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connect.rest.paging import Paging
from hub.connect.rest.spec import FeedSpec, RowSpec, WindowSpec
from hub.errors import Misconfigured, Unavailable

BEGIN_MS = 1_704_067_200_000 - 28_800_000  # 2024-01-01 00:00 in Tianjin
WINDOW = WindowSpec(since="from", until="to", form="milliseconds", begin=date(2024, 1, 1), lag_s=60, sweep_s=30)


def feed(paging: str, window: WindowSpec | None = None, **more: Any) -> FeedSpec:
    usual: dict[str, Any] = {
        "page": {"at": "page", "size": "size", "total": "total"},
        "offset": {"at": "skip", "size": "size", "total": "total"},
        "cursor": {"at": "after", "size": "size", "next": "next", "more": "more"},
        "none": {},
    }
    return FeedSpec.model_validate({"path": "/x", "paging": paging, "window": window, **usual[paging], **more})


class Service:
    """Rows as (time, name), in the order of their times; some appear some time after theirs."""

    def __init__(self, spec: FeedSpec) -> None:
        self.spec = spec
        self.rows: list[tuple[int, str]] = []
        self.calls = 0

    def answer(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        self.calls += 1
        found = sorted(self.rows)
        if self.spec.window:
            found = [row for row in found if int(sent["from"]) <= row[0] < int(sent["to"])]
        else:
            found = list(self.rows)
        size = int(sent.get("size", 10_000))
        begin = {
            "page": lambda: (int(sent["page"]) - 1) * size,
            "offset": lambda: int(sent["skip"]),
            "cursor": lambda: int(sent["after"] or 0),
            "none": lambda: 0,
        }[self.spec.paging]()
        page = found[begin : begin + size]
        end = begin + len(page)
        return {"rows": page, "total": len(found), "next": str(end), "more": end < len(found)}


def poll(service: Service, cursor: Any, now_ms: int, rows: int = 3) -> tuple[Any, list[str], bool]:
    """One fetch, as the source makes it."""
    paging = Paging(service.spec)
    state = paging.ask(json.loads(json.dumps(cursor)), now_ms)
    if state is None:
        return cursor, [], False
    value = service.answer(paging.parameters(state, rows))
    taken = value["rows"][paging.skipped(state, rows) :]
    turned = paging.turn(state, value, len(taken), rows)
    return turned.cursor, [name for _, name in taken] if turned.used else [], turned.more


def drained(service: Service, cursor: Any, now_ms: int, rows: int = 3) -> tuple[Any, list[str]]:
    found: list[str] = []
    for _ in range(2_000):
        cursor, names, more = poll(service, cursor, now_ms, rows)
        found += names
        if not more and not names:
            return cursor, found
    raise AssertionError("the feed does not end")


@pytest.mark.parametrize("paging", ["page", "offset", "cursor"])
@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 5))
def test_a_list_that_grows_is_read_once_whatever_the_size_of_its_pages(
    paging: str, growth: list[int], rows: int
) -> None:
    service, cursor, found = Service(feed(paging)), None, []
    for step, more in enumerate(growth):
        service.rows += [(0, f"{step}-{number}") for number in range(more)]
        # Pages become smaller when an answer is too large.
        cursor, names = drained(service, cursor, 0, max(1, rows - step))
        found += names
    assert found == [name for _, name in service.rows]


@pytest.mark.parametrize("paging", ["page", "offset", "cursor", "none"])
@settings(max_examples=40)
@given(st.data())
def test_a_feed_by_time_finds_every_row_also_one_that_appears_late(paging: str, data: st.DataObject) -> None:
    service = Service(feed(paging, WINDOW))
    events = data.draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 59)), max_size=12))
    now_ms, cursor, found, waiting = BEGIN_MS + 86_400_000 * 3, None, set(), []
    for number, (pause_s, late_s) in enumerate(events):
        waiting.append((now_ms + late_s * 1000, now_ms, f"r{number}"))
        now_ms += pause_s * 1000
        service.rows += [(time, name) for at, time, name in waiting if at <= now_ms]
        waiting = [one for one in waiting if one[0] > now_ms]
        cursor, names = drained(service, cursor, now_ms)
        found |= set(names)
    now_ms += 60_000
    service.rows += [(time, name) for _, time, name in waiting]
    for _ in range(2):
        now_ms += 31_000
        cursor, names = drained(service, cursor, now_ms)
        found |= set(names)
    assert found == {f"r{number}" for number in range(len(events))}


def test_a_stop_of_two_days_keeps_the_late_rows_of_its_beginning() -> None:
    service = Service(feed("page", WINDOW))
    now_ms = BEGIN_MS + 86_400_000
    cursor, _ = drained(service, None, now_ms)
    cursor, _ = drained(service, cursor, now_ms + 20_000)
    service.rows.append((now_ms + 15_000, "late"))
    cursor, found = drained(service, cursor, now_ms + 3 * 86_400_000)
    assert "late" in found


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_rows_that_move_to_a_later_window_hide_no_other_row(paging: str) -> None:
    """A row that changes between two pages makes the rows after it move up by one."""
    service = Service(feed(paging, WINDOW))
    begin = BEGIN_MS + 3_600_000
    service.rows = [(begin + number * 60_000, f"r{number}") for number in range(9)]
    now_ms = begin + 3_600_000
    cursor, found, more = poll(service, None, now_ms)
    service.rows[0] = (now_ms + 1_000, "r0")
    while more:
        cursor, names, more = poll(service, cursor, now_ms)
        found += names
    assert set(found) == {f"r{number}" for number in range(9)}


def test_an_empty_window_leaves_the_cursor_where_it_is() -> None:
    service = Service(feed("none", WINDOW))
    now_ms = BEGIN_MS + 86_400_000
    cursor, _ = drained(service, None, now_ms)
    for second in range(1, 29):
        after, names, more = poll(service, cursor, now_ms + second * 1000)
        assert (after, names, more) == (cursor, [], False)
    assert poll(service, cursor, now_ms + 31_000)[0] != cursor, "a sweep is noted"


def test_a_clock_that_was_ahead_is_survived() -> None:
    service = Service(feed("none", WINDOW))
    now_ms = BEGIN_MS + 86_400_000
    cursor, _ = drained(service, None, now_ms + 3_600_000)
    service.rows.append((now_ms + 5_000, "r"))
    assert drained(service, cursor, now_ms + 10_000)[1] == ["r"]


def test_a_service_that_gives_smaller_pages_than_wanted_is_told() -> None:
    paging = Paging(feed("page"))
    with pytest.raises(Misconfigured, match="set page_rows of the connector to 100"):
        paging.turn({}, {"total": 700}, 100, 500)


@pytest.mark.parametrize("value", [{}, {"total": None}, {"total": -1}, {"total": "many"}, {"total": True}])
def test_a_page_without_its_total_is_asked_for_again(value: Any) -> None:
    with pytest.raises(Unavailable, match="how many"):
        Paging(feed("offset")).turn({}, value, 1, 3)


def test_a_cursor_that_leads_to_the_beginning_is_for_the_operator() -> None:
    paging = Paging(feed("cursor"))
    for value, taken in (({"next": "", "more": True}, 0), ({"next": "", "more": False}, 2)):
        with pytest.raises(Misconfigured, match="beginning"):
            paging.turn({"after": "x"}, value, taken, 3)
    for following in (None, {}, "x" * 5_000):
        with pytest.raises(Unavailable, match="no cursor"):
            paging.turn({"after": "x"}, {"next": following, "more": True}, 2, 3)
    assert paging.turn({"after": "x"}, {"next": "", "more": False}, 0, 3).cursor == {"after": "x"}


def test_numbers_are_sent_as_numbers() -> None:
    """In a JSON body; some services refuse texts there."""
    paging = Paging(feed("page", WINDOW))
    state = paging.ask(None, BEGIN_MS + 1_000)
    assert state
    assert paging.parameters(state, 20) == {"page": 1, "size": 20, "from": BEGIN_MS, "to": BEGIN_MS + 1_999}


@pytest.mark.parametrize("form", ["iso", "YYYY-MM-DD", "ms", ""])
def test_a_form_of_times_that_is_none_cannot_be_declared(form: str) -> None:
    """Each row of such a feed would be without a version."""
    with pytest.raises(ValidationError):
        RowSpec(key=("id",), version="v", version_as=form)
    with pytest.raises(ValidationError):
        WindowSpec.model_validate(WINDOW.model_dump() | {"form": form})


@pytest.mark.parametrize(
    "wrong",
    [
        {"paging": "none", "at": "page", "window": WINDOW},
        {"paging": "none"},
        {"paging": "page", "at": "page"},
        {"paging": "page", "at": "page", "size": "size"},
        {"paging": "page", "at": "page", "size": "size", "more": "more", "window": WINDOW},
        {"paging": "cursor", "at": "after"},
    ],
)
def test_a_feed_that_could_lose_rows_cannot_be_declared(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        FeedSpec.model_validate({"path": "/x", **wrong})
