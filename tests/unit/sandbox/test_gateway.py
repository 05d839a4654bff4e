"""The licence gateway over HTTP: what it serves is what the truth file says, signed so that anybody can check it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sandbox import truth
from sandbox.gateway.auth import Caller, sign_call
from sandbox.launch import Running

from .conftest import SIZE, Gateway


def _root(item: dict[str, Any], size: int) -> str:
    """RFC 9162 §2.1.3.2, written from its text and not from the sandbox's tree."""
    node = sha256(b"\x00" + item["record"].encode()).digest()
    fn, sn = item["index"], size - 1
    for sibling in map(bytes.fromhex, item["path"]):
        if fn % 2 or fn == sn:
            node = sha256(b"\x01" + sibling + node).digest()
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01" + node + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return node.hex()


def _check_signature(running: Running, page: dict[str, Any]) -> None:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(running.secrets["business_licence"]["public_key"]))
    head = f"onecert-page-v1\n{page['root']}\n{page['size']}\n{page['signedAt']}"
    key.verify(base64.b64decode(page["signature"]), head.encode())


def test_the_feed_is_what_the_truth_says(running: Running, gateway: Gateway) -> None:
    lines = [line for line in truth.read(running.truth) if line["source"] == "business_licence"]
    pages = list(gateway.pages(limit=500))
    items = [item for page in pages for item in page["items"]]
    assert [page["size"] for page in pages] == [500, 500, SIZE - 1000]
    assert len(items) == len(lines) == SIZE
    for page in pages:
        _check_signature(running, page)
    places = [(item, page) for page in pages for item in page["items"]]
    for line, (item, page) in zip(lines, places, strict=True):
        assert (_root(item, page["size"]) == page["root"]) == (line["code"] != "PROOF_INVALID")
        if "raw_sha256" in line:
            assert sha256(item["record"].encode()).hexdigest() == line["raw_sha256"]
        else:
            record = json.loads(item["record"])
            assert (record["zzbs"], record["version"]) == (line["key"], line["version"])


def test_the_summary_counts_the_truth(running: Running) -> None:
    summary = json.loads(running.truth_summary.read_text())
    lines = list(truth.read(running.truth))
    for source, of in summary.items():
        mine = [line for line in lines if line["source"] == source]
        assert of["emitted"] == len(mine) == of["verified"] + of["rejected"] + of["duplicates"]
        assert of["rejected"] == sum(line["expect"] == "rejected" for line in mine) == sum(of["codes"].values())


@pytest.mark.parametrize("limit", [1, 3, 7, 128])
def test_trees_of_every_size_lead_to_their_root(gateway: Gateway, limit: int) -> None:
    page = gateway.get("/licences/changes", after="", limit=limit).json()
    sound = [item for item in page["items"] if _root(item, page["size"]) == page["root"]]
    assert len(sound) >= limit - 2


def test_the_same_cursor_gives_the_same_records_signed_again(gateway: Gateway) -> None:
    first, again = (gateway.get("/licences/changes", after="", limit=50).json() for _ in range(2))
    assert [(item["record"], item["path"]) for item in again["items"]] == [
        (item["record"], item["path"]) for item in first["items"]
    ]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(again["signedAt"])).total_seconds()) < 60


def test_a_query_gives_the_newest_licence_and_asks_for_a_purpose(running: Running, gateway: Gateway) -> None:
    entry = next(e for e in json.loads(running.applications.read_text()) if e["id"] == "own-title")
    page = gateway.query(certIdentifier=entry["body"]["applicant"]["uscc"], useCause="connection-application").json()
    assert "next" not in page
    assert [json.loads(item["record"])["zzbs"] for item in page["items"]] == [entry["expected"]["licence_key"]]
    _check_signature(running, page)
    assert gateway.query(certIdentifier="91110000600037341L", useCause="x").json()["items"] == []
    assert gateway.query(certIdentifier="91110000600037341L").status_code == 400
    assert gateway.query(useCause="x").status_code == 400


def test_a_day_counts_what_the_feed_gave_on_that_day(running: Running, gateway: Gateway) -> None:
    first = gateway.get("/licences/count", date="2024-01-02").json()
    keys = [f"{line['key']}#{line['version']}" for line in list(truth.read(running.truth))[:100]]
    assert first["keys"] == sorted(set(keys))
    assert first["count"] == len(first["keys"])
    assert gateway.get("/licences/count", date="2023-01-02").json()["count"] == 0
    assert gateway.get("/licences/count", date="yesterday").status_code == 400


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"limit": "x"}, {"after": "nonsense"}])
def test_a_wrong_page_is_refused(gateway: Gateway, query: dict[str, Any]) -> None:
    assert gateway.get("/licences/changes", **query).status_code == 400


@pytest.mark.parametrize(
    "spoil",
    [
        {"gjgxjhpt_sign": "AAAA"},
        {"x-onecert-sign": "AAAA"},
        {"x-onecert-digest": "00" * 32},
        {"gjgxjhpt_rid": "somebody"},
        {"x-onecert-nonce": ""},
        {"gjgxjhpt_rtime": "soon"},
    ],
)
def test_a_call_that_is_not_signed_as_it_stands_is_refused(gateway: Gateway, spoil: dict[str, str]) -> None:
    target = "/licences/changes?after=&limit=1"
    headers = sign_call(gateway.caller, "GET", target) | spoil
    assert gateway.http.get(target, headers=headers).status_code == 401


def test_a_repeated_an_old_and_a_foreign_call_are_refused(gateway: Gateway) -> None:
    target = "/licences/changes?after=&limit=1"
    headers = sign_call(gateway.caller, "GET", target)
    assert gateway.http.get(target, headers=headers).status_code == 200
    assert gateway.http.get(target, headers=headers).status_code == 401
    assert gateway.http.get(target, headers=sign_call(gateway.caller, "GET", target, now_ms=1)).status_code == 401
    other = Caller(gateway.caller.rid, gateway.caller.sid, "guess")
    assert gateway.http.get(target, headers=sign_call(other, "GET", target)).status_code == 401
    assert gateway.http.get(target, headers=sign_call(gateway.caller, "GET", "/keys")).status_code == 401


def test_the_key_is_public(running: Running, gateway: Gateway) -> None:
    keys = httpx.get(running.urls["business_licence"] + "/keys").json()["keys"]
    secrets = running.secrets["business_licence"]
    assert keys[0] == {"keyId": secrets["key_id"], "publicKey": secrets["public_key"]}
    assert len({one["publicKey"] for one in keys}) == 2  # and the one that it will have next


def test_changes_go_on_and_survive_a_restart(fresh: Callable[..., Running]) -> None:
    """P1: a cursor at the end of the feed finds what came later, also after the gateway was killed."""
    running = fresh(size=40)
    gateway = Gateway(running)
    last = list(gateway.pages())[-1]
    assert not last["more"]
    assert running.control("business_licence", "advance", {"steps": 25})["total"] == 65
    running.restart("business_licence")
    page = gateway.get("/licences/changes", after=last["next"], limit=500).json()
    assert page["size"] == 25
    told = [line for line in truth.read(running.truth) if line["source"] == "business_licence"]
    assert len(told) == 65
