"""Erasing what nobody used: P5 (it cannot be opened), P1 and P2 (counts and tables stay as they were)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from hub.bootstrap import Hub, open_hub
from hub.cases.tables import case, piece
from hub.codec import wire
from hub.pipeline.rebuild import compare, rebuild
from hub.pipeline.tables import erased
from hub.pipeline.unused.erase import Erasure, erase_unused, erasing
from hub.ports import Fault, LogRecord, SourceRow
from hub.records.identifiers import identity_of
from hub.records.tables import record, tally
from hub.settings import Settings
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.topics.received import Envelopes
from tests import samples
from tests.grants import written

KIND, NAME = "licence.property-title", "property_title"
INFO = samples.Info(NAME, KIND)
DAY_MS = 86_400_000
TERM = 180
PEOPLE = ("360426199101010071", "11010519491231002X")


@dataclass
class Works:
    """A hub with titles that were read so many days ago."""

    hub: Hub

    def receive(self, *rows: SourceRow, days: int = TERM + 1) -> None:
        read_at_ms = self.hub.clock.now_ms() - days * DAY_MS
        sealed = self.hub.sealer.seal_page(INFO, rows, read_at_ms)
        writer = self.hub.log.writer("test")
        writer.commit(Envelopes(NAME, self.hub.settings.partitions, self.hub.clock.now()).page(sealed, {}))
        writer.close()
        for name in ("verify", "project"):
            stage = self.hub.task(name)()
            while stage.step():
                pass
            stage.close()

    def messages(self) -> list[LogRecord]:
        return [one for batch in self.hub.log.scan(f"{KIND}.received", 0) for one in batch.records]

    def envelopes(self) -> list[Any]:
        return [wire.decode(one.value or b"")[1] for one in self.messages()]

    def opened(self) -> dict[str, bool]:
        """Key of each row's message → whether it opens."""
        found = self.hub.opener.open([one.value for one in self.messages()])
        return {str(one.envelope["source"]["version"]): one.record is not None for one in found}

    def use(self, version: int) -> None:
        """An application got the record of this version as evidence."""
        with self.hub.store.write() as connection:
            row = connection.execute(select(record).where(record.c.version == version)).one()
            self._case(connection, b"c" * 16)
            values = {"case_id": b"c" * 16, "piece": 1, "sink": "crm", "kind": KIND, "record_id": row.record_id}
            more = {"reading": 0, "holder_relation": "SELF", "decided_ms": 1, "state": "acknowledged"}
            connection.execute(insert(piece), [values | more])

    def apply(self, subject: bytes) -> None:
        """There is a case of this applicant."""
        with self.hub.store.write() as connection:
            self._case(connection, subject)

    def _case(self, connection: Any, subject: bytes) -> None:
        values = {"case_id": subject, "procedure": "connection", "number": 1, "pieces": 1, "subject_id": subject}
        connection.execute(insert(case), [values | {"sinks": "{}", "opened_ms": 1}])

    def erase(self, dry_run: bool = False) -> Erasure:
        return erase_unused(self.hub.parts, dry_run)

    def line(self) -> dict[str, Any]:
        with self.hub.store.read() as connection:
            return dict(connection.execute(select(tally)).one()._mapping)

    def counted(self) -> int:
        with self.hub.store.read() as connection:
            return sum(row.records for row in connection.execute(select(erased)))


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    urls = {f"{name}_url": f"sqlite:///{tmp_path / name}.db" for name in ("log", "store", "vault")}
    own = {"master_key_file": tmp_path / "master.key", "grants": written(tmp_path, [NAME])}
    connectors = {NAME: {"url": f"sqlite:///{tmp_path}/exchange.db"}}
    hub = open_hub(Settings.model_validate({**urls, **own, "connectors": connectors}))
    yield Works(hub)
    hub.close()


def title(version: int, unit: int, holder: str = PEOPLE[0], house: int = 0) -> SourceRow:
    """The title of one unit: every one has its own number, and its own house unless it is said."""
    found = samples.title(f"T{unit}", version, f"120101001001GB{unit:05d}F00010001")
    number = f"{house or unit + 100}号"
    place = found["unit"]["address"] | {"text": f"天津市和平区南京路{number}1号楼2单元301室", "number": number}
    found["unit"] |= {"title_no": f"津(2020)和平区不动产权第{unit:07d}号", "address": place, "co_ownership": "SOLE"}
    found["holders"] = [found["holders"][0] | {"id_number": holder, "share": None}]
    return SourceRow(f"T{unit}", version, f"raw {version}".encode(), found)


