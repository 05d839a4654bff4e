"""Each fault does what it says, against the real servers over HTTP."""

import base64
import json
import time
from collections.abc import Callable

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sandbox.errors import Misconfigured
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.launch import Running

from .conftest import SIZE, Gateway
from .test_crm import APPLICATION, client


def _page(gateway: Gateway, limit: int = 40) -> httpx.Response:
    return gateway.get("/licences/changes", after="", limit=limit)


def test_latency(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "latency", delay_s=0.3)
    begin = time.monotonic()
    assert _page(gateway).status_code == 200
    assert time.monotonic() - begin >= 0.3


@pytest.mark.parametrize(("name", "status"), [("too_many", 429), ("unavailable", 503), ("error", 500)])
def test_refusals_say_when_to_come_again(quiet: Running, gateway: Gateway, name: str, status: int) -> None:
    quiet.fault("business_licence", name, retry_after_s=7)
    answer = _page(gateway)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == (None if status == 500 else "7")


@pytest.mark.parametrize("name", ["down", "drop_before_commit", "drop_after_commit"])
def test_dropped_connections(quiet: Running, gateway: Gateway, name: str) -> None:
    quiet.fault("business_licence", name)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _page(gateway)
    assert quiet.control("business_licence", "health")["ready"]
    quiet.clear("business_licence")
    assert _page(gateway).status_code == 200


def test_hang_ends_with_a_dropped_connection(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "hang", delay_s=0.4)
    begin = time.monotonic()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _page(gateway)
    assert 0.3 < time.monotonic() - begin < 3


def test_a_truncated_body_breaks_off(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "truncate")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _page(gateway)


def test_a_trickling_body_comes_byte_by_byte_and_whole(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "trickle", delay_s=0.001)
    begin = time.monotonic()
    page = _page(gateway, limit=2)
    assert len(page.json()["items"]) == 2
    assert time.monotonic() - begin > 0.001 * len(page.content)


def test_a_drop_after_commit_has_taken_effect_and_one_before_has_not(fresh: Callable[..., Running]) -> None:
    """P2: two different faults that look the same to the sender."""
    running = fresh()
    for key, name in (("before", "drop_before_commit"), ("after", "drop_after_commit")):
        running.fault("utility_crm", name)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client(running).post("/applications", json=APPLICATION, headers={"idempotency-key": key})
        running.clear("utility_crm")
    assert running.control("utility_crm", "effects")["applications"] == {"after": 1}
    calls = running.control("utility_crm", "calls")["calls"]
    assert calls == {"POST applications drop_after_commit": 1, "POST applications drop_before_commit": 1}


def test_a_bad_signature_does_not_hold(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "bad_signature")
    page = _page(gateway).json()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(quiet.secrets["business_licence"]["public_key"]))
    with pytest.raises(InvalidSignature):
        head = f"onecert-page-v1\n{page['root']}\n{page['size']}\n{page['signedAt']}"
        key.verify(base64.b64decode(page["signature"]), head.encode())


def test_duplicates_stand_within_and_across_pages(quiet: Running, gateway: Gateway) -> None:
    clean = [item["record"] for page in gateway.pages() for item in page["items"]]
    quiet.fault("business_licence", "duplicates")
    pages = [[item["record"] for item in page["items"]] for page in gateway.pages()]
    assert pages[1][0] == pages[0][-1]
    assert pages[0][3] == pages[0][4]
    assert set(clean) == {record for page in pages for record in page}
    assert sum(map(len, pages)) > SIZE + SIZE // 25


def test_schema_drift(quiet: Running, gateway: Gateway) -> None:
    quiet.fault("business_licence", "extra_field")
    assert "ext_hylb" in json.loads(_page(gateway).json()["items"][0]["record"])
    quiet.clear("business_licence")
    quiet.fault("business_licence", "renamed_field")
    record = json.loads(_page(gateway).json()["items"][0]["record"])
    assert "jyfw" in record
    assert "opscope" not in record


def test_a_share_strikes_that_share_the_same_way_every_time() -> None:
    def struck() -> list[bool]:
        faults = Faults(4, WIRE_FAULTS)
        faults.arm({"name": "error", "share": 0.3})
        return [faults.strikes("error") is not None for _ in range(1_000)]

    assert struck() == struck()
    assert 250 < sum(struck()) < 350


def test_a_fault_ends_when_its_seconds_are_over_and_stays_on_its_path() -> None:
    faults = Faults(4, WIRE_FAULTS)
    faults.arm({"name": "error", "seconds": 0.05, "path": "/applications"})
    assert faults.strikes("error", "/keys") is None
    assert faults.strikes("error", "/applications") is not None
    time.sleep(0.06)
    assert faults.strikes("error", "/applications") is None
    assert faults.plain()["armed"] == []


def test_a_fault_of_one_method_lets_the_others_pass() -> None:
    faults = Faults(4, WIRE_FAULTS)
    faults.arm({"name": "drop_after_commit", "path": "/applications", "method": "POST"})
    assert faults.strikes("drop_after_commit", "/applications", "GET") is None
    assert faults.strikes("drop_after_commit", "/applications", "POST") is not None


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"name": "sloth"},
        {"name": "error", "share": 2},
        {"name": "error", "colour": 1},
        {"name": "hang", "delay_s": "x"},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(quiet: Running, wish: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        quiet.control("business_licence", "faults", wish)
