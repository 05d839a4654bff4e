"""P4: docs/cases.md says what the code does: every arrow of its diagram, every action, every reason of a claim."""

import re
from collections import deque
from collections.abc import Hashable, Sequence
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.cases import clocks, policy
from hub.cases.connection.events import Cancelled, Submitted
from hub.cases.connection.warnings import due
from hub.cases.events import Held, Released
from hub.cases.procedure import installed
from hub.cases.steps import judge as judging
from hub.cases.steps.facts import SEGMENTS, Action, Fact, Kind
from hub.cases.steps.judge import History, State, Why, judge
from hub.cases.steps.words import WORDS
from hub.errors import RecordRejected
from hub.stores.tables import outbox
from tests import limits
from tests.casework import BY, House, body

PAGE = (Path(__file__).parents[4] / "docs/cases.md").read_text("utf-8")
HUB, UTILITY = (part.split("## ")[0] for part in PAGE.split("## The ")[1:3])
BEGUN, HOUR = 1_772_413_200_000, 3_600_000
TOLD_MAX = 5
"""Most facts of a history here. Four lead to every arrow and every segment; no longer history has another arrow."""


def arrows() -> list[list[str]]:
    """The cells of the table of the utility's side."""
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in UTILITY.splitlines()
        if re.match(r"\| [a-z] \|", line)
    ]


class Told(NamedTuple):
    """One fact, an hour after the one before it."""

    action: Action
    segment: str = ""
    becomes: Kind | None = None


def history(told: Sequence[Told], kind: Kind, timed: judging.Timed) -> History:
    facts = [
        Fact(bytes([n]) * 16, bytes([n]), one.segment, one.action, BEGUN + n * HOUR, BEGUN + n * HOUR,
             requested_ms=BEGUN + n * HOUR, explained=True, approved=True, becomes=one.becomes)
        for n, one in enumerate(told, 1)
    ]  # fmt: skip
    return judge(facts, BEGUN, kind, timed)


ENDS = {Action.END: "ON", Action.NOT_ACCEPTED: "NOT_ACCEPTED", Action.TERMINATE: "TERMINATED"}


def state(found: History) -> str:
    if found.end:
        return ENDS[found.end]
    return "RUNS" if found.running() else "WAITS"


def place(found: History) -> Hashable:
    """All of a history that decides what may follow it: two histories with the same one have the same future."""
    last, changes = found.rounds[-1], {one.event for one in found.changes}
    done = {one.segment: one.returned for one in found.rounds if one.closed_ms}
    closed = [one for one in found.rounds if one.closed_by and not one.returned]
    answered = frozenset(one.segment for one in closed if one.closed_by not in changes)
    runs = last.segment, last.closed_ms is None, last.opened_by is None, last.started_ms is None
    return found.kinds[-1][1], found.end, runs, frozenset(done.items()), answered


def facts_of(kinds: Sequence[Kind]) -> list[Told]:
    """Each action that there is, of each segment and to each kind."""
    of_a_segment = [Told(action, one) for action in judging._OF_A_SEGMENT for one in SEGMENTS]
    changes = [Told(Action.CHANGE, becomes=one) for one in kinds]
    rest = set(Action).difference(judging._OF_A_SEGMENT, {Action.CHANGE})
    return [*of_a_segment, *changes, *(Told(action) for action in sorted(rest))]


@cache
def moves(version: str) -> dict[tuple[str, str, str], list[Told]]:
    """All that a table's cases can do: (from, action, to) of each fact that counts and has an arrow → the shortest
    history that ends with it. Of kinds with the same segments there is one here. What is a claim, and what has no
    arrow, moves nothing."""
    timed = clocks.timed(policy.by_version(version))
    rows = [Kind(name, starred) for name in policy.by_version(version).cases for starred in (False, True)]
    kinds = list({(*timed(one), one.starred): one for one in rows}.values())
    todo = deque([(one, [], history([], one, timed)) for one in kinds])
    seen = {place(begun) for _, _, begun in todo}
    found: dict[tuple[str, str, str], list[Told]] = {}
    while todo:
        kind, told, before = todo.popleft()
        for fact in facts_of(kinds):
            after = history([*told, fact], kind, timed)
            if after.facts[-1].state is not State.COUNTED or fact.action not in judging._TAKES:
                assert (after.rounds, after.kinds, after.end) == (before.rounds, before.kinds, before.end)
                continue
            found.setdefault((state(before), fact.action.value, state(after)), [*told, fact])
            if place(after) not in seen and len(told) + 1 < TOLD_MAX:
                seen.add(place(after))
                todo.append((kind, [*told, fact], after))
    return found


