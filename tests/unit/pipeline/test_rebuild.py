"""Rebuild: P4 (nothing is quietly changed): the tables are what the topics say, and a row that is not is named."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from hub.cases.by import By
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.placed.service import Places
from hub.cases.connection.tables import application
from hub.cases.imports.notices import Notices
from hub.cases.procedure import installed
from hub.cases.tables import case, piece
from hub.delivery.claims import SETTLE_S
from hub.delivery.tables import attempt
from hub.errors import Misconfigured, RecordRejected, TamperDetected, Unavailable
from hub.pipeline.rebuild import hear_again, projections
from hub.pipeline.tables import projection_offset
from hub.ports import Refused, SourceRow
from hub.privacy.purposes import shipped
from hub.records.address import parse_to_fit
from hub.records.tables import record, tally
from hub.stores.tables import outbox
from tests import samples, transfers
from tests.casework import ConnectionSystem, House, body
from tests.tickets import KEYS, ticket
from tests.transfers import Town

PROJECTIONS = projections(installed())


TITLE = "licence.property-title"
NOTICE = """year = 2025
source = "a test"
days_off = ["2025-01-01", "2025-05-01", "2025-10-01"]
make_up_days = []
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, identity_keys=KEYS, sinks=transfers.sinks())
    yield house
    house.close()


def lived(house: House) -> None:
    """A bit of everything that can happen."""
    sink = ConnectionSystem()
    house.verified(samples.title(), samples.title("T2", 4, "120101001001GB00001F00010002"))
    redriven = house.rejected(samples.business("B7"))[0]
    house.project()
    for number in range(4):
        house.submit(body(f"A-{number}"))
    by_face = {"applicant": {"resident_id": samples.PERSON}, "customer_class": "RESIDENT"}
    house.submit(body("A-5", **by_face, ticket=ticket(house.clock, "A-5")))
    house.due()
    house.relay()
    house.verified(samples.title(version=2), samples.business())
    house.received(redriven, source="business_licence", attempt=2)
    house.again(redriven, "verified", 2)
    house.verified(samples.title())
    house.waits(samples.approval())
    said_again(house)
    house.project()
    sink.failures = [Refused("NO", "never"), Unavailable("later")]
    house.deliver(sink)
    Notices(house.store, house.journal).import_file(NOTICE.encode(), By("cli:test"))
    known = house.applications.find("gov-platform", "A-2")
    assert known
    house.applications.hold(known, By("token:1"))
    house.relay()
    house.applications.release(known, By("token:1"))
    with_materials(house)
    with_an_answer(house)
    with_a_rating(house)
    with_a_transfer(house)
    with_an_entry_that_ends(house)
    house.clock.pass_s(60)
    house.due()
    house.deliver(sink)
    house.clock.pass_s(14 * 86_400)  # a last day is over: warnings
    house.due()


def with_an_answer(house: House) -> None:
    """A question about a site that two persons answer, and look at."""
    record, vague = samples.title("T-vague", unit_no="120101001001GB00001F00010009"), "天津市南开区天拖里"
    record["unit"]["address"] = parse_to_fit(vague)
    house.verified(record)
    house.project()
    case_id = house.submit(body("A-8", site={"address": vague})).case_id
    house.due()
    places = Places(house.store, house.log, house.opener, shipped(), house.journal)
    places.look(case_id, {"person": "李明"}, By("token:1"))
    for person in ("李明", "王芳"):
        places.answer(case_id, 1, {"answer": "YES", "person": person}, By("token:1"))


def with_a_rating(house: House) -> None:
    """A request for a segment that waits for none; steps to electricity on, a rating, and one that was refused; then
    the title goes to others."""
    case_id = house.submit(body("A-7")).case_id
    with pytest.raises(RecordRejected):
        house.customers.ask(case_id, {"segment": "acceptance"}, By("applicant"))
    house.connected(case_id, ConnectionSystem())
    house.verified(Town(house).title(transfers.HEIR, unit_no=samples.UNIT_NO, key="T-handed-over"))
    house.project()
    house.customers.rate(case_id, {"grade": 1})
    house.customers.refuse_rating(case_id, By("token:1", "crm"))


def with_a_transfer(house: House) -> None:
    """A joint transfer that the utility checked, once with another content, and whose title is entered."""
    town = Town(house)
    (case_id,) = town.service.submit(transfers.body(), By("token:1")).case_ids
    told = town.report(case_id, "CLEAR", 1)
    house.verified(town.title(key="T-transferred"), told)
    house.project()
    other = told["report"] | {"result": "ARREARS"}
    house.verified({**told, "report": other, "source": told["source"] | {"version": 2}})
    house.project()


