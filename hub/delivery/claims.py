"""Claims: which instance delivers which pending piece now. A sink's stage claims only the pieces of its own sink.

    (decided) ──▶ waits ──first piece acknowledged──▶ free ──claim──▶ claimed ──outcome──▶ (row deleted)
                                                       ▲                 │
                                                       └── back-off, end of the lease ──┘

A piece that comes after another one (its case's registration) waits until that one is acknowledged: so a system that is
away for a day does not make every claim look at all that waits behind its registrations.

A claim is committed before the sink is called, so that a crash at any line leaves a trace. When no thread works on a
claim any more, it is free again at the end of its lease. After a restart an instance frees its own old claims two
seconds after it has seen them.

A push whose outcome is unknown may take effect until ``settle_until_ms``: the sink's ``settle_s`` after the end of the
call. Where no one wrote down how a call ended, it ended with the lease at the latest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy import case as sql_case

from hub.cases.case import Case, PieceState
from hub.cases.events import Piece
from hub.cases.tables import case, piece
from hub.crash import crash_point
from hub.delivery import filed
from hub.delivery.tables import attempt, sink_trouble
from hub.errors import Unavailable
from hub.ports import DESK, Store
from hub.stores import bulk

LEASE_S = 120.0
"""Least time of a lease, seconds. A lease is longer than an attempt at the sink may take, so that no other instance
claims a piece while a call runs."""
SETTLE_S = 120.0
"""How long after its end a call whose outcome is unknown may still take effect, seconds: the default."""
SETTLE_MAX_S = 3_600
"""The longest such time, seconds."""
TAKEOVER_S = 2
"""After a restart: time for the last calls of the dead process to take effect before ``Sink.find`` asks."""
_AHEAD_MAX_MS = 3_660_000
"""No wait and no lease is longer. A time further ahead was written while a clock was wrong, and counts for nothing."""
TROUBLE_MAX = 256
REMEDY_MAX = 1_000
Key = tuple[bytes, int]
"""A piece: its case and its number."""

_NAMES = ("case_id", "piece", "sink", "attempts", "next_attempt_ms", "lease_until_ms", "settle_until_ms", "unconfirmed")

# The pieces that threads of this process work on. A claim of this process that is not among them is left over.
_in_hand: set[Key] = set()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A piece that this instance may deliver until the lease ends. ``case`` is as it was at the claim, not locked.

    ``attempts`` counts those before this one: above 0, one of them may have taken effect, and it may still do so until
    ``settle_until_ms`` (process time). ``unconfirmed`` counts the pushes that were answered by neither yes nor no.
    ``trouble`` is the last attempt's. A push may begin until ``push_until_ms`` (half of the lease), so that it ends
    within the lease; ``None``: without limit.
    """

    case: Case
    piece: Piece
    attempts: int
    settle_until_ms: int = 0
    unconfirmed: int = 0
    trouble: str | None = None
    push_until_ms: int | None = None

    @property
    def key(self) -> Key:
        """Id of the case and number of the piece."""
        return self.case.case_id, self.piece.piece


class Trouble(NamedTuple):
    """How far a pending piece is: attempts so far, when the next one is due (process time, ms; ``None``: when the piece
    that it comes after is acknowledged), why the last one did not end it, and what a person can do about it."""

    attempts: int
    next_attempt_ms: int | None
    trouble: str | None
    remedy: str | None = None


class Again(NamedTuple):
    """How an attempt ended that did not end the piece. Until ``settle_until_ms`` (process time) a push may still take
    effect. ``trouble`` is without a personal value, ``None`` to keep the one before, "" for none any more; ``remedy``
    is what a person can do about it. Both are cut to ``TROUBLE_MAX`` and ``REMEDY_MAX`` characters."""

    settle_until_ms: int
    unconfirmed: int = 0
    trouble: str | None = None
    remedy: str | None = None


