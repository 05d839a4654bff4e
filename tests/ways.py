"""The three ways to the utility's connection system, each with a system that plays its part: what it took is counted,
as the system itself would, so that a piece that it took twice is seen."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, inspect, text

from connectors.utility_crm.bodies import Bodies
from connectors.utility_pull.pickup import FetchingSystem
from hub.cases.by import By
from hub.connect.host import registry
from hub.delivery.pickup import Deliveries, PickupParts
from hub.delivery.unfetched import Unfetched
from hub.errors import Unavailable
from hub.ports import Address, Receipt, Refused
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests.casework import House

SINK = "utility_crm"
"""One name for all ways, so that numbers and keys are the same."""
BY = By("token:utility", "utility", "")
AT = "2026-03-02T09:00:00.000+08:00"
TABLES = Path(__file__).parents[1] / "connectors/utility_table"


@dataclass
class System:
    """The utility's system. ``moods``: what it does with the next pieces: "no" refuses, "lost" takes a piece and its
    answer is lost. ``away``: its program does not run."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    moods: list[str] = field(default_factory=list)
    away: bool = False
    file: Path | None = None
    """Where the keys of what it took are written too, for a system that outlives this process."""

    def take(self, key: str, number: str, kind: str, body: Any) -> Receipt:
        """Take a piece, once for each key; raises ``Refused``, ``Unavailable`` for an answer that is lost."""
        if (earlier := self.receipt(key)) and self.moods[:1] != ["again"]:
            return earlier
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "no":
            raise Refused("BLACKLISTED", "客户王伟在黑名单")
        self.taken.append({"key": key, "number": number, "kind": kind, "body": body})
        if self.file:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"{key}\n")
        if mood == "lost":
            raise Unavailable("the answer is lost")
        return Receipt(f"A{len(self.taken)}", AT)

    def receipt(self, key: str) -> Receipt | None:
        """That of a piece that it took."""
        places = [place for place, one in enumerate(self.taken, 1) if one["key"] == key]
        return Receipt(f"A{places[0]}", AT) if places else None

    @property
    def kinds(self) -> list[str]:
        """Of what it took, in order."""
        return [one["kind"] for one in self.taken]


class Push:
    """The hub calls."""

    def __init__(self, house: House, folder: Path, url: str = "") -> None:
        self.house, self.system = house, System()
        self._bodies = Bodies(SINK, "")

    def work(self, rounds: int = 1) -> None:
        """The hub and the system do what there is to do, so many times, some seconds apart."""
        for _ in range(rounds):
            self.house.deliver(self, SINK, settle_s=5.0)
            self.house.clock.pass_s(10)

    def push(self, address: Address, body: Any) -> Receipt:
        if self.system.away:
            raise Unavailable("no connection")
        sent = json.loads(json.dumps(self._bodies.of(address, body)))
        return self.system.take(address.key, address.number, address.kind, sent)

    def find(self, address: Address) -> Receipt | None:
        if self.system.away:
            raise Unavailable("no connection")
        return self.system.receipt(address.key)

    def forgive(self) -> None:
        """What the system does before a piece that it refused is released."""

    def close(self) -> None: ...


class Pull:
    """The system fetches."""

    def __init__(self, house: House, folder: Path, url: str = "") -> None:
        self.house, self.system = house, System()
        self.deliveries = deliveries(house)
        self._stage = Unfetched(SINK, self.deliveries._parts.claims, house.clock, idle_s=0)

    def work(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self._stage.step()
            while not self.system.away and self._fetch():
                pass
            self.house.clock.pass_s(10)

    def _fetch(self) -> bool:
        page = self.deliveries.page(limit=2)
        ended = [self._answer(one) for one in page.items]
        return any(ended)

    def _answer(self, one: Any) -> bool:
        address = one.address
        say: Callable[[], str]
        try:
            receipt = self.system.take(address.key, address.number, address.kind, json.loads(json.dumps(one.body)))
            say = partial(self.deliveries.acknowledge, one.delivery_id, receipt, BY)
        except Refused as no:
            say = partial(self.deliveries.refuse, one.delivery_id, no, BY)
        except Unavailable:
            return False
        assert say() == say(), "said again, it is answered alike"
        return True

    def forgive(self) -> None: ...

    def close(self) -> None: ...


class Outbox:
    """The hub places rows; the system answers in them."""

    def __init__(self, house: House, folder: Path, url: str = "") -> None:
        self.house, self.system = house, System()
        self.url = url or f"sqlite:///{folder}/utility.db"
        self.engine = create_engine(self.url)
        if not inspect(self.engine).has_table("onecert_delivery"):
            create(self.engine)
        settings = {"url": self.url, "rate_per_s": 1e6, "burst": 10**6}
        self.sink = registry.open_sink("utility_table", settings, house.clock)

    def work(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.house.deliver(self.sink, SINK)
            if not self.system.away:
                self._answer()
            self.house.clock.pass_s(310)
            self.house.deliver(self.sink, SINK)

    def _answer(self) -> None:
        with self.engine.begin() as connection:
            rows = connection.execute(text("SELECT * FROM onecert_delivery WHERE state = 0 ORDER BY placed_at")).all()
        for row in rows:
            try:
                got = self.system.take(row.delivery_key, row.app_no, row.kind, json.loads(row.body))
                self._write(row.delivery_key, state=1, answer_no=got.number, answered_at=got.received_at)
            except Refused as no:
                self._write(row.delivery_key, state=2, error_code=no.code, error_message=no.message)
            except Unavailable:
                continue

    def _write(self, key: str, **values: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        with self.engine.begin() as connection:
            statement = text(f"UPDATE onecert_delivery SET {changes} WHERE delivery_key = :key")
            connection.execute(statement, values | {"key": key})

    def forgive(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE onecert_delivery SET state = 0 WHERE state = 2"))

    def close(self) -> None:
        self.sink.close()
        self.engine.dispose()


def deliveries(house: House, name: str = SINK) -> Deliveries:
    """The pieces of a sink whose system fetches them."""
    streets: dict[str, Any] = {"streets_file": ""}
    pickup = FetchingSystem(streets, registry._context(registry.find("utility_pull"), {}, house.clock))
    references = References(MasterKey(bytes(32)), name)
    return Deliveries(PickupParts(name, references, house.store, house.journal, house.opener, "hub-1", pickup))


def create(engine: Engine) -> None:
    """The outbox table, from the file that the utility's engineers are given."""
    dialect = "mysql" if engine.dialect.name in ("mysql", "mariadb") else "postgresql"
    script = (TABLES / f"outbox.{dialect}.sql").read_text("utf-8")
    if engine.dialect.name == "sqlite":
        script = script.replace("now()", "CURRENT_TIMESTAMP")
    bare = "\n".join(line.partition("--")[0] for line in script.splitlines())
    with engine.begin() as connection:
        for statement in filter(str.strip, bare.split(";")):
            connection.execute(text(statement))


WAYS: dict[str, Callable[..., Any]] = {"push": Push, "pull": Pull, "table": Outbox}
