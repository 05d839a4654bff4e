"""A connection system asks for materials by a signed call: told at once, fetched by the hub, or refused (P2, P4-P6)."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from connectors import utility_steps
from hub.audit import refused
from hub.cases.connection.materials.asked import AskedBySystem
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.materials.shown import REQUESTS_MAX
from hub.cases.connection.materials.tables import request
from hub.connect.host.registry import open_source
from hub.privacy.references import References, grouped
from hub.privacy.vault import MasterKey
from hub.web.api.app import create
from hub.web.api.materials import system_router
from hub.web.signatures.nonces import Nonces
from hub.web.signatures.signers import by_path
from hub.web.signatures.tables import used_nonce
from sandbox.steps.signer import CallSigner
from tests import canary, samples
from tests.casework import BY, ConnectionSystem, House, body
from tests.grants import granted
from tests.unit.web.api.document.test_openapi import described

SIGNER = CallSigner(7)
KINDS = {"utility_steps": "utility.step", "utility_transfers": "utility.transfer"}
URL = "http://testserver/materials"
HIGH = {"voltage": "HIGH_10KV", "important": True, "sanling": False, "capacity_kw": 800}


class System(ConnectionSystem):
    """The utility's system: it has an application of the hub, knows both numbers of it, and asks for materials."""

    def __init__(self, house: House, ways: tuple[str, ...] = ("feed", "sent")) -> None:
        super().__init__()
        self.house = house
        self.case_id = house.submit(body(**HIGH)).case_id
        house.deliver(self)
        house.due()
        self.number = References(MasterKey(bytes(32)), "utility_crm").hub_number(self.case_id)
        options = {"public_keys": SIGNER.public_key, "token": "t"}
        source = open_source("utility_steps", options, house.clock, grant=granted("utility_steps", ways=ways))
        self.materials = Materials(house.store, house.opener, house.journal)
        asked = AskedBySystem(self.materials, {"utility_steps": samples.UTILITY}, lambda _: source.check_sends())
        self.keys = {"utility_steps": {"crm-sandbox": raw(SIGNER)}}
        signers = by_path(self._senders, house.clock)["/steps"]
        app = create(house.clock, system_router(asked, signers, Nonces(house.clock)))
        self.client = TestClient(app, raise_server_exceptions=False)

    def _senders(self, kinds: Callable[[str], bool]) -> dict[str, dict[str, bytes]]:
        return {name: keys for name, keys in self.keys.items() if kinds(KINDS[name])}

    def ask(self, *names: str, request_id: str = "M-1", segment: str = "design-review", **more: Any) -> Any:
        items = [{"material": name} for name in names]
        given = {"requestId": request_id, "externalAppNo": self.number, "segment": segment, "items": items} | more
        return self.send({name: value for name, value in given.items() if value is not None})

    def send(self, given: Any, signer: CallSigner = SIGNER, nonce: str = "") -> Any:
        content = json.dumps(given).encode()
        headers = signer.headers("POST", URL, content, self.house.clock.process_ms() // 1000, nonce)
        return self.client.post("/materials", content=content, headers=headers)


def raw(signer: CallSigner) -> bytes:
    return b64decode(signer.public_key.partition("=")[2])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def system(house: House) -> System:
    return System(house)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_p6_the_customer_is_told_everything_at_once_also_what_the_system_did_not_name(system: System) -> None:
    answer = system.ask("design")
    assert (answer.status_code, answer.json()["state"]) == (200, "ASKED")
    assert described("post", "/materials", 200, answer.json()) == []
    assert [one["material"] for one in answer.json()["told"]] == ["design", "designer-qualification"]
    (told,) = system.house.customers.progress(system.case_id)["notices"]
    assert [one["material"] for one in told["items"]] == ["design", "designer-qualification"]
    (notice,) = system.materials.show(system.case_id)["notices"]
    assert (notice["asked_by"], notice["client"], notice["channel"]) == ("CONNECTION_SYSTEM", "utility_steps", "")


def test_p6_beyond_the_list_is_refused_with_the_clause_and_only_its_name_is_kept(
    system: System, tmp_path: Path
) -> None:
    named = "王小明的施工许可证"
    answer = system.ask("design", named)
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["reason"]) == (409, "REFUSED", "MATERIAL_NOT_LISTED")
    assert described("post", "/materials", 409, shown) == []
    assert [(one["material"], one["state"]) for one in shown["items"]] == [("design", "ALLOWED"), (None, "REFUSED")]
    assert "§5" in shown["reason_zh"]
    assert shown["never"][0]["clause"].startswith("津工信电力〔2021〕8号 §5")
    assert shown["told"] == []
    assert system.house.customers.progress(system.case_id)["notices"] == []
    (recorded,) = system.materials.show(system.case_id)["refused"]
    assert (recorded["names"], recorded["asked_by"]) == (["design", named], "CONNECTION_SYSTEM")
    with system.house.store.read() as connection:
        now_ms = system.house.clock.now_ms()
        (seen,) = refused.requests(connection, [system.case_id], now_ms, system.house.opener)[system.case_id]
    assert all(part in seen.told for part in ("MATERIAL_NOT_LISTED", "utility_steps", named, "§5"))
    system.house.relay()
    assert canary.search([named, "M-1"], [path for path in tmp_path.rglob("*") if path.is_file()]) == []