def drawn(side: str) -> list[tuple[str, str, str, str]]:
    """The arrows of a side's diagram: (from, letter, word, to)."""
    found = re.findall(r"(?m)^(\S+) ─+ ([a-lA-D]) (\S+) ─+▶ (\S+)", side.split("```")[1])
    assert len(found) == len(side.split("```")[1].strip().splitlines()), "each line is one arrow"
    return found


@pytest.mark.parametrize("version", limits.VERSIONS)
def test_the_utilitys_side_has_every_arrow_that_the_judge_takes_and_no_other(version: str) -> None:
    """Of every kind, in every state, by every action: a missing arrow fails, and so does one that no case can go."""
    arrows_drawn = {(before, word, after) for before, letter, word, after in drawn(UTILITY) if letter != "a"}
    assert len(arrows_drawn) == len(drawn(UTILITY)) - 1, "an arrow has one letter"
    found = moves(version)
    assert arrows_drawn - found.keys() == set(), "no case goes there"
    assert {arrow: told for arrow, told in found.items() if arrow not in arrows_drawn} == {}, "not in the diagram"
    assert state(history([], Kind("low-other", False), lambda _: SEGMENTS)) == "RUNS", "arrow a"


def side(house: House, case_id: bytes) -> str:
    """The state of an application on the hub's side."""
    with house.store.read() as connection:
        back = due.taken_back(connection, case_id)
    held = house.applications.show(case_id)["state"] == "held"
    return ("taken-back" + "-held" * held) if back else ("held" if held else "open")


def said(house: House) -> list[str]:
    """The events so far that the hub's side draws, by their names."""
    told = []
    for row in house.rows(outbox):
        with suppress(RecordRejected):
            told.append(installed().types.read(bytes(row.value)).event.SCHEMA)
    return [one for one in told if one in {word for _, _, word, _ in drawn(HUB)}]


def test_the_hubs_side_has_every_arrow_of_its_commands_and_no_other(tmp_path: Path) -> None:
    """In every state each command; one that writes nothing leaves the state as it is."""
    house = House(tmp_path)
    does = {"hold": house.applications.hold, "release": house.applications.release, "cancel": house.applications.cancel}
    found = set()
    for number, told in enumerate(product([(), ("hold",), ("cancel",), ("hold", "cancel")], does)):
        before = len(said(house))
        case_id = house.submit(body(f"A-{number}")).case_id
        found |= {("(none)", *said(house)[before:], side(house, case_id))}
        for command in told[0]:
            does[command](case_id, BY)
        from_, before = side(house, case_id), len(said(house))
        does[told[1]](case_id, BY)
        arrow = (from_, *said(house)[before:], side(house, case_id))
        found |= {arrow} if len(arrow) > 2 else set()
        assert len(arrow) > 2 or arrow[0] == arrow[1]
    house.close()
    assert found == {(before, word, after) for before, _, word, after in drawn(HUB)}


def test_the_diagrams_have_the_arrows_of_their_tables_with_the_same_states_and_words() -> None:
    """From, letter, word and to; an arrow from two states, or to two, is drawn for each pair."""
    told = []
    for letter, action, before, after, why in arrows():
        assert len(why) > 30, "an arrow is explained"
        told += [(one, letter, action, to) for one, to in product(before.split(", "), after.split(", "))]
    assert sorted(told) == sorted(drawn(UTILITY))
    events = re.findall(r"(?m)^\| ([A-D]) \| `([a-z.]+)` \|", HUB)
    assert sorted({(letter, word) for _, letter, word, _ in drawn(HUB)}) == events
    assert {word for _, word in events} == {one.SCHEMA for one in (Submitted, Held, Released, Cancelled)}


def test_every_action_has_an_arrow_or_a_sentence() -> None:
    assert {cells[1] for cells in arrows() if cells[0] != "a"} == {action.value for action in judging._TAKES}
    rest = UTILITY.split("Actions without an arrow:")[1]
    without = set(Action) - judging._TAKES.keys()
    assert not [one for one in without if one.value not in rest]


def test_every_reason_of_a_claim_is_there_in_both_languages() -> None:
    assert WORDS.keys() == set(Why)
    rows = [(f"`{why.value}`", said.words.zh, said.words.en) for why, said in WORDS.items()]
    assert not [row for row in rows if "| {} | {} | {} |".format(*row) not in PAGE]
    assert all(said.clause for said in WORDS.values())
