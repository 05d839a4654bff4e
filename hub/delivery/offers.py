"""The pending pieces of a sink whose system fetches them. None is claimed: it is shown to each call until it is
acknowledged, refused or withdrawn.

Their order is that of the cases, the oldest first: the order of an index, so that a page takes milliseconds also after
a day in which the system was away. A call begins after a piece that it names; after the last one the list begins
again, so a caller that always continues from where it was never loses one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, literal, select, true, tuple_, update
from sqlalchemy import case as sql_case

from hub.cases.tables import case, piece
from hub.delivery.claims import TROUBLE_MAX, Claimed, Claims, Key
from hub.delivery.tables import attempt, sink_trouble
from hub.stores import bulk

FETCHED_TOLD = 5
"""A piece that was handed out so often without an answer is told as trouble."""
READER = "see whether the program of the utility runs that fetches the pieces and acknowledges them"
_ORDER: tuple[Column[Any], ...] = (attempt.c.case_id, attempt.c.piece)


class Offers(Claims):
    """The rows of one sink's pieces that wait to be fetched. Times are process time, ms. Thread-safe."""

    def waiting(self, limit: int, now_ms: int, after: Key | None = None) -> list[Claimed]:
        """Up to ``limit`` pieces that may be handed out now, in their order: those after the piece ``after``, and when
        there are none the first ones."""
        due = self._due(now_ms).order_by(None).order_by(*_ORDER).limit(limit)
        with self._store.read() as connection:
            rows = connection.execute(due.where(_comes_after(after))).all() if after else []
            return [self._claimed(row, now_ms) for row in rows or connection.execute(due)]

    def get(self, key: Key, now_ms: int) -> Claimed | None:
        """One piece of this sink in any state, ``None`` when there is none. Its ``attempts`` are those before the last
        time that it was handed out."""
        with self._store.read() as connection:
            row = connection.execute(self._one(key)).one_or_none()
        return self._claimed(row, now_ms) if row else None

    def _one(self, key: Key) -> Select[Any]:
        zero = literal(0)
        handed_out = sql_case((attempt.c.attempts > 0, attempt.c.attempts - 1), else_=zero)
        row = (handed_out.label("attempts"), zero.label("lease_until_ms"), zero.label("settle_until_ms"))
        columns = [column for column in case.c if column.name != "case_id"]
        return (
            select(piece, *row, zero.label("unconfirmed"), attempt.c.trouble, *columns)
            .select_from(piece)
            .join(case, case.c.case_id == piece.c.case_id)
            .outerjoin(attempt, (attempt.c.case_id == piece.c.case_id) & (attempt.c.piece == piece.c.piece))
            .where(piece.c.case_id == key[0], piece.c.piece == key[1], piece.c.sink == self._sink)
        )

    def handed(self, handed: Sequence[Claimed], now_ms: int) -> None:
        """Count that these were handed out. What is handed out again and again without an answer is in trouble."""
        if not handed:
            return
        told = {"trouble": f"{self._sink}: fetched and not acknowledged"[:TROUBLE_MAX], "remedy": READER}
        with self._store.write() as connection:
            for one in handed:
                again = one.attempts + 1 >= FETCHED_TOLD
                values: dict[str, Any] = dict(told) if again else dict.fromkeys(told)
                values["trouble_ms"] = now_ms if again else None
                where = (attempt.c.case_id == one.key[0]) & (attempt.c.piece == one.key[1])
                connection.execute(update(attempt).where(where).values(attempts=attempt.c.attempts + 1, **values))
            late = [one for one in handed if one.attempts + 1 >= FETCHED_TOLD]
            if late:
                row = {"sink": self._sink, "case_id": late[-1].key[0], "trouble_ms": now_ms, **told}
                bulk.upsert(connection, sink_trouble, [row])

    def _mine(self) -> ColumnElement[bool]:
        return true()


def _comes_after(key: Key) -> ColumnElement[bool]:
    """Whether a piece comes after another one. After one that is not there comes none: so the list begins again."""
    bound = tuple_(literal(key[0], attempt.c.case_id.type), literal(key[1]))
    return tuple_(*_ORDER) > bound
