"""Steps that a utility sends: stored before they are answered (P1), once (P2), signed, and not repeated (P5)."""

import json
import os
import secrets
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from hub.connect.host.registry import open_source
from hub.errors import Misconfigured
from hub.ingest.sent import ROWS_MAX, Intake
from hub.ingest.tables import sent_row
from hub.stores.tables import outbox
from hub.web.api.app import create
from hub.web.api.steps import router
from hub.web.bodies import BODY_BYTES_MAX
from hub.web.signatures.check import Signed
from hub.web.signatures.nonces import FORGOTTEN_MAX, Nonces
from hub.web.signatures.signers import UNSIGNED_BURST, Signers, by_path
from hub.web.signatures.tables import used_nonce
from sandbox.steps.signer import CallSigner
from tests.casework import PARTITIONS, House
from tests.clocks import HandClock
from tests.grants import granted

SIGNER = CallSigner(7)
STRANGER = CallSigner(8)
URL = "http://testserver/steps"
END = {"stepCode": "010", "eventType": "END", "occurredAt": "2026-03-02T10:05:00+08:00"}


def event(event_id: str = "E-1", **changes: Any) -> dict[str, Any]:
    return {"eventId": event_id, "externalAppNo": "7K3M9QPDX2V4TW", **END, **changes}


class Caller:
    """The utility's system, with a hub to send to."""

    def __init__(
        self, house: House, ways: tuple[str, ...] = ("feed", "sent"), name: str = "utility_steps", path: str = "/steps"
    ) -> None:
        self.house, self.path = house, path
        options = {"public_keys": SIGNER.public_key, "token": "t"}
        self.source = open_source(name, options, house.clock, grant=granted(name, ways=ways))
        self.intake = Intake(lambda name: self.source, house.store, house.sealer, PARTITIONS, house.clock)
        self.keys = {name: {"crm-sandbox": _raw(SIGNER)}}
        signers = {self.path: Signers(lambda: self.keys, house.clock)}
        app = create(house.clock, router(self.intake, signers, Nonces(house.clock)))
        self.client = TestClient(app, raise_server_exceptions=False)

    def send(self, *events: Any, signer: CallSigner = SIGNER, nonce: str = "", ahead_s: int = 0, **more: Any) -> Any:
        body = more.get("body") or json.dumps({"events": list(events)}).encode()
        created_s = self.house.clock.process_ms() // 1000 + ahead_s
        headers = signer.headers("POST", f"http://testserver{self.path}", body, created_s, nonce)
        return self.client.post(self.path, content=body, headers=headers)

    def put(self) -> list[Any]:
        """What waits to be published."""
        with self.house.store.read() as connection:
            rows = connection.execute(select(outbox).order_by(outbox.c.seq)).all()
        return [row for row in rows if row.topic == "utility.step.received"]

    def again(self) -> int:
        with self.house.store.read() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(sent_row.c.again), 0))).scalar_one())


def _raw(signer: CallSigner) -> bytes:
    return b64decode(signer.public_key.partition("=")[2])


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    house = House(tmp_path)
    yield Caller(house)
    house.close()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_a_step_is_kept_before_it_is_answered(caller: Caller) -> None:
    answer = caller.send(event())
    assert answer.status_code == 200
    (one,) = answer.json()["events"]
    assert (one["state"], one["reason"], one["faults"]) == ("STORED", None, [])
    (row,) = caller.put()
    assert one["record_id"] in row.headers
    assert b"7K3M9QPDX2V4TW" not in row.value  # P5


def test_the_same_step_again_gets_the_same_answer_and_is_counted(caller: Caller) -> None:
    first, second = caller.send(event()), caller.send(event())
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    twice = caller.send(event(), event(), event("E-2"))
    assert twice.json()["events"][:2] == first.json()["events"] * 2
    assert (len(caller.put()), caller.again()) == (2, 3)


