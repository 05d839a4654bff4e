"""P3: the figures of docs/addresses.md hold, on addresses that a person has labelled and on the sandbox's."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from bench.places import (
    LABELLED,
    MEASURED_ONLY,
    THIRD_DEV,
    THIRD_HELD_OUT,
    Figures,
    Pair,
    fails,
    labelled,
    measure,
    variants,
)
from tests.places.neighbours import neighbours, spellings

SOURCES = Path(__file__).with_name("sources.tsv")
ROOT = Path(__file__).parents[2]


SPELLINGS_SAME_MIN = 0.98


@pytest.fixture(scope="module")
def by_hand() -> dict[Path, Figures]:
    return {pairs: measure(labelled(pairs)) for pairs in LABELLED}


@pytest.mark.parametrize("pairs", LABELLED)
def test_what_is_called_the_same_is_the_same(pairs: Path, by_hand: dict[Path, Figures]) -> None:
    found = by_hand[pairs]
    assert found.neighbours == 0
    if pairs not in MEASURED_ONLY:
        assert not fails(found), found.wrong


def test_all_labelled_pairs_together_hold_the_figures() -> None:
    found = measure([pair for pairs in LABELLED for pair in labelled(pairs)])
    assert found.precision >= 0.99 and found.recall >= 0.9


def _texts() -> list[str]:
    return sorted({text for pairs in LABELLED for pair in labelled(pairs) for text in (pair.one, pair.other)})


def test_no_address_beside_a_labelled_one_is_called_the_same() -> None:
    """P3: one number, letter, numeral, side, stem, part or word for a place makes another door."""
    made = [Pair("different", text, beside) for text in _texts() for beside in neighbours(text)]
    found = measure(made)
    assert found.neighbours == 0, [pair for pair, verdict in found.wrong if verdict == "same"][:10]
    assert len(made) > 15_000


def test_other_spellings_of_a_labelled_address_are_called_the_same() -> None:
    known = [text for text in _texts() if measure([Pair("same", text, text)]).recall]
    found = measure([Pair("same", text, told) for text in known for _, told in spellings(text) if told != text])
    assert found.recall > SPELLINGS_SAME_MIN


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
    rows = [line.split("\t") for pairs in LABELLED for line in pairs.read_text("utf-8").splitlines() if line[0] != "#"]
    known = {line.split("\t")[0] for line in SOURCES.read_text("utf-8").splitlines()}
    assert len({(row[1], row[3]) for row in rows}) == len(rows) >= 780
    assert all(source in known or source.isdecimal() for row in rows for source in (row[2], row[4]))
    assert min(Counter(row[0] for row in rows).values()) > 100


def test_no_text_of_the_held_out_half_is_in_another_set() -> None:
    texts = [{text for pair in labelled(pairs) for text in (pair.one, pair.other)} for pairs in LABELLED]
    assert not texts[2] & (texts[0] | texts[1])
    assert not (texts[3] | texts[4]) & (texts[0] | texts[1] | texts[2]) and not texts[3] & texts[4]


def test_a_place_of_the_third_set_is_in_the_half_that_its_digest_says() -> None:
    for pairs, half in ((THIRD_DEV, 0), (THIRD_HELD_OUT, 1)):
        assert {sha256(pair.one.encode()).digest()[0] % 2 for pair in labelled(pairs)} == {half}


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
