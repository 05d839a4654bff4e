"""What a system that fetches is shown: bounded pages, none lost behind a broken one, and a kill at each point (P1,
P2)."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hub.crash
from hub.cases.tables import piece
from hub.delivery import pickup
from hub.delivery.offers import FETCHED_TOLD
from hub.delivery.tables import attempt, sink_trouble
from hub.delivery.unfetched import UNFETCHED_TOLD_S, Unfetched
from hub.errors import Misconfigured
from hub.ports import Receipt
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import House, body
from tests.ways import AT, BY, SINK, deliveries


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def states(house: House) -> list[str]:
    return [row.state for row in house.rows(piece)]


def numbers(page: pickup.Page) -> list[str]:
    return [str(one.body["channelAppNo"]) for one in page.items]


def test_a_page_is_bounded_by_bytes_and_the_next_one_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        house.submit(body(f"A-{number}"))
        house.clock.pass_s(1)
    monkeypatch.setattr(pickup, "PAGE_BYTES_MAX", 1)
    first = deliveries(house).page()
    second = deliveries(house).page(first.next)
    assert (numbers(first), first.more, numbers(second)) == (["A-0"], True, ["A-1"])


def test_p1_one_piece_that_cannot_be_made_does_not_hide_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.submit(body())
    house.clock.pass_s(1)
    house.submit(body("A-2"))
    show = pickup.Deliveries._show

    def broken(self: Any, claimed: Any) -> Any:
        shown = show(self, claimed)
        if shown.body["channelAppNo"] == "A-1":
            raise Misconfigured("no such street table", "give one")
        return shown

    monkeypatch.setattr(pickup.Deliveries, "_show", broken)
    page = deliveries(house).page(limit=1)
    assert (page.items, page.more) == ([], True)
    assert numbers(deliveries(house).page(page.next)) == ["A-2"]
    (row, _) = house.rows(attempt)
    assert (row.trouble, row.remedy) == ("no such street table", "give one")
    monkeypatch.undo()
    assert numbers(deliveries(house).page()) == ["A-2"], "it is put off"
    house.clock.pass_s(5)
    assert numbers(deliveries(house).page()) == ["A-1", "A-2"]
    assert [row.trouble for row in house.rows(attempt)] == [None, None]


def test_p5_what_was_erased_is_not_shown(house: House) -> None:
    house.verified(samples.title())
    house.project()
    house.submit(body())
    house.due()
    person = house.vault.find([("person", samples.PERSON)])[0]
    one = deliveries(house)
    one.acknowledge(one.page().items[0].delivery_id, Receipt("A1", AT), BY)
    assert person
    assert house.vault.erase(person)
    assert one.page().items == []
    assert states(house) == ["acknowledged", "stopped"]


def test_a_piece_that_is_fetched_and_never_acknowledged_is_told(house: House) -> None:
    house.submit(body())
    for _ in range(FETCHED_TOLD - 1):
        deliveries(house).page()
    assert house.rows(sink_trouble) == []
    deliveries(house).page()
    (row,) = house.rows(sink_trouble)
    assert (row.sink, row.trouble) == (SINK, "utility_crm: fetched and not acknowledged")
    one = deliveries(house)
    one.acknowledge(one.page().items[0].delivery_id, Receipt("A1", ""), BY)
    assert (states(house), house.rows(attempt)) == (["acknowledged"], [])


def test_nobody_fetches_is_told_once_in_a_while_and_ends_with_the_first_call(house: House) -> None:
    house.submit(body())
    stage = Unfetched(SINK, deliveries(house)._parts.claims, house.clock, idle_s=0)
    stage.step()
    house.clock.pass_s(UNFETCHED_TOLD_S / 2)
    stage.step()
    assert house.rows(sink_trouble) == []
    house.clock.pass_s(UNFETCHED_TOLD_S)
    stage.step()
    assert [row.trouble for row in house.rows(attempt)] == ["utility_crm: its pieces are not fetched"]
    deliveries(house).page()
    assert [row.trouble for row in house.rows(attempt)] == [None]


def test_p5_an_id_is_of_one_sink_and_only_the_hub_makes_one() -> None:
    mine, theirs = (References(MasterKey(bytes(32)), name) for name in ("one", "two"))
    text = mine.delivery_id(b"c" * 16, 3)
    assert len(text) == 48
    assert mine.read_delivery_id(text) == (b"c" * 16, 3)
    assert theirs.read_delivery_id(text) is None
    for place in range(48):
        other = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert mine.read_delivery_id(other) is None


ACTS = st.lists(st.sampled_from(["submit", "fetch", "fetch and answer", "restart", "hold", "release"]), max_size=16)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(ACTS)
def test_p1_a_program_that_always_continues_from_where_it_was_misses_nothing(acts: list[str]) -> None:
    """Whatever is decided, held and answered in between, it has seen every piece after two rounds, and each has one
    outcome."""
    with TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.verified(samples.title(), samples.business())
        house.project()
        program = Program(house)
        for act in [*acts, "release", "fetch"]:
            program.act(act)
        for _ in range(2 * len(program.cases) + 3):
            program.act("fetch and answer")
        assert set(states(house)) <= {"acknowledged"}
        assert len(program.answered) == len(states(house))
        house.close()


class Program:
    """The utility's program, and what happens at the hub meanwhile."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.cases: list[bytes] = []
        self.answered: set[str] = set()
        self._after = ""

    def act(self, act: str) -> None:
        if act == "submit":
            self.cases.append(self.house.submit(body(f"A-{len(self.cases)}")).case_id)
            self.house.clock.pass_s(1)
            self.house.due()
        elif act in ("hold", "release"):
            for case_id in self.cases[:2]:
                getattr(self.house.applications, act)(case_id, BY)
        elif act == "restart":
            self._after = ""
        else:
            self._fetch(answers=act == "fetch and answer")

    def _fetch(self, answers: bool) -> None:
        one = deliveries(self.house)
        page = one.page(self._after, limit=3)
        for shown in page.items if answers else ():
            one.acknowledge(shown.delivery_id, Receipt(shown.address.key, AT), BY)
            assert shown.delivery_id not in self.answered
            self.answered.add(shown.delivery_id)
        self._after = page.next


