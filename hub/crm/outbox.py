"""The kit for a system with an outbox table: it plays the hub's inserts, and watches what the system's program writes
into the rows."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, Engine, Integer, MetaData, Row, Table, Text, create_engine, insert, select
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from hub.crm import script
from hub.crm.calls import REGISTRATION
from hub.crm.clauses import Way
from hub.crm.play import Notes
from hub.crm.reading import own_number
from hub.crm.report import Result, results
from hub.crm.script import Piece
from hub.errors import Misconfigured, Unavailable
from hub.ports import OPEN_CODE

_OURS = ("delivery_key", "app_no", "kind", "body")
_THEIRS = ("state", "answer_no", "answered_at", "error_code", "error_message")
_WAITS, _TAKEN, _REFUSED = "0", "1", "2"
_BODY_CHARACTERS = 1_000_000
_LOOK_S = 0.02
_AGAIN_S = 1.0
"""How long after their answers the rows are looked at once more, seconds."""
Progress = Callable[[str], None]
Found = dict[str, Row[Any]]


class Outbox:
    """The table in the system's database. Raises ``Misconfigured`` for a URL that is none."""

    def __init__(self, url: str, name: str) -> None:
        schema, _, plain = name.rpartition(".")
        columns = (Column(one, Integer if one == "state" else Text) for one in (*_OURS, *_THEIRS))
        self.table = Table(plain, MetaData(), *columns, schema=schema or None)
        try:
            self.engine: Engine = create_engine(url, hide_parameters=True)
        except (ArgumentError, ImportError):
            remedy = "use postgresql+psycopg://USER:PASSWORD@HOST/NAME, mysql+pymysql://… or sqlite:///PATH"
            raise Misconfigured("the URL is no database of the hub's", remedy) from None

    def insert(self, piece: Piece, body: str = "") -> None:
        """Insert a row, as the hub does. Raises ``SQLAlchemyError``."""
        values = (piece.key, piece.number, piece.kind, body or written(piece))
        with self.engine.begin() as connection:
            connection.execute(insert(self.table), [dict(zip(_OURS, values, strict=True))])

    def rows(self, pieces: Sequence[Piece]) -> Found:
        """Key → row, of those that are there. Raises ``SQLAlchemyError``."""
        query = select(self.table).where(self.table.c.delivery_key.in_([one.key for one in pieces]))
        with self.engine.connect() as connection:
            return {str(row.delivery_key).strip(): row for row in connection.execute(query)}

    def may(self, piece: Piece, change: str) -> bool:
        """Whether the user may update or delete a row; nothing is changed."""
        changed = self.table.update().values(error_message="") if change == "UPDATE" else self.table.delete()
        statement = changed.where(self.table.c.delivery_key == piece.key)
        with self.engine.connect() as connection:
            try:
                connection.execute(statement)
            except SQLAlchemyError:
                return False
            finally:
                connection.rollback()
        return True


def written(piece: Piece) -> str:
    """The body as the hub writes it: ASCII."""
    return json.dumps(piece.body, separators=(",", ":"))


def run(notes: Notes, outbox: Outbox, wait_s: float, progress: Progress) -> list[Result]:
    """Insert rows and watch them. ``wait_s``: how long the program may take to answer a row, seconds. Raises
    ``Unavailable`` when the database does not answer."""
    try:
        with outbox.engine.connect():
            pass
    except OperationalError as error:
        raise Unavailable(f"the database does not answer ({type(error.orig).__name__})") from None
    for step in (_holds_what_is_written, _is_answered):
        progress(step.__name__.strip("_").replace("_", " "))
        try:
            step(notes, outbox, wait_s)
        except SQLAlchemyError as error:
            told = f"语句失败（{type(error).__name__}）", f"a statement fails ({type(error).__name__})"
            notes.hold("10.7", False, *told)
    return results(notes.seen, Way.TABLE)


