"""P4: docs/transfer.md says what the code does: every arrow of its diagram, and no other."""

import re
from pathlib import Path
from typing import get_args

import pytest

from hub.cases.case import PieceState
from hub.cases.transfer import words
from hub.cases.transfer.command import Reason
from hub.cases.transfer.events import EVENTS
from hub.cases.transfer.procedure import PROCEDURE
from hub.cases.transfer.states import ENDED, TAKES, Said, State
from hub.cases.transfer.words import STATES

FOLDER = Path(__file__).parents[4] / "docs"
PAGES = ("transfer.md", "transfer.zh-CN.md")
EVERY = {"every other state": set(State) - {State.DONE}, "every state that is open": set(State) - ENDED}
EVERY |= {"其他任何状态": EVERY["every other state"], "任何未结状态": EVERY["every state that is open"]}


def arrows(page: str) -> list[list[str]]:
    text = (FOLDER / page).read_text("utf-8")
    return [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if re.match(r"\| [a-z] \|", line)
    ]


def states(cell: str) -> list[State]:
    return sorted(EVERY[cell]) if cell in EVERY else [State[name] for name in re.split("[,，、] *", cell)]


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_arrows_is_the_table_of_the_code(page: str) -> None:
    found = {}
    for _letter, said, before, after, _why in arrows(page)[1:]:
        sources, ends = states(before), states(after)
        ends = ends * len(sources) if len(ends) == 1 else ends
        found |= {(source, Said[said]): end for source, end in zip(sources, ends, strict=True)}
    assert found == dict(TAKES)


@pytest.mark.parametrize("page", PAGES)
def test_every_letter_is_in_the_diagram(page: str) -> None:
    diagram = (FOLDER / page).read_text("utf-8").split("```")[1]
    letters = [cells[0] for cells in arrows(page)]
    assert letters == sorted(letters)
    missing = [one for one in letters if not re.search(rf"(?<![A-Za-z]){one}(?![A-Za-z])", diagram)]
    assert missing == ["t"], "LOST is told in the table alone"


def test_every_state_has_words() -> None:
    assert set(STATES) == set(State) and len(EVENTS) == 11


def test_every_code_of_a_transfer_has_words_in_both_languages() -> None:
    assert set(words.EVENTS) == {one.SCHEMA for one in EVENTS}
    assert set(words.CAUSES) == set(get_args(Reason))
    assert set(words.RESULTS) == set(Said) - {Said.ENTRY, Said.LOST, Said.CANCEL}
    assert set(words.ACCOUNT_HOLDERS) == {"SAME", "OTHER", "UNKNOWN"}
    said = [*words.VOCABULARY.values(), words.FOUND]
    told = [one for each in said for one in each.values()]
    told += [words.delivery(kind, how) for kind in PROCEDURE.sinks for how in ("decided", *PieceState)]
    assert all(re.search("[一-鿿]", one.zh) and re.match("[A-Z]", one.en) for one in told)
