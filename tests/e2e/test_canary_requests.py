"""P5: what callers get wrong over HTTP, and what every command shows, repeats nobody's data; not of rows that cannot
even be read."""

import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.clock import SystemClock
from hub.logs.sqlite.log import SqliteLog
from hub.ports import Outgoing, TopicSpec
from hub.runtime.runner import Runner
from hub.topics.declared import ACCESS_EVENTS
from sandbox.demo.demo import Live
from sandbox.world.places import site
from sandbox.world.world import World as Outside
from sandbox.world.world import WorldSpec
from tests import canary
from tests.e2e.asking import left, say, url
from tests.e2e.harness import World, world

SIZE, SEED = 400, 11
GOOD_USCC = "91110000600037341L"
# Somebody who is in no source, and whom only bad requests name.
STRANGER, STRANGERS_ID, STRANGERS_HOME = "欧阳司马", "360426199101010072", "天津市和平区秘密路97号2门1902室"


def planted() -> list[str]:
    """Values behind rows that are sound, rejected and unreadable, as the outside world knows them."""
    outside = Outside(WorldSpec(SEED, SIZE))
    licences, titles = outside.licences, outside.titles
    bad = [*_first(licences.defect), *_first(lambda at: (defect := licences.defect(at)) and defect.anonymous)]
    values = [text for at in (*bad, 5, 6, 7) for text in _of_licence(outside, at)]
    values += [text for at in (*_first(titles.defect), 5, 6, 7) for text in _of_title(outside, at)]
    return [value for value in dict.fromkeys(values) if len(value.encode()) >= canary.SHORTEST]


def _first(fits: Any) -> list[int]:
    return list(islice((at for at in range(3, SIZE) if fits(at)), 6))


def _of_licence(outside: Outside, at: int) -> list[str]:
    enterprise = outside.enterprises.at(*outside.licences.plan(at))
    return [enterprise.uscc, enterprise.name, enterprise.address, enterprise.head.name, enterprise.head.id_number]


def _of_title(outside: Outside, at: int) -> list[str]:
    place = site(outside.titles.unit_of(at))
    owned = [text for owner in outside.titles.owners(at) for text in (owner.name, owner.number)]
    return [place.unit_no, place.text(), outside.titles.row(at).texts["bdcqzh"] or "", *owned]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub that was killed, met faults, was asked badly, and then asked everything by command."""
    with world(tmp_path_factory.mktemp("requests"), SIZE, applications=20, seed=SEED) as one:
        for server in ("business_licence", "utility_crm"):
            one.sandbox.fault(server, "truncate", share=0.3, seconds=2)
        good = [entry["body"] for entry in one.applications()]
        wish = {"channelAppNo": good[7]["external_no"], "message": f"客户 {STRANGER} 已列入黑名单"}
        one.submit(one.applications()[:6])
        one.start(crash="deliver.posted:2")
        one.wait_killed()
        one.sandbox.control("utility_crm", "refuse", wish)
        say(one, "client", "create", "caller", "--channel", "gov-platform", "--purpose", "connection-application")
        token = json.loads(say(one, "token", "create", "--client", "caller", "--json"))["token"]
        one.start(web=True)
        _ask_badly(one, token, good)
        one.sandbox.control("property_title", "release", {})
        one.registered(13)
        _wait_for_verdicts(one)
        one.stop()
        for command in _commands(one):
            say(one, *command)
        yield one


def _ask_badly(one: World, token: str, good: list[dict[str, Any]]) -> None:
    with httpx.Client(base_url=url(one), headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        said = [client.post("/applications", json=body) for body in [*good[6:14], *_bad()]]
        said.append(client.post("/applications", json=good[6] | {"capacity_kw": 77}))
        said.append(client.post("/applications", content=f'{{"applicant": {{"name": "{STRANGER}"'.encode()))
        said.append(client.post("/applications", content=STRANGERS_HOME.encode() * 2_000))
        for path in (f"/applications/{STRANGERS_ID}", f"/{STRANGER}/{STRANGERS_ID}"):
            said.append(client.get(path))
        for query in ({"external_no": STRANGERS_ID, "channel": STRANGER}, {"after": STRANGERS_ID}, {"limit": STRANGER}):
            said.append(client.get("/applications", params=query))
        for header in (f"Bearer {STRANGERS_ID}", f"Basic {STRANGERS_ID}"):
            said.append(client.get("/applications", headers={"Authorization": header}))
    assert {answer.status_code for answer in said} >= {201, 401, 404, 409, 413, 422}
    (one.home / "answers.txt").write_text("\n".join(f"{one.headers} {one.text}" for one in said), "utf-8")


def _wait_for_verdicts(one: World) -> None:
    deadline_s = time.monotonic() + 60
    with one.hub() as hub:
        live = Live(hub, Runner(hub.clock), one.sandbox)
        while not all(line.balanced for line in live.lines()):
            assert time.monotonic() < deadline_s, f"{live.lines()}\n{one.tail()}"
            time.sleep(0.2)


def _bad() -> list[Any]:
    """Applications that are not taken, with somebody's data where it belongs and where it does not."""
    good = {
        "external_no": "bad-1",
        "channel": "gov-platform",
        "applicant": {"resident_id": STRANGERS_ID, "name": STRANGER},
        "site": {"address": STRANGERS_HOME},
        "voltage": "LOW",
        "capacity_kw": 8,
        "customer_class": "RESIDENT",
        "purpose": "connection-application",
        "legal_basis": "action-plan-6",
    }
    return [
        good,
        good | {"applicant": {"uscc": STRANGERS_ID}},
        good | {"remarks": STRANGER},
        good | {STRANGERS_ID: STRANGER},
        good | {"voltage": STRANGER, "capacity_kw": STRANGERS_ID},
        good | {"purpose": STRANGER},
        good | {"legal_basis": f"{STRANGER}同意", "applicant": {"uscc": GOOD_USCC}},
        good | {"channel": STRANGERS_ID, "applicant": {"uscc": GOOD_USCC}},
        good | {"site": {"unit_no": STRANGERS_ID}},
        {"applicant": STRANGERS_ID},
        [STRANGER],
    ]


