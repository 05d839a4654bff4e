"""Titles that end, and titles that change hands with or without their electricity accounts, on a real broker and
PostgreSQL: the hub is killed with -9 where it decides and where it has posted, and the connection system drops its
answers after it has taken effect."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.transfer.states import State
from hub.clock import SystemClock
from hub.ingest.tables import sent_row
from hub.records.tables import tally
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import Tokens
from sandbox import applications
from sandbox.demo.demo import Demo
from sandbox.demo.transfers import REGISTRY, ROLE
from sandbox.servers.ports import free_port
from sandbox.systems import FIRST
from sandbox.world.world import World as Outside
from sandbox.world.world import WorldSpec
from tests import samples
from tests.casework import body
from tests.e2e.harness import PATIENCE_S, World, real_engines, rebuilt_otherwise, world
from tests.e2e.recalling import TITLE, electricity_on, ended, read, taken_effect, until
from tests.faults import casebook
from tests.transfers import HEIR, matter, unit
from tests.transfers import body as transfer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

SEED, SIZE = 11, 100
UNITS = {"before": samples.UNIT_NO, "after": "120101001001GB00001F00010002"}
ARREARS, CLEAR, TAKEN_BACK = "1200045678", "1200045679", "1200045680"
"""The accounts of one title: one with arrears, one without, and one whose transfer is cancelled before the entry."""
PIECES = {ARREARS: ["registration", "check", "transfer"], CLEAR: ["registration", "check", "transfer"]}
PIECES |= {TAKEN_BACK: ["registration", "check", "cancellation", "notice"]}
ANSWERS = {ARREARS: ["ARREARS", "PAID", "APPLIED", "DONE"], CLEAR: ["CLEAR", "APPLIED", "DONE"], TAKEN_BACK: ["CLEAR"]}
REPORTS = sum(map(len, ANSWERS.values()))
FIRST_SENT = REPORTS - 2
"""What the utility sends when the arrears are paid: all but the answers to what it is asked then."""
EFFECTS = {"": 3, "-checks": 3, "-pushes": 2, "-cancellations": 1, "-notices": 1}
"""How many pieces of each kind the connection system has in the end."""
SOLD, OPEN = unit(3), unit(4)
"""Units whose titles go to others: after electricity is on, and while a transfer to someone else is open."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("recall")
    with (
        real_engines(home, partitions=2) as engines,
        world(home, SIZE, seed=SEED, engines=engines.settings, systems=(*FIRST, ROLE)) as made,
    ):
        yield made


def test_p1_p2_titles_that_end_in_either_order_of_time_are_each_told_once(one: World) -> None:
    titles = {name: samples.title(name, unit_no=unit) for name, unit in UNITS.items()}
    titles["after"]["unit"]["title_no"] = "津(2020)和平区不动产权第1000002号"
    with one.hub() as hub:
        read(hub, *titles.values())
        for name, unit in UNITS.items():
            hub.applications().submit(body(name, site={"unit_no": unit}), By("cli:test"))
    one.start()
    for name in UNITS:
        until(one, ["registration", TITLE], name)
    with one.hub() as hub:
        read(hub, *electricity_on(hub, hub.applications().find("gov-platform", "after") or b""))
    ended(one, "after")
    one.kill()
    with one.hub() as hub:
        now = {"version": hub.clock.now_ms()}
        read(hub, *(each | {"status": "REVOKED", "source": each["source"] | now} for each in titles.values()))
    for point in ("project.applied", "deliver.posted"):
        one.start(crash=f"{point}:1")
        one.wait_killed()
    one.sandbox.fault("utility_crm", "drop_after_commit", path="/applications", method="POST")
    one.start()
    taken_effect(one, len(UNITS))
    one.sandbox.clear("utility_crm")
    for name, kind in (("before", "withdrawal"), ("after", "recall")):
        told = until(one, ["registration", TITLE, kind], name)[-1]
        assert told["found_by_asking"], "of one the hub was killed, of the other the answer was lost"
    effects = one.sandbox.control("utility_crm", "effects")
    assert effects["doubled"] == []
    assert (len(effects["withdrawals"]), len(effects["recalls"])) == (1, 1)
    with one.hub() as hub:
        (change,) = hub.applications().show(hub.applications().find("gov-platform", "after") or b"")["recalls"]
        assert change["after_the_end"] and change["changed_at"] < change["learned_at"]
        assert rebuilt_otherwise(hub, one.home) == []