def test_another_content_is_a_conflict_that_is_kept_and_told_each_time(caller: Caller) -> None:
    first = caller.send(event())
    other = caller.send(event(occurredAt="2026-03-02T10:06:00+08:00"))
    assert other.status_code == 409
    (one,) = other.json()["events"]
    assert (one["state"], one["reason"]) == ("CONFLICT", "STEP_CONFLICT")
    assert one["reason_zh"] != one["reason_en"] != "STEP_CONFLICT"
    assert caller.send(event(occurredAt="2026-03-02T10:06:00+08:00")).json() == other.json()
    assert caller.send(event()).json() == first.json()
    assert len(caller.put()) == 2


def test_conflicts_in_one_call_do_not_keep_its_other_steps_out(caller: Caller) -> None:
    answer = caller.send(event(), event(occurredAt="2026-03-02T10:06:00+08:00"), event("E-2"))
    assert answer.status_code == 409
    assert sorted(one["state"] for one in answer.json()["events"]) == ["CONFLICT", "STORED", "STORED"]
    assert len(caller.put()) == 3


def test_what_cannot_be_read_as_a_step_is_kept_and_told(caller: Caller) -> None:
    (one,) = caller.send(event(occurredAt="soon")).json()["events"]
    assert (one["state"], one["faults"]) == ("STORED", [{"code": "SHAPE_TYPE", "field": "step.occurred_at_ms"}])
    assert len(caller.put()) == 1


def test_a_signature_counts_once_and_a_refused_call_uses_nothing_up(caller: Caller) -> None:
    nonce = secrets.token_hex(16)
    assert code(caller.send({"stepCode": "010"}, nonce=nonce)) == (422, "FIELD_MISSING")
    assert caller.send(event(), nonce=nonce).status_code == 200
    assert code(caller.send(event(), nonce=nonce)) == (401, "SIGNATURE_USED")
    assert code(caller.send(event("E-2"), nonce=nonce)) == (401, "SIGNATURE_USED")
    assert len(caller.put()) == 1


def test_nonces_are_forgotten_when_their_signatures_are_too_old(caller: Caller) -> None:
    for number in range(5):
        caller.send(event(f"E-{number}"))
    with caller.house.store.write() as connection:
        connection.execute(update(used_nonce).values(until_ms=1))
    caller.send(event("E-9"))
    with caller.house.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(used_nonce)).scalar_one() == 1
    assert FORGOTTEN_MAX > 1


def test_a_key_id_of_two_sources_says_nothing(caller: Caller) -> None:
    caller.keys["another"] = {"crm-sandbox": _raw(STRANGER)}
    for signer in (SIGNER, STRANGER):
        assert code(caller.send(event(), signer=signer)) == (401, "SIGNATURE_KEY")
    caller.keys["another"] = {"other": _raw(STRANGER)}
    assert caller.send(event()).status_code == 200


@pytest.mark.parametrize("ahead_s", [-400, 400])
def test_a_signature_outside_its_window_is_refused(caller: Caller, ahead_s: int) -> None:
    assert code(caller.send(event(), ahead_s=ahead_s)) == (401, "SIGNATURE_TIME")
    assert caller.put() == []


def test_who_is_not_known_sends_nothing(caller: Caller) -> None:
    assert code(caller.send(event(), signer=STRANGER)) == (401, "SIGNATURE_WRONG")
    assert code(caller.client.post("/steps", json={"events": [event()]})) == (401, "SIGNATURE_MISSING")
    found = {code(caller.client.post("/steps", json={})) for _ in range(2 * UNSIGNED_BURST)}
    assert found == {(401, "SIGNATURE_MISSING"), (429, "TOO_MANY_REQUESTS")}
    assert caller.send(event()).status_code == 200  # who signs is let in, also from the same address
    assert len(caller.put()) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", (400, "UNREADABLE")),
        (b'{"events":{}}', (422, "FIELD_INVALID")),
        (b'{"events":[]}', (422, "FIELD_INVALID")),
        (b'{"events":[7]}', (422, "FIELD_INVALID")),
        (b'{"steps":[]}', (422, "NOT_ASKED")),
        (b"{}", (422, "FIELD_MISSING")),
        (json.dumps({"events": [{}] * (ROWS_MAX + 1)}).encode(), (422, "FIELD_INVALID")),
        (b" " * (BODY_BYTES_MAX + 1), (413, "TOO_LARGE")),
    ],
)
def test_another_body_is_refused_with_its_code(caller: Caller, body: bytes, expected: tuple[int, str]) -> None:
    assert code(caller.send(body=body)) == expected
    assert caller.put() == []


