"""``hub doctor``: checks an installation and everything that it needs."""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from hub import settings as hub_settings
from hub.bootstrap import Hub, check_not_lost, check_tables, check_vault, with_empty
from hub.cases import notices, policy
from hub.cases.calendar import Calendar, china_day
from hub.cli.parts import exposure
from hub.cli.topics import differences
from hub.clock import SystemClock, in_china
from hub.codec.catalogue import catalogue
from hub.codec.packages import packages
from hub.connect.host.granted import compare
from hub.delivery.status import statuses
from hub.errors import HubError, Misconfigured, Unavailable
from hub.grants.grant import today
from hub.ingest.control import Reports
from hub.logs import open_log
from hub.logs.sqlite.file import Held
from hub.operate import troubles
from hub.settings import Settings
from hub.stores.migrate import STORE
from hub.topics import outside_registry
from hub.topics.acls import granted
from hub.topics.declared import declared
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import DAY_MS, DELIVERIES, Tokens, ending, expires_ms, without

_CLOCK_OFF_S = 5
_TOKEN_SOON_MS = 30 * DAY_MS
_LOOK = "see its log lines, `hub connectors status`, `hub application list --state stuck`"


class Finding(NamedTuple):
    """The result of one check. ``remedy`` says what to do. A check that passed (``sound``) has one only where something
    must be done soon."""

    what: str
    sound: bool
    detail: str
    remedy: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def command(config: Path | None, as_json: bool) -> None:
    """Check everything that the hub needs (settings, transport, files, log, topics, grants, store, procedures, vault,
    what runs, callers, schemas, connectors, what their providers allowed, clock, calendar), and say what to correct.

    Log, store and vault are also written to, without a change of their content. Nothing is made. Exit 1 when a check
    fails.
    """
    sound = True
    for one in _findings(config):
        sound &= one.sound
        if as_json:
            click.echo(json.dumps(one._asdict(), ensure_ascii=False))
        else:
            mark = _mark(one)
            click.echo(
                f"{mark} {one.what:12} {one.detail}" + (f"\n                  → {one.remedy}" if one.remedy else "")
            )
    sys.exit(0 if sound else 1)


def _mark(one: Finding) -> str:
    if not one.sound:
        return click.style("BAD ", fg="red")
    return click.style("SOON", fg="yellow") if one.remedy else click.style("ok  ", fg="green")


def _findings(config: Path | None) -> Iterator[Finding]:
    with TemporaryDirectory(prefix="hub-empty-") as folder:
        try:
            settings = hub_settings.load(config)
            stand_in, unmade = with_empty(settings, Path(folder))
            hub = Hub(stand_in, SystemClock())
        except HubError as error:
            yield _bad("settings", error)
            return
        yield Finding("settings", True, f"{settings.instance}, {len(settings.connectors)} connectors")
        try:
            yield _look("transport", _transport, hub, settings)
            yield _look("files", partial(_files, config), hub, settings)
            yield from _of_log(hub, settings, unmade)
            yield from _of_tables(hub, settings, unmade)
            if "store" not in unmade:
                yield from _running(hub)
                yield from _callers(hub)
            for check in (_schemas, _connectors, _clock):
                yield _look(check.__name__.removeprefix("_"), check, hub, settings)
            yield from _sharing(hub)
            yield _calendar(hub)
            yield _policy(hub)
        finally:
            hub.close()


def _callers(hub: Hub) -> Iterator[Finding]:
    """Tokens that expire soon, sinks whose systems fetch and have no token, and channels of several clients: those of
    the first revision could share one. Nothing when the store does not answer: that is another finding."""
    with suppress(HubError):
        rows = Tokens(hub.store, hub.clock).all()
        for row in ending(rows, hub.clock.process_ms(), _TOKEN_SOON_MS):
            until = in_china(expires_ms(row))
            detail = f"the token {row.token_id} of {row.client} is valid until {until} (China) only"
            yield Finding("callers", True, detail, f"`hub token rotate {row.token_id}`")
        for name in without(rows, hub.connectors.fetching, hub.clock.process_ms()):
            remedy = f"`hub token create --client CLIENT --scope {DELIVERIES}{name}`"
            yield Finding("callers", True, f"no valid token may fetch the pieces of {name}", remedy)
        clients = Clients(hub.store, hub.clock, hub.settings.channels, hub.purposes.names())
        for channel, names in clients.shared().items():
            detail = f"the channel {channel} is of {' and '.join(names)}: each sees the applications of the others"
            yield Finding("callers", True, detail, "`hub client change NAME --channel CHANNEL`: one for each")


def _of_log(hub: Hub, settings: Settings, unmade: Collection[str]) -> Iterator[Finding]:
    if "log" in unmade:
        yield _unmade("log", settings, unmade)
        return
    log = _look("log", _log, hub, settings)
    yield log
    if log.sound:
        yield _look("log", _log_writes, hub, settings)
        yield from _topics(hub, settings)


