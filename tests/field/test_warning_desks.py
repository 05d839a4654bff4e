"""Recipients of warnings that have an address: each warning is posted once (P2), holds no personal value (P5), and no
recipient waits for another. Over real HTTP."""

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import hub.crash
from hub.cases.calendar import Calendar
from hub.cases.connection.steps import clocks
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.tables import warning
from hub.cases.policy import Recipients
from hub.cases.tables import piece
from hub.connect.host.desk import ATTEMPTS_MAX, open_desk
from hub.delivery import deliver, status
from hub.delivery.deliver import Deliver
from hub.delivery.tables import attempt
from hub.errors import Misconfigured
from tests.casework import BY, ConnectionSystem, House, body, drain

DUTY, SUPERVISION = "desk.duty-desk", "desk.supervision"
RECIPIENTS = Recipients(("duty-desk",), ("duty-desk", "supervision"), frozenset({"duty-desk", "supervision"}))
LAST_DAY = date(2022, 2, 10)
"""Of an application that is submitted on 27 January 2022."""


class Office:
    """A desk's server. ``answers``: status, headers and body for the next posts; then 204. ``hangs``: it takes a post
    and answers nothing until it is let go."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.hangs = threading.Event()
        self.hangs.set()

    @contextmanager
    def serving(self) -> Iterator[str]:
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
                told = {"key": self.headers["idempotency-key"], "token": self.headers["authorization"], "body": sent}
                office.posts.append(told | {"path": self.path})
                office.hangs.wait(30)
                status, headers, content = office.answers.pop(0) if office.answers else (204, {}, b"")
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/notices"
        finally:
            self.hangs.set()
            server.shutdown()
            server.server_close()

    @property
    def keys(self) -> list[str]:
        return [one["key"] for one in self.posts]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, recipients=RECIPIENTS)
    go_to(house, date(2022, 1, 27))
    yield house
    house.close()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    with office.serving() as url:
        yield url


def go_to(house: House, day: date) -> None:
    """Nine o'clock in China."""
    wanted = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    house.clock.pass_s((wanted - house.clock.now()).total_seconds())


def is_over(house: House) -> bytes:
    """An application whose last day is over."""
    case_id = house.submit(body()).case_id
    go_to(house, date(2022, 2, 14))
    house.due()
    return case_id


def tell(house: House, url: str, name: str = DUTY, times: int = 1, **settings: Any) -> None:
    """The stage of a desk runs, with half a minute between."""
    desk = open_desk(name, {"url": url, "rate_per_s": 1e6, "burst": 10**6, **settings}, house.clock)
    for _ in range(times):
        house.deliver(desk, name, settle_s=0.0, attempts_max=desk.context.info.attempts_max)
        house.clock.pass_s(61)
    desk.close()


def states(house: House, name: str = DUTY) -> list[str]:
    return [row.state for row in house.rows(piece) if row.sink == name]


def told(house: House) -> list[dict[str, Any]]:
    """The warnings as the clocks show them."""
    (row,) = house.rows(application)
    with house.store.read() as connection:
        found: list[dict[str, Any]] = clocks.shown(connection, row, LAST_DAY)["warnings"]
    return found


def test_p2_each_warning_is_posted_once_to_each_recipient_that_has_an_address(
    house: House, office: Office, url: str
) -> None:
    house.submit(body())
    go_to(house, date(2022, 2, 9))
    house.due()
    tell(house, url, token="s3cret")
    tell(house, url, SUPERVISION)
    assert [one["body"]["level"] for one in office.posts] == ["BEFORE"]
    go_to(house, date(2022, 2, 14))
    house.due()
    tell(house, url, token="s3cret", times=2)
    tell(house, url, SUPERVISION, times=2)
    assert [one["body"]["level"] for one in office.posts] == ["BEFORE", "AFTER", "AFTER"]
    assert len(set(office.keys)) == 3
    assert [one["token"] for one in office.posts] == ["Bearer s3cret", "Bearer s3cret", None]
    assert {one["path"] for one in office.posts} == {"/notices"}
    sink = ConnectionSystem()
    house.deliver(sink)
    kinds = [one["kind"] for effects in sink.effects.values() for one in effects]
    assert kinds.count("warning") == 2, "the connection system is told as before"
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_p5_a_desk_gets_its_number_of_the_case_the_segment_and_dates_and_nothing_else(
    house: House, office: Office, url: str
) -> None:
    case_id = is_over(house)
    tell(house, url)
    (one,) = office.posts
    number = house.applications.show(case_id)["numbers"][DUTY].replace("-", "")
    assert one["body"] == {
        "number": number,
        "noticeNo": 1,
        "level": "AFTER",
        "about": "WHOLE",
        "segment": None,
        "dueOn": "2022-02-10",
        "workingDays": 2,
        "provisional": False,
        "recipients": ["duty-desk", "supervision"],
    }