def test_p6_what_the_hub_fetched_is_never_asked_of_the_customer_again(house: House, system: System) -> None:
    assert system.ask("identity", request_id="M-0", segment="acceptance").json()["state"] == "AWAITED"
    house.verified(samples.business())
    house.project()
    answer = system.ask("identity", "property", segment="acceptance")
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (409, "FETCHED", "MATERIAL_FETCHED")
    assert [one["state"] for one in answer.json()["items"]] == ["FETCHED", "AWAITED"]
    assert house.customers.progress(system.case_id)["notices"] == []


def test_p2_the_same_request_gets_the_same_answer_whatever_happened_since(house: House, system: System) -> None:
    asked, no = system.ask("design").json(), system.ask("承诺书", request_id="M-2").json()
    system.materials.hand_in(system.case_id, {"material": "design", "reference": "r", "sha256": "ab" * 32}, BY)
    before = len(house.rows(request))
    for _ in range(2):
        assert system.ask("design").json() == asked
        assert system.ask("承诺书", request_id="M-2").json() == no
    assert len(house.rows(request)) == before == 2


def test_another_content_under_its_id_is_a_conflict_that_is_kept_and_asks_nothing(system: System) -> None:
    first = system.ask("design").json()
    for _ in range(2):
        other = system.ask("施工许可证")
        assert (other.status_code, other.json()["reason"]) == (409, "REQUEST_CONFLICT")
    assert system.ask("design").json() == first
    (kept,) = system.materials.show(system.case_id)["refused"]
    assert (kept["code"], kept["names"]) == ("REQUEST_CONFLICT", ["施工许可证"])
    assert kept["never"], "what is asked for beyond the list is told by its clause under any code"


def test_a_second_notice_waits_until_something_was_handed_in(system: System) -> None:
    system.ask("design")
    again = system.ask("designer-qualification", request_id="M-2")
    assert (again.status_code, again.json()["reason"]) == (409, "NOTICE_GIVEN")


def test_the_application_is_found_by_the_hubs_number_and_by_the_systems_own(house: House, system: System) -> None:
    (own,) = [one["receipt"] for one in house.applications.show(system.case_id)["deliveries"]]
    answer = system.ask("design", externalAppNo=None, appNo=own)
    assert answer.status_code == 200
    assert system.ask("design", externalAppNo=grouped(system.number)).json() == answer.json()
    for unknown in ({"externalAppNo": "7K3M9-QPDX-2V4TW"}, {"externalAppNo": None, "appNo": "A-unknown"}):
        assert code(system.ask("design", **unknown)) == (404, "NO_SUCH_APPLICATION")
    assert code(system.ask("design", externalAppNo=None)) == (404, "NO_SUCH_APPLICATION")


