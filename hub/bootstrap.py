"""The one place that wires things: from settings to a hub with its log, its tables, its keys and its stages."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import make_url

from hub.cases.connection.applications import Applications
from hub.cases.evidence.ask import Ask
from hub.cases.evidence.decide import Evidence, LookupSource, awaited
from hub.clock import SystemClock
from hub.connect.host.guard import GuardedSource
from hub.connect.host.registry import discover, open_sink, open_source, trusted_keys
from hub.connect.spec import ConnectorInfo
from hub.delivery.deliver import Deliver, Desk
from hub.errors import HubError, Misconfigured, Unavailable
from hub.ingest.control import Orders, Reports, StoredQuota
from hub.ingest.deletions import Gone
from hub.ingest.feed import Surroundings
from hub.ingest.seen import StoredSeen
from hub.ingest.stage import Ingest, IngestParts
from hub.ingest.throttle import Throttle
from hub.logs import open_log
from hub.pipeline import lookup, verify
from hub.pipeline.backlog import behind
from hub.pipeline.lookup import Lookup, LookupParts
from hub.pipeline.project import Project
from hub.pipeline.reconcile import Books, Passed, Reconciliation, reconcile
from hub.pipeline.relay import Relay, RelayStage
from hub.ports import Clock, RecordLog
from hub.privacy.opening import Opener
from hub.privacy.purposes import shipped
from hub.privacy.references import References
from hub.privacy.sealing import Sealer
from hub.privacy.vault import DatabaseVault, MasterKey, untouched
from hub.runtime.runner import Runner, Task
from hub.runtime.status import Adjust, Report, StageReports
from hub.settings import Settings
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.stores.shared_clock import SharedClock
from hub.topics.declared import LOOKUP_REQUESTS, declared

Make = Callable[[], Task]


class Hub:
    """A hub's parts, opened. Close it when done."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._open = ExitStack()
        try:
            self._wire()
        except BaseException:
            self._open.close()
            raise

    def _wire(self) -> None:
        identities = Database(self.settings.vault_url)
        self._open.callback(identities.close)
        self.master = master = MasterKey.load(self.settings.master_key_file, create=self._new(identities))
        self.store = Database(self.settings.store_url)
        self._open.callback(self.store.close)
        if not self.store.embedded:
            self.clock = shared = SharedClock(self.clock, self.store)
            with suppress(Unavailable):
                shared.adjust()
        self.log: RecordLog = open_log(self.settings.log_url, self.clock, self.settings.kafka)
        self._open.callback(self.log.close)
        self.vault = DatabaseVault(identities, master)
        self.sealer = Sealer(self.vault, master.derive("record-id"))
        self.opener = Opener(self.vault)
        self.seen_key = master.derive("seen-rows")

    def _new(self, identities: Database) -> bool:
        """Whether a missing master key may be made: only before there is anything that an old one would have to
        open."""
        if identities.embedded:
            return not Path(make_url(self.settings.vault_url).database or "").exists()
        return untouched(identities)

    @property
    def shared(self) -> bool:
        """Whether several processes may run this hub's stages: none of its engines belongs to one process."""
        stores = (self.settings.store_url, self.settings.vault_url, self.settings.log_url)
        return not any(url.startswith("sqlite:") for url in stores)

    def close(self) -> None:
        self._open.close()

    def prepare(self) -> None:
        """Create the topics and bring the tables to this version. Safe to run again."""
        STORE.upgrade(self.settings.store_url)
        self.vault.prepare()
        self.log.create(declared(self.settings.partitions))

    @cached_property
    def connectors(self) -> dict[str, ConnectorInfo]:
        """The installed connectors that have a table in the settings. Raises ``Misconfigured`` for a table of none."""
        found: dict[str, ConnectorInfo] = {}
        for name in self.settings.connectors:
            installed = discover().get(name)
            if installed is None:
                raise Misconfigured(
                    f"connectors.{name}: no such connector is installed", f"installed: {', '.join(discover())}"
                )
            if isinstance(installed, HubError):
                raise installed
            found[name] = installed.info
        return found

    def check_connectors(self) -> None:
        """Raises ``Misconfigured`` for the first setting of a connector that is wrong."""
        for name, info in self.connectors.items():
            info.options(self.settings.connector(name))

    def sources(self) -> dict[str, ConnectorInfo]:
        return {name: info for name, info in self.connectors.items() if info.direction == "source"}

    def sinks(self) -> dict[str, ConnectorInfo]:
        return {name: info for name, info in self.connectors.items() if info.direction == "sink"}

    def source(self, name: str) -> GuardedSource:
        """A configured source, opened behind its gate."""
        return open_source(name, self.settings.connector(name), self.clock, StoredQuota(self.store))

    @cached_property
    def trusted(self) -> dict[str, dict[str, bytes]]:
        """Whose signatures count for which source."""
        return {name: trusted_keys(name, self.settings.connector(name)) for name in self.sources()}

    def applications(self) -> Applications:
        """The application service."""
        kinds = frozenset(info.kind for info in self.sources().values())
        return Applications(self.store, self.vault, self.sealer, self.opener, self.clock, shipped(), kinds)

    def reconcile(self, name: str, day: date) -> Reconciliation:
        """One day's account of one source. Raises ``Unavailable`` when it is away."""
        info = self.sources().get(name)
        if info is None:
            raise Misconfigured(f"no source {name!r}", f"sources here: {', '.join(self.sources())}")
        source = self.source(name)
        try:
            seen = StoredSeen(self.store, self.seen_key)
            passed: Passed = partial(seen.passed, name) if info.remembers else lambda _: frozenset()
            return reconcile(name, info.kind, source, day, Books(self.log, self.store, self.opener, passed))
        finally:
            source.close()

    def tasks(self) -> list[tuple[str, Make]]:
        """Every stage by name, and how to make it; the runner makes it again after a failure."""
        return [
            ("ingest", self._ingest),
            ("lookup", self._lookup),
            ("verify", self._verify),
            ("project", self._project),
            ("ask", self._ask),
            ("relay", self._relay),
            *((f"deliver.{name}", partial(self._deliver, name)) for name in self.sinks()),
        ]

    def start(self, runner: Runner, tasks: Sequence[tuple[str, Make]]) -> None:
        """Run tasks, and report how they stand to every process of this hub."""
        for name, make in tasks:
            runner.start(name, make)
        reported = tuple(runner.progress)
        reports = StageReports(self.store, self.clock)
        runner.start("report", lambda: Report(reports, self.settings.instance, lambda: reported))
        if isinstance(self.clock, SharedClock):
            runner.start("clock", partial(Adjust, self.clock))

    def task(self, name: str) -> Make:
        """One stage by name. Raises ``KeyError``."""
        return dict(self.tasks())[name]

    def _ingest(self) -> Ingest:
        seen = StoredSeen(self.store, self.seen_key)
        around = Surroundings(self.log, self.sealer, seen, Gone(self.log, self.store, self.opener, seen), self.clock)
        sources = {name: partial(self.source, name) for name in self.sources()}
        instance = self.settings.instance
        parts = IngestParts(
            around, sources, Orders(self.store), Reports(self.store, self.clock), self._throttle, instance
        )
        return Ingest(parts, f"{instance}.ingest")

    def _throttle(self, kind: str) -> Throttle:
        return Throttle(self.clock, partial(behind, self.log, self.store, kind), self._awaited)

    def _awaited(self) -> bool:
        with self.store.read() as connection:
            return awaited(connection, self.clock.process_ms())

    def _lookup(self) -> Lookup:
        sources = {name: partial(self.source, name) for name in self.sources()}
        member = self.log.join(lookup.GROUP, [LOOKUP_REQUESTS], f"{self.settings.instance}.lookup")
        return Lookup(member, LookupParts(sources, self.sealer, self.opener, self.clock, self.settings.partitions))

    def _relay(self) -> RelayStage:
        make = partial(Relay, self.log, self.store, self.clock)
        return RelayStage(make, self.log, f"{self.settings.instance}.relay")

    def _deliver(self, name: str) -> Deliver:
        sink = open_sink(name, self.settings.connector(name), self.clock, StoredQuota(self.store))
        seals = self.opener, self.sealer
        instance = self.settings.instance
        references = References(self.master, name)
        return Deliver(Desk(self.log, self.store, sink, references, *seals, shipped(), self.clock, instance))

    def evidence(self) -> Evidence:
        """Decides what answers which application's needs."""
        return Evidence(self.log, shipped(), self.clock)

    def _project(self) -> Project:
        limits = self.settings.limits
        return Project(self.log, self.store, self.evidence(), f"{self.settings.instance}.project", limits.batch_records)

    def _ask(self) -> Ask:
        sources = [LookupSource(info.name, info.kind, frozenset(info.lookup_by)) for info in self.sources().values()]
        return Ask(self.store, self.evidence(), sources, (self.sealer, self.opener), self.clock)

    def _verify(self) -> verify.Verify:
        member = self.log.join(verify.GROUP, verify.INPUTS, f"{self.settings.instance}.verify")
        limits = self.settings.limits
        return verify.Verify(
            member, self.opener, self.sealer, self.trusted, self.clock, limits.batch_records, limits.poll_timeout_s
        )


def open_hub(settings: Settings, clock: Clock | None = None) -> Hub:
    """Everything wired and prepared. Raises ``Misconfigured`` with the remedy, ``Unavailable`` when the log or
    database is away."""
    hub = Hub(settings, clock or SystemClock())
    try:
        hub.prepare()
    except BaseException:
        hub.close()
        raise
    return hub
