"""P5: applications with every kind of ticket, of an agent, with a chosen title: no person, no ticket and no serial
number of one is repeated anywhere, over HTTP and by command."""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from sandbox.identity.cards import cards_of
from sandbox.systems import FIRST
from sandbox.world.places import site
from sandbox.world.world import World as Outside
from sandbox.world.world import WorldSpec
from tests import canary
from tests.e2e.asking import left, say, url
from tests.e2e.harness import PATIENCE_S, World, world

SIZE, SEED = 400, 11
MODES = ("FACE_RESULT", "FACE_PLAINTEXT", "COUNTER")
ASKED = ("external_no", "channel", "purpose", "legal_basis")
REFUSALS = {"TICKET_USED", "TICKET_OTHER_APPLICATION", "TICKET_OTHER_PERSON", "TICKET_FORM", "TICKET_SIGNATURE"}


class Ran(NamedTuple):
    """A hub that was asked everything, the tickets that were presented, and the answers of HTTP."""

    world: World
    tickets: list[str]
    answers: list[httpx.Response]


class Counter:
    """A caller of the API, and the identity service in front of it."""

    def __init__(self, one: World, client: httpx.Client) -> None:
        self._one = one
        self._client = client
        self.tickets: list[str] = []
        self.answers: list[httpx.Response] = []

    def ticket(self, body: dict[str, Any], mode: str, person: str) -> str:
        matter = {"channel": body["channel"], "externalNo": body["external_no"], "idNumber": person, "mode": mode}
        self.tickets.append(self._one.sandbox.control("identity", "ticket", matter)["ticket"])
        return self.tickets[-1]

    def call(self, method: str, path: str, **rest: Any) -> Any:
        self.answers.append(self._client.request(method, path, **rest))
        return self.answers[-1].json() if "json" in self.answers[-1].headers["content-type"] else {}

    def choose(self, body: dict[str, Any], ticket: str) -> dict[str, Any]:
        person = {"resident_id": body["applicant"]["resident_id"]}
        asked = {name: body[name] for name in ASKED} | {"applicant": person, "ticket": ticket}
        held = self.call("POST", "/titles/held", json=asked)["items"]
        return body | {"site": {"choice": held[0]["choice"]}}

    def apply(self, body: dict[str, Any]) -> str:
        return str(self.call("POST", "/applications", json=body)["application_id"])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with world(tmp_path_factory.mktemp("tickets"), SIZE, seed=SEED, systems=(*FIRST, "identity")) as one:
        say(one, "client", "create", "caller", "--channel", "gov-platform", "--purpose", "connection-application")
        token = json.loads(say(one, "token", "create", "--client", "caller", "--json"))["token"]
        one.start(web=True)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url(one), headers=headers, timeout=20) as client:
            counter = Counter(one, client)
            ids = _apply(counter, _people(one))
            _ask_badly(counter, _people(one)["at-counter"])
            _wait_for_deliveries(counter, ids)
            for path in ("/applications", "/metrics", "/stats", "/openapi.json", f"/applications/{counter.tickets[0]}"):
                counter.call("GET", path)
        told = (f"{answer.status_code} {answer.headers} {answer.text}" for answer in counter.answers)
        (one.home / "answers.txt").write_text("\n".join(told), "utf-8")
        one.stop()
        _by_command(one, counter, ids)
        yield Ran(one, counter.tickets, counter.answers)


def _people(one: World) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry["body"] for entry in one.applications()}


def _apply(counter: Counter, people: dict[str, dict[str, Any]]) -> list[str]:
    """An application by each way: the three kinds of ticket, with a chosen title; an agent; a ticket that comes
    later."""
    ids = []
    for mode in MODES:
        body = people["by-face"] | {"external_no": f"canary-{mode.lower()}"}
        ticket = counter.ticket(body, mode, body["applicant"]["resident_id"])
        ids.append(counter.apply(counter.choose(body, ticket) | {"ticket": ticket}))
    agent = people["agent"]
    ids.append(counter.apply(agent | {"ticket": counter.ticket(agent, MODES[0], agent["agent"]["resident_id"])}))
    late = people["at-counter"]
    ids.append(counter.apply(late))
    ticket = counter.ticket(late, "COUNTER", late["applicant"]["resident_id"])
    counter.call("POST", f"/applications/{ids[-1]}/ticket", json={"ticket": ticket})
    return ids


def _ask_badly(counter: Counter, body: dict[str, Any]) -> None:
    """Tickets that were used, are another's, were changed, or are none; where a ticket belongs and where not."""
    person = body["applicant"]["resident_id"]
    other = body | {"external_no": "canary-other"}
    fresh = counter.ticket(other, "COUNTER", person)
    strange = counter.ticket(other, "COUNTER", Outside(WorldSpec(SEED, SIZE)).people.person(99).id_number)
    again = counter.ticket(other, "COUNTER", person)
    counter.apply(other | {"ticket": again})
    counter.call("POST", "/applications", json=body | {"external_no": "canary-third", "ticket": fresh})
    for bad in (strange, fresh[:-9] + "AAAAAAAAA", f"x{fresh}y", person):
        counter.call("POST", "/applications", json=other | {"external_no": "canary-other", "ticket": bad})
        asked = {name: other[name] for name in ASKED} | {"applicant": {"resident_id": person}, "ticket": bad}
        counter.call("POST", "/titles/held", json=asked)
    counter.call("POST", "/titles/held", json={"ticket": fresh, fresh: person})
    counter.call("POST", "/applications", json=other | {"purpose": fresh, "site": {"choice": fresh}})
    counter.call("POST", f"/applications/{fresh}/ticket", json={"ticket": fresh, "photo": person})
    counter.call("GET", "/applications", params={"external_no": fresh, "channel": person})


