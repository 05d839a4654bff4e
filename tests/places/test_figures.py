"""P3: the figures of docs/addresses.md hold, on addresses that a person has labelled and on the sandbox's."""

from collections import Counter
from pathlib import Path

import pytest

from bench.places import PAIRS, Figures, Pair, fails, labelled, measure, variants

SOURCES = Path(__file__).with_name("sources.tsv")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def by_hand() -> Figures:
    return measure(labelled())


def test_what_is_called_the_same_is_the_same(by_hand: Figures) -> None:
    assert not fails(by_hand), by_hand.wrong


def test_no_neighbour_of_the_sandbox_is_called_the_same() -> None:
    found = measure(variants(400))
    assert (found.precision, found.recall, found.neighbours) == (1.0, 1.0, 0)


@pytest.mark.parametrize("page", ["addresses.md", "addresses.zh-CN.md"])
def test_the_page_has_these_figures(page: str, by_hand: Figures) -> None:
    told = (ROOT / "docs" / page).read_text("utf-8")
    assert f"{by_hand.precision:.3f}" in told and f"{by_hand.recall:.3f}" in told
    for label in ("same", "different", "ask"):
        row = [str(by_hand.table[label, verdict]) for verdict in ("same", "different", "ask")]
        assert " | ".join(row) in told


def test_every_pair_has_its_sources() -> None:
    rows = [line.split("\t") for line in PAIRS.read_text("utf-8").splitlines() if not line.startswith("#")]
    known = {line.split("\t")[0] for line in SOURCES.read_text("utf-8").splitlines()}
    assert len({(one, other) for _, one, _, other, _ in rows}) == len(rows) >= 150
    assert all(source in known or source.isdecimal() for _, _, first, _, second in rows for source in (first, second))
    assert min(Counter(row[0] for row in rows).values()) > 40


@pytest.mark.parametrize(
    ("pair", "table"),
    [
        (Pair("different", "南开区长江道12号", "南开区长江道12号"), ("different", "same")),
        (Pair("same", "南开区长江道12号", "南开区长江道13号"), ("same", "different")),
    ],
)
def test_a_worse_matcher_is_noticed(pair: Pair, table: tuple[str, str]) -> None:
    found = measure([pair])
    assert found.table[table] == 1 and fails(found)