def enqueue(connection: Connection, case_id: bytes, pieces: Sequence[Piece]) -> None:
    """Add rows for pieces, in the transaction that decided them. They are in the table ``piece`` already."""
    numbers = [one.piece for one in pieces]
    rows = _rows(attempts=0).where(piece.c.case_id == case_id, piece.c.piece.in_(numbers))
    connection.execute(insert(attempt).from_select(_NAMES, rows))


def released(connection: Connection, case_id: bytes) -> None:
    """Add rows for the refused and stopped pieces of a case that a release makes pending, in its transaction, before
    their state changes. Their last attempt had a definite end: the sink is asked, and nothing has to settle."""
    ended = piece.c.state.in_((PieceState.REFUSED.value, PieceState.STOPPED.value))
    rows = _rows(attempts=1).where(piece.c.case_id == case_id, ended, _missing())
    connection.execute(insert(attempt).from_select(_NAMES, rows))


def _rows(attempts: int, settle_until_ms: int = 0) -> Select[Any]:
    """Rows of ``attempt`` for rows of ``piece``: due at once, or waiting for the piece that it comes after."""
    due = sql_case((_waits(), null()), else_=literal(0))
    columns = (piece.c.case_id, piece.c.piece, piece.c.sink, literal(attempts), due, literal(0))
    return select(*columns, literal(settle_until_ms, BigInteger), literal(0))


def _missing() -> ColumnElement[bool]:
    """Whether a row of ``piece`` has none in ``attempt``."""
    return ~exists().where(attempt.c.case_id == piece.c.case_id, attempt.c.piece == piece.c.piece)


def _waits() -> ColumnElement[bool]:
    """Whether a row of ``piece`` comes after one that is not acknowledged."""
    first = piece.alias("first")
    acknowledged = exists().where(
        first.c.case_id == piece.c.case_id,
        first.c.piece == piece.c.after,
        first.c.state == PieceState.ACKNOWLEDGED.value,
    )
    return and_(piece.c.after.is_not(None), ~acknowledged)


