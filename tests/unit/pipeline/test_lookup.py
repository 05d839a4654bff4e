"""Lookup on real servers: records and answer in one transaction, refused without purpose, and no source holds up the
lane."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hub.bootstrap import Hub, open_hub
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.connect.host.guard import GuardedSource
from hub.ports import LogRecord, Outgoing
from hub.privacy.sealing import RECORD_SCHEMA
from hub.topics.declared import LOOKUP_RECEIVED, LOOKUP_REQUESTS, partition_of
from sandbox import launch
from sandbox.launch import Running
from tests.feeding import connectors, settings, until

LICENCES, TITLES = "business_licence", "property_title"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(6, 60, tmp_path_factory.mktemp("world"), defect_share=0.0) as running:
        yield running


@pytest.fixture
def sandbox(world: Running) -> Iterator[Running]:
    yield world
    for name in (LICENCES, TITLES):
        world.clear(name)


class Asker:
    """A hub with its lookup stage, and somebody who asks."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.task = hub.task("lookup")()
        self._writer = hub.log.writer("asker")
        self._asked = 0

    def ask(self, source: str, by: str, value: str, partition: int | None = None, **more: Any) -> bytes:
        """Put a question, on ``partition`` if one is named; its id."""
        self._asked += 1
        application = hashlib.sha256(f"application {self._asked}".encode()).digest()[:16]
        if partition not in (None, partition_of(application, 2)):
            return self.ask(source, by, value, partition, **more)
        request = hashlib.sha256(application).digest()[:16]
        subject = self.hub.vault.identify([("enterprise", "600037341")])[0]
        query = wire.encode(schema_id("lookup.query"), {"value": value, "business_number": "A-1", "ticket": None})
        sealed = {"subject_id": subject, "ciphertext": self.hub.sealer.seal_value(subject, query)}
        question = {
            "request_id": request,
            "case_id": application,
            "source": source,
            "by": by,
            "query": sealed,
            "purpose": "connection-application",
            "legal_basis": "action-plan-6",
            "service_item": "item",
            "attempt": 1,
            **more,
        }
        message = wire.encode(schema_id("lookup.request"), question)
        self._writer.commit([Outgoing(LOOKUP_REQUESTS, partition_of(application, 2), application, message, (), 0)])
        return request

    def messages(self) -> list[LogRecord]:
        return [
            record
            for partition in range(2)
            for batch in self.hub.log.scan(LOOKUP_RECEIVED, partition)
            for record in batch.records
        ]

    def answers(self) -> dict[bytes, dict[str, Any]]:
        found = [wire.decode(record.value or b"") for record in self.messages()]
        return {value["request_id"]: value for one, value in found if one == schema_id("lookup.answer")}

    def records(self) -> list[LogRecord]:
        return [record for record in self.messages() if wire.schema_id(record.value or b"") == RECORD_SCHEMA]

    def answer(self, request: bytes) -> dict[str, Any]:
        until(self.task, lambda: request in self.answers())
        return self.answers()[request]


@pytest.fixture
def asker(sandbox: Running, tmp_path: Path) -> Iterator[Asker]:
    hub = open_hub(settings(tmp_path, connectors(sandbox, LICENCES, TITLES, total_timeout_s=5.0)))
    asker = Asker(hub)
    yield asker
    asker.task.close()
    hub.close()


def uscc(asker: Asker) -> str:
    source = asker.hub.connectors.open_source(LICENCES)
    record = source.fetch(None).rows[0].record
    source.close()
    assert record is not None
    return str(record["enterprise"]["uscc"])


def test_what_is_found_comes_with_its_answer(asker: Asker) -> None:
    request = asker.ask(LICENCES, "uscc", uscc(asker))
    answer = asker.answer(request)
    assert (answer["outcome"], answer["count"], answer["source"]) == ("FOUND", 1, LICENCES)
    (record,) = asker.records()
    headers = dict(record.headers)
    assert headers["hub_request"] == request.hex().encode()
    assert headers["ce_source"] == b"/sources/business_licence"
    assert headers["ce_type"] == b"cn.onecert.licence.business.received"


def test_a_looked_up_record_has_the_id_that_the_feed_gives_it(asker: Asker) -> None:
    """P2: a feed and a look-up of one version are one record."""
    asker.answer(asker.ask(LICENCES, "uscc", uscc(asker)))
    source = asker.hub.connectors.open_source(LICENCES)
    row = source.fetch(None).rows[0]
    ids = asker.hub.sealer.ids
    expected = ids.record(source.context.info, row, ids.content(row))
    assert dict(asker.records()[0].headers)["ce_id"] == expected.hex().encode()


def test_nothing_found_is_an_answer(asker: Asker) -> None:
    assert asker.answer(asker.ask(LICENCES, "uscc", "91110000600037341L"))["outcome"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("source", "by", "more", "reason"),
    [
        (LICENCES, "uscc", {"purpose": " "}, "PURPOSE_MISSING"),
        (LICENCES, "uscc", {"legal_basis": ""}, "PURPOSE_MISSING"),
        (LICENCES, "resident-id", {}, "LOOKUP_UNSUPPORTED"),
        ("nobody", "uscc", {}, "SOURCE_UNKNOWN"),
        (LICENCES, "uscc", {"query": {"subject_id": bytes(16), "ciphertext": b"x"}}, "ERASED"),
    ],
)
def test_what_may_not_be_asked_is_refused_and_never_sent(
    sandbox: Running, asker: Asker, source: str, by: str, more: dict[str, Any], reason: str
) -> None:
    """P3: no question goes out without purpose and legal basis."""
    before = sandbox.control(LICENCES, "calls")["total"]
    answer = asker.answer(asker.ask(source, by, "91110000600037341L", **more))
    assert (answer["outcome"], answer["reason"]) == ("REFUSED", reason)
    assert sandbox.control(LICENCES, "calls")["total"] == before


