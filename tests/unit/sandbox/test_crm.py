"""The connection system counts effects: whoever posts twice without asking is found out (P2)."""

import time
from collections.abc import Callable

import httpx
import pytest

from sandbox.launch import Running

APPLICATION = {
    "externalAppNo": "X-1",
    "channel": "gov-platform",
    "channelAppNo": "C-1",
    "busiType": "new",
    "orgNo": "12401",
    "elecAddr": "天津市",
    "voltageCode": "AC00101",
    "contractCap": 800,
    "custType": "NON_RESIDENT",
    "acceptedAt": "2026-01-05T09:00:00+08:00",
    "dueOn": "2026-01-12",
}
EVIDENCE = {
    "pieceNo": 1,
    "kind": "licence.business",
    "recordId": "00",
    "assurance": "SIGNED_RESPONSE",
    "verifiedAt": "2026-01-05T09:00:01+08:00",
    "purpose": "connection-application",
    "legalBasis": "action-plan-6",
    "legalClause": "§6",
    "holderRelation": "SELF",
    "fields": {},
}


def client(running: Running) -> httpx.Client:
    token = running.secrets["utility_crm"]["token"]
    return httpx.Client(base_url=running.urls["utility_crm"], headers={"authorization": f"Bearer {token}"}, timeout=5)


def test_every_post_is_an_effect_and_is_found_by_its_key(fresh: Callable[..., Running]) -> None:
    """P2: it does not deduplicate; asking first is the sender's part."""
    running = fresh()
    crm = client(running)
    made = crm.post("/applications", json=APPLICATION, headers={"idempotency-key": "k1"})
    assert made.status_code == 201
    assert crm.get("/applications", params={"externalAppNo": "X-1"}).json()["items"] == [
        {**made.json(), "externalAppNo": "X-1", "idempotencyKey": "k1"}
    ]
    receipts = [
        crm.post("/applications/X-1/evidence", json=EVIDENCE, headers={"idempotency-key": "e1"}) for _ in range(2)
    ]
    assert [receipt.status_code for receipt in receipts] == [201, 201]
    found = crm.get("/applications/X-1/evidence", params={"key": "e1"}).json()["items"]
    assert [item["receiptNo"] for item in found] == [receipt.json()["receiptNo"] for receipt in receipts]
    assert crm.get("/applications/X-1/evidence", params={"key": "e2"}).json()["items"] == []
    running.restart("utility_crm")
    effects = running.control("utility_crm", "effects")
    assert (effects["applications"], effects["evidence"], effects["total"]) == ({"k1": 1}, {"e1": 2}, 3)
    assert effects["doubled"] == ["e1"]
    assert running.control("utility_crm", "effects?bodies=1")["effects"][0]["body"] == APPLICATION


def test_it_can_carry_out_late_accept_without_a_number_and_answer_questions_wrongly(
    fresh: Callable[..., Running],
) -> None:
    running = fresh()
    crm = client(running)

    def effects(count: int) -> bool:
        return bool(running.control("utility_crm", "effects")["total"] == count)

    for name, status, key in (("late", 504, "k1"), ("accepted", 202, "k2")):
        running.fault("utility_crm", name, delay_s=0.3)
        made = crm.post("/applications", json=APPLICATION, headers={"idempotency-key": key})
        assert (made.status_code, b"appNo" in made.content) == (status, False)
        running.clear("utility_crm")
        deadline_s = time.monotonic() + 10
        while not effects(int(key[1])):
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
    for name, said in (("busy", {"code": 500, "msg": "系统繁忙，请稍后再试"}), ("part", {"items": [], "total": 2})):
        running.fault("utility_crm", name)
        assert crm.get("/applications", params={"externalAppNo": "X-1"}).json() == said
        running.clear("utility_crm")


def test_refusals_are_final_and_named(fresh: Callable[..., Running]) -> None:
    running = fresh(refuse=("BAD-1",))
    crm = client(running)

    def post(path: str, body: object, key: str = "k") -> tuple[int, str]:
        answer = crm.post(path, json=body, headers={"idempotency-key": key} if key else {})
        return answer.status_code, answer.json().get("errorCode", "")

    assert post("/applications", {**APPLICATION, "externalAppNo": "BAD-1"}) == (422, "BLACKLISTED")
    assert post("/applications/X-9/evidence", EVIDENCE) == (422, "APPLICATION_UNKNOWN")
    assert post("/applications", {"externalAppNo": "X-2"}) == (422, "FIELD_MISSING")
    assert post("/applications", APPLICATION, key="") == (400, "BAD_REQUEST")
    running.control("utility_crm", "refuse", {"externalAppNo": "X-1", "errorCode": "NO_GRID", "message": "no"})
    assert post("/applications", APPLICATION) == (422, "NO_GRID")
    running.control("utility_crm", "refuse", {"externalAppNo": "X-1"}, method="DELETE")
    assert post("/applications", APPLICATION)[0] == 201
    assert running.control("utility_crm", "effects")["total"] == 1


def test_a_refusal_by_the_channels_own_number_holds_for_the_application_and_its_evidence(
    fresh: Callable[..., Running],
) -> None:
    running = fresh()
    crm = client(running)
    registered = {**APPLICATION, "externalAppNo": "X-2"}
    assert crm.post("/applications", json=registered, headers={"idempotency-key": "k"}).status_code == 201
    running.control("utility_crm", "refuse", {"channelAppNo": "C-1", "errorCode": "NO_GRID", "message": "no"})
    for path, body in (("/applications", APPLICATION), ("/applications/X-2/evidence", EVIDENCE)):
        answer = crm.post(path, json=body, headers={"idempotency-key": "k2"})
        assert (answer.status_code, answer.json()["errorCode"]) == (422, "NO_GRID")
    other = {**APPLICATION, "channelAppNo": "C-2"}
    assert crm.post("/applications", json=other, headers={"idempotency-key": "k3"}).status_code == 201


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_is_refused(running: Running, method: str) -> None:
    answer = httpx.request(method, running.urls["utility_crm"] + "/applications", headers={"authorization": "Bearer x"})
    assert answer.status_code == 401
