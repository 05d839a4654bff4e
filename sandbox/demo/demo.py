"""The demonstration: the simulated outside systems, a whole hub and its applications in one directory, and the check
that the counts balance.

After a kill at any moment, a start in the same directory continues at the same place.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from sqlalchemy import func, select

from hub import settings as hub_settings
from hub.bootstrap import Hub, Make, open_hub
from hub.cases.by import By
from hub.cases.tables import piece
from hub.errors import Unavailable
from hub.records.tables import reason_tally, tally
from hub.runtime.runner import Runner, first_trouble
from hub.settings import Settings
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import SCOPES, Tokens
from hub.web.server import serve
from sandbox import launch
from sandbox.applications import HIGH_VOLTAGE
from sandbox.demo import audited, ratings, steps, transfers
from sandbox.demo.audited import Audited
from sandbox.demo.balance import ASKED, Delivered, SourceLine
from sandbox.demo.clock import at_speed
from sandbox.demo.steps import Steps
from sandbox.demo.transfers import Transfers
from sandbox.systems import FIRST

SOURCES = (
    *("business_licence", "property_title", "district_files"),
    *("project_register", "project_approval", "project_approval_rest", *ASKED),
)
PLAYED = (*FIRST, "district_files", "projects", "identity", "warning_desk", steps.ROLE, transfers.ROLE)
"""The outside systems of the demonstration."""
EMBEDDED = {"partitions": 1} | {f"{name}_url": f"sqlite:///{name}.db" for name in ("log", "store", "vault")}
NO_TRUTH: Mapping[str, Any] = {"emitted": 0, "verified": 0, "rejected": 0, "duplicates": 0, "codes": {}}
"""The truth of a source that has emitted nothing."""
CLIENT = "demo"
RECIPIENTS = {"before": ["duty-desk"], "after": ["duty-desk", "supervision"]}
"""Who is told before and after the last day of a limit."""
AUDIT = "audit"
"""The folder of the files that the audit is given."""
NO_PROGRESS_S = 120.0
"""A fetch of a file that was killed is begun again by another one after 90 s: this must be longer."""
_LOOK_S = 0.1


class Demo:
    """One run in ``home``. Use as a context manager: leaving it ends the sandbox and the hub."""

    def __init__(self, home: Path, records: int, seed: int, speed: float = 1.0) -> None:
        self.home = home.absolute()
        self.records = records
        self.seed = seed
        self.speed = speed

    @contextmanager
    def running(self, progress: launch.Progress) -> Iterator["Live"]:
        """The sandbox and a hub with all stages, running. Raises ``Unavailable`` when one does not start."""
        with (
            self.engines() as engines,
            launch.start(self.seed, self.records, self.home / "sandbox", systems=PLAYED, progress=progress) as sandbox,
        ):
            self.write_settings(sandbox, engines)
            hub = open_hub(self.settings(), business=at_speed(self.home / "clock.json", self.speed))
            runner = Runner(hub.clock)
            try:
                hub.start(runner, self.tasks(hub))
                with serve(hub) as url, self.environment(hub, url):
                    yield Live(hub, runner, sandbox, url)
            finally:
                runner.stop()
                hub.close()

    @contextmanager
    def environment(self, hub: Hub, url: str) -> Iterator[None]:
        """The file ``env`` in ``home`` while the API is there: a shell reads it to use the ``hub`` command with this
        hub. It has a token of its own for all channels; the token is revoked at the end."""
        clients = Clients(hub.store, hub.clock, hub.settings.channels, hub.purposes.names())
        if CLIENT not in (one.name for one in clients.all()):
            clients.create(CLIENT, hub.settings.channels, hub.purposes.names())
        tokens = Tokens(hub.store, hub.clock)
        token_id, token, _ = tokens.create(CLIENT, frozenset(SCOPES))
        values = {"HUB_CONFIG": self.home / "hub.toml", "HUB_URL": url, "HUB_TOKEN": token}
        lines = [f"export PATH={quote(str(Path(sys.executable).parent))}:$PATH"]
        lines += [f"export {name}={quote(str(value))}" for name, value in values.items()]
        file = self.home / "env"
        file.touch(mode=0o600)
        file.write_text("\n".join(lines) + "\n", "utf-8")
        try:
            yield
        finally:
            file.unlink(missing_ok=True)
            tokens.revoke(token_id)

    @contextmanager
    def engines(self) -> Iterator[Mapping[str, Any]]:
        """The settings of log, store and vault for this run."""
        yield EMBEDDED

    def tasks(self, hub: Hub) -> list[tuple[str, Make]]:
        """The tasks that run the hub: all its stages, in this process."""
        return hub.tasks()

    def disturb(self, live: "Live") -> Iterator[str]:  # noqa: ARG002
        """Disturb the running hub, and yield a line for each thing done ("": nothing yet). Here nothing is done."""
        yield from ()

    def disturb_steps(self, live: "Live", ids: Sequence[bytes]) -> Iterator[str]:  # noqa: ARG002
        """As ``disturb``, while the utility reports the steps of these applications."""
        yield from ()

    def settings(self) -> Settings:
        """The settings of the demonstration's hub, without the environment."""
        return hub_settings.load(self.home / "hub.toml", environ={})

    def write_settings(self, sandbox: launch.Running, engines: Mapping[str, Any] = EMBEDDED) -> None:
        """Write ``hub.toml`` to ``home``, so that all other commands can be used with the demonstration's hub."""
        lines = [
            'instance = "demo"',
            *(f"{key} = {json.dumps(value)}" for key, value in engines.items()),
            'master_key_file = "master.key"',
            f"grants = {json.dumps(str(sandbox.grants))}",
            'log_level = "WARNING"',
            "web.port = 0",
            *(f"warnings.{level} = {json.dumps(names)}" for level, names in RECIPIENTS.items()),
        ]
        tables = {f"connectors.{name}": table for name, table in sandbox.connectors().items()}
        tables |= {f"warnings.desks.{name}": table for name, table in sandbox.desks().items()}
        for name, table in tables.items():
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        file = self.home / "hub.toml"
        file.touch(mode=0o600)
        file.write_text("\n".join(lines) + "\n", "utf-8")