def test_both_times_are_kept_and_shown(house: House, office: Office, url: str) -> None:
    is_over(house)
    office.answers = [(503, {"retry-after": "60"}, b"")]
    tell(house, url)
    (warned,) = told(house)
    assert [one["state"] for one in warned["desks"]] == ["pending", "pending"]
    tell(house, url)
    (warned,) = told(house)
    first, second = warned["desks"]
    assert (first["desk"], first["state"], second["state"]) == ("duty-desk", "acknowledged", "pending")
    assert warned["at"] < first["ended_at"]
    assert len(office.keys) == 2
    assert len({*office.keys}) == 1, "what was not answered comes again under its key"


def test_a_desk_that_hangs_holds_up_neither_the_clocks_nor_another_desk(house: House, office: Office, url: str) -> None:
    is_over(house)
    office.hangs.clear()
    slow = open_desk(DUTY, {"url": url}, house.clock)
    stage = Deliver(house.parts(slow, name=DUTY, settle_s=0.0, attempts_max=ATTEMPTS_MAX), idle_s=0.01)
    stage.step()
    try:
        with Office().serving() as other:
            tell(house, other, SUPERVISION)
        assert (states(house), states(house, SUPERVISION)) == (["pending"], ["acknowledged"])
        house.submit(body("A-2"))
        go_to(house, date(2022, 2, 28))
        house.due()
        assert len(house.rows(warning)) == 2
    finally:
        office.hangs.set()
        while stage._running:
            drain(stage)
        stage.close()
        slow.close()


def test_an_operator_sees_a_desk_that_does_not_answer(house: House) -> None:
    case_id = is_over(house)
    tell(house, "http://127.0.0.1:1/notices", times=2)
    (one,) = [one for one in status.statuses(house.store, house.clock, [DUTY]) if one.name == DUTY]
    assert (one.waiting, one.failing, one.case_id) == (1, 1, case_id.hex())
    assert "desk.duty-desk" in one.trouble


def test_a_warning_that_no_one_took_for_a_day_is_stopped_and_an_operator_can_release_it(
    house: House, office: Office, url: str
) -> None:
    case_id = is_over(house)
    tell(house, "http://127.0.0.1:1/notices")
    with house.store.write() as connection:
        connection.execute(attempt.update().where(attempt.c.sink == DUTY).values(attempts=ATTEMPTS_MAX))
    tell(house, url)
    assert (states(house), office.posts) == (["stopped"], [])
    assert [row.reason for row in house.rows(piece) if row.sink == DUTY] == ["NOT_TOLD"]
    house.applications.release(case_id, BY)
    tell(house, url)
    assert (states(house), len(office.posts)) == (["acknowledged"], 1)


