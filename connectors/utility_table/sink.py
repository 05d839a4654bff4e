"""The outbox table as a ``Sink``. The key of a piece is the key of its row, so that a piece is there once, however
often it is placed (P2). The hub inserts and reads; what changes a row is the system's own."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Row, Table, Text, insert, select
from sqlalchemy.exc import DataError

from connectors.utility_crm.bodies import Bodies
from hub.connect.context import Context
from hub.connect.table.database import TableDatabase
from hub.errors import Misconfigured, Unconfirmed
from hub.ports import Address, Placed, Receipt, Refused

_OURS = ("delivery_key", "app_no", "kind", "body")
_THEIRS = ("state", "answer_no", "answered_at", "error_code", "error_message")
WAITS, TAKEN, REFUSED = 0, 1, 2
"""The column ``state``: what the system says of a row."""
_CHINA = timezone(timedelta(hours=8))
_REMEDY = "compare it with connectors/utility_table/outbox.*.sql"


class OutboxTable:
    """``Sink`` on the outbox table. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._name = context.info.name
        self._bodies = Bodies(self._name, options["streets_file"] or "")
        self._table = _table(options["table"])
        columns = {column.name for column in self._table.columns}
        names = {str(options["table"]): columns}
        self._database = TableDatabase(self._name, options["url"], context.limits, names, writes=True)

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt | Placed:
        # Only ASCII: no encoding of a database, and no rare character, changes what was written.
        text = json.dumps(self._bodies.of(address, body), separators=(",", ":"))
        values = dict(zip(_OURS, (address.key, address.number, address.kind, text), strict=True))
        with self._database.write() as connection:
            if row := self._row(connection, address):
                return self._answer(row)
            self._insert(connection, values)
            self._read_back(connection, address, values)
        return Placed()

    def find(self, address: Address) -> Receipt | Placed | None:
        with self._database.read() as connection:
            row = self._row(connection, address)
        return self._answer(row) if row else None

    def close(self) -> None:
        self._database.close()

    def _row(self, connection: Connection, address: Address) -> Row[Any] | None:
        columns = self._table.c
        query = select(self._table).where(columns.delivery_key == address.key, columns.app_no == address.number)
        return connection.execute(query).one_or_none()

    def _insert(self, connection: Connection, values: Mapping[str, str]) -> None:
        try:
            connection.execute(insert(self._table), [dict(values)])
        except DataError:
            raise Misconfigured(f"{self._name}: a column of the outbox table is too short", _REMEDY) from None

    def _read_back(self, connection: Connection, address: Address, values: Mapping[str, str]) -> None:
        """Raises ``Misconfigured``, and so undoes the insert, when the row is not what was written: a database may cut
        a text without a message."""
        row = self._row(connection, address)
        if row is None or any(getattr(row, name) != value for name, value in values.items()):
            raise Misconfigured(f"{self._name}: the outbox table has not what was written into it", _REMEDY)

    def _answer(self, row: Row[Any]) -> Receipt | Placed:
        """The system's answer in a row. Raises ``Refused``; ``Unconfirmed`` for an answer that is none."""
        state = str(row.state if row.state is not None else "").strip() or str(WAITS)
        if state == str(WAITS):
            return Placed()
        if state == str(TAKEN) and _text(row.answer_no):
            return Receipt(_text(row.answer_no), _time(row.answered_at))
        if state == str(REFUSED):
            return _refuse(row)
        what = "taken without answer_no" if state == str(TAKEN) else "state is none of 0, 1, 2"
        raise Unconfirmed(f"{self._name}: a row is no answer: {what}")


def _refuse(row: Row[Any]) -> Placed:
    raise Refused(_text(row.error_code) or "REFUSED", _text(row.error_message))


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _time(value: object) -> str:
    """ISO 8601; a time of the database without a zone is China's."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=_CHINA)).isoformat(timespec="milliseconds")
    return _text(value)


def _table(name: str) -> Table:
    schema, _, plain = name.rpartition(".")
    texts = (Column(one, Text) for one in (*_OURS, *_THEIRS) if one != "state")
    return Table(plain, MetaData(), *texts, Column("state", Integer), schema=schema or None)


def open_sink(options: Mapping[str, Any], context: Context) -> OutboxTable:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return OutboxTable(options, context)