def test_a_damaged_key_refuses_its_own_question_only(asker: Asker) -> None:
    subject = asker.hub.vault.identify([("person", "someone")])[0]
    sealed = {"subject_id": subject, "ciphertext": asker.hub.sealer.seal_value(subject, b"x")}
    broken = asker.ask(LICENCES, "uscc", "x", partition=0, query=sealed)
    whole = asker.ask(LICENCES, "uscc", "91110000600037341L", partition=0)
    with sqlite3.connect(asker.hub.settings.vault_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE data_key SET wrapped = zeroblob(60) WHERE id = ?", (subject,))
    asker.hub.vault._cache.keys.clear()
    assert (asker.answer(broken)["outcome"], asker.answer(broken)["reason"]) == ("REFUSED", "KEY_DAMAGED")
    assert asker.answer(whole)["outcome"] == "NOT_FOUND"


def test_a_source_that_is_away_is_unavailable_with_the_time_it_named(sandbox: Running, asker: Asker) -> None:
    sandbox.fault(LICENCES, "too_many", retry_after_s=9)
    answer = asker.answer(asker.ask(LICENCES, "uscc", "91110000600037341L"))
    assert answer["outcome"] == "UNAVAILABLE"
    assert 8 < answer["retry_after_s"] <= 9
    assert asker.records() == []


def test_a_source_that_hangs_does_not_block_the_lane(sandbox: Running, asker: Asker) -> None:
    sandbox.fault(LICENCES, "hang")
    titles = asker.hub.connectors.open_source(TITLES)
    record = titles.fetch(None).rows[0].record
    assert record is not None
    hanging = [asker.ask(LICENCES, "uscc", "91110000600037341L") for _ in range(40)]
    found = asker.ask(TITLES, "unit-no", record["unit"]["unit_no"])
    begin = time.monotonic()
    assert asker.answer(found)["outcome"] == "FOUND"
    assert {asker.answer(request)["outcome"] for request in hanging} == {"UNAVAILABLE"}
    assert time.monotonic() - begin < 6


def test_a_source_that_opens_slowly_does_not_block_the_lane(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a source may need a token or a connection: the questions to the others are answered meanwhile."""
    asker.task.close()
    opened, opens, released = Event(), asker.hub.connectors.open_source, list[bool]()

    def slowly(name: str) -> GuardedSource:
        if name == TITLES:
            released.append(opened.wait(5))
        return opens(name)

    monkeypatch.setattr(asker.hub.connectors, "open_source", slowly)
    asker.task = asker.hub.task("lookup")()
    slow = asker.ask(TITLES, "uscc", "91110000600037341L", partition=0)
    assert asker.answer(asker.ask(LICENCES, "uscc", uscc(asker), partition=1))["outcome"] == "FOUND"
    assert slow not in asker.answers()
    opened.set()
    assert asker.answer(slow)["outcome"] in {"NOT_FOUND", "UNAVAILABLE"}
    assert released == [True], "the lane waited until opening gave up"


def test_what_is_no_question_is_passed_over(asker: Asker) -> None:
    writer = asker.hub.log.writer("stranger")
    writer.commit([Outgoing(LOOKUP_REQUESTS, 0, b"k" * 16, b"rubbish", (), 0)])
    assert asker.answer(asker.ask(LICENCES, "uscc", "91110000600037341L"))["outcome"] == "NOT_FOUND"


def test_twenty_questions_at_once_are_answered_together(sandbox: Running, asker: Asker) -> None:
    sandbox.fault(LICENCES, "latency", delay_s=0.3)
    code = uscc(asker)
    requests = [asker.ask(LICENCES, "uscc", code) for _ in range(20)]
    begin = time.monotonic()
    until(asker.task, lambda: len(asker.answers()) == len(requests))
    assert time.monotonic() - begin < 3
    assert {answer["outcome"] for answer in asker.answers().values()} == {"FOUND"}


def test_an_answer_does_not_wait_for_another_partitions_question(sandbox: Running, asker: Asker) -> None:
    sandbox.fault(LICENCES, "hang")
    slow = asker.ask(LICENCES, "uscc", "91110000600037341L", partition=0)
    quick = asker.ask(TITLES, "unit-no", "120101001001GB00001F00010001", partition=1)
    until(asker.task, lambda: quick in asker.answers())
    assert slow not in asker.answers()
    assert asker.answer(slow)["outcome"] == "UNAVAILABLE"


def test_p1_p2_what_is_under_way_when_its_stage_ends_is_asked_again_and_nothing_else(
    sandbox: Running, asker: Asker
) -> None:
    sandbox.fault(LICENCES, "latency", delay_s=1.0)
    quick = asker.ask(TITLES, "unit-no", "120101001001GB00001F00010001", partition=0)
    slow = asker.ask(LICENCES, "uscc", uscc(asker), partition=0)
    until(asker.task, lambda: quick in asker.answers())
    asker.task.close()
    assert slow not in asker.answers()
    asker.task = asker.hub.task("lookup")()
    assert asker.answer(slow)["outcome"] == "FOUND"
    assert len(asker.records()) == 1
    assert len(asker.messages()) == 3