def with_an_entry_that_ends(house: House) -> None:
    """A joint transfer that is done; then its title is cancelled."""
    town = Town(house)
    town.versions = town.events = 50
    unit_no, own = transfers.unit(7), {"accounts": [transfers.SECOND_ACCOUNT], "unit_no": transfers.unit(7)}
    (case_id,) = town.submit(transfers.body(transfers.matter(**own), number="J-ends"))
    town.told(case_id, "CLEAR", 1)
    town.entered(key="T-ends", unit_no=unit_no)
    town.told(case_id, "DONE", 1)
    town.heard(town.title(key="T-ends", unit_no=unit_no) | {"status": "CANCELLED"})


def with_materials(house: House) -> None:
    """A document, a one-time notice, and a request that is refused."""
    high = body("A-6", sanling=False, voltage="HIGH_35KV")
    case_id, by = house.submit(high).case_id, By("token:1", "utility")
    materials = Materials(house.store, house.opener, house.journal)
    materials.hand_in(case_id, {"material": "design", "reference": "r", "sha256": "ab" * 32}, by)
    materials.ask(case_id, {"segment": "design-review", "items": [{"material": "design"}]}, by)
    with pytest.raises(RecordRejected):
        materials.ask(case_id, {"segment": "acceptance", "items": [{"material": "photo"}]}, by)


def said_again(house: House) -> None:
    """Two contents of one version, and two readings of another row: one that is verified, then a worse one."""
    for raw in (b"one", b"two"):
        house._put("verified", house.seal_rows(TITLE, "property_title", row("T8", raw)), {}, 0)
        house.project()
    for reading, suffix in ((0, "rejected"), (1, "verified"), (2, "rejected")):
        read_again = house.seal_rows(TITLE, "property_title", row("T9", b"raw", reading=reading))
        house._put(suffix, read_again, {"hub_reasons": "[]"}, 1 if suffix == "rejected" else 0)
        house.project()


def row(key: str, raw: bytes, **more: Any) -> SourceRow:
    return SourceRow(key, 1, raw, samples.title(key, unit_no="120101001001GB00001F00010009"), **more)


@pytest.mark.parametrize("relayed", [True, False])
def test_p4_every_table_is_made_again_with_equal_content(house: House, relayed: bool) -> None:
    lived(house)
    if relayed:
        house.relay()
    found = house.remade()
    assert {name: one.differences for name, one in found.items() if not one.equal} == {}
    assert set(found) == {table.name for table in PROJECTIONS}
    assert {name for name, one in found.items() if not one.live_rows} == set()


def test_events_are_never_emitted_again(house: House) -> None:
    lived(house)
    house.relay()
    before = len(house.rows(outbox))
    house.remade()
    assert len(house.rows(outbox)) == before
    assert house.relay() == 0


@pytest.mark.parametrize(
    ("change", "table", "what"),
    [
        (update(record).where(record.c.version == 4).values(status="REVOKED"), "record", "changed"),
        (update(tally).where(tally.c.source == "property_title").values(verified=99), "tally", "changed"),
        (update(piece).where(piece.c.piece == 0).values(reason="FORGED"), "piece", "changed"),
        (delete(record).where(record.c.version == 4), "record", "missing"),
        (insert(tally).values(source="no-source", kind="x"), "tally", "extra"),
    ],
)
def test_p4_a_row_edited_by_hand_is_named(house: House, change: Any, table: str, what: str) -> None:
    lived(house)
    with house.store.write() as connection:
        connection.execute(change)
    found = house.remade()
    assert [name for name, one in found.items() if not one.equal] == [table]
    assert {one.what for one in found[table].differences} == {what}
    keys = {"/".join(str(part) for part in _key(row)) for row in house.rows(PROJECTIONS[0])}
    if table == "record" and what == "changed":
        assert found[table].differences[0].key in keys
        assert found[table].differences[0].columns == ("status",)


def _key(row: Any) -> tuple[str, ...]:
    return (row.record_id.hex(),)


