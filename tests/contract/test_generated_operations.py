"""A client that a generator of others makes of docs/openapi.json calls every operation of a hub that serves as
``hub run`` does. Every answer, also of an error, is declared for its operation, is as its schema says without a field
more, and is read into the client's own types."""

import importlib
import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import httpx
import pytest
from jsonschema import Draft202012Validator

from hub.bootstrap import Hub, open_hub
from hub.clock import CHINA
from hub.connect.rest.pageproof import head_of, pack_proof
from hub.delivery.files.fetch import Fetch
from hub.ingest.asking import Asking
from hub.ports import Page, SourceRow
from hub.records.address import parse_to_fit
from hub.web.server import serve
from sandbox.gateway.tree import PageSigner, leaf_hash
from sandbox.steps.signer import CallSigner
from tests import filing, samples, tickets, transfers
from tests.callers import token
from tests.casework import House, body
from tests.contract.test_generated_client import generated
from tests.feeding import flow, settings
from tests.unit.web.api.document.test_openapi import strict

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
OPERATIONS = {one["operationId"]: one for of in DOCUMENT["paths"].values() for one in of.values()}
NO_TYPE = {"asyncapi", "metrics", "file"}
"""Their answers are for other readers, and the generator makes no type of YAML or OFD: the client has their bytes."""
VAGUE = "天津市南开区天拖里"
SUBJECT = "lookup.requests-value"
SIGNER = CallSigner(3)
GATEWAY = PageSigner(3)
"""Signs the pages of the register of businesses."""


class Calls:
    """Calls operations by their ids. ``called``: those that were answered with success."""

    def __init__(self, package: ModuleType, url: str) -> None:
        self.called: set[str] = set()
        self.url = url
        self._package = package

    def client(self, text: str, **more: Any) -> Any:
        return self._package.AuthenticatedClient(base_url=self.url, token=text, **more)

    def function(self, name: str) -> Any:
        (tag,) = OPERATIONS[name]["tags"]
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        snake = "list_" if snake == "list" else snake
        package = f"{self._package.__name__}.api.{tag.replace(' ', '_')}.{snake}"
        return importlib.import_module(package).sync_detailed

    def model(self, name: str, document: Any) -> Any:
        """The body of an operation, in the client's own type."""
        return get_type_hints(self.function(name))["body"].from_dict(document)

    def __call__(self, name: str, client: Any, *args: Any, status: int = 200, **given: Any) -> Any:
        if "body" in given:
            given["body"] = self.model(name, given["body"])
        answer = self.function(name)(*args, client=client, **given)
        assert answer.status_code == status, (name, answer.content)
        declared = OPERATIONS[name]["responses"][str(status)]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        assert media in declared, (name, media)
        if "json" in media:
            schema = {**declared[media]["schema"], "components": DOCUMENT["components"]}
            found = Draft202012Validator(strict(schema)).iter_errors(json.loads(answer.content))
            assert [f"{error.json_path}: {error.message}" for error in found] == [], name
        assert answer.parsed is not None or name in NO_TYPE, f"{name}: the client cannot read {status}"
        if status < 300:
            self.called.add(name)
        return answer.content if name in NO_TYPE and status < 300 else answer.parsed


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("client")
        patch.syspath_prepend(str(folder))
        yield generated("openapi.json", "hub_operations", folder)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """One whose registers have a title and a licence, and a source that can be asked for the titles of a person."""
    (tmp_path / "master.key").write_bytes(bytes(32))
    (tmp_path / "master.key").chmod(0o600)
    record = samples.title()
    record["unit"]["address"] = parse_to_fit(VAGUE)
    house = House(tmp_path)
    house.received(house.seal(record), source="property_title")
    house.received(house.seal(samples.business(), proof=signed_alone("raw")), source=filing.SOURCE)
    house.close()
    rows = (SourceRow("1", 1, b"", samples.title()),)
    monkeypatch.setattr(Asking, "ask", lambda *_: Page(rows, {}, False))
    issuer = {"key_id": tickets.ISSUER.key_id, "public_key": tickets.ISSUER.public_key}
    gateway = {"key_id": GATEWAY.key_id, "public_key": GATEWAY.public_key}
    own = {
        "utility_pull": {},
        "utility_steps": {"public_keys": SIGNER.public_key},
        "utility_transfers": {"public_keys": SIGNER.public_key},
        "identity_check": {"url": "http://127.0.0.1:9", "token": "t", **issuer},
        "property_title": {"url": f"sqlite:///{tmp_path}/titles.db"},
        filing.SOURCE: {"url": "http://127.0.0.1:9", "rid": "r", "sid": "s", "secret": "t", **gateway},
    }
    hub = open_hub(settings(tmp_path, own, web={"port": 0}))
    flow(hub)
    yield hub
    hub.close()