def test_a_code_that_is_in_no_table_is_told_to_its_sender_each_time_and_stored_once(caller: Caller) -> None:
    """P3: the system learns in the answer that its step counts nowhere."""
    sent = [event(), event("E-2", stepCode="999"), event("E-3", externalAppNo=None)]
    for _ in range(2):
        told = [[(one["code"], one["field"]) for one in row["faults"]] for row in caller.send(*sent).json()["events"]]
        assert told == [[], [("STEP_UNKNOWN", "step.code")], [("STEP_NO_NUMBER", "step.application_no")]]
    assert len(caller.put()) == 3


def test_as_many_full_events_as_a_call_may_have_are_sent_in_two(caller: Caller) -> None:
    """As docs/crm-contract.md says of 413: nothing is stored, and fewer in a call are taken."""
    full = [event(f"E-{number:03d}", reason="更正" * 80, recordedAt=END["occurredAt"]) for number in range(ROWS_MAX)]
    assert code(caller.send(*full)) == (413, "TOO_LARGE")
    assert caller.put() == []
    half = ROWS_MAX // 2
    assert {caller.send(*part).status_code for part in (full[:half], full[half:])} == {200}
    assert len(caller.put()) == ROWS_MAX


def test_no_answer_repeats_what_was_sent(caller: Caller) -> None:
    for sent in (event(operator="张三丰"), event("张三丰"), event(occurredAt="张三丰"), {"张三丰": 1}):
        assert "张三丰" not in caller.send(sent).text


def test_columns_outside_the_grant_are_dropped(caller: Caller) -> None:
    caller.send(event(password="swordfish"))
    assert caller.source.context.dropped.take() == {}  # counted in the store
    assert len(caller.put()) == 1


