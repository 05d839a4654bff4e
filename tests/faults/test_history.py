"""The checker finds each kind of wrong, and nothing in what is right."""

from pathlib import Path

import pytest

from tests.faults.history import Book, Event, Topic, check, read

SOURCE = Topic({0: [(0, "0"), (2, "2"), (3, "4")], 1: [(0, "1"), (1, "3")]})
TARGET = Topic({0: [(5, "0"), (6, "2"), (8, "4")], 1: [(0, "1"), (1, "3")]})
ALL = ((0, 0), (0, 2), (0, 3), (1, 0), (1, 1))


def lived(*events: tuple[str, str, tuple[tuple[int, int], ...]]) -> list[Event]:
    return [Event(float(n), who, what, places) for n, (who, what, places) in enumerate(events)]


RIGHT = lived(
    ("w1", "joined", ()),
    ("w1", "polled", ((0, 0), (0, 2))),
    ("w1", "committing", ()),
    ("w2", "joined", ()),
    ("w2", "polled", ((0, 3), (1, 0), (1, 1))),
    ("w2", "committing", ()),
)


def kinds(events: list[Event], source: Topic = SOURCE, target: Topic = TARGET) -> set[str]:
    return {finding.kind for finding in check(events, source, target)}


def test_a_right_history_has_no_findings() -> None:
    assert kinds(RIGHT) == set()


def test_records_polled_again_after_an_unknown_outcome_are_right() -> None:
    again = lived(
        ("w1", "polled", ALL),
        ("w1", "committing", ()),
        ("w1", "unknown", ()),
        ("w1", "polled", ALL),
        ("w1", "committing", ()),
    )
    assert kinds(again) == set()


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([(5, "0"), (8, "4")], "lost"),
        ([(5, "0"), (6, "2"), (7, "2"), (8, "4")], "doubled"),
        ([(5, "2"), (6, "0"), (8, "4")], "out of order"),
        ([(5, "0"), (6, "2"), (7, "aborted"), (8, "4")], "aborted read"),
    ],
)
def test_output_that_is_wrong_is_found(rows: list[tuple[int, str]], kind: str) -> None:
    assert kinds(RIGHT, target=Topic({0: rows, 1: TARGET.partitions[1]})) == {kind}


def test_an_acknowledged_record_that_is_not_there_is_lost() -> None:
    told = Event(9.0, "feeder", "acknowledged", values=("0", "6"))
    assert kinds([*RIGHT, told]) == {"lost"}


def test_an_unacknowledged_record_may_be_there_or_not() -> None:
    untold = Event(9.0, "feeder", "unacknowledged", values=("0", "6"))
    assert kinds([*RIGHT, untold]) == set()


def test_a_record_that_was_written_twice_is_doubled() -> None:
    twice = Topic({0: [*SOURCE.partitions[0], (4, "0")], 1: SOURCE.partitions[1]})
    assert "doubled" in kinds(RIGHT, source=twice)


def test_a_poll_of_what_was_never_committed_is_an_aborted_read() -> None:
    assert kinds([*RIGHT, Event(9.0, "w1", "polled", ((0, 1),))]) == {"aborted read"}


def test_a_poll_past_what_nobody_had_is_a_skip() -> None:
    skipped = lived(("w1", "polled", ((0, 2), (0, 3))))
    assert kinds(skipped) == {"poll skip"}


def test_a_poll_with_a_hole_is_a_skip() -> None:
    assert kinds(lived(("w1", "polled", ((0, 0), (0, 3))))) == {"poll skip"}


def test_a_poll_past_what_another_only_holds_is_a_skip() -> None:
    past = lived(("w1", "polled", ((0, 0),)), ("w2", "polled", ((0, 2), (0, 3))))
    assert kinds(past) == {"poll skip"}


def test_a_poll_past_what_was_forgotten_is_a_skip() -> None:
    past = lived(("w1", "polled", ((0, 0),)), ("w1", "fenced", ()), ("w1", "polled", ((0, 2), (0, 3))))
    assert kinds(past) == {"poll skip"}


def test_books_are_read_in_the_order_of_what_happened(tmp_path: Path) -> None:
    one, two = (Book(tmp_path / f"{who}.history", who) for who in ("w1", "w2"))
    one.note("polled", [(0, 1)], ["a"])
    two.note("joined")
    one.note("unknown", why="no answer")
    found = read(sorted(tmp_path.glob("*.history")))
    assert [(event.who, event.what) for event in found] == [("w1", "polled"), ("w2", "joined"), ("w1", "unknown")]
    assert (found[0].places, found[0].values, found[2].why) == (((0, 1),), ("a",), "no answer")
