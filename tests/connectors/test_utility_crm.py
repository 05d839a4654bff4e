"""The connection system's connector: what takes effect can be found, a no is final, an unknown outcome is never taken
for one."""

import uuid
from collections.abc import Iterator

import pytest

from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSink
from hub.errors import Misconfigured, Unavailable
from hub.ports import Refused
from sandbox.launch import Running

NAME = "utility_crm"


def application(number: str) -> dict[str, object]:
    return {
        "externalAppNo": number,
        "channel": "ONLINE",
        "busiType": "new",
        "orgNo": "12401",
        "elecAddr": "天津市",
        "voltageCode": "AC00101",
        "contractCap": 100,
        "custType": "enterprise",
        "acceptedAt": "2024-01-02T09:00:00+08:00",
        "dueOn": "2024-01-10",
    }


def evidence(number: str) -> dict[str, object]:
    return {
        "externalAppNo": number,
        "pieceNo": 1,
        "kind": "licence.business",
        "recordId": "00",
        "assurance": "SIGNED_RESPONSE",
        "verifiedAt": "2024-01-02T09:00:00+08:00",
        "purpose": "electricity-connection",
        "legalBasis": "x",
        "holderRelation": "SAME",
        "fields": {},
    }


@pytest.fixture
def sink(sandbox: Running) -> Iterator[GuardedSink]:
    sink = registry.open_sink(NAME, sandbox.connectors()[NAME], SystemClock())
    yield sink
    sink.close()


@pytest.fixture
def number() -> str:
    return f"T {uuid.uuid4().hex[:8]} 号?"


def test_the_package_describes_itself() -> None:
    assert kit.check_package("connectors.utility_crm").direction == "sink"


def test_pushes_are_certified(sink: GuardedSink, number: str) -> None:
    """P2: application and evidence, found by their keys, each once in the system's own count."""
    kit.check_sink(sink, "application", uuid.uuid4().hex, application(number))
    kit.check_sink(sink, "evidence", uuid.uuid4().hex, evidence(number))


def test_an_answer_lost_after_commit_is_unavailable_and_found_by_asking(
    sandbox: Running, sink: GuardedSink, number: str
) -> None:
    """P2: unknown is not "no"; asking first finds the effect, so it is made once."""
    sandbox.fault(NAME, "drop_after_commit", path="/applications")
    with pytest.raises(Unavailable):
        sink.push("application", "key-1", application(number))
    sandbox.clear(NAME)
    assert sink.find("application", "key-1", application(number)) is not None
    effects = sandbox.control(NAME, "effects")["effects"]
    assert sum(effect["externalAppNo"] == number for effect in effects) == 1


def test_a_final_no_carries_the_systems_words(sink: GuardedSink, number: str) -> None:
    with pytest.raises(Refused) as told:
        sink.push("evidence", "key-2", evidence(number))
    assert told.value.code == "APPLICATION_UNKNOWN"


def test_a_wrong_token_is_for_the_operator(sandbox: Running, number: str) -> None:
    settings = sandbox.connectors()[NAME] | {"token": "wrong"}
    with pytest.raises(Misconfigured, match="credentials"):
        registry.open_sink(NAME, settings, SystemClock()).push("application", "k", application(number))


def test_too_many_requests_say_when_to_come_back(sandbox: Running, sink: GuardedSink, number: str) -> None:
    sandbox.fault(NAME, "too_many", retry_after_s=3)
    with pytest.raises(Unavailable) as told:
        sink.push("application", "key-3", application(number))
    assert told.value.retry_after_s == 3