def test_a_lost_database_comes_back_and_what_was_on_its_way_is_asked_for(house: House) -> None:
    lived(house)
    house.submit(body("LAST"))
    house.relay()
    before = {table.name: house.rows(table) for table in PROJECTIONS}
    with house.store.write() as connection:
        for table in (*reversed(PROJECTIONS), attempt, outbox, projection_offset):
            connection.execute(delete(table))
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
    with pytest.raises(Misconfigured, match="rebuild --replace"):
        house.relay()
    house.remade(replacing=True)
    assert {table.name: house.rows(table) for table in PROJECTIONS} == before
    assert house.rows(attempt) == []
    sink = ConnectionSystem()
    house.deliver(sink)
    assert sink.asked and not sink.pushed, "what was sent after the rows were saved may still take effect"
    house.clock.pass_s(SETTLE_S)
    house.deliver(sink)
    # What waited for its registration is asked for first too.
    assert sink.pushed and sink.asked > sink.pushed
    house.submit(body("NEXT"))
    house.relay()
    assert house.project() == 0
    assert all(one.equal for one in house.remade().values())


def backed_up(house: House) -> Path:
    file = house.folder / "backup.db"
    with closing(sqlite3.connect(house.folder / "store.db")) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
    return file


def restored(house: House, backup: Path) -> None:
    house.store.close()
    for file in house.folder.glob("store.db*"):
        file.unlink()
    shutil.copy(backup, house.folder / "store.db")


def test_p1_p2_an_older_database_takes_over_all_that_the_log_has(house: House) -> None:
    """The usual restore: last night's tables beside the log of just now."""
    sink = ConnectionSystem()
    house.submit(body("BEFORE"))
    house.relay()
    backup = backed_up(house)
    house.verified(samples.business())
    house.project()
    house.submit(body("AFTER"))
    house.due()
    house.deliver(sink)
    house.relay()
    house.verified(samples.title())  # on the log, and in no table
    posted = dict(sink.effects)
    restored(house, backup)
    with pytest.raises(Misconfigured, match="rebuild --replace"):
        house.relay()
    house.remade(replacing=True)
    assert all(one.equal for one in house.remade().values())
    assert {row.attempts for row in house.rows(attempt)} <= {1}
    for more in (2, 0):
        before = len(house.rows(piece))
        hear_again(house.store, house.log, house.journal)
        assert len(house.rows(piece)) == before + more
    house.deliver(sink)
    assert {key: sink.effects[key] for key in posted} == posted
    assert {len(effects) for effects in sink.effects.values()} == {1}
    assert {row.state for row in house.rows(piece)} == {"acknowledged"} and len(sink.effects) == 6
    house.relay()
    assert house.project() == 0
    assert all(one.equal for one in house.remade().values())


def test_p2_what_an_older_database_calls_untried_counts_as_tried(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body())
    house.relay()
    house.project()
    backup = backed_up(house)
    sink.failures = ["dropped"]
    house.deliver(sink)
    restored(house, backup)
    house.remade(replacing=True)
    house.clock.pass_s(60)
    house.deliver(sink)
    assert (sink.pushed, sink.asked) == (1, 1)


def test_replacing_undoes_what_was_edited_by_hand(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        connection.execute(update(application).values(channel="edited"))
    house.remade(replacing=True)
    assert house.rows(application)[0].channel == "gov-platform"


def test_a_procedure_that_is_not_installed_any_more_is_named(house: House) -> None:
    house.submit(body("A-1"))
    with house.store.write() as connection:
        connection.execute(update(case).values(procedure="watch"))
    with pytest.raises(Misconfigured, match="watch"):
        house.remade()


def test_p4_an_event_that_is_missing_on_the_log_is_noticed(house: House) -> None:
    house.submit(body("A-1"))
    house.deliver(ConnectionSystem())
    with house.store.write() as connection:
        connection.execute(delete(outbox).where(outbox.c.topic == "connection.events"))
    with pytest.raises(TamperDetected, match="does not follow"):
        house.remade()


def test_p1_a_reading_that_came_while_the_tables_were_made_again_corrects_what_a_case_has(house: House) -> None:
    title = samples.title()
    house.verified(title)
    house.project()
    house.submit(body("A-1"))
    house.due()
    house.relay()

    def readings() -> list[int]:
        return [row.reading for row in house.rows(piece) if row.kind == TITLE]

    assert readings() == [0]
    title["unit"]["usage"] = "corrected"
    sealed = house.seal(title, reading=1)
    house.received(sealed, source=title["source"]["system"])
    house._put("verified", [sealed], {}, 0)
    with house.store.write() as connection:
        connection.execute(delete(projection_offset))  # as after a loss: the tables are made from the whole log
    house.remade(replacing=True)
    assert readings() == [0]
    for _ in range(2):
        hear_again(house.store, house.log, house.journal)
        assert readings() == [0, 1]
    house.relay()
    assert all(one.equal for one in house.remade().values())
