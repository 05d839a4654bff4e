"""What databases do each in its own way: columns without a type, and a text's bytes as they are stored."""

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, types
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


class Untyped(types.UserDefinedType[Any]):
    """A column whose type only the database knows. Values are sent and returned as the driver does it."""

    cache_ok = True


class AsBytes(ColumnElement[bytes]):
    """A text column's bytes as they are stored, without the conversion to the connection's encoding."""

    inherit_cache = True
    type = LargeBinary()
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - SQLAlchemy's own way

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column


@compiles(AsBytes)
def _cast(element: AsBytes, compiler: Any, **options: Any) -> str:
    """Oracle and 达梦."""
    return f"UTL_RAW.CAST_TO_RAW({compiler.process(element.column, **options)})"


@compiles(AsBytes, "mysql", "mariadb")
def _of_mysql(element: AsBytes, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.column, **options)} AS BINARY)"


@compiles(AsBytes, "sqlite")
def _of_sqlite(element: AsBytes, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.column, **options)} AS BLOB)"


@compiles(AsBytes, "postgresql")
def _of_postgresql(element: AsBytes, compiler: Any, **options: Any) -> str:
    """Also 人大金仓, 瀚高 and openGauss, which speak its protocol."""
    return f"convert_to({compiler.process(element.column, **options)}, getdatabaseencoding())"
