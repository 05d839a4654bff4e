"""P4: docs/cases.md says what the code does: every arrow of its diagram, every action, every reason of a claim."""

import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("cells", [one for one in arrows() if one[0] != "a"], ids=lambda cells: cells[0])
def test_every_arrow_is_what_the_judge_does(cells: list[str]) -> None:
    letter, action, before, after = cells[:4]
    assert state(history(*BEFORE[letter])) == before
    found = history(*BEFORE[letter], (Action(action), SEGMENT.get(letter, "")))
    assert state(found) == after
    assert found.facts[-1].state is State.COUNTED
    assert len(cells[4]) > 40, "an arrow is explained"


def test_the_diagrams_have_the_arrows_of_their_tables() -> None:
    drawn = UTILITY.split("```")[1]
    letters = set(re.findall(r"(?<![\w'])[a-l](?![\w'])", re.sub(r"  \w[\w ']{8,}$", "", drawn, flags=re.M)))
    assert letters == {cells[0] for cells in arrows()}
    assert sorted(re.findall(r"─([A-C])─", HUB)) == re.findall(r"(?m)^\| ([A-C]) \|", HUB) == ["A", "B", "C"]


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
