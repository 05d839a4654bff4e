"""A real hub on a real broker that has put every kind of message on every topic, and its HTTP API on loopback."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from hub.bootstrap import Hub, open_hub
from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.imports.notices import Notices
from hub.codec import wire
from hub.codec.catalogue import catalogue
from hub.pipeline import waiting
from hub.pipeline.unused.erase import erase_unused
from hub.ports import Fault, Plain, SourceRow
from hub.records.files.parse import rows
from hub.records.identifiers import check_uscc
from hub.records.kinds import KINDS, Kind
from hub.records.tables import current
from hub.runtime.runner import Runner
from hub.topics.declared import LOOKUP_RECEIVED
from hub.topics.messages import MESSAGES, UNREADABLE
from hub.topics.received import Envelopes
from hub.web.auth.clients import Client
from hub.web.auth.refusals import Refusals
from hub.web.auth.rights import Beyond
from hub.web.auth.tokens import Token
from hub.web.server import serve
from sandbox import launch
from sandbox.systems import FIRST
from sandbox.world.world import World, WorldSpec
from tests import feeding, samples, transfers
from tests.casework import BY, body

SAMPLES = Path(__file__).parents[1] / "unit/records/samples"
PATIENCE_S = 120.0
WITHOUT_EXAMPLE = {
    f"connection.{name}"
    for name in (
        *("cancelled", "disputed", "documented", "followed-up", "noticed", "overasked"),
        *(
            "place-answered",
            "place-looked",
            "rated",
            "rating-refused",
            "recalled",
            "requested",
            "separated",
            "warned",
            "steps-looked",
        ),
        *("handed-over", "handed-back", "undeclared", "declared", "steps-looked"),
    )
} | {
    f"transfer.{name}"
    for name in (
        *("conflicted", "dated", "entered", "located", "overlooked", "recalled", "reported"),
        *("undeclared", "withdrawn"),
    )
}
"""Events that nothing in this small world leads to. ``tests/unit/cases/test_events.py`` writes and reads each."""
ROWS = 40


@dataclass
class Full:
    """The broker's address, the API's, and the hub that wrote."""

    bootstrap: str
    url: str
    hub: Hub


@contextmanager
def full(home: Path, log_url: str) -> Iterator[Full]:
    """Sources, look-ups, applications and deliveries by the real stages; the kinds that have no connector yet by the
    real sealer."""
    with launch.start(11, ROWS, home / "sandbox", systems=(*FIRST, "identity"), applications_count=3) as sandbox:
        tables = feeding.connectors(sandbox, "business_licence", "property_title", "identity_check")
        tables["utility_crm"] = sandbox.connectors()["utility_crm"]
        one_node = {"replication": 1, "min_insync_replicas": 1}
        hub = open_hub(feeding.settings(home, tables, log_url=log_url, kafka=one_node, web={"port": 0}))
        runner = Runner(hub.clock)
        try:
            tasks = dict(hub.tasks())
            ingest = tasks.pop("ingest")
            for name, make in tasks.items():
                runner.start(name, make)
            for kind in KINDS.values():
                _receive(hub, kind)
            # Look-ups first: what the feed has brought already is not asked for.
            for entry in json.loads(sandbox.applications.read_text("utf-8")):
                hub.applications().submit(entry["body"] | _ticket(sandbox, entry), By("cli:test"))
                _titles(hub, sandbox, entry)
            _wait(hub, [LOOKUP_RECEIVED])
            runner.start("ingest", ingest)
            _endings(hub, sandbox)
            _told_later(hub)
            _given_up(hub)
            hub.transfers().cancel(hub.transfers().submit(transfers.body(), BY).case_ids[0], BY)
            _waits(hub)
            _unused(hub)
            _wait(hub, list(MESSAGES))
            runner.stop()
            with serve(hub) as url:
                yield Full(log_url.removeprefix("kafka://"), url, hub)
        finally:
            runner.stop()
            hub.close()


def _ticket(sandbox: launch.Running, entry: dict[str, Any]) -> dict[str, Any]:
    """The ticket of a person who was checked for this application."""
    if "ticket" not in entry:
        return {}
    matter = {"channel": entry["body"]["channel"], "externalNo": entry["body"]["external_no"], **entry["ticket"]}
    given: dict[str, Any] = sandbox.control("identity", "ticket", matter)
    return given


def _titles(hub: Hub, sandbox: launch.Running, entry: dict[str, Any]) -> None:
    """A person chooses from the titles that they hold."""
    if entry.get("chooses"):
        asked = {name: entry["body"][name] for name in ("external_no", "channel", "purpose", "legal_basis")}
        person = {"resident_id": entry["body"]["applicant"]["resident_id"]}
        hub.holdings().titles({**asked, "applicant": person, **_ticket(sandbox, entry)}, By("cli:test"))


def _endings(hub: Hub, sandbox: launch.Running) -> None:
    """Deliveries that end in every other way: refused, stopped because the applicant was erased, withdrawn because the
    record changed."""
    applications = hub.applications()
    sandbox.control("utility_crm", "refuse", {"channelAppNo": "REFUSED"})
    applications.submit(body("REFUSED"), BY)
    other = {"uscc": _completed("91120116MA05J1234"), "name": "别家公司"}
    erased = applications.submit(body("ERASED", applicant=other), BY).case_id
    applications.hold(erased, BY)
    with hub.store.read() as connection:
        case = cases.find(connection, erased)
    assert case and hub.vault.erase(case.subject_id)
    applications.release(erased, BY)
    _receive_rows(hub, "licence.property-title", [_title(1)])
    changed = applications.submit(body("CHANGED"), BY).case_id
    applications.hold(changed, BY)
    _until(lambda: any(one["state"] == "met" for one in applications.show(changed)["evidence"]), "not matched")
    _receive_rows(hub, "licence.property-title", [_title(2, "REVOKED")])
    _until(lambda: _revoked(hub), "not projected")
    applications.release(changed, BY)


def _given_up(hub: Hub) -> None:
    """An application that the utility's steps end, and that is made again."""
    case_id = hub.applications().submit(body("GIVEN-UP"), BY).case_id
    number = hub.parts.references("utility_crm").hub_number(case_id)
    told = samples.step("E-1", "TERMINATE", "", hub.clock.now_ms(), application_no=number)
    _receive_rows(hub, "utility.step", [SourceRow("E-1", 1, b"raw", told | {"assurance": "CHANNEL_ONLY"})])
    _until(lambda: hub.applications().show(case_id)["ended"] == "TERMINATE", "its step was not heard")
    hub.applications().submit(body("AGAIN"), BY)