def test_p1_p2_accounts_change_hands_once_after_kills_and_reports_that_come_over_two_ways(one: World) -> None:
    one.kill()
    move = Move(one)
    one.sandbox.control(ROLE, "account", {"consNo": ARREARS, "arrears": True})
    move.submit()
    move.start("transfer.reported:1")
    one.wait_killed()
    with ThreadPoolExecutor(1) as pool:
        move.start("transfer.cancelled:1")
        move.wait({TAKEN_BACK: State.READY})
        one.sandbox.fault("utility_crm", "drop_after_commit", path="/transfers", method="POST", share=0.5)
        cancelled = pool.submit(casebook.call, *move.cancellation(), {})
        one.wait_killed()
        move.start("transfer.entered:2")
        cancelled.result(PATIENCE_S)
    move.enter()
    one.wait_killed()
    move.start()
    move.wait({ARREARS: State.OWING, CLEAR: State.DONE, TAKEN_BACK: State.CANCELLED})
    one.sandbox.fault(ROLE, "down", path="/transfer-reports")
    one.sandbox.control(ROLE, "pay", {"consNo": ARREARS})
    move.send()
    move.asked()
    move.send()
    move.wait({ARREARS: State.DONE, CLEAR: State.DONE, TAKEN_BACK: State.CANCELLED})
    one.sandbox.clear(ROLE)
    one.sandbox.clear("utility_crm")
    move.settle()
    casebook.until(lambda: move.findings() == [], move.findings)  # the last events are on their way to their topics


def test_p1_p2_notices_of_the_clock_and_one_that_is_taken_back_are_each_told_once_after_kills(one: World) -> None:
    one.kill()
    before = len(one.sandbox.control("utility_crm", "effects")["transfer-notices"])
    with long_ago(one) as late, one.hub() as hub:
        opened_on = china_day(late.clock.now())
        read(hub, samples.title("sold-1", unit_no=SOLD))
        sold = late.applications().submit(body("sold", site={"unit_no": SOLD}), By("cli:test")).case_id
        (still,) = late.transfers().submit(transfer(matter(unit_no=OPEN), number="open"), By("cli:test")).case_ids
        connected = electricity_on(late, sold)
        one.start()
        has(one, lambda: hub.applications().show(sold), TITLE, 1)
        read(hub, *connected)
        ended(one, "sold")
        bought = heirs("sold-2", SOLD, date(2022, 3, 1))
        read(hub, bought)
        has(one, lambda: hub.applications().show(sold), "handover", 1)
        one.kill()
        read(hub, bought | {"status": "CANCELLED", "source": bought["source"] | {"version": hub.clock.now_ms()}})
        one.start(crash="connection.handed-back:1")
        one.wait_killed()
        read(hub, heirs("open-1", OPEN, opened_on + timedelta(days=1)))
        one.start(crash="transfer.undeclared:1")
        one.wait_killed()
        one.start()
        has(one, lambda: hub.applications().show(sold), "handover", 2)
        has(one, lambda: hub.transfers().show(still), "notice", 1)
        effects = one.sandbox.control("utility_crm", "effects")
        assert effects["doubled"] == []
        assert (len(effects["handovers"]), len(effects["transfer-notices"])) == (2, before + 1)
        casebook.until(lambda: rebuilt_otherwise(hub, one.home) == [], one.tail)  # the last events are on their way


class LongAgo(casebook.Ago):
    """So long ago that the days to declare a transfer are over now, also where they had a week of holidays in them."""

    days = 40


@contextmanager
def long_ago(one: World) -> Iterator[Hub]:
    """The hub's parts, to submit with at that time."""
    late = Hub(Demo(one.home, 0, 0).settings(), SystemClock(), LongAgo)
    try:
        yield late
    finally:
        late.close()


def heirs(key: str, unit_no: str, issued_on: date) -> dict[str, Any]:
    """The title of a unit that went to someone nobody has declared."""
    title = samples.title(key, unit_no=unit_no)
    title_no = f"津({issued_on.year})和平区不动产权第{unit_no[-7:]}号"
    title["unit"] |= {"title_no": title_no, "issued_on": issued_on, "co_ownership": "SOLE"}
    holder = {"name": HEIR["name"], "id_type": "RESIDENT_ID", "id_number": HEIR["resident_id"], "share": None}
    return title | {"holders": [holder]}


def has(one: World, show: Callable[[], Mapping[str, Any]], kind: str, count: int) -> None:
    """Wait until a case has exactly so many pieces of one kind, all acknowledged."""

    def pieces() -> list[Mapping[str, Any]]:
        return [each for each in show()["deliveries"] if each["kind"] == kind]

    def there() -> bool:
        found = pieces()
        return len(found) == count and _acknowledged({"deliveries": found})

    casebook.until(there, lambda: f"{pieces()}\n{one.tail()}")


