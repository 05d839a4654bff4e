"""What the tables of records say: decided by what was said of each record, never by the order in which it was read.

A model in plain Python says what is right.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from hub.ports import Batch
from hub.records import tables
from tests.verdicts import ENTITY, TABLES, Said, expected, in_order, letters, read, simplified, things_said


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        tables.record.metadata.create_all(connection, TABLES)
        yield connection


@st.composite
def polls(draw: st.DrawFn, said: Sequence[Said]) -> list[list[Batch]]:
    """Any interleaving of partitions and topics, cut into polls anywhere; only the order in a partition is fixed."""
    queues = {place: list(records) for place, records in letters(said).items()}
    labels = draw(st.permutations([place for place, records in queues.items() for _ in records]))
    cuts = draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels)))
    found: list[list[Batch]] = [[]]
    taken = [(place, queues[place].pop(0)) for place in labels]
    for (place, message), cut in zip(taken, cuts, strict=True):
        if cut:
            found.append([])
        found[-1].append(Batch(*place, [message]))
    return [_joined(poll) for poll in found if poll]


def _joined(poll: Sequence[Batch]) -> list[Batch]:
    """Neighbours of one partition as one batch."""
    grouped = groupby(poll, key=lambda batch: (batch.topic, batch.partition))
    return [Batch(*place, [record for one in batches for record in one.records]) for place, batches in grouped]


# ---- any order -----------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.data())
def test_p2_the_order_of_topics_and_partitions_changes_nothing(connection: Connection, data: st.DataObject) -> None:
    said = data.draw(st.lists(things_said(), max_size=12))
    rebuilt, _ = read(connection, in_order(said))
    live, _ = read(connection, data.draw(polls(said)))
    assert live == rebuilt
    assert simplified(live) == expected(said)


@settings(max_examples=60)
@given(st.data())
def test_p1_the_conservation_line_balances_in_the_end(connection: Connection, data: st.DataObject) -> None:
    """Each record was received at least once, as ingest sees to: then every place adds up, and none is negative."""
    said = data.draw(st.lists(things_said(), max_size=12))
    first = {one.record_id: Said(**vars(one) | {"reading": 0, "attempt": 1}) for one in said}
    said = [*first.values(), *said]
    found, _ = read(connection, data.draw(polls(said)))
    for source in ("one", "two"):
        line = Counter(dict.fromkeys(("received", "verified", "rejected", "duplicate"), 0))
        line.update(*({name: row[name] for name in line} for row in found["tally"] if row["source"] == source))
        assert line["received"] == line["verified"] + line["rejected"] + line["duplicate"]
    assert sum(row["duplicate"] for row in found["tally"]) >= 0


def counted(line: Mapping[str, Any]) -> dict[str, int]:
    return {name: count for name, count in line.items() if isinstance(count, int) and count}


# ---- case by case --------------------------------------------------------------------------------------------------


def current_of(connection: Connection, *said: Said) -> list[tuple[int, int]]:
    """(content, reading) of what counts, with each interleaving that reads one message at a time."""
    live = [[Batch(*place, [record])] for place, records in letters(said).items() for record in records]
    found = [read(connection, batches)[0]["current"] for batches in (live, live[::-1], in_order(said))]
    assert found[0] == found[1] == found[2]
    return [(row["record_id"][4], row["reading"]) for row in found[0]]


def test_of_two_contents_of_one_version_the_one_read_later_counts_and_it_is_told(connection: Connection) -> None:
    first, second = Said(content=0, read_at_ms=1), Said(content=1, read_at_ms=2)
    assert current_of(connection, first, second) == current_of(connection, second, first) == [(1, 0)]
    _, brought = read(connection, in_order([first, second]))
    (told,) = [contested for applied in brought for contested in applied.contested]
    assert told.record_ids == (first.record_id, second.record_id)


def test_a_content_that_comes_back_counts_again(connection: Connection) -> None:
    """The duplicate moves ``read_at_ms`` up."""
    first, second, again = Said(read_at_ms=1), Said(content=1, read_at_ms=2), Said(read_at_ms=3, judged_ms=6)
    assert current_of(connection, first, second, again) == [(0, 0)]


def test_the_source_s_own_order_comes_before_the_time_of_reading_and_nothing_is_told(connection: Connection) -> None:
    first, second = Said(content=0, revision=1, read_at_ms=1), Said(content=1, revision=0, read_at_ms=9)
    assert current_of(connection, first, second) == [(0, 0)]
    found, brought = read(connection, in_order([first, second]))
    assert not any(applied.contested for applied in brought)
    assert [row["revised"] for row in found["tally"]] == [1]


def test_a_better_reading_verifies_what_was_rejected(connection: Connection) -> None:
    bad, good = Said(verified=False), Said(reading=1)
    assert current_of(connection, bad, good) == [(0, 1)]
    (line,) = read(connection, in_order([bad, good]))[0]["tally"]
    assert counted(line) == {"received": 1, "verified": 1, "readings": 1}


def test_a_worse_reading_takes_back_what_was_verified_and_the_version_before_counts(connection: Connection) -> None:
    old, new = Said(version=1, content=0), Said(version=2, content=1)
    worse = Said(version=2, content=1, reading=1, verified=False)
    assert current_of(connection, old, new) == [(1, 0)]
    assert current_of(connection, old, new, worse) == [(0, 0)]
    assert current_of(connection, new, worse) == []
    found = read(connection, in_order([old, new, worse]))[0]
    assert {row["record_id"] for row in found["record_link"]} == {old.record_id}


def test_a_new_reading_is_found_by_its_own_links_only(connection: Connection) -> None:
    """P2: a link that was mapped wrongly would show one applicant another's title."""
    wrong, right = Said(links=frozenset([1])), Said(reading=1, links=frozenset([2]))
    for said in ([wrong, right], [right, wrong]):
        found = read(connection, in_order(said))[0]["record_link"]
        assert {row["link_id"] for row in found} == {ENTITY, bytes([2]) * 16}


