"""A whole hub that the utility's people try to cheat, each only by what they can reach: the API over HTTP with tokens
and signatures, the step table in their database, and the files that they hand to an auditor. The test sets the business
time, so that months pass in seconds; time-outs, leases and signatures go by the machine's clock."""

import heapq
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner
from sqlalchemy import Engine, func, insert, select

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.cases.connection.tables import application
from hub.cli import cli
from hub.clock import CHINA, SystemClock
from hub.ports import Clock
from hub.records.tables import record
from hub.runtime.runner import Runner, first_trouble
from hub.stores.outbox import remembered
from hub.stores.tables import outbox
from hub.web.server import serve
from sandbox.exchange import tables as exchange
from sandbox.steps import tables as step_table
from sandbox.steps.signer import CallSigner
from sandbox.world.title_row import TitleRow
from tests import samples
from tests.callers import token
from tests.casework import body
from tests.grants import written

SINK = "utility_pull"
SIGNER = CallSigner(12)
PATIENCE_S = 90.0
Json = dict[str, Any]
Play = Generator[str, None, "Cheated"]
"""A cheat as it is carried out: it yields the next time (China) at which it continues, and returns what it left."""


class SetClock:
    """``Clock`` port: process time is the machine's, business time is what the test sets; it never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now = moment("2022-03-01T08:00:00")

    def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def now_ms(self) -> int:
        return int(self._now.timestamp() * 1000)

    def process_ms(self) -> int:
        return self._clock.process_ms()

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    def go_to(self, at: datetime) -> None:
        self._now = max(self._now, at)


def moment(text: str) -> datetime:
    """A time in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@dataclass
class Case:
    """An application, as its channel knows it."""

    case_id: str
    number: str
    token: str
    body: Json
    app_no: str


@dataclass
class Cheated:
    """What a cheat left: whose case it is, the records of steps and the lines of files that show it, and the code with
    which the hub refused it."""

    case_id: str = ""
    refs: list[str] = field(default_factory=list)
    refused: str = ""


