"""The one place that wires the hub: from settings to a hub with its log, tables, keys and stages."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import make_url

from hub import transport
from hub.cases import policy, procedure
from hub.cases.connection.applications import Applications
from hub.cases.connection.holdings import Holdings
from hub.cases.connection.materials.asked import AskedBySystem
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.placed.service import Places
from hub.cases.connection.tables import application
from hub.cases.customer.service import Customers
from hub.cases.customer.token import ApplicationTokens
from hub.cases.evidence import needs
from hub.cases.evidence.decide import AWAITED_WITHIN_S
from hub.cases.identity.choices import Choices
from hub.cases.identity.desk import Desk
from hub.cases.identity.kinds import CHECK
from hub.cases.journal import Journal
from hub.cases.policies import began
from hub.cases.policy import Recipients, Rules
from hub.cases.procedure import Given, LookupSource, Procedures, SinkInfo
from hub.cases.transfer.tables import transfer
from hub.cases.transfer.transfers import Transfers
from hub.clock import SystemClock
from hub.connect.host.configured import Connectors
from hub.connect.trust import counts
from hub.delivery import claims, views
from hub.delivery.files.given import Files
from hub.delivery.files.wants import Wants
from hub.delivery.pickup import Deliveries, PickupParts
from hub.errors import HubError, Misconfigured
from hub.ingest.asking import Asking
from hub.ingest.control import StoredQuota
from hub.ingest.reload import Reload, Reloads
from hub.ingest.sent import Intake
from hub.logging import get_logger
from hub.logs import open_log
from hub.parts import Parts
from hub.pipeline import positions
from hub.ports import Clock, RecordLog
from hub.privacy.names import Names
from hub.privacy.opening import Opener
from hub.privacy.purposes import Purposes, shipped
from hub.privacy.references import References
from hub.privacy.sealing import Sealer
from hub.privacy.vault import DatabaseVault, MasterKey, untouched
from hub.records.authorities import Authorities
from hub.records.authorities import load as load_authorities
from hub.runtime.runner import Runner
from hub.runtime.stage import Stage, Task
from hub.runtime.status import Adjust, Report, StageReports
from hub.settings import Settings
from hub.stages import stages
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.stores.shared_clock import SharedClock
from hub.topics.declared import CURSORS, declared

log = get_logger("hub")

Make = Callable[[], Task]
Business = Callable[[Clock], Clock]
"""From a clock to one with the same process time and another business time, for demonstrations."""


class Hub:
    """An opened hub. Close it after use. Opening it makes no table or topic: see ``prepare``.

    Raises ``Misconfigured`` for settings that cannot be used.
    """

    def __init__(self, settings: Settings, clock: Clock, business: Business | None = None) -> None:
        self.settings = settings
        self.shared_clock: SharedClock | None = None
        """The clock of all hubs, if several share the database."""
        self._open = ExitStack()
        try:
            self._wire(clock, business)
        except BaseException:
            self._open.close()
            raise

    def _wire(self, clock: Clock, business: Business | None) -> None:
        settings = self.settings
        transport.check(settings)
        self._policies = policy.install(settings.policies_dir)
        identities = self._database(settings.vault_url, "vault")
        self.master = master = MasterKey.load(settings.master_key_file, create=self._new(identities))
        self.store = self._database(settings.store_url, "store")
        if not self.store.embedded:
            clock = self.shared_clock = SharedClock(clock, self.store)
            with suppress(HubError):  # the first call that needs the store says why
                self.shared_clock.adjust()
        self.clock = business(clock) if business else clock
        self.log: RecordLog = open_log(settings.log_url, self.clock, settings.kafka)
        self._open.callback(self.log.close)
        self.vault = DatabaseVault(identities, master, self.clock)
        self.sealer, self.opener = Sealer(self.vault, master.derive("record-id")), Opener(self.vault)
        self.seen_key = master.derive("seen-rows")
        self.connectors_key = master.derive("connectors")
        self.connectors = Connectors(settings, self.clock, StoredQuota(self.store))
        self.parts = self._parts()
        self.store.after_failover(self._failed_over)

    def _failed_over(self) -> None:
        """Check the tables of a promoted standby. What was pushed in its last commits is not known: each pending piece
        is asked for before it is pushed again (P2)."""
        positions.check_outbox(self.store, self.log)
        with self.store.write() as connection:
            claims.count_as_tried(connection)
        log.warning("the database failed over; its tables have all that the log has")

    def _parts(self) -> Parts:
        return Parts(
            instance=self.settings.instance,
            partitions=self.settings.partitions,
            limits=self.settings.limits,
            clock=self.clock,
            log=self.log,
            store=self.store,
            vault=self.vault,
            sealer=self.sealer,
            opener=self.opener,
            connectors=self.connectors,
            references=partial(References, self.master),
            seen_key=self.seen_key,
            behind=partial(positions.behind, self.log, self.store),
            awaited=self._awaited,
            journal=lambda: self.journal,
        )

    def _database(self, url: str, name: str) -> Database:
        database = Database(url, name)
        self._open.callback(database.close)
        return database

    def _new(self, identities: Database) -> bool:
        """Whether a missing master key may be created: only when there is no vault yet. A vault on a server is asked
        only when the key is missing."""
        if exists(self.settings.master_key_file):
            return False
        if identities.embedded:
            return not Path(make_url(self.settings.vault_url).database or "").exists()
        return untouched(identities)

    def _awaited(self) -> bool:
        with self.store.read() as connection:
            return needs.awaited(connection, self.clock.process_ms(), AWAITED_WITHIN_S * 1000)

    @property
    def shared(self) -> bool:
        """Whether several processes may run this hub's stages: log and databases are not embedded."""
        stores = (self.settings.store_url, self.settings.vault_url, self.settings.log_url)
        return not any(url.startswith("sqlite:") for url in stores)

    def close(self) -> None:
        """Close log and databases. Stages that still run get errors, and lose nothing."""
        self._open.close()

    def prepare(self) -> None:
        """Create the topics and bring the tables to this version. Safe to run again."""
        STORE.upgrade(self.settings.store_url, self.procedures.tables)
        self.vault.prepare()
        self.log.create(declared(self.settings.partitions))

    def check_positions(self) -> None:
        """Raise ``Misconfigured`` if a remembered position does not belong to this log, or the tables are not of the
        same time. Changes nothing."""
        positions.check(self.log, self.store, self._groups())

    def check_policies(self) -> None:
        """Raise ``Misconfigured`` if a case began with a policy table that this hub has not, or that says something
        else here. Remembers what the operator's own tables say."""
        known = [one.version for one in policy.known()]
        filed = {one.table.version: one.digest for one in self._policies}
        with self.store.write() as connection:
            began.check(connection, (application.c.policy, transfer.c.policy), known, filed)

    def begin_positions_again(self) -> None:
        """Let the stages read those partitions from the beginning whose positions are not on this log. No hub may be
        running."""
        for group in self._groups():
            positions.begin_again(self.log, group, self.clock.process_ms())

    def _groups(self) -> dict[str, list[str]]:
        """Consumer group whose positions are on the log → the topics that it writes."""
        return {
            stage.group: [topic for topic in stage.topics_written if topic != CURSORS]
            for stage in self.stages()
            if stage.positions == "log"
        }

    def applications(self) -> Applications:
        """The service for connection applications."""
        channels = frozenset(self.settings.channels)
        tell = partial(views.tell, self.parts.references)
        parts = self.store, self.vault, self.opener, self.purposes, channels, self.journal
        return Applications(*parts, self._desk, self._choices, tell)

    def transfers(self) -> Transfers:
        """The service for joint transfers of title and account."""
        parts = self.store, self.vault, self.opener, self.purposes
        return Transfers(*parts, frozenset(self.settings.channels), self.journal)

    def materials(self) -> Materials:
        """The service for the materials of applications."""
        return Materials(self.store, self.opener, self.journal)

    def asked_by_system(self) -> AskedBySystem:
        """The service that takes requests for materials of connection systems: those that may send steps."""
        authorities = {name: info.authority for name, info in self.connectors.sources.items()}
        return AskedBySystem(self.materials(), authorities, lambda name: self._asking.source(name).check_sends())

    def places(self) -> Places:
        """The service for questions about the sites of applications."""
        return Places(self.store, self.log, self.opener, self.purposes, self.journal)

    def deliveries(self, sink: str) -> Deliveries:
        """The pieces of a sink whose system fetches them. Raises ``Misconfigured`` when there is none of that name."""
        parts = self.parts
        given = (sink, parts.references(sink), parts.store, parts.journal(), parts.opener, parts.instance)
        return Deliveries(PickupParts(*given, self.connectors.pickup(sink)))

    def files(self) -> Files:
        """The files of licences, for the systems that have their evidence."""
        return Files(self.parts)

    def holdings(self) -> Holdings:
        """The service that lists the titles that a person holds."""
        channels, sources = frozenset(self.settings.channels), self.journal.given.sources
        parts = self._desk, self.store, self.purposes, channels, sources, self._choices
        return Holdings(*parts, self._asking.ask, self.applications().find)

    def intake(self) -> Intake:
        """The service that takes what sources send by themselves."""
        parts = self.store, self.sealer, self.settings.partitions, self.clock
        return Intake(self._asking.source, *parts)

    def customers(self) -> Customers:
        """The service for customers: progress, ratings."""
        tokens = ApplicationTokens(self.master.derive("application-token"))
        parts = self.store, self.opener, self.journal, self._desk, tokens, self.applications().find
        authorities = {name: info.authority for name, info in self.connectors.sources.items()}
        return Customers(*parts, authorities, self.settings.follow_up_working_days)

    @cached_property
    def _desk(self) -> Desk:
        return Desk(self.vault, self.clock, self._identity_key)

    @cached_property
    def _choices(self) -> Choices:
        return Choices(self.master.derive("choices"))

    @cached_property
    def _asking(self) -> Asking:
        asking = Asking(self.connectors, self.store, self.clock)
        self._open.callback(asking.close)
        return asking

    def _identity_key(self, key_id: str, signed_at: str) -> bytes | None:
        """The key that may sign tickets at that time: of the sources of identity checks."""
        checking = (name for name, info in self.connectors.sources.items() if info.kind == CHECK)
        found = (self.connectors.trusted[name].get(key_id) for name in checking)
        return next((key for key in found if key is not None and counts(key, signed_at)), None)

    @cached_property
    def authorities(self) -> Authorities:
        """Whose records count where several authorities have the same thing. Raises ``Misconfigured``."""
        return load_authorities(self.settings.authorities)

    @cached_property
    def purposes(self) -> Purposes:
        """The purposes, with the service items of this installation."""
        return shipped().with_service_items(self.settings.service_items)

    @property
    def procedures(self) -> Procedures:
        """The installed procedures."""
        return procedure.installed()

    @cached_property
    def journal(self) -> Journal:
        """The journal: decides about cases and writes their events. Raises ``Misconfigured`` for a connector that is
        not installed.
        """
        infos = self.connectors.sources.values()
        sources = [LookupSource(info.name, info.kind, frozenset(info.lookup_by), info.ticket) for info in infos]
        sinks, absent = (
            tuple(SinkInfo(info.name, info.accepts, info.authority) for info in found.values())
            for found in (self.connectors.systems, self.connectors.absent_sinks)
        )
        found = (self.log, self.opener, self.purposes, tuple(sources), sinks, absent, self.authorities)
        names = Names(self.vault, partial(References, self.master), self.master.derive("events"))
        given = Given(*found, self.connectors.permits, names)
        told = self.settings.warnings
        recipients = Recipients(told.before, told.after, frozenset(told.desks))
        rules = Rules(policy.known(), frozenset(source.kind for source in sources), recipients)
        wants = Wants(self.purposes, self.connectors.filing, self.clock)
        return Journal(self.procedures, given, rules, self.sealer, self.clock, wants.enqueue, claims.released)

    def stages(self) -> list[Stage]:
        """The stages of this hub."""
        reports = {name: info.kind for name, info in self.connectors.reporting.items()}
        connectors = self.connectors
        return stages(connectors.sinks, reports, connectors.fetching, sorted(connectors.filing))

    def tasks(self) -> list[tuple[str, Make]]:
        """(Name, function that makes it) of each stage. The runner makes a stage again after a failure."""
        return [(stage.name, partial(stage.make, self.parts)) for stage in self.stages()]

    def task(self, name: str) -> Make:
        """The function that makes the stage ``name``. Raises ``KeyError``."""
        return dict(self.tasks())[name]

    def reload_task(self) -> Reload:
        """The task that takes changed settings of connectors over."""
        reloads = Reloads(self.store, self.clock)
        return Reload(reloads, self.connectors, self.settings.instance, self.connectors_key)

    def start(self, runner: Runner, tasks: Sequence[tuple[str, Make]]) -> None:
        """Run tasks, and report their progress in the table that all hubs read."""
        for name, make in tasks:
            runner.start(name, make)
        reported = tuple(runner.progress)
        reports = StageReports(self.store, self.clock)
        runner.start("report", lambda: Report(reports, self.settings.instance, lambda: reported))
        runner.start("reload", self.reload_task)
        if self.shared_clock:
            runner.start("clock", partial(Adjust, self.shared_clock))


def open_hub(settings: Settings, clock: Clock | None = None, business: Business | None = None) -> Hub:
    """A hub that is wired and prepared. Raises ``Misconfigured`` with the remedy, ``Unavailable`` when log or database
    is away.
    """
    hub = Hub(settings, clock or SystemClock(), business)
    try:
        hub.prepare()
    except BaseException:
        hub.close()
        raise
    return hub


def exists(file: Path) -> bool:
    """Whether there is a file. Raises ``Misconfigured`` for a folder that this user may not enter."""
    try:
        return file.exists()
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be looked for ({error.strerror})", "give its folder to the user that runs the hub"
        ) from None