def test_the_latest_verdict_on_one_reading_speaks_for_it(connection: Connection) -> None:
    """As after a code table was corrected and the same content came again."""
    before, after = Said(judged_ms=1), Said(judged_ms=2, status="REVOKED")
    found = [read(connection, in_order([*said]))[0] for said in ([before, after], [after, before])]
    assert [[row["status"] for row in one["current"]] for one in found] == [["REVOKED"], ["REVOKED"]]
    polls = [[Batch(*place, [record])] for place, records in letters([before, after]).items() for record in records]
    assert [row["status"] for row in read(connection, polls)[0]["current"]] == ["REVOKED"]


def test_an_unreadable_row_that_is_read_at_last_moves_under_the_same_id(connection: Connection) -> None:
    unreadable, readable = Said(readable=False, verified=False, partition=1), Said()
    assert current_of(connection, unreadable, readable) == [(0, 0)]
    found = read(connection, in_order([unreadable, readable]))[0]
    (line,), (one,) = found["tally"], found["record"]
    assert counted(line) == {"received": 2, "verified": 1, "duplicate": 1}
    assert (one["state"], one["entity_id"], one["seen"]) == ("verified", ENTITY, 2)


def test_p4_what_cannot_be_opened_outranks_nothing(connection: Connection) -> None:
    """A copy with a changed open part, here a higher reading and a later time, changes neither verdict nor rank."""
    good, other = Said(read_at_ms=1), Said(content=1, read_at_ms=2)
    forged = Said(reading=9, verified=False, opened=False, read_at_ms=99, authority="Z", source="Robert'); DROP")
    assert current_of(connection, good, other, forged) == [(1, 0)]
    found = read(connection, in_order([good, other, forged]))[0]
    assert {row["source"] for row in found["record"]} == {"one"}
    assert {row["source"] for row in found["tally"]} == {"one", "outside"}
    assert {row["state"] for row in found["record"]} == {"verified"}


def test_a_record_rejected_again_points_at_its_newest_rejection(connection: Connection) -> None:
    first, again = Said(verified=False, partition=1), Said(verified=False, partition=1, attempt=2)
    found = read(connection, in_order([first, again]))[0]
    assert [(row["offset"], row["seen"]) for row in found["record"]] == [(1, 1)]
