"""Records that wait for their project: P1 (neither rejected nor lost), P2 (once), in whatever order both come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.operate.held import held
from hub.operate.troubles import WAIT_TOLD_S, of_waiting
from hub.pipeline.rebuild import hear_again
from hub.pipeline.verify import GROUP, INPUTS, Verify
from hub.pipeline.waiting import Parents
from hub.privacy.sealing import SealedRow
from hub.records.tables import current, record, waiting
from hub.stores.tables import outbox
from tests import samples
from tests.casework import House, drain

INFORMATION, APPROVAL = "project.information", "project.approval"
WAITS = {"project_approval": INFORMATION}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def read(house: House, *records: dict) -> list[SealedRow]:
    """Records as ingest reads them."""
    rows = [house.seal(one) for one in records]
    for one, row in zip(records, rows, strict=True):
        house.received(row, source=one["source"]["system"])
    return rows


def verify(house: House) -> int:
    member = house.log.join(GROUP, INPUTS, "v")
    parents = Parents(house.store, WAITS, house.vault.identify)
    stage = Verify(member, house.opener, house.sealer, {}, house.clock, 100, 0.01, parents)
    try:
        return drain(stage)
    finally:
        stage.close()


def settle(house: House) -> None:
    """Let all stages work until nothing moves."""
    while verify(house) + house.project() + house.relay():
        pass


def standing(house: House) -> dict[str, str]:
    return {f"{row.kind} {row.version}": row.state for row in house.rows(record)}


def test_p1_an_approval_waits_for_its_project_and_is_neither_rejected_nor_lost(house: House) -> None:
    read(house, samples.approval())
    settle(house)
    assert standing(house) == {}
    assert house.tallies()["project_approval"] == (1, 0, 0, 0)
    (one,) = house.rows(waiting)
    assert (one.kind, one.source, one.waits_for) == (APPROVAL, "project_approval", INFORMATION)
    with house.store.read() as connection:
        assert [(line.source, line.records) for line in held(connection)] == [("project_approval", 1)]


def test_p2_it_goes_on_once_when_its_project_is_verified(house: House) -> None:
    read(house, samples.approval(), samples.approval("F2", code="2105-120104-04-01-999999"))
    settle(house)
    read(house, samples.information())
    settle(house)
    read(house, samples.information(version=2))
    settle(house)
    assert standing(house) == {
        f"{INFORMATION} 1": "verified",
        f"{INFORMATION} 2": "verified",
        f"{APPROVAL} 1": "verified",
    }
    assert house.tallies()["project_approval"] == (2, 1, 0, 0)
    assert len(house.rows(waiting)) == 1


def test_p2_it_is_read_twice_while_it_waits_and_counted_twice(house: House) -> None:
    read(house, samples.approval())
    read(house, samples.approval())
    settle(house)
    read(house, samples.information())
    settle(house)
    assert house.tallies()["project_approval"] == (2, 1, 0, 1)
    assert not house.rows(waiting)


def test_a_project_that_is_already_verified_holds_nothing_up(house: House) -> None:
    read(house, samples.information(), samples.approval())
    settle(house)
    read(house, samples.approval(version=2))
    verify(house)
    house.project()
    assert standing(house)[f"{APPROVAL} 2"] == "verified"


def test_p1_a_project_that_the_tables_learn_of_before_the_approval_releases_it_at_once(house: House) -> None:
    """Verify saw no project, and the tables have it when they read that the approval waits."""
    house.waits(samples.approval())
    house.verified(samples.information())
    settle(house)
    assert standing(house)[f"{APPROVAL} 1"] == "verified"


def part(record: dict, code: str) -> dict:
    """A record of one sub-project."""
    record["project"]["part_code"] = code
    return record


def test_p3_a_verified_sub_project_releases_its_own_documents_alone(house: House) -> None:
    """One project code has many sub-projects (gcdm), and each is accepted by itself."""
    read(house, part(samples.approval("F1"), "01"), part(samples.approval("F2", version=2), "02"))
    settle(house)
    read(house, part(samples.information("P1"), "01"))
    settle(house)
    assert standing(house) == {f"{INFORMATION} 1": "verified", f"{APPROVAL} 1": "verified"}
    assert len(house.rows(waiting)) == 1
    read(house, part(samples.approval("F3", version=3), "02"))
    settle(house)
    assert len(house.rows(waiting)) == 2
    assert all(one.equal for one in house.remade().values())
    read(house, part(samples.information("P2", version=2), " ０2"))
    settle(house)
    assert standing(house)[f"{APPROVAL} 2"] == standing(house)[f"{APPROVAL} 3"] == "verified"
    assert not house.rows(waiting)


def test_a_document_of_the_whole_project_waits_for_any_of_its_sub_projects(house: House) -> None:
    read(house, samples.approval())
    settle(house)
    read(house, part(samples.information(), "01"))
    settle(house)
    assert standing(house)[f"{APPROVAL} 1"] == "verified"


def test_p3_a_project_that_was_taken_back_releases_nothing(house: House) -> None:
    gone = samples.information(version=2)
    gone["source"]["operation"] = "DELETE"
    read(house, samples.information(), gone)
    settle(house)
    read(house, samples.approval(version=3))
    settle(house)
    assert f"{APPROVAL} 3" not in standing(house)
    assert len(house.rows(waiting)) == 1


def test_a_rejected_project_holds_its_approvals(house: House) -> None:
    bad = samples.information()
    bad["builder"]["uscc"] = "91110000600037341M"
    read(house, bad, samples.approval())
    settle(house)
    assert standing(house) == {f"{INFORMATION} 1": "rejected"}
    assert len(house.rows(waiting)) == 1


def test_a_bad_approval_is_rejected_when_its_project_is_verified(house: House) -> None:
    """What is wrong with it may be what is wrong with its project."""
    permit = samples.approval()
    permit["project"]["permit"] = "CONSTRUCTION"
    read(house, permit)
    settle(house)
    assert standing(house) == {}
    read(house, samples.information())
    settle(house)
    assert standing(house)[f"{APPROVAL} 1"] == "rejected"


def test_a_row_that_cannot_be_read_is_rejected_without_waiting(house: House) -> None:
    nameless = samples.approval()
    nameless["project"]["document_no"] = None
    read(house, nameless)
    settle(house)
    assert standing(house) == {f"{APPROVAL} 1": "rejected"}


def test_p3_an_approval_that_is_taken_back_does_not_wait(house: House) -> None:
    """What was withdrawn must not count later, when the project comes."""
    read(house, samples.approval())
    settle(house)
    gone = samples.approval(version=2)
    gone["source"]["operation"] = "DELETE"
    read(house, gone)
    settle(house)
    read(house, samples.information())
    settle(house)
    (one,) = [row for row in house.rows(current) if row.kind == APPROVAL]
    assert (one.version, one.operation) == (2, "DELETE")


def test_p4_the_tables_are_made_again_as_they_are(house: House) -> None:
    read(house, samples.approval(), samples.approval("F2", code="2105-120104-04-01-999999"))
    settle(house)
    read(house, samples.information())
    verify(house)
    house.project()
    found = house.remade()  # one is on its way, one waits
    assert all(one.equal for one in found.values())
    settle(house)
    found = house.remade()
    assert all(one.equal for one in found.values())


def test_p1_what_was_on_its_way_when_the_tables_were_lost_is_sent_again(house: House) -> None:
    read(house, samples.approval())
    settle(house)
    read(house, samples.information())
    verify(house)
    house.project()
    with house.store.write() as connection:
        connection.execute(outbox.delete())  # the outbox of a database that was lost
    house.remade(replacing=True)
    hear_again(house.store, house.log, house.journal)
    settle(house)
    assert standing(house)[f"{APPROVAL} 1"] == "verified"
    assert not house.rows(waiting)


def test_a_wait_of_more_than_a_day_is_a_trouble_with_its_remedy(house: House) -> None:
    house.waits(samples.approval())
    house.project()
    assert not of_waiting(house.store, house.clock)
    house.clock.pass_s(WAIT_TOLD_S + 1)
    (told,) = of_waiting(house.store, house.clock)
    assert told.told.startswith("source project_approval 1 records wait: no project.information")
    assert "hub rejected list --kind project.information" in told.told