ANSWERS: list[tuple[int, dict[str, str], bytes, str]] = [
    (200, {}, b"", "acknowledged"),
    (200, {}, b'{"errcode": 0}', "acknowledged"),
    (202, {}, b"ok", "acknowledged"),
    (409, {}, b"", "acknowledged"),
    (422, {}, b'{"errorCode": "NO", "message": "13812345678"}', "refused"),
    (200, {"content-type": "text/html"}, b"<html>please log in</html>", "pending"),
    (200, {}, b'{"errcode": 310000, "errmsg": "keywords not in content"}', "pending"),
    (302, {"location": "/login"}, b"", "pending"),
    (401, {}, b"", "pending"),
    (404, {}, b"", "pending"),
    (429, {"retry-after": "1"}, b"", "pending"),
    (500, {}, b"", "pending"),
    (200, {}, b"x" * 100_000, "pending"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: f"{one[0]} {one[2][:12]!r}")
def test_only_a_plain_yes_is_one(
    house: House, office: Office, url: str, answer: tuple[int, dict[str, str], bytes, str]
) -> None:
    is_over(house)
    office.answers = [answer[:3]]
    tell(house, url)
    assert states(house) == [answer[3]]
    tell(house, url, times=2)
    assert states(house) == ["refused" if answer[3] == "refused" else "acknowledged"]
    assert len({*office.keys}) == 1


def test_a_page_of_something_in_between_is_shown_to_a_person_in_the_end(house: House, office: Office, url: str) -> None:
    is_over(house)
    office.answers = [(200, {}, b"<html>")] * 9
    tell(house, url, times=9)
    assert [row.reason for row in house.rows(piece) if row.sink == DUTY] == ["UNCONFIRMED"]
    assert len(office.posts) == 5


def test_p4_a_held_case_is_warned_of_all_the_same(house: House, office: Office, url: str) -> None:
    case_id = house.submit(body()).case_id
    house.applications.hold(case_id, BY)
    go_to(house, date(2022, 2, 14))
    house.due()
    tell(house, url)
    assert len(office.posts) == 1


def test_the_follow_up_of_a_bad_rating_is_told_to_its_recipients(house: House, office: Office, url: str) -> None:
    sink, case_id = ConnectionSystem(), house.submit(body()).case_id
    house.connected(case_id, sink)
    due_on = date.fromisoformat(house.customers.rate(case_id, {"grade": 1})["rating"]["follow_up_due_on"])
    go_to(house, Calendar().add(due_on, 2).day)
    house.due()
    house.due()
    tell(house, url, times=2)
    assert [(one["body"]["about"], one["body"]["dueOn"]) for one in office.posts] == [("FOLLOW_UP", due_on.isoformat())]
    house.deliver(sink)
    assert not [one for effects in sink.effects.values() for one in effects if one["kind"] == "warning"]


# ---- killed between two lines ----


def _run(folder: Path, url: str, crash: str) -> None:
    house = House(folder, recipients=RECIPIENTS)
    go_to(house, date(2022, 2, 14))
    house.clock.pass_s(3_600)
    hub.crash._name, hub.crash._left = crash, 1
    tell(house, url, times=3)
    house.close()


def spawn(work: Callable[..., None], *arguments: Any) -> int:
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode or 0


@pytest.mark.parametrize(("crash", "posts"), [("deliver.claimed", 1), ("deliver.posted", 2), ("deliver.receipted", 1)])
def test_p2_a_hub_killed_between_call_and_note_posts_under_the_same_key_and_warns_once(
    tmp_path: Path, office: Office, url: str, crash: str, posts: int
) -> None:
    house = House(tmp_path, recipients=RECIPIENTS)
    go_to(house, date(2022, 1, 27))
    is_over(house)
    house.close()
    assert spawn(_run, tmp_path, url, crash) == -9
    assert spawn(_run, tmp_path, url, "") == 0
    assert (len(office.posts), len({*office.keys})) == (posts, 1)
    house = House(tmp_path, recipients=RECIPIENTS)
    assert (states(house), len(house.rows(warning))) == (["acknowledged"], 1)
    house.close()


# ---- settings ----


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "warnings.desks.duty-desk.url is missing"),
        ({"url": "nowhere"}, "warnings.desks.duty-desk.url is no base URL"),
        ({"url": "http://127.0.0.1/", "colour": "red"}, "warnings.desks.duty-desk: unknown setting 'colour'"),
        ({"url": "http://127.0.0.1/", "read_timeout_s": 0}, "warnings.desks.duty-desk.read_timeout_s"),
    ],
)
def test_a_wrong_setting_is_told_with_its_key(house: House, given: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told.replace(".", r"\.")):
        open_desk(DUTY, given, house.clock)


def test_the_stage_of_a_desk_is_that_of_any_sink() -> None:
    assert deliver.stage(DUTY).name == "deliver.desk.duty-desk"
