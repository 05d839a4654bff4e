"""Connection systems as others met them: they carry a call out after the caller gave up, answer an error with HTTP 200,
accept without acknowledging, and answer in ways that no one can use. Each piece takes effect once (P2), and one poison
piece stops only itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.cases.tables import piece
from hub.clock import SystemClock
from hub.connect.host import registry
from hub.delivery.deliver import Deliver
from tests import samples
from tests.casework import House, body
from tests.crm import HANG_UP, Crm, answer, serving

PATIENCE_S = 30.0
SETTLE_S = 4.0


@contextmanager
def delivering(home: Path, crm: Crm, **settings: float) -> Iterator[tuple[House, Deliver]]:
    """A hub on real time, and its running stage, before the connection system ``crm``."""
    with serving(crm):
        named = {"url": crm.url, "token": "t", "settle_s": SETTLE_S, **settings}
        sink = registry.open_sink("utility_crm", named, SystemClock())
        house = House(home, clock=SystemClock())
        stage = Deliver(house.parts(sink, settle_s=sink.context.limits.settle_s), idle_s=0.05)
        try:
            yield house, stage
        finally:
            stage.close()
            sink.close()
            house.close()


def until(stage: Deliver, done: Callable[[], bool]) -> None:
    """Step the stage until ``done``."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, "it did not come to that in time"
        stage.step()


def delivery(house: House, external_no: str = "A-1") -> dict[str, Any]:
    """The registration of an application, as a person sees it."""
    case_id = house.applications.find("gov-platform", external_no)
    assert case_id
    shown: dict[str, Any] = house.applications.show(case_id)["deliveries"][0]
    return shown


def acknowledged(house: House, external_no: str = "A-1") -> bool:
    return delivery(house, external_no)["state"] == "acknowledged"


def late(after_s: float, first: Any = HANG_UP) -> Callable[..., Any]:
    """The first push is answered with ``first`` and carried out only ``after_s`` later."""

    def on_push(crm: Crm, what: str, number: str, key: str, _: Any) -> Any:
        if len(crm.pushes) > 1:
            return None
        threading.Timer(after_s, crm.commit, (what, number, key)).start()
        return first

    return on_push


PAGE = (400, {"content-type": "text/html"}, b"<html>Bad Request</html>")


@pytest.mark.parametrize(
    "first",
    [HANG_UP, answer({"accepted": True}, 202), answer({"errorCode": "DUPLICATE"}, 409), PAGE, answer({}, 504)],
    ids=["connection lost", "202", "409", "a proxy's page", "504"],
)
def test_p2_carried_out_after_the_call_is_carried_out_once(tmp_path: Path, first: Any) -> None:
    """The system works longer than the hub waits (C01, C01b): it is asked until that has settled."""
    crm = Crm(on_push=late(SETTLE_S / 2, first))
    with delivering(tmp_path, crm) as (house, stage):
        house.submit(body())
        until(stage, lambda: acknowledged(house))
        assert crm.doubled() == []
        assert len(crm.pushes) == 1 and len(crm.questions) > 1
        assert delivery(house)["found_by_asking"]


def test_p2_a_system_slower_than_the_time_out_gets_one_push(tmp_path: Path) -> None:
    def slow(crm: Crm, what: str, number: str, key: str, _: Any) -> Any:
        time.sleep(2.0)
        return crm.commit(what, number, key)

    with delivering(tmp_path, crm := Crm(on_push=slow), read_timeout_s=0.5) as (house, stage):
        house.submit(body())
        until(stage, lambda: acknowledged(house))
        assert len(crm.pushes) == len(crm.effects) == 1


def test_p1_what_was_never_carried_out_is_pushed_again_when_it_has_settled(tmp_path: Path) -> None:
    with delivering(tmp_path, crm := Crm(on_push=late(PATIENCE_S * 9)), settle_s=2.0) as (house, stage):
        began_s = time.monotonic()
        house.submit(body())
        until(stage, lambda: acknowledged(house))
        assert len(crm.pushes) == 2
        assert time.monotonic() - began_s > 2.0


BUSY = [
    answer({"code": 500, "msg": "系统繁忙，请稍后再试"}),
    answer({"code": 500, "msg": "busy", "items": []}),
    answer({"items": [], "total": 1}),
    answer({"items": []}, 202),
    (200, {"content-type": "text/html"}, b"<html>busy</html>"),
    answer({"errorCode": "NO_ROUTE"}, 404),
    answer({"items": []}, 503),
]