def _commands(one: World) -> list[list[str]]:
    file = one.home / "sandbox" / "bad.jsonl"
    file.write_text("\n".join(json.dumps(body, ensure_ascii=False) for body in _bad()), "utf-8")
    with one.hub() as hub:
        topics = [["replay", topic, "--json"] for topic in hub.log.topics()]
    return [
        *topics,
        ["replay", "licence.business.received"],
        ["topics"],
        ["doctor"],
        ["rejected", "list"],
        ["rejected", "show", "licence.business.rejected/0/0"],
        ["rejected", "redrive", "--json"],
        ["records", "remap", "--source", "property_title", "--json"],
        ["connectors", "reread", "property_title", "--since", "2000-01-01", "--dry-run", "--json"],
        ["connectors", "reload", "property_title"],
        ["application", "list", "--json"],
        ["token", "list"],
        ["client", "list"],
        ["connectors", "list"],
        ["connectors", "status"],
        ["connectors", "probe", "business_licence", "--limit", "200"],
        ["connectors", "probe", "property_title", "--limit", "200", "--json"],
        ["reconcile", "business_licence", "--date", "2024-01-02", "--csv", "-"],
        ["reconcile", "property_title", "--date", "2024-01-02", "--csv", "-"],
        ["check", "business", str(file)],
        ["check", "property-title", str(file), "--json"],
        ["rebuild", "--check"],
    ]


def test_p5_nothing_personal_is_repeated(asked: World) -> None:
    values = [*planted(), STRANGER, STRANGERS_ID, STRANGERS_HOME]
    assert len(values) >= 60
    assert {path.name for path in left(asked)} >= {"log.db", "store.db", "vault.db", "hub.stderr", "answers.txt"}
    assert canary.search(values, left(asked)) == []
    _there_was_something_to_repeat(asked)


def _there_was_something_to_repeat(asked: World) -> None:
    """Otherwise finding nothing would prove nothing."""
    said = (asked.home / "answers.txt").read_text("utf-8") + (asked.home / "said.txt").read_text("utf-8")
    assert '"refused"' in said
    for code in (
        "LEGAL_BASIS_UNKNOWN",
        "CHANNEL_NOT_YOURS",
        "ID_CHECK",
        "NOT_ASKED",
        "EXTERNAL_NO_TAKEN",
        "UNAUTHORISED",
        "TOO_LARGE",
        "USCC_CHECK",
    ):
        assert code in said, code
    lines = [json.loads(line) for line in asked.stderr.read_text("utf-8").splitlines() if line.startswith("{")]
    assert {"request", "running"} <= {line["event"] for line in lines}


def test_p5_the_search_finds_a_value_on_a_topic(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", SystemClock())
    log.create([TopicSpec(ACCESS_EVENTS, 1)])
    log.writer("leak").commit([Outgoing(ACCESS_EVENTS, 0, b"key", STRANGER.encode("gb18030"), (), 0)])
    log.close()
    assert canary.search([STRANGER], tmp_path.iterdir()) != []