@dataclass
class World:
    """The hub, and each entry to it."""

    hub: Hub
    clock: SetClock
    client: httpx.Client
    tokens: dict[str, str]
    utility: Engine
    runner: Runner
    files: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in TITLES})
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # ---- the channel ----

    def apply(self, unit: str = "", **changes: Any) -> Case:
        """Submit an application, register it at the utility, and acknowledge it there."""
        number = next(self._numbers)
        given = body(f"N-{number}", **{"site": {"unit_no": unit or unit_no(number)}, "channel": "counter"} | changes)
        answer = self.post("/applications", given, "channel")
        assert answer.status_code == 201, answer.text
        shown = answer.json()
        named = shown["numbers"][SINK].replace("-", "")
        wait(lambda: self._fetched(named, f"A{number:010d}"), "the registration is not offered")
        return Case(shown["application_id"], named, shown["application_token"], given, f"A{number:010d}")

    def _fetched(self, number: str, app_no: str) -> bool:
        """The utility fetches what waits for it, and acknowledges all; the registration of ``number`` with its own
        number. Whether that was among it."""
        page = self.get("/deliveries", "sink").json()["items"]
        for one in page:
            own = app_no if (one["number"], one["kind"]) == (number, "registration") else one["delivery_id"][:20]
            answer = self.post(f"/deliveries/{one['delivery_id']}/acknowledge", {"number": own}, "sink")
            assert answer.status_code == 200, answer.text
        return any((one["number"], one["kind"]) == (number, "registration") for one in page)

    def post(self, path: str, document: Json, by: str = "") -> httpx.Response:
        return self.client.post(path, json=document, headers=self._bearer(by))

    def get(self, path: str, by: str) -> httpx.Response:
        return self.client.get(path, headers=self._bearer(by))

    def listed(self) -> list[Json]:
        """Every application of the channel."""
        items: list[Json] = []
        after = ""
        while after is not None:
            page = self.get(f"/applications?limit=100{after and f'&after={after}'}", "channel").json()
            items += page["items"]
            after = page["next"]
        return items

    def _bearer(self, by: str) -> dict[str, str]:
        text = self.tokens.get(by, by)
        return {"Authorization": f"Bearer {text}"} if text else {}

    # ---- the utility ----

    def step(self, case: Case | None, code: str, kind: str, **more: Any) -> str:
        """Report a step by a signed call, now; the id of its record. ``recordedAt`` is when it is said to happen."""
        answer = self.sent(case, code, kind, **more)
        (told,) = answer["events"]
        assert told["faults"] == [], told
        return str(told["record_id"])

    def sent(self, case: Case | None, code: str, kind: str, **more: Any) -> Json:
        """As ``step``; the whole answer."""
        at = str(more.get("occurredAt", self.clock.now().astimezone(CHINA).isoformat()))
        named = {"externalAppNo": case.number} if case else {}
        event = {"eventId": f"E-{next(self._numbers)}", **named, "eventType": kind, "occurredAt": at, "recordedAt": at}
        event |= {"stepCode": code} if code else {}
        return self.told(event | more)

    def told(self, event: Json) -> Json:
        """Report an event by a signed call; the whole answer, which may be that of a conflict."""
        sent = json.dumps({"events": [{name: _timed(value) for name, value in event.items()}]}).encode()
        headers = SIGNER.headers("POST", f"{self.client.base_url}/steps", sent)
        answer = self.client.post("/steps", content=sent, headers=headers)
        assert answer.status_code in (200, 409), answer.text
        return dict(answer.json())

    def row(self, app_no: str, code: str, received: str, done: str, step_id: str = "") -> str:
        """Write a row of the step table, or write over it; its id."""
        step_id = step_id or f"S-{next(self._numbers)}"
        values = {"step_id": step_id, "app_no": app_no, "step_no": code, "rcv_time": received, "acmp_time": done}
        before = self._read()
        step_table.write_rows(self.utility, [values], self.clock.process_ms())
        wait(lambda: self._read() > before, "the step table is not read")
        return step_id

    def _read(self) -> int:
        """Records that came from the step table."""
        query = select(func.count()).select_from(record).where(record.c.source == "utility_steps_table")
        with self.hub.store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def line(self, name: str, *cells: str) -> str:
        """Write a line of a file for the auditor; how the auditor names it."""
        self.files[name].append(",".join(cells))
        return f"line {len(self.files[name]) + 1}"

    # ---- time ----

    def play(self, cheats: Sequence[Play]) -> list["Cheated"]:
        """Carry all of them out, each at its own times, in the order of time. What each left."""
        turns = [(next(one), place, one) for place, one in enumerate(cheats)]
        left: dict[int, Cheated] = {}
        heapq.heapify(turns)
        while turns:
            at, place, one = heapq.heappop(turns)
            self.clock.go_to(moment(at))
            try:
                heapq.heappush(turns, (next(one), place, one))
            except StopIteration as done:
                left[place] = done.value
        self.settle()
        assert first_trouble(self.runner.progress) == ""
        return [left[place] for place in sorted(left)]

    def settle(self) -> None:
        """Wait until every record is judged, every event is published, and every number is known."""
        wait(self._is_settled, "does not come to rest")

    def _is_settled(self) -> bool:
        with self.hub.store.read() as connection:
            unnumbered = connection.execute(select(application.c.case_id).where(application.c.numbered.is_(None)))
            last = connection.execute(select(func.max(outbox.c.seq))).scalar_one() or 0
            published = remembered(connection)
            if unnumbered.first() or published is None or published.seq < last:
                return False
        return not any(self.hub.parts.behind(kind) for kind in ("utility.step", "licence.property-title"))


def _timed(value: Any) -> Any:
    """A time without an offset is China's."""
    if isinstance(value, str) and len(value) == len("2022-03-01T09:00:00") and value[10] == "T":
        return f"{value}+08:00"
    return value


def wait(so: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.05)


def unit_no(number: int) -> str:
    """The unit of an application: another one each time, so that none seems to be made again."""
    return f"{samples.UNIT_NO[:20]}{number:08d}"


TITLES = {
    "crm-archive": "application_no,app_no,completed_at,accepted_at,rating",
    "first-readings": "application_no,app_no,read_at",
    "contacts": "application_no,app_no,contacted_at",
    "complaints": "application_no,app_no,complained_at,about",
}
"""The files of an auditor, and their first lines."""