def _of_tables(hub: Hub, settings: Settings, unmade: Collection[str]) -> Iterator[Finding]:
    if "store" in unmade:
        yield _unmade("store", settings, unmade)
    else:
        store = _look("store", _store, hub, settings)
        yield store
        if store.sound:
            yield _look("procedures", _procedures, hub, settings)
    if "vault" in unmade:
        yield _unmade("vault", settings, unmade)
    else:
        yield _look("vault", _vault, hub, settings)


def _running(hub: Hub) -> Iterator[Finding]:
    """What the running hubs report of their stages, feeds and deliveries. Nothing when the store does not answer: that
    is another finding."""
    with suppress(HubError):
        found = [*troubles.of_stages(hub.store, hub.clock), *troubles.of_sources(hub.store, hub.clock)]
        found += [*troubles.of_sinks(hub.store, hub.clock), *troubles.of_waiting(hub.store, hub.clock)]
        for one in found:
            words, _, remedy = one.told.partition(" — ")
            yield Finding("running", False, words, remedy or _LOOK)
        if not found:
            yield Finding("running", True, _quiet(hub))


def _quiet(hub: Hub) -> str:
    """What there is to say when nothing is in trouble: which processes said nothing at their end, and what was last."""
    ended = sorted({one.worker for one in troubles.silent(hub.store, hub.clock)})
    told = "no stage, no feed and no sink is in trouble"
    if ended:
        told += f"; without a report for long: {', '.join(ended)}"
    last = [(one.last_trouble_ms, one.name, one.last_trouble) for one in Reports(hub.store, hub.clock).all()]
    last += [(one.trouble_ms, one.name, one.trouble) for one in statuses(hub.store, hub.clock, ())]
    when_ms, name, words = max(last, default=(0, "", ""))
    if words:
        told += f"; what failed last: {name} at {in_china(when_ms)} (China), {words}"
    return told


def _unmade(what: str, settings: Settings, unmade: Collection[str]) -> Finding:
    """An embedded part that does not exist: not made yet, or lost."""
    try:
        check_not_lost(settings, what, unmade)
    except Misconfigured as lost:
        return _bad(what, lost)
    where = hub_settings.without_secrets(getattr(settings, f"{what}_url"))
    return Finding(what, True, f"not made yet; `hub run` makes {where}")


def _look(what: str, check: Callable[[Hub, Settings], str], hub: Hub, settings: Settings) -> Finding:
    try:
        return Finding(what, True, check(hub, settings))
    except HubError as error:
        return _bad(what, error)


def _bad(what: str, error: HubError) -> Finding:
    if isinstance(error, Misconfigured):
        return Finding(what, False, error.what, error.remedy)
    words, _, remedy = str(error).partition(" — ")
    if isinstance(error, Unavailable) and not remedy:
        remedy = "make sure that it runs and that this machine can reach it"
    return Finding(what, False, words, remedy)


