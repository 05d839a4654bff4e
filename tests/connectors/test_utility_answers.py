"""What each answer of the connection system means: only its own words are a yes, a no, or "not there" (P2)."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.utility_crm.mapping import to_call
from hub.clock import SystemClock
from hub.connect.host import registry
from hub.crm import calls
from hub.crm.reading import Answer, Outcome, Word, of_push, of_question
from hub.errors import Misconfigured, NotSent, Unavailable, Unconfirmed
from hub.ports import Address, Receipt, Refused, Sink
from tests.crm import HANG_UP, TIME, Crm, answer, serving

TO = Address("connection", "registration", "7K3M9QPDX2V4TW", "k" * 32)
PIECE = Address("connection", "licence.business", "7K3M9QPDX2V4TW", "p" * 32)
OWN = {"errorCode": "E1001", "message": "附件超限"}
HTML: dict[str, str] = {"content-type": "text/html"}


@pytest.fixture
def crm() -> Iterator[Crm]:
    with serving(Crm()) as one:
        yield one


@pytest.fixture
def sink(crm: Crm) -> Iterator[Sink]:
    sink = registry.open_sink("utility_crm", {"url": crm.url, "token": "t", "read_timeout_s": 5.0}, SystemClock())
    yield sink
    sink.close()


def pushing(crm: Crm, sink: Sink, said: Any, to: Address = TO) -> Any:
    """What a push comes to when the system says that: a receipt, or what is raised."""
    crm.on_push = lambda *_: said
    try:
        return sink.push(to, {})
    except Exception as raised:
        return raised


def finding(crm: Crm, sink: Sink, said: Any, to: Address = TO) -> Any:
    crm.on_find = lambda *_: said
    try:
        return sink.find(to)
    except Exception as raised:
        return raised


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("number", ["A1", 4711])
def test_a_yes_has_the_systems_number(crm: Crm, sink: Sink, status: int, number: Any) -> None:
    assert pushing(crm, sink, answer({"appNo": number, "receivedAt": TIME}, status)) == Receipt(str(number), TIME)
    assert pushing(crm, sink, answer({"appNo": number}, status)) == Receipt(str(number), "")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_no_has_the_systems_own_error_object(crm: Crm, sink: Sink, status: int) -> None:
    refused = pushing(crm, sink, answer(OWN, status))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("E1001", "附件超限")
    assert pushing(crm, sink, answer({"errorCode": 1001}, status)).code == "1001"


NO_YES = [
    answer({"appNo": "A1", "receivedAt": TIME, **OWN}),
    answer({"appNo": "A1", "errorCode": 500}, 201),
    (303, {"location": "/applications"}, b""),
    answer({"appNo": "A1", "receivedAt": TIME}, 202),
    (204, {}, b""),
    (200, HTML, b"<html>ok</html>"),
    answer({"receiptNo": "R1", "receivedAt": TIME}, 201),
    answer({"appNo": None, "receivedAt": TIME}, 201),
    answer({"appNo": {"$ne": 1}, "receivedAt": TIME}, 201),
    answer({"appNo": True, "receivedAt": TIME}, 201),
    answer({"code": 500, "msg": "busy"}),
    answer([{"appNo": "A1"}], 201),
    (201, {}, b"[" * 5000),
    (201, {}, b'{"appNo":' + b"9" * 5000 + b"}"),
    *((status, HTML, b"<html>") for status in (400, 401, 403, 405, 409, 410, 413, 418, 422, 451)),
    answer({"errorCode": {"a": 1}, "message": None}, 422),
    answer({"errorCode": "", "message": "no"}, 400),
    answer({"error": "bad request", "status": 400}, 400),
    answer(OWN, 409),
    answer(OWN, 418),
]


@pytest.mark.parametrize("said", NO_YES, ids=lambda said: f"{said[0]} {said[2][:24]!r}")
def test_p2_another_answer_is_neither_yes_nor_no(crm: Crm, sink: Sink, said: Any) -> None:
    told = pushing(crm, sink, said)
    assert isinstance(told, Unconfirmed), repr(told)
    assert f"HTTP {said[0]}" in str(told)


@pytest.mark.parametrize(
    "said",
    [HANG_UP, *((status, HTML, b"<html>") for status in (408, 425, 429, 500, 502, 503, 504)), answer(OWN, 503)],
    ids=str,
)
def test_p2_without_an_answer_the_outcome_is_unknown(crm: Crm, sink: Sink, said: Any) -> None:
    told = pushing(crm, sink, said)
    assert type(told) is Unavailable, repr(told)


@pytest.mark.parametrize(
    "said", [answer(OWN, 404), (404, HTML, b"<html>"), answer(OWN, 401), answer(OWN, 403)], ids=str
)
def test_what_only_the_operator_can_change_says_what_to_do(crm: Crm, sink: Sink, said: Any) -> None:
    told = pushing(crm, sink, said)
    assert isinstance(told, Misconfigured)
    assert told.remedy


def test_a_system_that_says_not_now_itself_has_done_nothing(crm: Crm, sink: Sink) -> None:
    told = pushing(crm, sink, answer(OWN, 429, retry_after="7"))
    assert isinstance(told, NotSent)
    assert told.retry_after_s == 7


def test_without_a_connection_nothing_was_sent() -> None:
    sink = registry.open_sink("utility_crm", {"url": "http://127.0.0.1:9", "token": "t"}, SystemClock())
    with pytest.raises(NotSent):
        sink.push(TO, {})
    sink.close()


def test_an_answer_in_strange_words_does_not_stop_the_calls_for_others(crm: Crm, sink: Sink) -> None:
    """One piece whose answers nobody can use does not open the circuit breaker for the others."""
    for _ in range(20):
        assert isinstance(pushing(crm, sink, (400, HTML, b"<html>")), Unconfirmed)
    assert isinstance(pushing(crm, sink, None), Receipt)


def test_p5_a_trouble_has_the_systems_code_and_none_of_its_words(crm: Crm, sink: Sink) -> None:
    told = pushing(crm, sink, answer({"errorCode": "DUPLICATE", "message": "王伟 已存在"}, 409))
    assert "DUPLICATE" in str(told) and "王伟" not in str(told)
    told = pushing(crm, sink, answer({"errorCode": "13812345678", "message": "x"}, 409))
    assert "13812345678" not in str(told)


# ---- questions ----


def item(key: str = TO.key, **more: Any) -> dict[str, Any]:
    return {"appNo": "A1", "receiptNo": "R1", "idempotencyKey": key, "receivedAt": TIME} | more


def test_a_piece_is_found_by_its_key(crm: Crm, sink: Sink) -> None:
    assert finding(crm, sink, answer({"items": [item("other"), item()]})) == Receipt("A1", TIME)
    assert finding(crm, sink, answer({"items": [item(PIECE.key)]}), PIECE) == Receipt("R1", TIME)
    # It is there, whatever else the answer lacks.
    assert finding(crm, sink, answer({"items": [item(), "?"], "more": True, "code": 1})) == Receipt("A1", TIME)


@pytest.mark.parametrize(
    "said",
    [{"items": []}, {"items": [item("other")]}, {"items": [], "total": 0, "more": False, "next": None, "traceId": "1"}],
    ids=str,
)
def test_only_a_complete_answer_says_not_there(crm: Crm, sink: Sink, said: Any) -> None:
    assert finding(crm, sink, answer(said)) is None


NOT_COMPLETE = [
    answer({"code": 500, "msg": "系统繁忙，请稍后再试"}),
    answer({"code": 500, "msg": "busy", "items": []}),
    answer({"errorCode": "BUSY", "items": []}),
    answer({"success": False, "items": []}),
    answer({"data": {"items": []}}),
    answer({"items": None}),
    answer({"items": {}}),
    answer({"items": "[]"}),
    answer({"items": [], "total": 3}),
    answer({"items": [item("other")], "more": True}),
    answer({"items": [], "next": "2"}),
    answer({"items": ["?"]}),
    answer({"items": [{"appNo": "A1"}]}),
    answer({"items": [item("")]}),
    answer({"items": [item(appNo=None)]}),
    answer([]),
    answer({}),
    (200, {}, b""),
    (200, HTML, b"<html>"),
    (200, {}, b"[" * 5000),
    answer({"items": []}, 202),
    answer({"items": []}, 206),
    (204, {}, b""),
]


@pytest.mark.parametrize("said", NOT_COMPLETE, ids=lambda said: f"{said[0]} {said[2][:40]!r}")
def test_p2_an_answer_that_is_not_complete_does_not_say_not_there(crm: Crm, sink: Sink, said: Any) -> None:
    assert isinstance(finding(crm, sink, said), Unconfirmed)


def test_p2_a_404_says_not_there_with_the_agreed_code_only(crm: Crm, sink: Sink) -> None:
    assert finding(crm, sink, answer({"errorCode": "NOT_FOUND", "message": ""}, 404)) is None
    for said in (answer({"errorCode": "NO_ROUTE"}, 404), (404, HTML, b"<html>"), answer({"message": "Not Found"}, 404)):
        assert isinstance(finding(crm, sink, said), Misconfigured)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_p2_a_question_that_fails_is_no_answer(crm: Crm, sink: Sink, status: int) -> None:
    assert isinstance(finding(crm, sink, answer({"items": []}, status)), Unavailable)


# ---- the conformance kit reads as the connector does ----

MEANING = {
    Refused: Word.NO,
    NotSent: Word.NOT_NOW,
    Misconfigured: Word.SETTINGS,
    Unconfirmed: Word.NEITHER,
    Unavailable: Word.SILENT,
}
TO_PUSH = [
    *NO_YES,
    *(answer({"appNo": "A1", "receivedAt": TIME}, status) for status in (200, 201)),
    *(answer({"appNo": number}) for number in ("A\x001", "A\u202e1", "A" * 65, " A1 ", "", True)),
    *(answer(OWN, status) for status in (400, 401, 403, 404, 413, 422, 429, 503)),
    *((status, HTML, b"<html>") for status in (302, 404, 408, 425, 429, 500, 502, 504)),
]
TO_FIND = [
    *NOT_COMPLETE,
    *(answer({"items": items}) for items in ([], [item()], [item("other")], [item(), "?"])),
    *(answer({"errorCode": code}, 404) for code in ("NOT_FOUND", "NO_ROUTE")),
    *((status, HTML, b"<html>") for status in (302, 401, 403, 404, 409, 429, 500, 503)),
]


@pytest.mark.parametrize("said", TO_PUSH, ids=lambda said: f"{said[0]} {said[2][:24]!r}")
def test_the_kit_reads_an_answer_to_a_push_as_the_connector_does(crm: Crm, sink: Sink, said: Any) -> None:
    told, read = pushing(crm, sink, said), of_push(Answer(said[0], said[2]), "appNo")
    same(told, read, Word.YES)


@pytest.mark.parametrize("said", TO_FIND, ids=lambda said: f"{said[0]} {said[2][:40]!r}")
def test_the_kit_reads_an_answer_to_a_question_as_the_connector_does(crm: Crm, sink: Sink, said: Any) -> None:
    told, read = finding(crm, sink, said), of_question(Answer(said[0], said[2]), "appNo", TO.key)
    same(told, read, Word.THERE)


def same(told: Any, read: Outcome, yes: Word) -> None:
    if told is None:
        assert read.word is Word.NOT_THERE
    elif isinstance(told, Receipt):
        assert (read.word, read.number) == (yes, told.number)
    else:
        assert read.word is MEANING[type(told)], repr(told)


@pytest.mark.parametrize(
    "what", [calls.REGISTRATION, calls.EVIDENCE, calls.DATES, calls.WITHDRAWAL, calls.CANCELLATION]
)
def test_the_kit_calls_where_the_connector_does(what: str) -> None:
    kind = "licence.business" if what == calls.EVIDENCE else what
    call, to = to_call(Address("connection", kind, TO.number, TO.key)), calls.To(what, TO.number, TO.key)
    assert (call.path, call.query, call.number) == (to.path, to.query, to.field)
