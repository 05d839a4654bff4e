"""A run with two sinks, two channels and several applications, and what each of its readers sees afterwards."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import httpx

from hub.codec import wire
from hub.errors import RecordRejected
from tests.dummies import installed
from tests.dummies.two_sinks import DUMMIES, Two
from tests.e2e.harness import PATIENCE_S, World, world
from tests.linking import View

SIZE, SEED = 400, 11
CHANNELS = ("counter", "gov-platform")
EACH = 4
"""Applications of each channel. All are alike in what is not theirs alone: voltage, class, limit, channel."""
RARE = 6
"""A case touches at most so many things on topics and in tables: itself, its records, the entities behind them."""
_LISTENING = re.compile(r'"url": "(http://[^"]+)"')
Body = dict[str, Any]


@dataclass
class Run:
    """What happened. ``said``: per channel everything that its client sent and was answered, by application id."""

    two: Two
    expected: dict[tuple[str, str], tuple[Body, Body]]
    """(channel, number) → the application, and what the outside world's truth says about it."""
    said: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.two.world.home

    def views(self) -> dict[str, View]:
        """What each reader sees."""
        views = {"topics": _topics(self.two.world), "database": _database(self.home / "store.db")}
        views |= {"crm": View(), "second": View()}
        for one in self.two.crm():
            # Its own clock is not the hub's to give away: a time of it may coincide with any.
            views["crm"].see(one["externalAppNo"], one | {"receivedAt": None})
        for one in self.two.second():
            views["second"].see(one["number"], one)
        for channel, applications in self.said.items():
            view = views[channel] = View()
            for application, seen in applications.items():
                view.see(application, seen)
        return views | {"operator": _operator(self.two.world), "logs": _logs(self.two.world)}


@contextmanager
def run(home: Path, broken: str = "") -> Iterator[Run]:
    """Run it to its end, with the hub stopped afterwards; ``broken`` as in ``broken.py``."""
    with world(home, SIZE, applications=120, seed=SEED) as one:
        two = Two(one, {})
        two.add_second()
        applications = _alike(one)
        ran = Run(two, {(body["channel"], body["external_no"]): (body, truth) for body, truth in applications})
        tokens = {channel: _token(one, channel) for channel in CHANNELS}
        two.start(web=True, broken=broken)
        for body, _ in applications:
            _submit(ran, _url(one), tokens[body["channel"]], body)
        pieces = 3 * len(applications)
        two.wait(lambda: len(two.crm()) == pieces and len(two.second()) == 2 * len(applications))
        _look(ran, _url(one), tokens)
        one.stop()
        yield ran


def _alike(one: World) -> list[tuple[Body, Body]]:
    """Applications that differ only in applicant, place and number. The numbers of the two channels are the same."""
    wanted = {"voltage": "LOW", "customer_class": "NON_RESIDENT", "sanling": True}
    good = [
        entry
        for entry in one.applications()[3:]
        if entry["expected"]["title_key"]
        and entry["expected"]["licence_status"] == "CURRENT"
        and wanted.items() <= entry["body"].items()
    ]
    # No two about one title, or of one applicant: what they share would name neither.
    own = list(
        {e["expected"]["title_key"]: e for e in {e["body"]["applicant"]["uscc"]: e for e in good}.values()}.values()
    )
    assert len(own) >= EACH * len(CHANNELS), "the world has too few applications that are alike"
    made = []
    for place, entry in enumerate(own[: EACH * len(CHANNELS)]):
        channel, number = CHANNELS[place % len(CHANNELS)], f"2026-{place // len(CHANNELS):06d}"
        made.append((entry["body"] | {"channel": channel, "external_no": number, "capacity_kw": 50}, entry["expected"]))
    return made


def _distinct(entries: list[Body], name: str) -> list[Body]:
    return list({entry["expected"][name]: entry for entry in entries}.values())


def _token(one: World, channel: str) -> str:
    client = f"{channel}-desk"
    owned = ("--channel", channel, "--purpose", "connection-application")
    for arguments in (("client", "create", client, *owned), ("token", "create", "--client", client, "--json")):
        code, out, error = installed.hub(*arguments, dummies=DUMMIES, config=one.config)
        assert code == 0, error
    return str(json.loads(out)["token"])


def _url(one: World) -> str:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := _LISTENING.findall(one.stderr.read_text("utf-8", "replace"))):
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.1)
    return str(found[-1])


def _submit(ran: Run, url: str, token: str, body: Body) -> None:
    answer = httpx.post(f"{url}/applications", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    shown = answer.json()
    ran.said.setdefault(body["channel"], {})[shown["application_id"]] = [body, shown, token.split("_")[1]]


def _look(ran: Run, url: str, tokens: Mapping[str, str]) -> None:
    """Each client looks at its applications."""
    for channel, token in tokens.items():
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
            for one in client.get("/applications").json()["items"]:
                shown = client.get(f"/applications/{one['application_id']}").json()
                ran.said[channel][one["application_id"]] += [one, shown]


# ---- readers ---------------------------------------------------------------------------------------------------------


def _topics(one: World) -> View:
    """Whoever may read every topic, without keys."""
    view = View(rare=RARE)
    with one.hub() as hub:
        for topic, partitions in hub.log.topics().items():
            for batch in chain.from_iterable(hub.log.scan(topic, number) for number in range(partitions)):
                for message in batch.records:
                    thing = (message.key or b"").hex()
                    headers = {name: value.decode("utf-8", "replace") for name, value in message.headers}
                    view.see(thing, {"key": message.key, "timestamp": message.timestamp, **headers})
                    opened = _opened(message.value)
                    view.see(thing, opened)
                    if topic.endswith(".events"):
                        view.see_composed(thing, opened)
    return view


def _opened(value: bytes | None) -> Any:
    """A value as any Kafka client decodes it, and its bytes where they are none of a schema's."""
    try:
        return wire.decode(value or b"")[1]
    except RecordRejected:
        return value


def _database(file: Path) -> View:
    """Whoever may read the store, without the vault and without the master key."""
    view = View(rare=RARE)
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in tables:
            for place, row in enumerate(database.execute(f'SELECT * FROM "{name}"')):
                values = dict(row)
                thing = values.get("case_id") or values.get("record_id") or values.get("key") or f"{name}/{place}"
                thing = thing.hex() if isinstance(thing, bytes) else str(thing)
                view.see(thing, values)
                if name == "outbox":
                    view.see(thing, _opened(values["value"]))
    return view


def _operator(one: World) -> View:
    """Whoever runs the commands on the hub's machine: they open what is sealed for the applicant."""
    view = View()
    for listing in (["application", "list"], ["cases", "list"]):
        for line in _command(one, *listing, "--json").splitlines():
            shown = json.loads(line)
            view.see(shown.get("application_id") or shown["case_id"], shown)
            if "application_id" in shown:
                view.see(
                    shown["application_id"],
                    json.loads(_command(one, "application", "show", shown["application_id"], "--json")),
                )
    return view


def _command(one: World, *arguments: str) -> str:
    code, out, error = installed.hub(*arguments, dummies=DUMMIES, config=one.config)
    assert code == 0, error
    return out


def _logs(one: World) -> View:
    """Whoever reads the log lines."""
    view = View(rare=RARE)
    for place, line in enumerate(one.stderr.read_text("utf-8").splitlines()):
        view.see(str(place), json.loads(line) if line.startswith("{") else line)
    return view