@pytest.mark.parametrize("busy", BUSY, ids=lambda said: f"{said[0]} {said[2][:24]!r}")
def test_p2_an_error_in_place_of_a_list_does_not_say_not_there(tmp_path: Path, busy: Any) -> None:
    """The answer was lost, and the question meets a system that is too busy to say so properly (C02). Nothing has to
    settle here: only the answers keep the hub from pushing again."""

    def lost(crm: Crm, what: str, number: str, key: str, _: Any) -> Any:
        crm.commit(what, number, key)
        return HANG_UP

    crm = Crm(on_push=lost, on_find=lambda crm, *_: busy if len(crm.questions) < 4 else None)
    with delivering(tmp_path, crm, settle_s=0.0) as (house, stage):
        house.submit(body())
        until(stage, lambda: acknowledged(house))
        assert len(crm.pushes) == len(crm.effects) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_no_in_the_systems_own_words_is_told(tmp_path: Path, status: int) -> None:
    """Before, 400 and 413 were tried without end, and no one was told why (C05)."""
    said = answer({"errorCode": "E1001", "message": "附件超限"}, status)
    with delivering(tmp_path, crm := Crm(on_push=lambda *_: said)) as (house, stage):
        house.submit(body())
        until(stage, lambda: delivery(house)["state"] == "refused")
        shown = delivery(house)
        assert (shown["reason"], shown["said"], len(crm.pushes)) == ("E1001", "附件超限", 1)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer({"errorCode": "E409"}, 409), "HTTP 409 E409"),
        (PAGE, "HTTP 400: neither yes nor no"),
        (answer({"error": "x"}, 404), "HTTP 404: it does not know the call — compare the url"),
        (answer({"errorCode": "EXPIRED"}, 401), "HTTP 401 EXPIRED: our credentials are refused — check"),
        (answer({}, 501), "HTTP 501"),
    ],
    ids=["409", "400", "404", "401", "501"],
)
def test_why_a_piece_is_late_is_told_with_the_application(tmp_path: Path, said: Any, told: str) -> None:
    with delivering(tmp_path, Crm(on_push=lambda *_: said)) as (house, stage):
        house.submit(body())
        until(stage, lambda: delivery(house)["trouble"] is not None)
        assert told in delivery(house)["trouble"]
        assert delivery(house)["state"] == "pending"


POISON = {
    "P-SURR": (422, b'{"errorCode":"NO","message":"\\ud800 bad"}'),
    "P-RCPT": (201, b'{"appNo":"\\ud800","receivedAt":"x"}'),
    "P-LONG": (201, b'{"appNo":"' + b"9" * 100_000 + b'","receivedAt":"x"}'),
    "P-CODE": (422, b'{"errorCode":{"a":1},"message":null}'),
    "P-DEEP": (201, b"[" * 5000),
    "P-INT": (201, b'{"appNo":' + b"9" * 5000 + b',"receivedAt":1}'),
    "P-HTML": (422, b"<html>"),
    "P-TIME": (201, b'{"appNo":"A9","receivedAt":"2026-11-26T12:00:00.000000+08:00[Asia/Shanghai]"}'),
    "P-NUL": (422, b'{"errorCode":"N\\u0000O","message":"\\u0000"}'),
    "P-HUGE": (201, b'{"appNo":"A1"}' + b" " * 2_000_000),
    "P-WORDS": (413, b'{"errorCode":"NO","message":"' + b"x" * 1_000_000 + b'"}'),
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


def test_answers_that_no_one_can_use_stop_only_their_own_piece(tmp_path: Path, store_url: str) -> None:
    """A hostile system: the stage never fails, the others are delivered, and no poison piece is pushed without end."""
    numbers: dict[str, str] = {}

    def on_push(crm: Crm, what: str, number: str, key: str, sent: Any) -> Any:
        numbers[key] = sent["channelAppNo"]
        said = POISON.get(sent["channelAppNo"])
        return (said[0], {"content-type": "application/json"}, said[1]) if said else None

    with serving(crm := Crm(on_push=on_push)):
        sink = registry.open_sink("utility_crm", {"url": crm.url, "token": "t"}, SystemClock())
        house = House(tmp_path, url=store_url)
        for one in (*POISON, *(f"GOOD-{number}" for number in range(20))):
            house.submit(body(one))
        house.deliver(sink)
        assert all(acknowledged(house, f"GOOD-{number}") for number in range(20))
        for _ in range(60):
            house.clock.pass_s(120)
            house.deliver(sink)
        states = {one: delivery(house, one)["state"] for one in POISON}
        house.close()
        sink.close()
    final = {"P-SURR": "refused", "P-WORDS": "refused", "P-NUL": "refused", "P-TIME": "acknowledged"}
    assert states == {one: final.get(one, "stopped") for one in POISON}
    pushes = [numbers[key] for key in crm.pushes]
    assert {one: pushes.count(one) for one in POISON} == {one: 1 if one in final else 5 for one in POISON}


@pytest.mark.parametrize("number", ["2026/001", "..", "%2e%2e", "a?b#c", "é 天津"])
def test_a_channels_number_of_any_form_does_not_stop_its_evidence(tmp_path: Path, number: str) -> None:
    """A slash in the caller's number (X43): paths have the hub's own number only."""
    with serving(crm := Crm()):
        sink = registry.open_sink("utility_crm", {"url": crm.url, "token": "t"}, SystemClock())
        house = House(tmp_path)
        house.verified(samples.title(), samples.business())
        house.project()
        house.submit(body(number))
        house.due()
        house.deliver(sink)
        assert [row.state for row in house.rows(piece)] == ["acknowledged"] * 3
        assert len({one.number for one in crm.effects}) == 1
        house.close()
        sink.close()