def _holds_what_is_written(notes: Notes, outbox: Outbox, wait_s: float) -> None:  # noqa: ARG001
    """10.7, 10.8: columns, lengths, the primary key, and what the hub's user may do."""
    large = script.rare(notes)
    large.body["remark"] = "A" * _BODY_CHARACTERS
    outbox.insert(large)
    row = outbox.rows([large]).get(large.key)
    told = "写入的行读出时不同", "a row is not read back as it was written"
    notes.hold("10.7", row is not None and _ours(row) == _ours_of(large), *told)
    try:
        outbox.insert(large)
    except IntegrityError:
        notes.hold("10.7", True, "", "")
    else:
        notes.hold("10.7", False, "同一键插入了两次", "one key was inserted twice")
    more = [change for change in ("UPDATE", "DELETE") if outbox.may(large, change)]
    notes.hold("10.8", True, "", "")
    if more:
        told = f"该用户还可以 {'、'.join(more)}", f"this user may {' and '.join(more)} too"
        notes.note("10.8", *told)


def _is_answered(notes: Notes, outbox: Outbox, wait_s: float) -> None:
    """10.9 to 10.11: what the program writes."""
    first = script.registration(notes)
    seen = _watch(notes, outbox, [first], wait_s)
    if not seen:
        return
    pieces = [*script.after(notes, first.number), *script.wrong(notes), script.registration(notes)]
    seen |= _watch(notes, outbox, pieces, wait_s)
    time.sleep(_AGAIN_S)
    now, all_of_them = outbox.rows([first, *pieces]), [first, *pieces]
    for one in all_of_them:
        row, before = now.get(one.key), seen.get(one.key)
        told = f"{one.what} 的行被删除", f"the row of a {one.what} was deleted"
        if not notes.hold("10.11", row is not None, *told) or row is None:
            continue
        told = f"{one.what} 的行被改写", f"the row of a {one.what} was changed"
        notes.hold("10.11", _ours(row) == _ours_of(one), *told)
        told = f"{one.what} 的答复改变了", f"the answer to a {one.what} has changed"
        notes.hold("10.11", before is None or _answer(row) == _answer(before), *told)


def _watch(notes: Notes, outbox: Outbox, pieces: Sequence[Piece], wait_s: float) -> Found:
    """Insert these and wait for their answers. Returns the rows as they were when they were answered."""
    for one in pieces:
        outbox.insert(one)
    ended: Found = {}
    deadline_s = notes.clock.monotonic_s() + wait_s
    while len(ended) < len(pieces) and notes.clock.monotonic_s() < deadline_s:
        for key, row in outbox.rows([one for one in pieces if one.key not in ended]).items():
            if _state(row) != _WAITS:
                ended[key] = row
        time.sleep(_LOOK_S)
    return {one.key: ended[one.key] for one in pieces if _judge(notes, one, ended.get(one.key))}


def _judge(notes: Notes, piece: Piece, row: Row[Any] | None) -> bool:
    """Whether a row has an answer that the hub can read; what it says is held against the clauses."""
    if row is None:
        return notes.hold("10.9", False, f"{piece.what} 没有得到答复", f"a {piece.what} got no answer")
    state = _state(row)
    right = (state == _TAKEN and bool(_number(row))) or (state == _REFUSED and _code(row))
    told = (
        f"{piece.what} 的 state 为 {state}，没有可读的 answer_no 或 error_code（各列须在同一 UPDATE 中写入）",
        f"a {piece.what} has state {state} without an answer_no or error_code that can be one: write all in one UPDATE",
    )
    if not notes.hold("10.9", right, *told):
        return False
    if piece.good:
        notes.hold("10.9", state == _TAKEN, f"{piece.what} 被拒收", f"a {piece.what} was refused")
        if piece.what == REGISTRATION and state == _TAKEN:
            notes.owns("10.9", piece.number, _number(row))
    else:
        told = f"{piece.wrong[0]}的答复为 1", f"{piece.wrong[1]} was answered 1"
        notes.hold("10.10", state == _REFUSED, *told)
    return True


def _state(row: Row[Any]) -> str:
    said = str(row.state if row.state is not None else "").strip() or _WAITS
    return said if said in (_WAITS, _TAKEN, _REFUSED) else "?"


def _number(row: Row[Any]) -> str:
    return own_number(row.answer_no)


def _code(row: Row[Any]) -> bool:
    return OPEN_CODE.fullmatch(str(row.error_code or "").strip()) is not None


def _answer(row: Row[Any]) -> tuple[str, str, str]:
    return _state(row), _number(row), str(row.error_code or "")


def _ours(row: Row[Any]) -> tuple[str, ...]:
    return tuple(str(getattr(row, name)).rstrip() for name in _OURS)


def _ours_of(piece: Piece) -> tuple[str, ...]:
    return piece.key, piece.number, piece.kind, written(piece)
