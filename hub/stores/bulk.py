"""Many rows in one statement, without the price of asking SQLAlchemy about each of them."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection


def many(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an INSERT for every row; all have the same keys, at least two, and values that the driver takes as
    they are."""
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    parameters: Any = list(rows)
    if compiled.positional:
        parameters = list(map(itemgetter(*compiled.positiontup), rows))
    connection.exec_driver_sql(str(compiled), parameters)