def test_p6_a_request_that_cannot_be_read_is_recorded_by_what_it_names(system: System) -> None:
    assert code(system.ask("design", note="另请携带施工许可证")) == (422, "NOT_ASKED")
    (kept,) = system.materials.show(system.case_id)["refused"]
    assert (kept["names"], [one["zh"] for one in kept["never"]]) == (["note", "design"], ["施工许可"])
    assert kept["client"] == "utility_steps"


def test_only_a_signed_call_of_a_system_that_reports_steps_is_let_in(house: House, system: System) -> None:
    given = {"requestId": "M-1", "externalAppNo": system.number, "segment": "design-review", "items": []}
    assert code(system.client.post("/materials", json=given)) == (401, "SIGNATURE_MISSING")
    assert code(system.send(given, signer=CallSigner(8))) == (401, "SIGNATURE_WRONG")
    system.keys = {"utility_transfers": system.keys["utility_steps"]}
    assert code(system.send(given)) == (401, "SIGNATURE_KEY")
    assert house.rows(request) == []


def test_a_signature_counts_once_and_a_call_that_was_not_carried_out_uses_nothing_up(system: System) -> None:
    nonce = "n" * 32
    given = {"requestId": "M-1", "segment": "design-review", "items": [{"material": "design"}]}
    assert code(system.send(given | {"appNo": "A-unknown"}, nonce=nonce)) == (404, "NO_SUCH_APPLICATION")
    assert system.send(given | {"externalAppNo": system.number}, nonce=nonce).status_code == 200
    assert code(system.send(given | {"externalAppNo": system.number}, nonce=nonce)) == (401, "SIGNATURE_USED")
    assert len(system.house.rows(used_nonce)) == 1


def test_without_a_grant_that_lets_it_send_nothing_is_taken(house: House) -> None:
    system = System(house, ways=("feed",))
    assert system.ask("design").status_code == 500
    assert house.rows(request) == []


def test_refusals_of_one_application_are_recorded_up_to_a_bound_and_refused_beyond_it(system: System) -> None:
    found = partial(system.materials.show, system.case_id)
    with system.house.store.write() as connection:
        row = {
            "case_id": system.case_id,
            "segment": "",
            "code": "NOTICE_GIVEN",
            "items": "[]",
            "sealed": b"",
            "asked_ms": 1,
        }
        rows = [row | {"number": 1000 + n, "client": "", "channel": ""} for n in range(REQUESTS_MAX)]
        connection.execute(request.insert(), rows)
    assert system.ask("施工许可证").json()["reason"] == "MATERIAL_NOT_LISTED"
    assert len(found()["refused"]) == REQUESTS_MAX


def test_p4_requests_are_the_same_after_a_rebuild(house: House, system: System) -> None:
    asked, no = system.ask("design").json(), system.ask("承诺书", request_id="M-2").json()
    house.relay()
    assert {name: one.differences for name, one in house.remade(replacing=True).items() if not one.equal} == {}
    assert (system.ask("design").json(), system.ask("承诺书", request_id="M-2").json()) == (asked, no)


DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("page", ["crm-contract.md", "crm-contract.zh-CN.md"])
def test_the_contract_shows_a_request_and_the_answer_that_a_hub_gives(system: System, page: str) -> None:
    section = (DOCS / page).read_text("utf-8").partition("## 13. ")[2].partition("\n## ")[0]
    wanted, told, step = map(json.loads, re.findall(r"(?s)```json\n(.*?)\n```", section))
    answer = system.send(wanted | {"externalAppNo": system.number})
    assert (answer.status_code, answer.json()) == (409, told)
    sample = Path(utility_steps.__file__).parent / "samples/correction.json"
    assert {"events": [json.loads(sample.read_text("utf-8"))]} == step
