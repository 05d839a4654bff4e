"""The utility answers the questions of joint transfers, and the registry enters a transfer, a mortgage, a change."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import truth
from sandbox.errors import Misconfigured
from sandbox.launch import Running, start
from sandbox.steps import transfers
from sandbox.steps.signer import CallSigner
from sandbox.world.places import site

ROLE, CRM, REGISTRY = "utility_transfers", "utility_crm", "property_title"
UNIT = site(0).unit_no
HOLDERS = [{"name": "李娜", "idNo": "11010519491231002X"}]
OLD = [{"name": "王伟", "idType": "RESIDENT_ID", "idNo": "360426199101010071"}]
MATTER = {
    **{"transferNo": "T1", "channel": "counter", "channelNo": "1", "reason": "PURCHASE", "consNo": "1200045678"},
    **{"keepTariff": True, "acceptedAt": "2026-03-02T09:00:00+08:00"},
}
Ask = Callable[..., int]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(5, 100, tmp_path_factory.mktemp("transfers"), systems=(CRM, REGISTRY, ROLE)) as running:
        yield running


@pytest.fixture
def ask(town: Running) -> Ask:
    """``ask(account, what, question)``: register a transfer of the account, and ask about it. Returns the status."""
    token = {"authorization": f"Bearer {town.secrets[CRM]['token']}"}

    def ask(account: str, what: str, question: int = 1, key: str = "") -> int:
        body: dict[str, Any] = {"questionNo": question, "consNo": account, "oldHolders": OLD}
        push = {"newHolders": [], "registeredOn": "2026-03-03", "keepTariff": True, "fields": {}}
        with httpx.Client(base_url=town.urls[CRM], headers=token, timeout=10) as client:
            matter = MATTER | {"transferNo": f"T{account}", "consNo": account}
            client.post("/transfers", json=matter, headers={"idempotency-key": f"r{account}"}).raise_for_status()
            path, more = f"/transfers/T{account}/{what}", push if what == "pushes" else {}
            named = {"idempotency-key": key or f"{account}-{what}-{question}"}
            return client.post(path, json=body | more, headers=named).status_code

    return ask


def reports(town: Running, account: str) -> list[dict[str, Any]]:
    """The reports about an account's transfer, fetched page by page."""
    token = {"authorization": f"Bearer {town.secrets[ROLE]['token']}"}
    found, after, more = [], "", True
    while more:
        asked = httpx.get(f"{town.urls[ROLE]}/transfer-reports", params={"after": after, "limit": 2}, headers=token)
        page = asked.raise_for_status().json()
        found, after, more = found + page["items"], page["next"], page["more"]
    return [one for one in found if one["transferNo"] == f"T{account}"]


def statuses(town: Running, account: str) -> list[str]:
    return [one["status"] for one in reports(town, account)]


def test_arrears_at_the_check_then_paid_then_transferred(town: Running, ask: Ask) -> None:
    town.control(ROLE, "account", {"consNo": "1001", "arrears": True, "holder": "someone else"})
    ask("1001", "checks")
    (first,) = reports(town, "1001")
    assert (first["status"], first["questionNo"], first["consHolder"]) == (transfers.ARREARS, 1, "1")
    assert town.control(ROLE, "pay", {"consNo": "1001"}) == {"told": 1}
    assert town.control(ROLE, "pay", {"consNo": "1001"}) == {"told": 0}, "it is told once"
    ask("1001", "checks", 2)
    ask("1001", "pushes")
    found = reports(town, "1001")
    assert [one["status"] for one in found] == ["11", "20", "10", "30", "40"]
    assert [one["occurredAt"] for one in found] == sorted(one["occurredAt"] for one in found)


def test_arrears_after_the_check_no_account_and_a_refusal(town: Running, ask: Ask) -> None:
    ask("1002", "checks")
    town.control(ROLE, "account", {"consNo": "1002", "arrears": True})
    ask("1002", "pushes")
    assert statuses(town, "1002") == [transfers.CLEAR, transfers.OWING], "each answer is by the account as it was then"
    town.control(ROLE, "account", {"consNo": "1003", "missing": True})
    ask("1003", "checks")
    assert statuses(town, "1003") == [transfers.NO_ACCOUNT]
    town.control(ROLE, "account", {"consNo": "1004", "refuses": "资料不符"})
    ask("1004", "pushes")
    assert (statuses(town, "1004"), reports(town, "1004")[-1]["opinion"]) == (["30", "50"], "资料不符")