class Move:
    """One title with three accounts that changes hands, before the registry and the utility."""

    def __init__(self, one: World) -> None:
        self.one, self.port = one, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.body = applications.of_transfers(Outside(WorldSpec(SEED, SIZE)))
        (self.matter,) = self.body["matters"]
        self.ids: dict[str, bytes] = {}

    def start(self, crash: str = "") -> None:
        self.one.start(crash=crash, web=True, environ={"HUB_WEB__PORT": str(self.port)})

    def submit(self) -> None:
        with self.one.hub() as hub:
            for number, accounts in (("both", [ARREARS, CLEAR]), ("back", [TAKEN_BACK])):
                wanted = self.body | {"external_no": number, "matters": [self.matter | {"accounts": accounts}]}
                found = hub.transfers().submit(wanted, By("cli:test")).case_ids
                self.ids |= dict(zip(accounts, found, strict=True))

    def cancellation(self) -> tuple[str, str]:
        """The URL and the token with which the applicant takes one back."""
        with self.one.hub() as hub:
            channels, purposes = hub.settings.channels, hub.purposes.names()
            Clients(hub.store, hub.clock, channels, purposes).create("window", channels, purposes)
            made = Tokens(hub.store, hub.clock).create("window", frozenset({"transfers:write"}))
        return f"{self.url}/transfers/{self.ids[TAKEN_BACK].hex()}/cancel", made.text

    def enter(self) -> None:
        """The registry enters the new holders."""
        holders = [{"name": each["name"], "idNo": each["resident_id"]} for each in self.matter["new_holders"]]
        entry = {"unitNo": self.matter["unit_no"], "kind": "TRANSFER", "holders": holders}
        self.one.sandbox.control(REGISTRY, "enter", entry)

    def send(self) -> None:
        """The utility sends every report that there is, again too."""
        assert self.one.sandbox.control(ROLE, "send", {"hub": self.url})["answers"] == {"200": 1}

    def wait(self, states: Mapping[str, str]) -> None:
        with self.one.hub() as hub:

            def found() -> Mapping[str, str]:
                return {account: shown["state"] for account, shown in self._shown(hub).items()}

            casebook.until(lambda: states.items() <= found().items(), lambda: f"{found()}\n{self.one.tail()}")

    def asked(self) -> None:
        """Wait until the utility is asked for the transfer whose arrears are paid."""
        casebook.until(lambda: self._effects()["-pushes"] == EFFECTS["-pushes"], self.one.tail)

    def settle(self) -> None:
        """Wait until every piece is acknowledged, and every report has a verdict over both ways."""
        with self.one.hub() as hub:

            def still() -> bool:
                told = _counts(hub)
                judged = told.verified + told.duplicate + told.rejected
                return all(map(_acknowledged, self._shown(hub).values())) and judged == told.received >= 2 * REPORTS

            casebook.until(still, lambda: f"{_counts(hub)}\n{self.one.tail()}")

    def findings(self) -> list[str]:
        """What was lost or doubled, at the hub and at the utility."""
        with self.one.hub() as hub:
            told, shown = _counts(hub), self._shown(hub)
            kinds = {account: [each["kind"] for each in one["deliveries"]] for account, one in shown.items()}
            answers = {account: [each["result"] for each in one["reports"]] for account, one in shown.items()}
            compared = {
                "pieces": (kinds, PIECES),
                "answers": (answers, ANSWERS),
                "effects": (self._effects(), EFFECTS),
                "doubled": (self.one.sandbox.control("utility_crm", "effects")["doubled"], []),
                "reported": (self.one.sandbox.control(ROLE, "counts"), {"reported": REPORTS, "events": REPORTS}),
                "verified": ((told.verified, told.rejected), (REPORTS, 0)),
                "sent again": (_again(hub), FIRST_SENT),
            }
            strange = [f"{name}: {is_}, not {must}" for name, (is_, must) in compared.items() if is_ != must]
            return [*strange, *casebook.gaps(hub), *casebook.rebuilt(hub, self.one.home)]

    def _effects(self) -> dict[str, int]:
        told = self.one.sandbox.control("utility_crm", "effects")
        return {kind: len(told[f"transfer{kind}"]) for kind in EFFECTS}

    def _shown(self, hub: Hub) -> dict[str, Any]:
        return {account: hub.transfers().show(case_id) for account, case_id in self.ids.items()}


def _acknowledged(shown: Mapping[str, Any]) -> bool:
    return all(each["state"] == "acknowledged" for each in shown["deliveries"])


def _counts(hub: Hub) -> Any:
    with hub.store.read() as connection:
        return connection.execute(select(tally).where(tally.c.source == ROLE)).one()


def _again(hub: Hub) -> int:
    """How many reports the utility has sent that it had sent before."""
    with hub.store.read() as connection:
        return int(connection.execute(select(func.sum(sent_row.c.again))).scalar_one())
