"""A small hub on real adapters, for tests of what is behind verify: records lie on topics as if verify had put them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import policy
from hub.cases.by import By
from hub.cases.connection.applications import Applications, Submitted
from hub.cases.connection.holdings import Holdings
from hub.cases.customer.service import Customers
from hub.cases.customer.token import ApplicationTokens
from hub.cases.identity.choices import Choices
from hub.cases.identity.desk import Desk
from hub.cases.journal import Journal
from hub.cases.policy import NO_ONE, Recipients, Rules
from hub.cases.procedure import Given, LookupSource, SinkInfo, installed
from hub.clock import SystemClock
from hub.delivery import claims, views
from hub.delivery.attempts import DeliverParts
from hub.delivery.deliver import Deliver
from hub.delivery.files.wants import Wants
from hub.errors import Unavailable
from hub.logs import open_log
from hub.logs.sqlite.log import SqliteLog
from hub.pipeline import waiting
from hub.pipeline.due import DueStage
from hub.pipeline.project import Project
from hub.pipeline.rebuild import Comparison, compare, rebuild, replace
from hub.pipeline.relay import Relay
from hub.ports import Address, LookupQuery, Outgoing, Page, Plain, Receipt, RecordLog, SourceRow
from hub.privacy.names import Names
from hub.privacy.opening import Opener
from hub.privacy.purposes import shipped
from hub.privacy.references import References, read_number
from hub.privacy.sealing import SealedRow, Sealer
from hub.privacy.vault import DatabaseVault, MasterKey
from hub.records.kinds import KINDS
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.topics.declared import declared, partition_of
from tests import samples
from tests.clocks import HandClock

PARTITIONS = 2
LEGAL_BASIS = "action-plan-6"
BY = By("cli:test")


@dataclass
class House:
    """Log, store, vault and clock of one hub in ``folder``, and its stages made on demand."""

    folder: Path
    sources: Sequence[LookupSource] = ()
    sinks: Sequence[SinkInfo] = (SinkInfo("utility_crm", ("connection:*",), samples.UTILITY),)
    absent: Sequence[SinkInfo] = ()
    """Sinks that are installed and not in the settings."""
    url: str = ""
    """Of the store; otherwise a SQLite file."""
    log_url: str = ""
    """Of the log; otherwise a SQLite file."""
    channels: frozenset[str] = frozenset({"gov-platform", "counter", "other"})
    kinds: frozenset[str] = frozenset({"licence.business", "licence.property-title"})
    recipients: Recipients = NO_ONE
    """Of warnings."""
    filing: frozenset[str] = frozenset()
    """The sources that give the files of licences."""
    identity_keys: Mapping[str, bytes] = field(default_factory=dict)
    """Key id → raw public key that may sign tickets."""
    ask: Callable[[str, LookupQuery], Page] = field(default=lambda name, query: Page((), {}, False))
    """How the service of titles asks a source."""
    asked_by: list[Mapping[str, str]] = field(default_factory=list)
    """Who asked so, each time."""
    clock: HandClock = field(default_factory=lambda: HandClock(look_s=0.05))

    def __post_init__(self) -> None:
        self.url = self.url or f"sqlite:///{self.folder}/store.db"
        STORE.upgrade(self.url)
        self.store = Database(self.url)
        self.log: RecordLog = (
            open_log(self.log_url, SystemClock()) if self.log_url else SqliteLog(self.folder / "log.db", self.clock)
        )
        self.log.create(declared(PARTITIONS))
        self.vault = DatabaseVault(Database(f"sqlite:///{self.folder}/vault.db"), MasterKey(bytes(32)), self.clock)
        self.vault.prepare()
        self.sealer = Sealer(self.vault, b"r" * 32)
        self.opener = Opener(self.vault)
        names = Names(self.vault, partial(References, MasterKey(bytes(32))), b"e" * 32)
        given = Given(
            self.log, self.opener, shipped(), tuple(self.sources), tuple(self.sinks), tuple(self.absent), names=names
        )
        rules = Rules(policy.known(), self.kinds, self.recipients)
        wants = Wants(shipped(), self.filing, self.clock)
        self.journal = Journal(installed(), given, rules, self.sealer, self.clock, wants.enqueue, claims.released)
        self.writer = self.log.writer("test")
        tell = partial(views.tell, partial(References, MasterKey(bytes(32))))
        desk = Desk(self.vault, self.clock, lambda key_id, _: self.identity_keys.get(key_id))
        choices = Choices(b"c" * 32)
        self.applications = Applications(
            self.store, self.vault, self.opener, shipped(), self.channels, self.journal, desk, choices, tell
        )

        parts = desk, self.store, shipped(), self.channels, tuple(self.sources), choices
        self.holdings = Holdings(*parts, self._asked, self.applications.find)
        self.tokens = ApplicationTokens(b"t" * 32)
        served = self.store, self.opener, self.journal, desk, self.tokens, self.applications.find
        self.customers = Customers(*served, {"property_title": "天津市规划和自然资源局"}, follow_up_days=5)

    def _asked(self, name: str, query: LookupQuery, by: Mapping[str, str]) -> Page:
        self.asked_by.append(by)
        return self.ask(name, query)

    def close(self) -> None:
        self.log.close()
        self.store.close()
        self.vault.close()

    # ---- what ingest and verify would put on topics ----

    def seal(self, record: Plain, **more: Any) -> SealedRow:
        kind = next(kind for kind in KINDS.values() if kind.principal.name in record)
        if "regime" in record.get("project", {}):
            kind = KINDS["project.information"]
        raw = repr(record["step"]).encode() if "step" in record else b"raw"
        row = SourceRow(record["source"]["key"], record["source"]["version"], raw, record, **more)
        return self.seal_rows(kind.name, record["source"]["system"], row)[0]

    def seal_rows(self, kind: str, source: str, *rows: SourceRow) -> list[SealedRow]:
        return self.sealer.seal_page(samples.Info(source, kind), rows, self.clock.now_ms())

    def received(self, *rows: SealedRow, source: str = "", attempt: int = 0) -> None:
        self._put("received", rows, {"source": source}, attempt)

    def verified(self, *records: Plain) -> list[SealedRow]:
        """Received and verified."""
        rows = [self.seal(record) for record in records]
        self.received(*rows, source=records[0]["source"]["system"])
        self._put("verified", rows, {}, 0)
        return rows

    def rejected(self, *records: Plain, attempt: int = 1, code: str = "EXPIRED") -> list[SealedRow]:
        """Received and rejected."""
        rows = [self.seal(record) for record in records]
        self.received(*rows, source=records[0]["source"]["system"], attempt=attempt if attempt > 1 else 0)
        self._put("rejected", rows, {"hub_reasons": json.dumps([{"code": code, "field": ""}])}, attempt)
        return rows

    def waits(self, *records: Plain, kind: str = "project.information") -> list[SealedRow]:
        """Received, and waiting for a record of ``kind``."""
        rows = [self.seal(record) for record in records]
        self.received(*rows, source=records[0]["source"]["system"])
        received = [self.log.read(f"{row.kind}.received", self._partition(row), self._last(row)) for row in rows]
        now = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        self.writer.commit(
            [
                waiting.message(
                    self._partition(row), one, row.kind, waiting.Parent(kind, row.entity_id), row.record_id, now
                )
                for row, one in zip(rows, received, strict=True)
                if one
            ]
        )
        return rows

    def _partition(self, row: SealedRow) -> int:
        return partition_of(row.entity_id, PARTITIONS)

    def _last(self, row: SealedRow) -> int:
        return self.log.bounds(f"{row.kind}.received")[self._partition(row)][1] - 1

    def again(self, row: SealedRow, suffix: str, attempt: int) -> None:
        """A verdict on something that redrive sent."""
        self._put(suffix, [row], {"hub_reasons": json.dumps([{"code": "EXPIRED", "field": ""}])}, attempt)

    def _put(self, suffix: str, rows: Sequence[SealedRow], extra: dict[str, str], attempt: int) -> None:
        outgoing = []
        for row in rows:
            headers = [
                ("ce_id", row.record_id.hex().encode()),
                ("ce_type", f"cn.onecert.{row.kind}.{suffix}".encode()),
                ("ce_source", f"/sources/{extra.get('source', 'x')}".encode()),
            ]
            headers += [(name, value.encode()) for name, value in extra.items() if name.startswith("hub_")]
            headers += [("hub_attempt", str(attempt).encode())] if attempt else []
            headers += [("hub_reading", str(row.reading).encode())] if row.reading else []
            partition = partition_of(row.entity_id, PARTITIONS)
            topic = f"{row.kind}.{suffix}"
            outgoing.append(Outgoing(topic, partition, row.entity_id, row.value, headers, self.clock.now_ms()))
        self.writer.commit(outgoing)

    def fill(self, topic: str, count: int) -> None:
        """So many messages on partition 0 of a topic, for tests that only count them."""
        self.writer.commit([Outgoing(topic, 0, b"key", b"value", (), 1) for _ in range(count)])

    # ---- stages ----

    def project(self, batch_records: int = 500) -> int:
        # The embedded log has all that was written; a broker takes a while to give it.
        poll_s = 0.2 if self.log_url else 0.001
        stage = Project(self.log, self.store, self.journal, "m", batch_records, poll_s)
        try:
            return drain(stage)
        finally:
            stage.close()

    def submit(self, document: dict[str, Any]) -> Submitted:
        return self.applications.submit(document, BY)

    def due(self) -> int:
        return drain(DueStage(self.store, self.journal, idle_s=0))

    def live(self, *records: Plain) -> None:
        """These are verified, and what follows is decided."""
        self.verified(*records)
        self.project()
        self.due()

    def relay(self) -> int:
        stage = Relay(self.log, self.store, self.clock, idle_s=0)
        try:
            return stage.drain()
        finally:
            stage.close()

    def parts(self, sink: Any, instance: str = "hub-1", name: str = "utility_crm", **times: Any) -> DeliverParts:
        references = References(MasterKey(bytes(32)), name)
        return DeliverParts(name, references, self.store, self.journal, self.opener, instance, sink, **times)

    def deliver(self, sink: Any, name: str = "utility_crm", **times: Any) -> int:
        stage = Deliver(self.parts(sink, name=name, **times), idle_s=0)
        try:
            ended = drain(stage)
            while stage._running:  # a slow machine: it is waited for, however long a step takes
                ended += drain(stage)
            return ended
        finally:
            stage.close()

    def connected(self, case_id: bytes, sink: Any) -> None:
        """The utility has registered this low-voltage application, and reports that electricity is on."""
        self.deliver(sink)
        self.due()
        self.electricity_on(case_id)

    def electricity_on(self, case_id: bytes) -> None:
        """The utility reports that electricity is on."""
        number, now_ms = References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id), self.clock.now_ms()
        told = (("acceptance", now_ms + 60_000), ("completion", now_ms + 120_000))
        self.clock.pass_s(180)
        self.verified(
            *(samples.step(f"E-{name}-{number}", "END", name, at_ms, application_no=number) for name, at_ms in told)
        )
        self.project()

    # ---- looking ----

    def remade(self, replacing: bool = False) -> dict[str, Comparison]:
        """Make all tables again from the topics, and compare each with the live one; with ``replacing``, use them."""
        (self.folder / "fresh.db").unlink(missing_ok=True)
        url = f"sqlite:///{self.folder}/fresh.db"
        STORE.upgrade(url)
        fresh = Database(url)
        with self.store.read() as live:
            stops = rebuild(self.log, live, fresh, installed(), lambda *_: None)
            with fresh.read() as rebuilt:
                found = {one.table: one for one in compare(live, rebuilt, installed())}
        if replacing:
            with fresh.read() as rebuilt:
                replace(self.log, self.store, rebuilt, stops, installed())
        fresh.close()
        return found

    def rows(self, table: Any) -> list[Row[Any]]:
        with self.store.read() as connection:
            return rows(connection, table)

    def tallies(self) -> dict[str, tuple[int, int, int, int]]:
        from hub.records.tables import tally

        return {row.source: (row.received, row.verified, row.rejected, row.duplicate) for row in self.rows(tally)}


def rows(connection: Connection, table: Any) -> list[Row[Any]]:
    return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def drain(stage: Any) -> int:
    total = 0
    while count := stage.step():
        total += count
    return total


def body(external_no: str = "A-1", **changes: Any) -> dict[str, Any]:
    """An application of the sample enterprise for the sample unit."""
    return {
        "external_no": external_no,
        "channel": "gov-platform",
        "applicant": {"uscc": samples.USCC, "name": "津门电气有限公司"},
        "site": {"unit_no": samples.UNIT_NO},
        "voltage": "LOW",
        "capacity_kw": 50,
        "customer_class": "NON_RESIDENT",
        "sanling": True,
        "purpose": "connection-application",
        "legal_basis": LEGAL_BASIS,
    } | changes


class ConnectionSystem:
    """A sink that polices its caller: every push that takes effect is counted."""

    def __init__(self) -> None:
        self.effects: dict[str, list[dict[str, Any]]] = {}
        self.failures: list[Exception | str] = []
        """What the next pushes do: an exception, or "dropped": the effect happens and the answer is lost."""
        self.asked = 0
        self.pushed = 0

    def push(self, address: Address, body: Any) -> Receipt:
        assert read_number(address.number) == address.number
        self.pushed += 1
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, Exception):
            raise failure
        self.effects.setdefault(address.key, []).append({"kind": address.kind, "number": address.number, **body})
        if failure == "dropped":
            raise Unavailable("connection dropped after commit")
        return Receipt(f"R{len(self.effects)}", "2026-03-02T09:00:00+08:00")

    def find(self, address: Address) -> Receipt | None:
        self.asked += 1
        return Receipt("FOUND", "2026-03-02T09:00:00+08:00") if address.key in self.effects else None

    def close(self) -> None: ...