def test_an_answer_that_is_dropped_after_the_commit_and_asked_again_is_one_event(town: Running, ask: Ask) -> None:
    ask("1005", "checks")
    town.fault(CRM, "drop_after_commit", path="/transfers/T1005/checks")
    with pytest.raises(httpx.TransportError):
        ask("1005", "checks")
    town.clear(CRM)
    found = reports(town, "1005")
    assert len(found) == 2 and found[0] == found[1]
    counts = town.control(ROLE, "counts")
    assert counts["reported"] > counts["events"]
    assert town.control(CRM, "effects")["doubled"]


def test_reports_survive_a_kill_and_need_the_token(town: Running, ask: Ask) -> None:
    ask("1006", "checks")
    before = reports(town, "1006")
    town.restart(ROLE)
    assert reports(town, "1006") == before != []
    assert httpx.get(f"{town.urls[ROLE]}/transfer-reports").status_code == 401
    with pytest.raises(Misconfigured):
        town.control(ROLE, "pay", {})


def rows(home: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(home / "exchange.db") as database:
        database.row_factory = sqlite3.Row
        query = "SELECT * FROM ex_bdc_title WHERE bdcdyh = ? ORDER BY update_time, qszt DESC"
        return [dict(row) for row in database.execute(query, (UNIT,))]


def enter(town: Running, kind: str, **more: Any) -> dict[str, Any]:
    """An entry. What it wrote is in the truth."""
    made: dict[str, Any] = town.control(REGISTRY, "enter", {"unitNo": UNIT, "kind": kind, **more})
    told = [line["key"] for line in truth.read(town.truth) if line["source"] == REGISTRY]
    assert made["keys"] == told[-len(made["keys"]) :]
    return made


def test_the_registry_enters_a_mortgage_a_change_a_transfer_and_a_revocation(town: Running) -> None:
    (first,) = rows(town.home)
    enter(town, "MORTGAGE")
    (mortgaged,) = rows(town.home)
    assert (mortgaged["dyzt"], mortgaged["djlx"], mortgaged["djsj"]) == ("1", first["djlx"], first["djsj"])
    enter(town, "PARTICULARS", on="2026-03-02")
    (changed,) = rows(town.home)
    assert (changed["djlx"], changed["djsj"], changed["qszt"], changed["rowguid"]) == (
        *("300", "2026-03-02", "1"),
        first["rowguid"],
    )
    made = enter(town, "TRANSFER", holders=HOLDERS, on="2026-03-03")
    former, fresh = rows(town.home)
    assert made == {"keys": [first["rowguid"], fresh["rowguid"]], "registeredOn": "2026-03-03"}
    assert (former["qszt"], fresh["qszt"], fresh["djlx"], fresh["djsj"]) == ("2", "1", "200", "2026-03-03")
    with sqlite3.connect(town.home / "exchange.db") as database:
        held = database.execute("SELECT zjh FROM ex_bdc_qlr WHERE title_rowguid = ?", (fresh["rowguid"],)).fetchall()
    assert held == [("11010519491231002X",)]
    enter(town, "REVOKED")
    assert {row["qszt"] for row in rows(town.home)} == {"2", "3"}
    for wrong in ({"kind": "MORTGAGE"}, {"kind": "GIFT"}, {"kind": "TRANSFER", "unitNo": site(1).unit_no}):
        with pytest.raises(Misconfigured):
            town.control(REGISTRY, "enter", {"unitNo": UNIT, **wrong})


def test_the_utility_sends_every_report_signed_and_says_what_the_hub_answers(
    town: Running, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("1007", "checks")
    calls: list[tuple[str, list[str]]] = []

    def taken(signer: CallSigner, url: str, events: Sequence[dict[str, Any]]) -> int:
        assert signer.public_key == town.secrets[ROLE]["public_keys"]
        calls.append((url, [one["eventId"] for one in events]))
        return 200

    monkeypatch.setattr(transfers, "send", taken)
    monkeypatch.setattr(transfers, "_SENT_MAX", 2)
    reporter = transfers.Reporter(town.home)
    told = reporter.counts()["reported"]
    assert reporter.send(CallSigner(5), "http://hub") == {"answers": {"200": -(-told // 2)}}
    assert {url for url, _ in calls} == {"http://hub/transfer-reports"}
    assert sum(len(events) for _, events in calls) == told and max(len(events) for _, events in calls) == 2
    assert "T1007-transfer-checks-1-10" in [event for _, events in calls for event in events]