def test_p5_what_nobody_used_is_erased_after_its_term_and_the_counts_stay(works: Works) -> None:
    works.receive(title(1, 1))
    works.receive(title(2, 2, PEOPLE[1]), days=TERM - 1)
    before = works.line()
    assert works.erase(dry_run=True).erased == {(NAME, KIND): 1}
    assert works.opened() == {"1": True, "2": True}
    assert works.erase().erased == {(NAME, KIND): 1}
    assert works.opened() == {"1": False, "2": True}
    assert works.line() == before
    assert works.counted() == 1
    assert works.erase().erased == {}, "once only"
    assert works.counted() == 1
    works.hub.task("relay")().step()
    (event,) = [one for batch in works.hub.log.scan("access.events", 0) for one in batch.records]
    told = wire.decode(event.value or b"")[1]
    assert (told["source"], told["records"], told["erase_after_days"]) == (NAME, 1, TERM)
    assert told["approval"] == "津数共享〔2021〕2号"


def test_p5_a_row_that_could_not_be_read_is_erased_like_the_rest(works: Works) -> None:
    works.receive(SourceRow("T9", 9, b"a number in words", None, (Fault("UNREADABLE"),)), days=TERM + 40)
    assert works.erase().erased == {(NAME, KIND): 1}
    (one,) = works.hub.opener.open([message.value for message in works.messages()])
    assert [problem.code for problem in one.problems][-1] == "ERASED"


def test_nothing_that_an_application_uses_is_erased_nor_another_version_of_it(works: Works) -> None:
    works.receive(title(1, 1), title(2, 1), title(3, 3, PEOPLE[1]))
    works.use(1)
    assert works.erase().erased == {(NAME, KIND): 1}
    assert works.opened() == {"1": True, "2": True, "3": False}


def test_the_key_of_a_person_that_something_else_has_stays(works: Works) -> None:
    """The unit of the unused title is erased, and its holder can still open the title that was used."""
    works.receive(title(1, 1), title(2, 2))
    works.use(1)
    assert works.erase().erased == {(NAME, KIND): 1}
    assert works.opened() == {"1": True, "2": False}
    identity = identity_of("document", f"RESIDENT_ID:{PEOPLE[0]}")
    assert identity and works.hub.vault.find([identity]) != [None]


def test_what_an_applicant_can_be_found_by_stays(works: Works) -> None:
    works.receive(title(1, 1))
    (envelope,) = [wire.decode(one.value or b"")[1] for one in works.messages()]
    works.apply(envelope["entity_id"])
    done = works.erase()
    assert done.erased == {} and done.stayed == {(NAME, KIND): 1}


def test_a_place_that_a_record_in_use_has_holds_what_else_is_there(works: Works) -> None:
    """Else an application for that place would find what cannot be opened."""
    works.receive(title(1, 1, house=7), title(2, 2, PEOPLE[1], house=7))
    works.use(1)
    assert works.erase().erased == {}


@pytest.mark.parametrize("how", ["record", "id"])
def test_p1_what_an_application_begins_to_use_while_records_are_erased_stays(
    works: Works, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Also what can be found by the same place, and the key of a holder that both have."""
    monkeypatch.setattr("hub.pipeline.unused.erase.AT_ONCE", 1)
    works.receive(title(1, 1), title(2, 2, PEOPLE[1]), title(3, 3), title(4, 4, PEOPLE[1], 102))
    entities = {one["source"]["version"]: one["entity_id"] for one in works.envelopes()}
    steps = erasing(works.hub.parts, Erasure())
    while works.opened()["1"]:
        next(steps)
    works.use(2) if how == "record" else works.apply(entities[2])
    for _ in steps:
        pass
    assert works.opened() == {"1": False, "2": True, "3": False, "4": True}


def test_without_a_grant_nothing_is_erased(works: Works) -> None:
    works.receive(title(1, 1))
    vars(works.hub.parts.connectors)["grants"] = {}
    assert works.erase().erased == {}


def test_p2_what_is_read_again_later_is_there_again_and_the_tables_are_as_the_topics_say(
    works: Works, tmp_path: Path
) -> None:
    works.receive(title(1, 1))
    works.erase()
    works.receive(title(1, 1), days=0)
    assert [one.record is not None for one in works.hub.opener.open([m.value for m in works.messages()])] == [
        False,
        True,
    ]
    with works.hub.store.read() as connection:
        (row,) = connection.execute(select(record)).all()
    place = works.hub.log.read(row.topic, row.partition, row.offset)
    assert place and works.hub.opener.open([place.value])[0].record is not None
    STORE.upgrade(f"sqlite:///{tmp_path}/rebuilt.db")
    fresh = Database(f"sqlite:///{tmp_path}/rebuilt.db")
    with works.hub.store.read() as live:
        rebuild(works.hub.log, live, fresh, works.hub.procedures, lambda topic, count: None)
        with fresh.read() as rebuilt:
            assert all(one.equal for one in compare(live, rebuilt, works.hub.procedures))
    fresh.close()
