"""P4: docs/cases.md says what the code does: every arrow of its diagram, every action, every reason of a claim."""

import re
from pathlib import Path

import pytest

from hub.cases.connection.events import Submitted
from hub.cases.events import Held, Released
from hub.cases.steps import judge as judging
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SEGMENTS, Action, Fact, Kind
from hub.cases.steps.judge import State, Why, judge
from hub.cases.steps.words import WORDS

PAGE = (Path(__file__).parents[4] / "docs/cases.md").read_text("utf-8")
HUB, UTILITY = (part.split("## ")[0] for part in PAGE.split("## The ")[1:3])
BEGUN, HOUR = 1_772_413_200_000, 3_600_000
KIND = Kind("high-single", True)


def arrows() -> list[list[str]]:
    """The cells of the table of the utility's side."""
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in UTILITY.splitlines()
        if re.match(r"\| [a-z] \|", line)
    ]


def history(*told: tuple[Action, str]) -> judging.History:
    facts = [
        Fact(bytes([n]) * 16, bytes([n]), segment, action, BEGUN + n * HOUR, BEGUN + n * HOUR,
             requested_ms=BEGUN + n * HOUR, explained=True, approved=True, becomes=KIND)
        for n, (action, segment) in enumerate(told, 1)
    ]  # fmt: skip
    return judge(facts, BEGUN, KIND, lambda _: SEGMENTS)


ENDS = {Action.END: "ON", Action.NOT_ACCEPTED: "NOT_ACCEPTED", Action.TERMINATE: "TERMINATED"}
ACCEPTED, PLANNED = (Action.END, ACCEPTANCE), (Action.END, "supply-plan")
ALL_BUT_ONE = (
    ACCEPTED,
    PLANNED,
    (Action.END, "design-review"),
    (Action.END, "mid-inspection"),
    (Action.START, COMPLETION),
)
BEFORE = {
    "b": (), "c": (ACCEPTED,), "d": (ACCEPTED, PLANNED), "e": (ACCEPTED, PLANNED), "g": ALL_BUT_ONE,
    "f": (ACCEPTED, PLANNED, (Action.START, "design-review")),
    "l": (ACCEPTED, PLANNED),
    "h": (), "i": (ACCEPTED,), "j": (ACCEPTED,), "k": (ACCEPTED,),
}  # fmt: skip
SEGMENT = {"b": ACCEPTANCE, "c": "supply-plan", "d": "design-review", "e": "design-review", "f": "design-review",
           "g": COMPLETION, "k": "supply-plan", "l": "design-review"}  # fmt: skip


def state(found: judging.History) -> str:
    if found.end:
        return ENDS[found.end]
    return "RUNS" if found.running() else "WAITS"


def drawn(side: str) -> list[tuple[str, str, str, str]]:
    """The arrows of a side's diagram: (from, letter, word, to)."""
    found = re.findall(r"(?m)^(\S+) ─+ ([a-lA-C]) (\S+) ─+▶ (\S+)", side.split("```")[1])
    assert len(found) == len(side.split("```")[1].strip().splitlines()), "each line is one arrow"
    return found


@pytest.mark.parametrize("arrow", [one for one in drawn(UTILITY) if one[1] != "a"], ids="-".join)
def test_every_arrow_is_what_the_judge_does(arrow: tuple[str, str, str, str]) -> None:
    before, letter, action, after = arrow
    begun = (ACCEPTED, PLANNED) if before == "WAITS" else BEFORE[letter]
    assert state(history(*begun)) == before
    found = history(*begun, (Action(action), SEGMENT.get(letter, "")))
    assert state(found) == after
    assert found.facts[-1].state is State.COUNTED


def test_the_diagrams_have_the_arrows_of_their_tables_with_the_same_states_and_words() -> None:
    """From, letter, word and to; an arrow from two states is drawn twice."""
    told = []
    for letter, action, before, after, why in arrows():
        assert len(why) > 30, "an arrow is explained"
        froms, tos = before.split(", "), after.split(", ")
        told += [(one, letter, action, tos[place % len(tos)]) for place, one in enumerate(froms)]
    assert sorted(told) == sorted(drawn(UTILITY))
    assert {letter for _, letter, *_ in drawn(UTILITY)} == {cells[0] for cells in arrows()}
    events = re.findall(r"(?m)^\| ([A-C]) \| `([a-z.]+)` \|", HUB)
    assert [(letter, word) for _, letter, word, _ in drawn(HUB)] == events
    states = [(before, after) for before, *_, after in drawn(HUB)]
    assert states == [("(none)", "open"), ("open", "held"), ("held", "open")]
    assert {word for _, _, word, _ in drawn(HUB)} <= {one.SCHEMA for one in (Submitted, Held, Released)}


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