# ---- killed between two lines ----


def _start(folder: Path) -> None:
    house = House(folder)
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()
    house.close()


def _fetch_all(folder: Path, crash: str = "") -> None:
    """The utility's program: it writes down what it took, then acknowledges; a first refusal is final."""
    hub.crash._name, _, count = crash.partition(":")
    hub.crash._left = int(count or 1)
    house = House(folder)
    one = deliveries(house)
    while items := one.page(limit=1).items:
        (shown,) = items
        file = folder / f"taken-{shown.address.key}"
        file.open("a").write(".") if not file.exists() else None
        if shown.address.kind == "licence.business":
            one.refuse(shown.delivery_id, pickup.Refused("NO", "no"), BY)
        else:
            one.acknowledge(shown.delivery_id, Receipt(shown.address.key, AT), BY)
    house.close()


def _spawn(*arguments: Any) -> int:
    target, *rest = arguments
    process = multiprocessing.get_context("fork").Process(target=target, args=rest)
    process.start()
    process.join(60)
    return process.exitcode or 0


@pytest.mark.parametrize("point", ["pickup.handed:1", "pickup.handed:2", "pickup.acknowledged:1", "pickup.refused:1"])
def test_p2_killed_at_each_point_every_piece_ends_once(tmp_path: Path, point: str) -> None:
    assert _spawn(_start, tmp_path) == 0
    assert _spawn(_fetch_all, tmp_path, point) == -9
    assert _spawn(_fetch_all, tmp_path) == 0
    house = House(tmp_path)
    try:
        assert sorted(states(house)) == ["acknowledged", "acknowledged", "refused"]
        assert len(list(tmp_path.glob("taken-*"))) == 3
        house.relay()
        ended = [batch for part in range(2) for batch in house.log.scan("delivery.events", part)]
        assert sum(len(batch.records) for batch in ended) == 3
    finally:
        house.close()
