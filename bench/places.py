"""``python -m bench.places``: how well sites and titles are matched by their addresses (docs/addresses.md).

Six sets: pairs of public addresses that were labelled by hand (``tests/places/pairs*.tsv``: a first set, and the two
halves of a second and of a third one, of which one is only measured), and the sandbox's units in the spellings that
people and registers use, each with itself and with its neighbours. ``--wrong`` prints every pair on which label and
verdict disagree, but those of the halves that are only measured. Exit 1 when a neighbour is called the same in any set,
or when precision on "same" is below 0.99 or recall below 0.9: in each set whose errors may be looked at, and in all
labelled pairs together. A held-out half has the figures that it has.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from hub.cases.places.compare import Place, compare
from sandbox.world import dirt
from sandbox.world.places import Site, site

_PLACES = Path(__file__).parent.parent / "tests/places"
PAIRS = _PLACES / "pairs.tsv"
DEV = _PLACES / "pairs-dev.tsv"
HELD_OUT = _PLACES / "pairs-held.tsv"
THIRD_DEV = _PLACES / "pairs3-dev.tsv"
THIRD_HELD_OUT = _PLACES / "pairs3-held.tsv"
LABELLED = (PAIRS, DEV, HELD_OUT, THIRD_DEV, THIRD_HELD_OUT)
MEASURED_ONLY = (HELD_OUT, THIRD_HELD_OUT)
UNITS = 2_000
WRONG_MAX = 100
"""Pairs that ``--wrong`` prints of each set."""
PRECISION_MIN, RECALL_MIN = 0.99, 0.9
_HELD_OUT, _ALL = "held-out half", "all of them"
_LABELS = ("same", "different", "ask")


class Pair(NamedTuple):
    """Two addresses and what a person says of them: same, different or ask."""

    label: str
    one: str
    other: str


class Figures(NamedTuple):
    """(label, verdict) → number of pairs, and the pairs on which they disagree."""

    table: Counter[tuple[str, str]]
    wrong: list[tuple[Pair, str]]

    @property
    def precision(self) -> float:
        """Of those that are called the same, how many are."""
        said = sum(number for (_, verdict), number in self.table.items() if verdict == "same")
        return self.table["same", "same"] / said if said else 1.0

    @property
    def recall(self) -> float:
        """Of those that are the same, how many are called so."""
        there = sum(number for (label, _), number in self.table.items() if label == "same")
        return self.table["same", "same"] / there if there else 1.0

    @property
    def neighbours(self) -> int:
        """Doors that differ, and are called the same."""
        return self.table["different", "same"]


def labelled(pairs: Path = PAIRS) -> list[Pair]:
    """The pairs of one file that were labelled by hand."""
    lines = pairs.read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Pair(label, one, other) for label, one, _, other, *_ in rows]


def variants(units: int = UNITS) -> Iterator[Pair]:
    """Each of the sandbox's units in one spelling and in another, and beside the next unit."""
    for unit in range(units):
        here, there = site(unit), site(unit + 1)
        spelled = _spellings(here)
        one, other = spelled[unit % len(spelled)], spelled[(unit // 3 + 1) % len(spelled)]
        yield Pair("same", one, other)
        beside = _spellings(there)
        yield Pair("different", one, beside[(unit // 2) % len(beside)])


def _spellings(here: Site) -> list[str]:
    place = f"{here.road}{here.number}号{here.compound}"
    dashed = f"{here.district}{place}{here.building}-{here.entrance}-{here.room}"
    units = f"天津{here.district}{place}{here.building}栋{here.entrance}单元{here.room}"
    return [
        *(here.text(), here.short(), dirt.full_width(here.text()), dirt.spaced_address(here.text())),
        *(dirt.padded(here.short()), dashed, units),
    ]


def measure(pairs: Iterator[Pair] | list[Pair]) -> Figures:
    """Compare each pair."""
    table, wrong = Counter[tuple[str, str]](), list[tuple[Pair, str]]()
    for pair in pairs:
        verdict = compare(Place(address=pair.one), Place(address=pair.other)).verdict.value.lower()
        table[pair.label, verdict] += 1
        if verdict != pair.label:
            wrong.append((pair, verdict))
    return Figures(table, wrong)


def fails(figures: Figures) -> bool:
    """Whether the figures are worse than promised."""
    return figures.precision < PRECISION_MIN or figures.recall < RECALL_MIN or figures.neighbours > 0


def main() -> None:
    """Print the figures of each set."""
    parser = argparse.ArgumentParser(prog="python -m bench.places", description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="print the pairs on which label and verdict disagree")
    options = parser.parse_args()
    console, bad = Console(), False
    sets = {
        "public addresses, first set": labelled(),
        "public addresses, second set, development half": labelled(DEV),
        f"public addresses, second set, {_HELD_OUT}": labelled(HELD_OUT),
        "public addresses, third set, development half": labelled(THIRD_DEV),
        f"public addresses, third set, {_HELD_OUT}": labelled(THIRD_HELD_OUT),
        f"public addresses, {_ALL}": [pair for pairs in LABELLED for pair in labelled(pairs)],
        "the sandbox's spellings": list(variants()),
    }
    for name, pairs in sets.items():
        begun = time.perf_counter()
        found = measure(pairs)
        took_us = (time.perf_counter() - begun) / len(pairs) * 1e6
        print(_title(name, found, len(pairs), took_us))
        console.print(_shown(found))
        measured_only = name.endswith(_HELD_OUT)
        bad |= found.neighbours > 0 if measured_only else fails(found)
        if options.wrong and not measured_only and not name.endswith(_ALL):
            for pair, verdict in found.wrong[:WRONG_MAX]:
                print(f"{pair.label} → {verdict}\t{pair.one}\t{pair.other}")
    sys.exit(1 if bad else 0)


def _title(name: str, found: Figures, pairs: int, took_us: float) -> str:
    same = f"precision {found.precision:.3f}, recall {found.recall:.3f}"
    return f"{name}: {pairs} pairs, {took_us:.0f} µs each; same: {same}; neighbours taken for it: {found.neighbours}"


def _shown(found: Figures) -> Table:
    table = Table("label \\ verdict", *_LABELS)
    for label in _LABELS:
        table.add_row(label, *(str(found.table[label, verdict]) for verdict in _LABELS))
    return table


if __name__ == "__main__":
    main()