def _transport(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    return exposure.connections(settings)


def _files(config: Path | None, hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    return exposure.files(hub_settings.settings_file(config), settings)


def _log(hub: Hub, settings: Settings) -> str:
    hub.log.topics()
    return f"{hub_settings.without_secrets(settings.log_url)} answers"


def _log_writes(hub: Hub, settings: Settings) -> str:
    """It writes the name of a writer and no record. No process uses that name longer than at its start."""
    try:
        with closing(open_log(settings.log_url, hub.clock, settings.kafka)) as own:
            own.writer(f"run.{settings.instance}").close()
    except Held as other:
        return f"process {other.holder} writes to it"
    return "may be written"


def _topics(hub: Hub, settings: Settings) -> Iterator[Finding]:
    present = _look("topics", _present, hub, settings)
    try:
        differing = list(_differing(hub, settings))
    except HubError as error:
        differing = [_bad("topics", error)]
    yield from differing if present.sound and differing else [present, *differing]
    if settings.log_url.startswith("kafka://"):
        yield _look("grants", _grants, hub, settings)


def _present(hub: Hub, settings: Settings) -> str:
    there, wanted = hub.log.topics(), declared(settings.partitions)
    if missing := [spec.name for spec in wanted if spec.name not in there]:
        raise Misconfigured(
            f"{len(missing)} topics are missing: {_some(missing)}", "start `hub run` once, or `hub topics apply`"
        )
    return f"{len(wanted)} as declared, {settings.partitions} partition{'s' * (settings.partitions > 1)} each"


def _differing(hub: Hub, settings: Settings) -> Iterator[Finding]:
    """One finding for each difference, with all topics that have it."""
    alike = defaultdict(list)
    for topic, what, found, wanted in differences(hub.log, settings):
        alike[what, found, wanted].append(topic)
    for (what, found, wanted), topics in alike.items():
        yield Finding(
            "topics", False, f"{what} is {found}, not {wanted}: {_some(topics)}", _remedy(what, wanted, topics[0])
        )


def _remedy(what: str, wanted: str, topic: str) -> str:
    if what == "partitions":
        return "set `partitions` to what all topics have: a record must keep its partition along its path"
    if what == "replication":
        return f"make {wanted} copies with kafka-reassign-partitions.sh, or correct kafka.replication"
    change = f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {what}={wanted}"
    return f"{change}; or set kafka.min_insync_replicas" if what == "min.insync.replicas" else change


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _grants(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    """The hub's own credentials need no right to read grants: without it they are not compared."""
    from hub.logs.kafka.admin import KafkaAdmin, NotReadable

    wanted = granted(settings.kafka.principals)
    with KafkaAdmin(settings.log_url, settings.kafka) as admin:
        try:
            missing = admin.missing(wanted)
        except NotReadable as why:
            return f"not compared: {why}"
    if missing:
        one = missing[0]
        raise Misconfigured(
            f"{len(missing)} of {len(wanted)} are missing: {one.principal} may not {one.operation} {one.resource} "
            f"{one.name} …",
            "`hub topics apply --acls`, as an administrator",
        )
    return f"{len(wanted)} as declared"


def _store(hub: Hub, settings: Settings) -> str:
    found = check_tables(hub)
    with hub.store.write() as connection:
        STORE.try_write(connection)
    if hub.settings.log_url == settings.log_url:
        hub.check_positions()
    return f"{hub_settings.without_secrets(settings.store_url)}, revision {found}, may be written"


def _procedures(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    check_tables(hub)
    with hub.store.read() as connection:
        hub.procedures.check(connection)
    return ", ".join(one.name for one in hub.procedures)


def _vault(hub: Hub, settings: Settings) -> str:
    found = check_vault(hub, settings)
    hub.vault.try_write()
    return f"{hub_settings.without_secrets(settings.vault_url)}, revision {found}, master key opens it, may be written"


def _schemas(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    if not settings.registry_url:
        added = [package.name for package in packages() if not package.own]
        return f"{len(list(catalogue()))}, served by the hub{''.join(f', with {name}' for name in added)}"
    with outside_registry.opened(settings.registry_url) as registry:
        found = registry.differences()
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise Misconfigured(f"the schema registry differs: {'; '.join(found[:3])}{more}", "run `hub schemas publish`")
    return f"{hub_settings.without_secrets(settings.registry_url)} has all of them under their ids"


def _connectors(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    hub.connectors.check()
    return ", ".join(hub.connectors.infos) or "none configured"


def _sharing(hub: Hub) -> Iterator[Finding]:
    """What providers allowed, and what is wrong with it."""
    try:
        grants, day = hub.connectors.grants, today(hub.clock)
        found = list(compare(grants, hub.connectors.sources, hub.purposes.names(), day))
    except HubError as error:
        yield _bad("sharing", error)
        return
    for one in found:
        where = f"{one.source}.{one.key}" if one.key else one.source
        yield Finding("sharing", not one.grave, f"{where}: {one.told}", one.remedy)
    if not found:
        ends = min(grants.values(), key=lambda one: one.until, default=None)
        yield Finding("sharing", True, f"the first grant ends on {ends.until}" if ends else "no source, no grant")


def _clock(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    if hub.shared_clock is None:
        return "this machine's own"
    try:
        hub.shared_clock.adjust()
    except HubError:
        return "not compared with the store's, which does not answer"
    off_s = hub.shared_clock.off_ms() / 1000
    if abs(off_s) > _CLOCK_OFF_S:
        raise Misconfigured(
            f"this machine's clock is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the database's",
            "correct the wrong clock, by NTP; all hubs use the database's time",
        )
    return "agrees with the database's, which all hubs use"


def _calendar(hub: Hub) -> Finding:
    """Looks ahead by the longest limit of the policy in force."""
    found = policy.ahead(_known_calendar(hub), china_day(hub.clock.now()))
    if not found.short:
        detail = f"working days are known until {found.known_until}; limits reach to {found.reaches_to} now"
        return Finding("calendar", True, detail)
    return Finding(
        "calendar",
        True,
        f"working days are known until {found.known_until} only; limits of {found.longest} working days reach to "
        f"{found.reaches_to} now: later dates are provisional",
        f"import the notice of {found.known_until.year + 1} as soon as it is published: `hub calendar import FILE`",
    )


def _policy(hub: Hub) -> Finding:
    """Whether the newest table in force is within the time that its document plans for."""
    day = china_day(hub.clock.now())
    table = policy.in_force(day)
    detail = f"{table.version} is in force, planned until {table.effective_to}"
    if table.successor or day <= table.effective_to:
        return Finding("policy", True, detail)
    remedy = "ask the authority for the table that follows, and look at it with `hub policy try FILE`"
    return Finding("policy", True, f"{detail}: its end is past, and no table follows; it stays in use", remedy)


def _known_calendar(hub: Hub) -> Calendar:
    """With the imported notices, or without them where the store is not ready: that is another finding."""
    try:
        with hub.store.read() as connection:
            STORE.check(connection)
            return notices.calendar(connection)
    except HubError:
        return Calendar()
