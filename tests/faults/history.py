"""What happened in a schedule, as those who took part wrote it down, and the checker that judges it.

A worker appends one line to a file of its own before and after every call, so that a kill leaves the lines before it.
The times of all lines are one machine's monotonic clock: what was caused comes after its cause.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

Place = tuple[int, int]
"""Partition and offset of the source topic."""


class Event(NamedTuple):
    """One line. ``what``: joined, polled, committing, committed, unknown, fenced, left (workers); acknowledged,
    unacknowledged (the feeder). ``polled`` names places, with the values that were there."""

    at_s: float
    who: str
    what: str
    places: tuple[Place, ...] = ()
    values: tuple[str, ...] = ()
    why: str = ""


class Book:
    """Append-only, one line a write: whole lines are there after ``kill -9``."""

    def __init__(self, path: Path, who: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._who = who

    def note(self, what: str, places: Sequence[Place] = (), values: Sequence[str] = (), why: str = "") -> None:
        line = json.dumps([time.monotonic(), self._who, what, places, values, why])
        os.write(self._file, line.encode() + b"\n")


def read(paths: Iterable[Path]) -> list[Event]:
    """All lines of all books, in the order in which they happened."""
    lines = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    events = [
        Event(at_s, who, what, tuple(map(tuple, places)), tuple(values), why)
        for at_s, who, what, places, values, why in lines
    ]
    return sorted(events)


@dataclass(frozen=True)
class Topic:
    """A topic at the end: what ``read_committed`` sees, partition → (offset, value) in order."""

    partitions: Mapping[int, Sequence[tuple[int, str]]]

    def values(self, partition: int) -> list[str]:
        return [value for _, value in self.partitions.get(partition, ())]

    def places(self) -> set[Place]:
        return {(partition, offset) for partition, rows in self.partitions.items() for offset, _ in rows}


class Finding(NamedTuple):
    """Something that must not happen: lost, doubled, out of order, aborted read or poll skip."""

    kind: str
    detail: str


def check(events: Sequence[Event], source: Topic, target: Topic) -> list[Finding]:
    """Every finding. ``target`` holds what the stage made: the source's value, once for each record, same partition."""
    return [
        *_acknowledged(events, source),
        *_output(source, target),
        *_aborted(events, source),
        *_skips(events, source),
    ]


def _acknowledged(events: Sequence[Event], source: Topic) -> Iterable[Finding]:
    """What the feeder was told is there, is there; what it was not told may be there or not, once."""
    told = {value for event in events if event.what == "acknowledged" for value in event.values}
    there = [value for partition in source.partitions for value in source.values(partition)]
    yield from (Finding("lost", f"acknowledged, not in the source: {value}") for value in sorted(told - set(there)))
    yield from (Finding("doubled", f"in the source twice: {value}") for value in _twice(there))


def _output(source: Topic, target: Topic) -> Iterable[Finding]:
    for partition in source.partitions.keys() | target.partitions.keys():
        wanted, made = source.values(partition), target.values(partition)
        yield from (Finding("lost", f"not made: {value}") for value in sorted(set(wanted) - set(made)))
        yield from (Finding("doubled", f"made twice: {value}") for value in _twice(made))
        yield from (
            Finding("aborted read", f"made of nothing committed: {value}") for value in sorted(set(made) - set(wanted))
        )
        first = {value: n for n, value in reversed(list(enumerate(made)))}
        order = [first[value] for value in wanted if value in first]
        if order != sorted(order):
            yield Finding("out of order", f"partition {partition}: {made}")


def _aborted(events: Sequence[Event], source: Topic) -> Iterable[Finding]:
    committed = source.places()
    for event in events:
        if event.what == "polled":
            yield from (
                Finding("aborted read", f"{event.who} polled {place} at {event.at_s:.3f}")
                for place in event.places
                if place not in committed
            )


@dataclass
class _Hand:
    """What a worker has polled since its last commit or return to what is durable."""

    held: set[Place] = field(default_factory=set)


def _skips(events: Sequence[Event], source: Topic) -> Iterable[Finding]:
    """A poll that begins behind a record which nobody had tried to commit, and which the worker did not hold."""
    offered: set[Place] = set()
    hands: dict[str, _Hand] = {}
    for event in events:
        hand = hands.setdefault(event.who, _Hand())
        if event.what == "polled":
            for partition in {partition for partition, _ in event.places}:
                first = min(offset for at, offset in event.places if at == partition)
                before = {(partition, offset) for offset, _ in source.partitions.get(partition, ()) if offset < first}
                if missed := before - offered - hand.held:
                    yield Finding("poll skip", f"{event.who} polled {partition}:{first} past {sorted(missed)}")
            hand.held |= set(event.places)
            yield from _gaps(event, source)
        elif event.what == "committing":
            offered |= hand.held
        elif event.what in ("committed", "unknown", "fenced", "joined"):
            hand.held.clear()


def _gaps(event: Event, source: Topic) -> Iterable[Finding]:
    """Records left out in the middle of one poll."""
    for partition in {partition for partition, _ in event.places}:
        mine = {offset for at, offset in event.places if at == partition}
        within = {offset for offset, _ in source.partitions.get(partition, ()) if min(mine) <= offset <= max(mine)}
        if within - mine:
            yield Finding("poll skip", f"{event.who} polled {partition} without {sorted(within - mine)}")


def _twice(values: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({value for value in values if value in seen or seen.add(value)})  # type: ignore[func-returns-value]