def signed_alone(raw: str) -> bytes:
    """The proof of a row that is a page by itself."""
    root, at = leaf_hash(raw).hex(), "2026-03-02T09:00:00+08:00"
    said = {"root": root, "size": 1, "signedAt": at, "keyId": GATEWAY.key_id, "signature": GATEWAY.sign(root, 1, at)}
    return pack_proof(head_of(said).pack(), 0, [])


@pytest.fixture
def call(hub: Hub, package: ModuleType) -> Iterator[Calls]:
    with serve(hub) as url:
        yield Calls(package, url)


def test_every_operation_is_called_and_answers_as_the_document_says(hub: Hub, call: Calls) -> None:
    client = call.client(text_of(hub))
    one, own = submitted(hub, call, client)
    places(call, client, one)
    customer(hub, call, client, one, own)
    titles(hub, call, client)
    joint_transfer(hub, call)
    registry(call, client)
    for name in ("health", "ready", "metrics", "cases", "openapi", "asyncapi"):
        if name != "ready":
            call(name, client)
    call("case", client, one)
    not_called = OPERATIONS.keys() - call.called
    assert not_called == {"ready"}, "it is ready when its stages run: here it says so by 503"
    call("ready", client, status=503)


def submitted(hub: Hub, call: Calls, client: Any) -> tuple[str, str]:
    """An application from its submission to what operators do with it. Returns its id and its own token."""
    sent = body(site={"address": VAGUE})
    made = call("submit", client, status=201, body=sent)
    assert call("submit", client, body=sent).application_id == made.application_id
    one = str(made.application_id)
    shown = call("show", client, one)
    assert (shown.external_no, shown.voltage) == ("A-1", "LOW")
    assert [each.application_id for each in call("list", client).items] == [one]
    flow(hub, "due")
    call("clock", client, one)
    call("materials", client, one)
    high = body("A-3", voltage="HIGH_10KV", sanling=False, sources=2, important=True)
    starred = call("submit", client, status=201, body=high)
    call("handIn", client, starred.application_id, body=example("handIn"))
    call("notice", client, starred.application_id, body=example("notice"))
    assert call("hold", client, one).state == "held"
    assert call("release", client, one).state == "open"
    resident = {"resident_id": samples.PERSON, "name": "王伟"}
    person = body("A-4", applicant=resident, customer_class="RESIDENT", sanling=False, capacity_kw=8)
    other = call("submit", client, status=201, body=person).application_id
    call("present", client, other, body={"ticket": tickets.ticket(hub.clock, external_no="A-4")})
    return one, str(made.application_token)


def places(call: Calls, client: Any, one: str) -> None:
    """A question about its site."""
    (item,) = call("placesOfSite", client, one, body=example("placesOfSite")).items
    assert item.question == "SAME_SITE"
    call("answerPlace", client, one, 1, body={"answer": "YES", "person": "李明"})


def example(name: str) -> Any:
    (content,) = OPERATIONS[name]["requestBody"]["content"].values()
    return content["example"]


def test_errors_are_what_the_document_declares(hub: Hub, call: Calls) -> None:
    client, nothing = call.client(text_of(hub)), "0" * 32
    stranger, reader = call.client("no-token"), call.client(text_of(hub, scopes=["applications:read"]))
    call("submit", client, status=201, body=body())
    problems = [
        *(call(name, client, nothing, status=404) for name in ("show", "clock", "hold", "release", "cancel", "case")),
        *(call(name, stranger, nothing, status=401) for name in ("show", "progress", "case")),
        *(call(name, reader, nothing, status=403) for name in ("hold", "cancel")),
        call("placesOfSite", stranger, nothing, status=401, body=example("placesOfSite")),
        call("placesOfSite", reader, nothing, status=403, body=example("placesOfSite")),
        call("submit", client, status=409, body=body(capacity_kw=60)),
        call("submit", client, status=422, body=body("A-2", capacity_kw=-1)),
        call("list", client, status=422, external_no="A-1"),
        call("showTransfer", client, nothing, status=404),
        call("versions", client, "nothing-value", status=404),
        call("register", client, "nothing-value", status=422, body=example("register")),
        call("acknowledge", call.client(deliveries(hub)), "A" * 48, status=404, body={"number": "A1"}),
    ]
    for _ in range(100):
        question = {"channel": "gov-platform", "external_no": "A-1", "last": "0000"}
        answer = call.function("lookUpProgress")(client=client, body=call.model("lookUpProgress", question))
        if answer.status_code == 429:
            break
    problems.append(call("lookUpProgress", client, status=429, body=question))
    assert {type(one).__name__ for one in problems} == {"Problem", "RegistryProblem"}


def text_of(hub: Hub, **more: Any) -> str:
    """A token of a client that may do everything, or what is said."""
    return token(hub.store, hub.clock, purposes=["connection-application", "joint-transfer"], **more)


def deliveries(hub: Hub) -> str:
    return text_of(hub, scopes=["deliveries:utility_pull"])