@contextmanager
def cheated_hub(home: Path) -> Iterator[World]:
    """A running hub with a registry of titles, and the utility's step table, both empty but for one title."""
    title, steps_url = f"sqlite:///{home}/titles.db", f"sqlite:///{home}/steps.db"
    _register(title)
    utility = step_table.engine_of(steps_url)
    clock = SetClock(SystemClock())
    (home / "hub.toml").write_text(_settings(home, title, steps_url), "utf-8")
    hub = open_hub(hub_settings.load(home / "hub.toml", environ={}), business=lambda _: clock)
    runner = Runner(hub.clock)
    try:
        hub.start(runner, hub.tasks())
        with serve(hub) as url, httpx.Client(base_url=url, timeout=30) as client:
            staff = token(hub.store, hub.clock, "counter", ("counter",), ("applications:read", "applications:write"))
            operator = token(hub.store, hub.clock, "counter", ("counter",), ("operate",))
            sink = token(hub.store, hub.clock, "crm", (), (f"deliveries:{SINK}",))
            yield World(hub, clock, client, {"channel": staff, "operator": operator, "sink": sink}, utility, runner)
    finally:
        runner.stop()
        hub.close()
        utility.dispose()


def _settings(home: Path, title: str, steps: str) -> str:
    grants = written(home / "grants", ("property_title", "utility_steps", "utility_steps_table"))
    grants.write_text(grants.read_text("utf-8").replace('["feed", "sent"]', '["sent"]'), "utf-8")
    named = {name: f"sqlite:///{home}/{name}.db" for name in ("log", "store", "vault")}
    urls = "\n".join(f"{name}_url = {json.dumps(url)}" for name, url in named.items())
    return f"""
{urls}
master_key_file = "{home}/master.key"
grants = {json.dumps(str(grants))}
log_level = "ERROR"
web.port = 0

[connectors.{SINK}]

[connectors.utility_steps]
public_keys = {json.dumps(SIGNER.public_key)}

[connectors.utility_steps_table]
url = {json.dumps(steps)}
lag_s = 0.5
sweep_s = 0.5

[connectors.property_title]
url = {json.dumps(title)}
full_reload = false
"""


REGISTERED_UNIT = unit_no(99_999)
"""The unit of the only title in the registry."""


def _register(url: str) -> None:
    """The registry's database with one title of the enterprise that applies."""
    engine = exchange.engine_of(url)
    exchange.create(engine, again=False)
    columns = {"bdcdyh": REGISTERED_UNIT, "mj": "88.50", "djlx": "200", "djsj": "2020-05-06", "qszt": "1"}
    columns |= {"gyfs": "0", "cfzt": "0", "dyzt": "0", "xzqhdm": "120101", "djjg": "11120104000012345X"}
    texts = {"bdcqzh": "津(2020)和平区不动产权第1000001号", "zl": "天津市和平区南京路128号1号楼2单元301室"}
    texts |= {"ghyt": "办公", "djyy": "买卖", "fj": None}
    at_ms = int(moment("2022-02-01T09:00:00").timestamp() * 1000)
    with engine.begin() as connection:
        row = TitleRow(0, "T1", "U", at_ms, columns, texts, [])
        exchange.add(connection, [row])
        holder = {"title_rowguid": "T1", "sxh": 1, "zjzl": "7", "zjh": samples.USCC, "qlbl": None}
        connection.execute(insert(exchange.HOLDER), [holder | {"qlr": "津门电气有限公司".encode("gb18030")}])
    engine.dispose()


# ---- what is read afterwards ----------------------------------------------------------------------------------------


def command(home: Path, *arguments: str) -> list[Json]:
    """What a command says as JSON, one object per line."""
    done = CliRunner().invoke(cli, ["--config", str(home / "hub.toml"), *arguments, "--json"])
    assert done.exit_code in (0, 1), f"{arguments}: {done.output[-2000:]}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def audited(home: Path, files: dict[str, list[str]], until: date) -> tuple[list[Json], list[Json]]:
    """(Lines of ``audit steps``, lines of ``audit offsystem``) up to the end of a day."""
    days = "--from", "2022-01-01", "--to", until.isoformat()
    named: list[str] = []
    for name, lines in files.items():
        file = home / f"{name}.csv"
        file.write_text("\n".join([TITLES[name], *lines, ""]), "utf-8")
        named += [f"--{name}", str(file)]
    return command(home, "audit", "steps", *days), command(home, "audit", "offsystem", *days, *named)


def day_after(clock: SetClock) -> date:
    """The day after all that was played."""
    return clock.now().astimezone(CHINA).date() + timedelta(days=1)
