"""What follows when a record that has met a need is not in force any more. Pure.

    record changes ──┬─ the case runs ─▶ retracted: taken back from the sinks, looked for again
                     └─ the case is over (electricity is on, …) ─▶ recalled: the sinks are told, nothing else

What counts is what the hub knows when it decides, so each change of a record gives one of the two, once.
"""

from collections.abc import Callable, Sequence

from hub.cases.connection.recall.events import RECALL, WITHDRAWAL, Recalled, Retracted
from hub.cases.events import Event, Piece
from hub.cases.evidence.over import Over
from hub.cases.procedure import Moment

Takes = Callable[[str, str], bool]
"""(Sink, kind) → whether the sink exists and accepts pieces of that kind."""


def retracted(over: Sequence[Over], first: int, takes: Takes, moment: Moment) -> list[Event]:
    """One piece for each sink that has the evidence, or may get it; it comes after that piece. ``first``: the number of
    the first new piece."""
    found: list[Event] = []
    for one in over:
        numbers = [(sink, number) for sink, number in one.pieces.items() if takes(sink, WITHDRAWAL)]
        pieces = [
            Piece(first + n, sink, WITHDRAWAL, number, reading=number) for n, (sink, number) in enumerate(numbers)
        ]
        first += len(pieces)
        record_id, reading = _of(one)
        found.append(
            Retracted(
                kind=one.need.kind,
                record_id=record_id,
                reading=reading,
                next_ask_ms=moment.process_ms,
                **one.now.said(),
                pieces=tuple(pieces),
            )
        )
    return found


def recalled(over: Sequence[Over], first: int, takes: Takes, so_far: int) -> list[Event]:
    """As ``retracted``, for a case that is over. ``so_far``: how many of these events there were."""
    found: list[Event] = []
    for nth, one in enumerate(over, so_far + 1):
        numbers = [(sink, number) for sink, number in one.pieces.items() if takes(sink, RECALL)]
        pieces = [Piece(first + n, sink, RECALL, number, reading=nth) for n, (sink, number) in enumerate(numbers)]
        first += len(pieces)
        record_id, reading = _of(one)
        found.append(
            Recalled(
                nth=nth,
                kind=one.need.kind,
                record_id=record_id,
                reading=reading,
                **one.now.said(),
                pieces=tuple(pieces),
            )
        )
    return found


def _of(one: Over) -> tuple[bytes, int]:
    assert one.need.record_id is not None and one.need.reading is not None, "a record has met it"
    return one.need.record_id, one.need.reading