def customer(hub: Hub, call: Calls, client: Any, one: str, own: str) -> None:
    """The utility fetches and reports; the customer sees, rates, and is called back."""
    applicant = call.client(own)
    call("progress", applicant, one)
    last = {"channel": "gov-platform", "external_no": "A-1", "last": samples.USCC[-4:]}
    call("lookUpProgress", client, body=last)
    fetched(hub, call, client)
    reported(hub, call, client, one, "010", "150")
    starred = next(each for each in call("list", client).items if each.external_no == "A-3").application_id
    reported(hub, call, client, starred, "010", "060")
    call("askForSegment", client, starred, body={"segment": "design-review"})
    number = call("show", client, starred).numbers["utility_pull"]
    papers = {"segment": "completion", "items": [{"material": "completion-report"}]}
    signed(call, "askForMaterials", "/materials", {"requestId": "M-1", "externalAppNo": number, **papers})
    signed(call, "sendReports", "/transfer-reports", example("sendReports"))
    call("rate", applicant, one, body={"grade": 1})
    call("followUp", client, one, body=example("followUp"))


def reported(hub: Hub, call: Calls, client: Any, one: str, *codes: str) -> None:
    """The utility reports the ends of these steps, a second apart."""
    number = call("show", client, one).numbers["utility_pull"]
    for nth, code in enumerate(codes):
        at = (hub.clock.now().astimezone(CHINA) + timedelta(seconds=nth)).isoformat(timespec="seconds")
        told = {"eventId": f"E-{one[-8:]}-{code}", "externalAppNo": number, "appNo": None, "stepCode": code}
        event = {**example("sendSteps")["events"][0], **told, "occurredAt": at, "recordedAt": at}
        signed(call, "sendSteps", "/steps", {"events": [event]})
    time.sleep(len(codes))  # the last of them is over then: what is asked next comes after it
    flow(hub, "relay", "verify", "project", "due")


def fetched(hub: Hub, call: Calls, client: Any) -> None:
    """The utility takes what waits, refuses one, and the applicant takes that application back."""
    other = call("submit", client, status=201, body=body("A-2"))
    utility = call.client(deliveries(hub))
    shown = call("deliveries", utility).items
    for item in shown:
        if item.body["channelAppNo"] == "A-2":
            call("refuse", utility, item.delivery_id, body=example("refuse"))
        else:
            call("acknowledge", utility, item.delivery_id, body=example("acknowledge"))
    file_of_licence(hub, call, utility)
    call("cancel", client, other.application_id)


def file_of_licence(hub: Hub, call: Calls, utility: Any) -> None:
    """The utility fetches the file of the licence, beside its evidence."""
    for _ in iter(Fetch(hub.parts, filing.Giving()).step, 0):
        pass
    evidence = next(each for each in call("deliveries", utility).items if each.kind == "licence.business")
    assert call("file", utility, evidence.delivery_id) == filing.FILE


def signed(call: Calls, name: str, path: str, document: Any) -> None:
    """Signed as RFC 9421 says, over the bytes that the client sends."""
    url = f"{call.url}{path}"
    content = httpx.Request("POST", url, json=call.model(name, document).to_dict()).content
    headers = SIGNER.headers("POST", url, content)
    signing = call.client(headers["Signature"], prefix="", auth_header_name="Signature")
    named = {"content_digest": headers["Content-Digest"], "signature_input": headers["Signature-Input"]}
    call(name, signing, body=document, **named)


def titles(hub: Hub, call: Calls, client: Any) -> None:
    """What a person holds."""
    ticket = tickets.ticket(hub.clock, external_no="A-9")
    asked = example("titlesHeld") | {
        "external_no": "A-9",
        "applicant": {"resident_id": samples.PERSON},
        "ticket": ticket,
    }
    assert len(call("titlesHeld", client, body=asked).items) == 1


def joint_transfer(hub: Hub, call: Calls) -> None:
    client = call.client(text_of(hub))
    (made,) = call("submitTransfers", client, status=201, body=transfers.body()).items
    call("listTransfers", client)
    call("showTransfer", client, made.transfer_id)
    call("transferStory", client, made.transfer_id)
    call("cancelTransfer", client, made.transfer_id)


def registry(call: Calls, client: Any) -> None:
    """The registry of schemas: a known schema is found, looked up, registered again and compared."""
    for name in ("subjects", "types", "config", "mode"):
        call(name, client)
    for name in ("versions", "configOf", "modeOf"):
        call(name, client, SUBJECT)
    known = call("version", client, SUBJECT, "latest")
    call("versionSchema", client, SUBJECT, "latest")
    for name in ("schema", "schemaOnly", "places", "subjectsOf"):
        call(name, client, known.id)
    same = {"schema": known.schema, "schemaType": "AVRO"}
    for name in ("lookUp", "register", "compatibleWithAll"):
        call(name, client, SUBJECT, body=same)
    call("compatibleWithOne", client, SUBJECT, "latest", body=same)
