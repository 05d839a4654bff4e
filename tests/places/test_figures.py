"""P3: the figures of docs/addresses.md hold, on addresses that a person has labelled and on the sandbox's."""

from collections import Counter
from pathlib import Path

import pytest

from bench.places import DEV, HELD_OUT, PAIRS, Figures, Pair, fails, labelled, measure, variants

SOURCES = Path(__file__).with_name("sources.tsv")
ROOT = Path(__file__).parents[2]


SETS = (PAIRS, DEV, HELD_OUT)


@pytest.fixture(scope="module")
def by_hand() -> dict[Path, Figures]:
    return {pairs: measure(labelled(pairs)) for pairs in SETS}


@pytest.mark.parametrize(("pairs", "recall_min"), [(PAIRS, 0.9), (DEV, 0.9), (HELD_OUT, 0.0)])
def test_what_is_called_the_same_is_the_same(pairs: Path, recall_min: float, by_hand: dict[Path, Figures]) -> None:
    assert not fails(by_hand[pairs], recall_min), by_hand[pairs].wrong


def test_no_neighbour_of_the_sandbox_is_called_the_same() -> None:
    found = measure(variants(400))
    assert (found.precision, found.recall, found.neighbours) == (1.0, 1.0, 0)


@pytest.mark.parametrize("page", ["addresses.md", "addresses.zh-CN.md"])
def test_the_page_has_these_figures(page: str, by_hand: dict[Path, Figures]) -> None:
    told = (ROOT / "docs" / page).read_text("utf-8")
    for found in by_hand.values():
        assert f"{found.precision:.3f}" in told and f"{found.recall:.3f}" in told
        for label in ("same", "different", "ask"):
            row = [str(found.table[label, verdict]) for verdict in ("same", "different", "ask")]
            assert f"| {label} | {' | '.join(row)} |" in told


def test_every_pair_has_its_sources_and_is_in_one_set() -> None:
    rows = [line.split("\t") for pairs in SETS for line in pairs.read_text("utf-8").splitlines() if line[0] != "#"]
    known = {line.split("\t")[0] for line in SOURCES.read_text("utf-8").splitlines()}
    assert len({(one, other) for _, one, _, other, _ in rows}) == len(rows) >= 450
    assert all(source in known or source.isdecimal() for _, _, first, _, second in rows for source in (first, second))
    assert min(Counter(row[0] for row in rows).values()) > 100


def test_no_text_of_the_held_out_half_is_in_another_set() -> None:
    texts = [{text for pair in labelled(pairs) for text in (pair.one, pair.other)} for pairs in SETS]
    assert not texts[2] & (texts[0] | texts[1])


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