def test_a_grant_that_does_not_say_so_takes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    caller = Caller(house, ways=("feed",))
    with pytest.raises(Misconfigured, match="sends by itself"):
        caller.intake.take("utility_steps", [event()], b"", lambda connection: None)
    assert code(caller.send(event())) == (500, "INTERNAL")
    house.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Caller]:
    house = House(tmp_path, url="" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield Caller(house)
    house.close()


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """What each returns, or its error, all of them begun together."""
    with ThreadPoolExecutor(len(work)) as pool:
        futures = [pool.submit(one) for one in work]
    return [future.exception() or future.result() for future in futures]


def test_the_same_steps_in_calls_at_once_are_stored_once(crowded: Caller) -> None:
    events = [event(f"E-{number}") for number in range(20)]
    take = partial(crowded.intake.take, "utility_steps", proof=b"", admit=lambda connection: None)
    found = at_once(*(partial(take, events[turn:] + events[:turn]) for turn in range(4)))
    ids = [sorted(one.record_id for one in taken) for taken in found]
    assert ids == [ids[0]] * 4
    assert not any(one.conflicts for taken in found for one in taken)
    assert (len(crowded.put()), crowded.again()) == (20, 60)


def test_of_several_contents_at_once_one_is_the_first(crowded: Caller) -> None:
    contents = [event(occurredAt=f"2026-03-02T10:0{number}:00+08:00") for number in range(4)]
    take = partial(crowded.intake.take, "utility_steps", proof=b"", admit=lambda connection: None)
    found = at_once(*(partial(take, [one]) for one in contents))
    assert sorted(taken[0].conflicts for taken in found) == [False, True, True, True]
    assert len(crowded.put()) == 4


def test_a_nonce_that_is_used_at_once_counts_once(crowded: Caller) -> None:
    signed = Signed("crm-sandbox", crowded.house.clock.process_ms() // 1000, "0123456789abcdef", b"", b"")
    admit = partial(Nonces(crowded.house.clock).use, signed)
    take = partial(crowded.intake.take, "utility_steps", proof=b"", admit=admit)
    found = at_once(*(partial(take, [event(f"E-{number}")]) for number in range(4)))
    assert sorted(type(one).__name__ for one in found) == [*["SignatureRefused"] * 3, "list"]
    assert len(crowded.put()) == 1


def test_a_call_that_is_refused_in_its_transaction_keeps_nothing(caller: Caller) -> None:
    def refuse(connection: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        caller.intake.take("utility_steps", [event()], b"", refuse)
    assert (caller.put(), caller.again()) == ([], 0)


def test_what_was_signed_is_kept_with_the_step(caller: Caller) -> None:
    """An auditor can check the utility's own signature later, without the hub (P4)."""
    caller.send(event())
    (row,) = caller.put()
    (opened,) = caller.house.opener.open([row.value])
    original = opened.original()
    head, text = original.proof.split(b"\n", 4)[:4], original.proof.split(b"\n", 4)[4]
    assert (head[0], head[1]) == (b"onecert-signed-v1", b"crm-sandbox")
    signed, body = text[: int(head[3])], text[int(head[3]) + 1 :]
    SIGNER.verify(bytes.fromhex(head[2].decode()), signed)
    assert json.loads(body)["events"] == [event()]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.sampled_from(["eventId", "stepCode", "eventType", "occurredAt", "becomes", "sendElectType", "appNo"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=3))
def test_no_step_makes_the_hub_fail(caller: Caller, events: list[dict[str, Any]]) -> None:
    body = json.dumps({"events": events}, ensure_ascii=True).encode()
    assert caller.send(body=body).status_code in (200, 400, 409, 422)


CHILD = """
import sys
from pathlib import Path
from tests.casework import House
from tests.unit.web.api.test_steps import Caller, event
caller = Caller(House(Path(sys.argv[1])))
caller.send(event())
"""


@pytest.mark.parametrize(("point", "stored"), [("sent.sealed", 0), ("sent.committed", 1)])
def test_killed_between_two_lines_the_caller_sends_again_and_nothing_is_twice(
    tmp_path: Path, point: str, stored: int
) -> None:
    """P1, P2: ``kill -9`` after sealing, and after the commit before the answer."""
    environ = {**os.environ, "HUB_CRASH": point}
    root = Path(__file__).parents[4]
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=root, env=environ, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    house = House(tmp_path)
    caller = Caller(house)
    assert len(caller.put()) == stored
    assert caller.send(event()).status_code == 200
    assert (len(caller.put()), caller.again()) == (1, stored)
    house.close()


# ---- reports about joint transfers ----

REPORT = {"eventId": "T-1", "transferNo": "7K3M9QPDX2V4TW", "status": "11", "questionNo": 1}
REPORT |= {"occurredAt": "2026-03-02T10:05:00+08:00"}


@pytest.fixture
def reporter(tmp_path: Path) -> Iterator[Caller]:
    house = House(tmp_path)
    yield Caller(house, name="utility_transfers", path="/transfer-reports")
    house.close()


def test_a_report_about_a_transfer_is_taken_once_and_another_content_is_a_conflict(reporter: Caller) -> None:
    first, again = reporter.send(REPORT), reporter.send(REPORT)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) and first.status_code == 200
    other = reporter.send({**REPORT, "status": "10"})
    assert other.status_code == 409 and other.json()["events"][0]["reason"] == "REPORT_CONFLICT"
    with reporter.house.store.read() as connection:
        rows = connection.execute(select(outbox)).all()
    assert [row.topic for row in rows] == ["utility.transfer.received"] * 2, "both are stored"


def test_each_route_takes_what_is_its_own(tmp_path: Path) -> None:
    clock, kinds = HandClock(), {"utility_steps": "utility.step", "utility_transfers": "utility.transfer"}

    def senders(fits: Callable[[str], bool]) -> dict[str, dict[str, bytes]]:
        return {name: {f"key-{name}": _raw(SIGNER)} for name, kind in kinds.items() if fits(kind)}

    found = {path: sorted(one._senders()) for path, one in by_path(senders, clock).items()}
    assert found == {"/steps": ["utility_steps"], "/transfer-reports": ["utility_transfers"]}