def _wait_for_deliveries(counter: Counter, ids: list[str]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        shown = [counter.call("GET", f"/applications/{one}") for one in ids]
        if all(all(need["state"] == "met" for need in one["evidence"]) and _acknowledged(one) for one in shown):
            return
        assert time.monotonic() < deadline_s, shown
        del counter.answers[-len(ids) :]
        time.sleep(0.3)


def _acknowledged(shown: dict[str, Any]) -> bool:
    pieces = shown["deliveries"]
    return len(pieces) > len(shown["evidence"]) and all(piece["state"] == "acknowledged" for piece in pieces)


def _by_command(one: World, counter: Counter, ids: list[str]) -> None:
    body = _people(one)["at-counter"]
    person = body["applicant"]["resident_id"]
    with one.hub() as hub:
        topics = list(hub.log.topics())
    for command in (
        *(["replay", topic, "--json"] for topic in topics),
        *(["application", "show", shown, "--json"] for shown in ids),
        *(["application", "story", shown, "--json"] for shown in ids),
        *(["application", "list"], ["cases", "list"], ["topics"], ["doctor"], ["rebuild", "--check"]),
        *(["rejected", "list", "--json"], ["connectors", "status", "--json"]),
    ):
        say(one, *command)
    fresh = counter.ticket(body, "COUNTER", person)
    say(one, "application", "ticket", ids[-1], "-", given=fresh)
    say(one, "application", "ticket", ids[0], "-", given=fresh)
    asked = {name: body[name] for name in ASKED} | {"applicant": {"resident_id": person}, "ticket": fresh}
    say(one, "application", "titles", "-", "--json", given=json.dumps(asked))
    why = ["--purpose", body["purpose"], "--basis", body["legal_basis"], "--business-number", body["external_no"]]
    for source in ("resident_id", "identity_check", "property_title"):
        bound = [] if source == "property_title" else ["--ticket", fresh]
        _ask(one, [source, "--by", "resident-id", "--value", "-", *why, *bound], person)


def _ask(one: World, arguments: list[str], person: str) -> None:
    """The arguments are the operator's own and not what the hub repeats: they are not kept."""
    file, before = one.home / "said.txt", (one.home / "said.txt").read_text("utf-8")
    say(one, "connectors", "ask", *arguments, given=person)
    said = file.read_text("utf-8").removeprefix(before).partition("\n")[2]
    file.write_text(f"{before}$ connectors ask {arguments[0]}\n{said}", "utf-8")


def planted(one: World) -> list[str]:
    """Names, numbers, places and cards of the people who applied, and of the titles that they hold."""
    outside, people = Outside(WorldSpec(SEED, SIZE)), _people(one)
    values: list[str] = [people["agent"]["applicant"][name] for name in ("uscc", "name")]
    values += [people["agent"]["agent"][name] for name in ("name", "resident_id")]
    for body in (people["by-face"], people["at-counter"]):
        card = cards_of(outside).of(body["applicant"]["resident_id"])
        assert card is not None
        row = json.loads(card.text)
        values += [*body["applicant"].values(), body["site"]["unit_no"], row["zzbs"], row["zz"]]
    for at in range(SIZE):
        place = site(outside.titles.unit_of(at))
        if place.unit_no in values:
            values += [place.text(), outside.titles.row(at).texts["bdcqzh"] or ""]
    return [value for value in dict.fromkeys(values) if len(value.encode()) > canary.SHORTEST]


def parts(ticket: str) -> Iterator[str]:
    """What would name a ticket: its statement and signature as they are sent, its serial number, its digest of the
    person."""
    statement, _, signature = ticket.partition(".")
    yield from (statement, signature)
    said = json.loads(urlsafe_b64decode(statement + "=" * (-len(statement) % 4)))
    yield from (said["serial"], said["holder"])


def test_p5_no_person_and_no_ticket_is_repeated(ran: Ran) -> None:
    values = [*planted(ran.world), *(part for ticket in ran.tickets for part in parts(ticket))]
    assert len(values) >= 50
    names = {path.name for path in left(ran.world)}
    assert {"log.db", "store.db", "vault.db", "hub.stderr", "answers.txt", "said.txt"} <= names
    assert canary.search(values, left(ran.world)) == []


def test_everything_was_there_to_be_repeated(ran: Ran) -> None:
    """Otherwise finding nothing would prove nothing."""
    said = "\n".join(answer.text for answer in ran.answers)
    assert {code for code in REFUSALS if code not in said} == set()
    assert {"identity.check", "licence.resident-id"} <= {
        need["kind"]
        for answer in ran.answers
        if answer.is_success and "evidence" in answer.text[:5_000]
        for need in answer.json().get("evidence", ())
    }
    commands = (ran.world.home / "said.txt").read_text("utf-8")
    assert "TICKET_OTHER_APPLICATION" in commands
    assert '"choice"' in commands
    assert "connection.identified" in commands