def _told_later(hub: Hub) -> None:
    """What comes beside a case: a notice that moves the dates of open applications, and a client that asks for what it
    is not registered for."""
    tomorrow = china_day(hub.clock.now()) + timedelta(days=1)
    always = (date(tomorrow.year, *day) for day in ((1, 1), (5, 1), (10, 1)))
    soon = (tomorrow + timedelta(days=n) for n in range(7))
    off = sorted({*always, *(day for day in soon if day.year == tomorrow.year)})
    lists = f"days_off = {json.dumps([str(day) for day in off])}\nmake_up_days = []\n"
    Notices(hub.store, hub.journal).import_file(f'year = {tomorrow.year}\nsource = "a test"\n{lists}'.encode(), BY)
    token = Token("test", Client("test", frozenset(), frozenset(), frozenset()), frozenset())
    Refusals(hub.store, hub.clock).record(token, "", Beyond("PURPOSE_NOT_YOURS", "purpose", ()))


def _completed(start: str) -> str:
    """17 characters of a USCC, with their check character."""
    return next(start + end for end in "0123456789ABCDEFGHJKLMNPQRTUWXY" if not check_uscc(start + end))


def _title(version: int, status: str = "CURRENT") -> SourceRow:
    record = {**samples.title("T-CHANGED", version), "status": status}
    return SourceRow("T-CHANGED", version, f"raw {version}".encode(), record)


def _revoked(hub: Hub) -> bool:
    with hub.store.read() as connection:
        query = select(current.c.row_id).where(current.c.version == 2, current.c.status == "REVOKED")
        return connection.execute(query).first() is not None