class Live:
    """A running demonstration. ``url``: the hub's API, where it is served."""

    def __init__(self, hub: Hub, runner: Runner, sandbox: launch.Running, url: str = "") -> None:
        self.hub = hub
        self.runner = runner
        self.sandbox = sandbox
        self.url = url

    def scripted(self) -> list[dict[str, Any]]:
        """The sandbox's scripted applications: ``{"name", "body", …}``, those of people with a ticket."""
        entries: list[dict[str, Any]] = json.loads(self.sandbox.applications.read_text("utf-8"))
        high = [entry for entry in entries[3:] if entry["id"] == HIGH_VOLTAGE]
        return [*entries[:3], *high, *(self._checked(entry) for entry in entries[3:] if "ticket" in entry)]

    def _checked(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The application with a ticket that the identity service makes now; with the title that is chosen from those
        that the person holds, where the story says so."""
        body = entry["body"]
        matter = {"channel": body["channel"], "externalNo": body["external_no"], **entry["ticket"]}
        given = self.sandbox.control("identity", "ticket", matter)
        return entry | {"body": body | {"ticket": given["ticket"]} | self._chosen(entry, given["ticket"])}

    def _chosen(self, entry: dict[str, Any], ticket: str) -> dict[str, Any]:
        if not entry.get("chooses"):
            return {}
        asked = {name: entry["body"][name] for name in ("external_no", "channel", "purpose", "legal_basis")}
        person = {"resident_id": entry["body"]["applicant"]["resident_id"]}
        titles = self.hub.holdings().titles(asked | {"applicant": person, "ticket": ticket}, By("cli:demo"))
        unit_no = entry["body"]["site"]["unit_no"]
        choice = next(one["choice"] for one in titles if one["unit_no"][-4:] == unit_no[-4:])
        return {"site": {"choice": choice}}

    def lines(self) -> list[SourceLine]:
        """The conservation line of every source that the sandbox plays, as it is now."""
        truth = json.loads(self.sandbox.truth_summary.read_text("utf-8"))
        approvals = {name: grant.approval for name, grant in self.hub.connectors.grants.items()}
        with self.hub.store.read() as connection:
            tallies = {row.source: row for row in connection.execute(select(tally))}
            reasons: dict[str, dict[str, int]] = {}
            for row in connection.execute(select(reason_tally)):
                reasons.setdefault(row.source, {})[row.code] = row.verdicts
        return [
            _line(name, tallies.get(name), reasons.get(name, {}), approvals.get(name, ""), truth.get(name, NO_TRUTH))
            for name in SOURCES
            if name in self.hub.connectors.sources
        ]

    def delivered(self) -> Delivered:
        """The deliveries as they are now, by the hub's tables and by the utility."""
        state = piece.c.state
        with self.hub.store.read() as connection:
            counts = {row[0]: row[1] for row in connection.execute(select(state, func.count()).group_by(state))}
        effects = self.sandbox.control("utility_crm", "effects")
        return Delivered(
            sum(counts.values()),
            counts.get("acknowledged", 0),
            counts.get("refused", 0),
            _per_key({**effects, "notices": self.noticed()}),
        )

    def transferred(self, by: By) -> None:
        """Play a joint transfer with arrears to its end. Raises ``Unavailable`` as ``settle``."""
        transfers.play(self.hub, self.sandbox, by, self._until)

    def title_ends(self, entry: Mapping[str, Any], told: Callable[[Transfers], bool]) -> None:
        """Let the title of an application's site end, and wait until ``told``. Raises as ``settle``."""
        transfers.end_title(self.sandbox, entry)
        self._until(lambda: told(self.transfers()))

    def transfers(self) -> Transfers:
        """The conservation line of joint transfers, as it is now."""
        return transfers.count(self.hub, self.sandbox)

    def _until(self, so: Callable[[], bool]) -> None:
        self.settle(lambda *_: so())

    def electricity_on(self, ids: Sequence[bytes]) -> None:
        """Let the utility report the steps of these applications until electricity is on, and wait until the hub knows
        it. Raises ``Unavailable`` as ``settle``. What was reported already is not reported again."""
        self.play(ids)
        self.settle(lambda *_: (told := self.steps()).balanced and told.on >= len(ids))

    def play(self, ids: Sequence[bytes]) -> None:
        """Let the utility report the steps of these applications, those that it has not reported yet."""
        applications = self.hub.applications()
        steps.play(self.sandbox, self.url, [applications.show(one) for one in ids])

    def rated(self, ids: Sequence[bytes]) -> None:
        """Let the customers rate the service, and wait until the utility has their ratings. Raises as ``settle``."""
        ratings.rate(self.hub, self.url, ids)
        self.settle(lambda *_: self.ratings() == (len(ids), len(ids)))

    def ratings(self) -> tuple[int, int]:
        """Ratings that were given, and those that the utility has."""
        return ratings.count(self.hub)

    def steps(self) -> Steps:
        """The conservation line of steps, as it is now."""
        return steps.count(self.hub, self.sandbox)

    def audited(self, folder: Path, shown: Sequence[Mapping[str, Any]]) -> Audited:
        """Write what other systems know of these applications to ``folder``, and audit the hub beside it."""
        return audited.audit(self.hub, folder, shown)

    def warnings(self) -> Mapping[str, int]:
        """Warnings of limits: level → how many."""
        return audited.warnings(self.hub)

    def noticed(self) -> dict[str, int]:
        """Key of each warning that the desk has → 1."""
        if "warning_desk" not in self.sandbox.urls:
            return {}
        return {one["key"]: 1 for one in self.sandbox.control("warning_desk", "notices")["notices"]}

    def settle(self, look: Callable[[list[SourceLine], Delivered], bool]) -> None:
        """Wait until ``look`` returns true. Raises ``Unavailable`` when no count changes for ``NO_PROGRESS_S``."""
        seen: tuple[Any, ...] = ()
        since_s = self.hub.clock.monotonic_s()
        while True:
            lines, delivered = self.lines(), self.delivered()
            if look(lines, delivered):
                return
            now_s = self.hub.clock.monotonic_s()
            fresh = (
                *((line.received, line.verified, line.rejected, line.duplicate) for line in lines),
                delivered.acknowledged,
                self.steps(),
            )
            if fresh != seen:
                seen, since_s = fresh, now_s
            elif now_s - since_s > NO_PROGRESS_S:
                trouble = first_trouble(self.runner.progress) or "no stage reports an error"
                raise Unavailable(f"nothing moved for {NO_PROGRESS_S:.0f} s; {trouble}")
            self.runner.wait(_LOOK_S)


def _per_key(effects: Mapping[str, Any]) -> dict[str, int]:
    kinds = {what: keys for what, keys in effects.items() if isinstance(keys, dict)}
    return {f"{what}/{key}": count for what, keys in kinds.items() for key, count in keys.items()}


def _line(name: str, tally: Any, reasons: Mapping[str, int], grant: str, truth: Mapping[str, Any]) -> SourceLine:
    if tally is None:
        return SourceLine(name, "", 0, 0, 0, 0, 0, 0, 0, reasons, grant, truth)
    counts = (tally.kind, tally.received, tally.looked_up, tally.verified, tally.rejected, tally.duplicate)
    return SourceLine(name, *counts, tally.revised, tally.readings, reasons, grant, truth)