class Claims:
    """The claims of one sink's pieces by one instance. Times are process time, ms. ``settle_s``: how long after its end
    a call to the sink may still take effect, seconds; ``lease_s``: longer than an attempt may take. Safe for use by
    several threads."""

    def __init__(
        self, store: Store, sink: str, instance: str, settle_s: float = SETTLE_S, lease_s: float = LEASE_S
    ) -> None:
        self._store = store
        self._sink = sink
        self._instance = instance
        self._settle_ms = int(settle_s * 1000)
        self._lease_ms = int(lease_s * 1000)

    def claim(self, limit: int, now_ms: int) -> list[Claimed]:
        """Claim up to ``limit`` pieces that are due; committed on return. After ``Unavailable`` nothing is claimed, or
        ``look_after`` frees it later."""
        with self._store.read() as connection:
            if connection.execute(self._due(now_ms).limit(1)).first() is None:
                return []
        claimed: list[Claimed] = []
        try:
            with self._store.write() as connection:
                due = self._due(now_ms).limit(limit).with_for_update(of=attempt, skip_locked=True)
                claimed = [self._claimed(row, now_ms) for row in connection.execute(due)]
                # Before the commit, so that no thread of this process takes the claim for one that is left over.
                _in_hand.update(one.key for one in claimed)
                _set(
                    connection,
                    (one.key for one in claimed),
                    attempts=attempt.c.attempts + 1,
                    claimed_by=self._instance,
                    lease_until_ms=now_ms + self._lease_ms,
                    settle_until_ms=None,
                )
        except Unavailable:
            let_go(one.key for one in claimed)
            raise
        crash_point("deliver.claimed")
        return claimed

    def _due(self, now_ms: int) -> Select[Any]:
        """Pending pieces of this sink that are due. A piece of a held case never is, but a warning to a desk: the
        limits of a held case run on. A piece that comes after another one is due once that one is acknowledged;
        one whose licence has a file waits for it a moment."""
        row = attempt.c
        columns = [column for column in case.c if column.name != "case_id"]
        return (
            select(piece, row.attempts, row.lease_until_ms, row.settle_until_ms, row.unconfirmed, row.trouble, *columns)
            .select_from(attempt)
            .join(piece, (piece.c.case_id == row.case_id) & (piece.c.piece == row.piece))
            .join(case, case.c.case_id == row.case_id)
            .where(
                row.sink == self._sink,
                row.next_attempt_ms <= now_ms,
                or_(
                    row.claimed_by.is_(None),
                    row.lease_until_ms < now_ms,
                    row.lease_until_ms > now_ms + _AHEAD_MAX_MS,
                ),
                piece.c.state == PieceState.PENDING.value,
                true() if self._sink.startswith(DESK) else case.c.held.is_(False),
                ~_waits(),
                ~filed.awaited(now_ms),
            )
            .order_by(row.next_attempt_ms, piece.c.decided_ms)
        )

    def _claimed(self, row: Row[Any], now_ms: int) -> Claimed:
        found = {name: getattr(row, name) for name in Piece._fields}
        record_id = bytes(row.record_id) if row.record_id is not None else None
        settle_until_ms = row.settle_until_ms
        if settle_until_ms is None:
            settle_until_ms = row.lease_until_ms + self._settle_ms
        # As any time that is further ahead than the longest wait: a clock was wrong.
        settle_until_ms = min(settle_until_ms, now_ms + SETTLE_MAX_S * 1000)
        case, one = Case.from_row(row), Piece(**found | {"record_id": record_id})
        push_until_ms = now_ms + self._lease_ms // 2
        return Claimed(case, one, row.attempts, settle_until_ms, row.unconfirmed or 0, row.trouble, push_until_ms)

    def retry(self, claimed: Claimed, now_ms: int, next_attempt_ms: int, again: Again) -> None:
        """End a claim; the next attempt is at ``next_attempt_ms``. A claim that another instance has now stays."""
        values: dict[str, Any] = {
            "next_attempt_ms": next_attempt_ms,
            "settle_until_ms": again.settle_until_ms,
            "unconfirmed": again.unconfirmed,
        }
        told: dict[str, Any] = {}
        if again.trouble is not None:
            remedy = again.remedy[:REMEDY_MAX] if again.remedy else None
            trouble = again.trouble[:TROUBLE_MAX] or None
            told = {"trouble": trouble, "remedy": remedy, "trouble_ms": now_ms if trouble else None}
        with self._store.write() as connection:
            mine = _is(claimed.key) & self._mine()
            connection.execute(update(attempt).where(mine).values(claimed_by=None, **values, **told))
            if again.trouble:
                bulk.upsert(connection, sink_trouble, [{"sink": self._sink, "case_id": claimed.key[0], **told}])

    def _mine(self) -> ColumnElement[bool]:
        """Which rows this instance may put off."""
        return attempt.c.claimed_by == self._instance

    def look_after(self, now_ms: int) -> None:
        """Repair the rows: add one, counted as tried, for each pending piece without one; delete those of pieces that
        are not pending; make those due whose first piece is acknowledged, or whose next attempt is impossibly far
        ahead; free claims of this instance that no thread works on."""
        wrong = (self._without_row(now_ms), self._left_over(now_ms))
        with self._store.read() as connection:
            if not any(connection.execute(query.limit(1)).first() for query in wrong):
                return
        with self._store.write() as connection:
            # Another process may adopt the same piece at the same moment.
            bulk.add_selected(connection, attempt, _NAMES, self._without_row(now_ms))
            connection.execute(delete(attempt).where(attempt.c.sink == self._sink, ~_is_pending()))
            connection.execute(update(attempt).where(self._waits_for_nothing()).values(next_attempt_ms=0))
            connection.execute(update(attempt).where(self._too_far_ahead(now_ms)).values(next_attempt_ms=now_ms))
            connection.execute(
                update(attempt)
                .where(self._abandoned(now_ms))
                .values(
                    claimed_by=None,
                    next_attempt_ms=now_ms + TAKEOVER_S * 1000,
                    settle_until_ms=now_ms + self._settle_ms,
                )
            )

    def _without_row(self, now_ms: int) -> Select[Any]:
        rows = _rows(attempts=1, settle_until_ms=now_ms + self._settle_ms)
        return rows.where(piece.c.sink == self._sink, piece.c.state == PieceState.PENDING.value, _missing())

    def _left_over(self, now_ms: int) -> Select[Any]:
        ended = (attempt.c.sink == self._sink) & ~_is_pending()
        wrong = (ended, self._waits_for_nothing(), self._too_far_ahead(now_ms), self._abandoned(now_ms))
        return select(attempt.c.piece).where(or_(*wrong))

    def _too_far_ahead(self, now_ms: int) -> ColumnElement[bool]:
        return (attempt.c.sink == self._sink) & (attempt.c.next_attempt_ms > now_ms + _AHEAD_MAX_MS)

    def _waits_for_nothing(self) -> ColumnElement[bool]:
        """Rows that wait for a piece that is acknowledged: ``acknowledged`` was not called, or the row is older than
        the tables."""
        free = exists().where(piece.c.case_id == attempt.c.case_id, piece.c.piece == attempt.c.piece, ~_waits())
        return and_(attempt.c.sink == self._sink, attempt.c.next_attempt_ms.is_(None), free)

    def _abandoned(self, now_ms: int) -> ColumnElement[bool]:
        """Claims of this instance that no thread works on and whose lease has not ended. A claim whose lease has ended
        is free anyway."""
        ours = (attempt.c.sink == self._sink) & (attempt.c.claimed_by == self._instance)
        idle = tuple_(attempt.c.case_id, attempt.c.piece).not_in(list(_in_hand))
        return ours & (attempt.c.lease_until_ms >= now_ms) & idle