def _until(done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def _receive(hub: Hub, kind: Kind) -> None:
    """A good record, one that a rule rejects, and a row that is no record."""
    good, bad = _sample(kind), _sample(kind)
    bad |= {"status": "UNKNOWN"} if kind.has_status else {"assurance": "SIGNED_RESPONSE"}
    rows = [SourceRow("good", 1, b"raw", good), SourceRow("bad", 1, b"raw", bad)]
    rows.append(SourceRow("none", 1, b"raw", None, (Fault("UNREADABLE"),)))
    _receive_rows(hub, kind.name, rows)


def _waits(hub: Hub) -> None:
    """An approval that waited for its project."""
    kind = KINDS["project.approval"]
    (row,) = hub.sealer.seal_page(
        samples.Info("samples", kind.name), [SourceRow("waits", 1, b"raw", _sample(kind))], hub.clock.now_ms()
    )
    sent = Envelopes("samples", hub.settings.partitions, hub.clock.now()).message(row)
    record: Any = SimpleNamespace(key=sent.key, value=sent.value, headers=sent.headers)
    writer = hub.log.writer("samples")
    parent = waiting.Parent("project.information", row.entity_id)
    told = (parent, row.record_id, hub.clock.now())
    writer.commit([waiting.message(sent.partition, record, kind.name, *told)])
    writer.close()


def _unused(hub: Hub) -> None:
    """A title of which nothing else has a person or a place, and which no application used in its grant's term."""
    title = samples.title("T-UNUSED", 1, "120101001001GB09999F00010001")
    place = title["unit"]["address"] | {"text": "天津市和平区南京路9999号1号楼2单元301室", "number": "9999号"}
    title["unit"] |= {"title_no": "津(2020)和平区不动产权第9999999号", "address": place, "co_ownership": "SOLE"}
    person = World(WorldSpec(11, ROWS)).people.person(2_000_000_011)
    title["holders"] = [title["holders"][0] | {"id_number": person.id_number, "share": None}]
    row = SourceRow("T-UNUSED", 1, b"raw", title)
    _receive_rows(hub, "licence.property-title", [row], "property_title", days_ago=4_000)
    assert erase_unused(hub.parts, dry_run=False).erased, "not erased"


def _receive_rows(hub: Hub, kind: str, rows: Sequence[SourceRow], source: str = "samples", days_ago: float = 0) -> None:
    read_at_ms = hub.clock.now_ms() - round(days_ago * 86_400_000)
    sealed = hub.sealer.seal_page(samples.Info(source, kind), rows, read_at_ms)
    envelopes = Envelopes(source, hub.settings.partitions, hub.clock.now())
    writer = hub.log.writer("samples")
    writer.commit(envelopes.page(sealed, {"place": 1}))
    writer.close()


def _sample(kind: Kind) -> Plain:
    with (SAMPLES / f"{kind.name.rpartition('.')[2]}.json").open("rb") as stream:
        (row,) = rows(kind, stream, "json")
    assert row.record is not None
    return {**row.record, "assurance": "CHANNEL_ONLY"}


def _wait(hub: Hub, topics: list[str]) -> None:
    """Until every schema that is declared for these topics is on them."""
    deadline = time.monotonic() + PATIENCE_S
    while missing := [(topic, name) for topic in topics for name in expected(topic) - _schemas(hub, topic)]:
        assert time.monotonic() < deadline, f"did not come: {missing}"
        time.sleep(0.2)


def expected(topic: str) -> set[str]:
    """Names of the schemas that this small world has an example of: no look-up of it finds a row that is no record."""
    declared = {one.schema for one in MESSAGES[topic]} - WITHOUT_EXAMPLE
    return declared - {UNREADABLE} if topic == LOOKUP_RECEIVED else declared


def _schemas(hub: Hub, topic: str) -> set[str]:
    return {
        catalogue().by_id(wire.decode(record.value)[0]).name
        for partition in range(hub.settings.partitions)
        for batch in hub.log.scan(topic, partition)
        for record in batch.records
        if record.value is not None
    }