def _is_pending() -> ColumnElement[bool]:
    """Whether the piece of a row of ``attempt`` is pending."""
    return exists().where(
        piece.c.case_id == attempt.c.case_id,
        piece.c.piece == attempt.c.piece,
        piece.c.state == PieceState.PENDING.value,
    )


def let_go(keys: Iterable[Key]) -> None:
    """Note that no thread of this process works on these pieces any more."""
    _in_hand.difference_update(keys)


def acknowledged(connection: Connection, claimed: Claimed) -> None:
    """Make the pieces due that come after this one, in the transaction of its acknowledgement."""
    case_id, number = claimed.key
    after = select(piece.c.piece).where(piece.c.case_id == case_id, piece.c.after == number)
    waiting = (attempt.c.case_id == case_id) & attempt.c.next_attempt_ms.is_(None) & attempt.c.piece.in_(after)
    connection.execute(update(attempt).where(waiting).values(next_attempt_ms=0))


def done(connection: Connection, claimed: Claimed) -> None:
    """Delete the row of a piece, in the transaction of its outcome."""
    connection.execute(delete(attempt).where(_is(claimed.key)))


def count_as_tried(connection: Connection) -> None:
    """Count every pending piece as tried just now. ``hub rebuild`` calls it: the hub does not know what was sent after
    the rows were saved. Without rows, pieces count as that."""
    connection.execute(delete(attempt))


def troubles(connection: Connection, case_id: bytes) -> dict[int, Trouble]:
    """How far the pending pieces of a case are: number of the piece → attempts and trouble."""
    rows = connection.execute(select(attempt).where(attempt.c.case_id == case_id))
    return {row.piece: Trouble(row.attempts, row.next_attempt_ms, row.trouble, row.remedy) for row in rows}


def _is(key: Key) -> ColumnElement[bool]:
    return (attempt.c.case_id == key[0]) & (attempt.c.piece == key[1])


def _set(connection: Connection, keys: Iterable[Key], **values: Any) -> None:
    for key in keys:
        connection.execute(update(attempt).where(_is(key)).values(**values))
