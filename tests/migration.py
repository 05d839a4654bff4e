"""The tool for those who change a table: ``python -m tests.migration`` (``make migration``).

Without arguments it prints the operations that bring the newest revision to the tables of the rooms; put them into a
revision. While a history has only its first revision, which is not released yet, ``--write`` makes that file again;
it does not read the file, so this also ends a conflict in it.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table
from sqlalchemy.schema import sort_tables
from sqlalchemy.sql.elements import False_, True_

from hub.cases import tables as cases
from hub.cases.connection import tables as connection
from hub.cases.connection.agreed import tables as agreed
from hub.cases.connection.handed import tables as handed
from hub.cases.connection.materials import tables as materials
from hub.cases.connection.placed import tables as placed
from hub.cases.connection.recall import tables as recall
from hub.cases.connection.warnings import tables as warnings
from hub.cases.evidence import tables as evidence
from hub.cases.identity import tables as identity
from hub.cases.ratings import tables as ratings
from hub.cases.steps import tables as steps
from hub.cases.transfer import tables as transfer
from hub.delivery import tables as delivery
from hub.ingest import tables as ingest
from hub.pipeline import tables as pipeline
from hub.privacy import tables as privacy
from hub.privacy.tables import VAULT
from hub.records import tables as records
from hub.runtime import tables as runtime
from hub.stores import tables as stores
from hub.stores.database import Database
from hub.stores.migrate import STORE, History
from hub.stores.tables import CODE, SEQUENCE, Opaque
from hub.web.auth import tables as auth
from hub.web.signatures import tables as signatures

FIRST = "0001"
ROOMS: dict[str, tuple[ModuleType, ...]] = {
    "store": (
        *(stores, runtime, records, pipeline, cases, steps, ratings, connection, materials, warnings, recall, agreed),
        handed,
        *(placed, identity, evidence, transfer, delivery, ingest),
        *(auth, signatures),
    ),
    "vault": (privacy,),
}
"""Every room's ``tables.py``, by the database that its tables are in, parents before children."""


def tables_of(*rooms: ModuleType) -> list[Table]:
    """The tables that these modules define, parents before children."""
    found = [value for room in rooms for value in vars(room).values() if isinstance(value, Table)]
    return sort_tables(dict.fromkeys(found))


HISTORIES: dict[str, tuple[History, list[Table]]] = {
    "store": (STORE, tables_of(*ROOMS["store"])),
    "vault": (VAULT, tables_of(*ROOMS["vault"])),
}
_HEAD = '''"""The first tables of every room. Made by ``python -m tests.migration --write``."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
CODE = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
{calls}
    op.bulk_insert(sa.table("{floor}", sa.column("one"), sa.column("revision")), [{{"one": 1, "revision": revision}}])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: there is nothing before the first revision")
'''

_PLANTED = '''"""A revision that a test planted."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("{table}", sa.Column("planted", sa.Integer()))
    op.create_table("planted", sa.Column("one", sa.Integer(), primary_key=True))
'''


def operations(connection: Connection, history: History, wanted: Sequence[Table]) -> UpgradeOps:
    """What is left to do until the database has these tables."""
    names = {table.name for table in wanted}
    found = MigrationContext.configure(
        connection,
        opts={
            "version_table": history.version_table,
            "compare_server_default": True,
            "include_object": lambda _object, name, kind, *_: kind != "table" or name in names,
            "render_item": _render,
        },
    )
    upgrade = produce_migrations(found, wanted[0].metadata).upgrade_ops
    assert upgrade is not None
    return upgrade


def _render(kind: str, value: Any, _context: Any) -> str | bool:
    """Our own types by the name that a revision gives them, and defaults without a database's spelling."""
    if kind == "server_default" and isinstance(getattr(value, "arg", None), False_ | True_):
        return "sa.false()" if isinstance(value.arg, False_) else "sa.true()"
    if kind != "type":
        return False
    if isinstance(value, Opaque):
        return {16: "ID", None: "sa.LargeBinary()"}.get(value.length, f"sa.LargeBinary({value.length})")
    return {id(CODE): "CODE", id(SEQUENCE): "SEQUENCE"}.get(id(value), False)


@contextmanager
def migrated(history: History, revision: str | None) -> Iterator[Connection]:
    """A SQLite database at a revision; empty without one."""
    with tempfile.TemporaryDirectory() as folder:
        store = Database(f"sqlite:///{folder}/migrated.db")
        with store.write() as connection:
            if revision:
                history.upgrade_connection(connection, revision)
            yield connection
        store.close()


def spelled(name: str) -> str:
    """The operations that are missing at the end of a history, as Python; "" when there are none."""
    history, wanted = HISTORIES[name]
    with migrated(history, "head") as connection:
        found = operations(connection, history, wanted)
        return "" if found.is_empty() else render_python_code(found, render_item=_render)


def first(name: str) -> str:
    """The first revision of a history, made from the tables of the rooms."""
    history, _ = HISTORIES[name]
    with migrated(history, None) as connection:
        bodies = {
            room.__name__.split(".", 1)[1].removesuffix(".tables").replace(".", "_"): render_python_code(
                operations(connection, history, found), render_item=_render
            )
            for room in ROOMS[name]
            if (found := _own(room, ROOMS[name]))
        }
    calls = "\n".join(f"    _{room}()" for room in bodies)
    functions = [f"\n\ndef _{room}() -> None:\n    {body}\n" for room, body in bodies.items()]
    return _formatted(_HEAD.format(calls=calls, floor=history.floor.name) + "".join(functions))


def _own(room: ModuleType, rooms: Sequence[ModuleType]) -> list[Table]:
    """A room's tables without those that it imports from the rooms before it."""
    before = tables_of(*rooms[: rooms.index(room)])
    return [table for table in tables_of(room) if table not in before]


def _formatted(code: str) -> str:
    lines = [re.sub(r"op\.f\(('\w+')\)", r"\1", line) for line in code.splitlines() if "# ###" not in line]
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--config",
        str(Path(__file__).parents[1] / "pyproject.toml"),
        "-",
    ]
    return subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True).stdout


def plant(folder: Path, head: str, table: str) -> str:
    """Put a next revision beside those in ``folder``: a new table, and a new column of ``table``. Returns its id."""
    revision = f"{int(head) + 1:04}"
    (folder / f"{revision}_planted.py").write_text(_PLANTED.format(revision=revision, head=head, table=table), "utf-8")
    return revision


def main(arguments: Sequence[str]) -> None:
    for name, (history, _) in HISTORIES.items():
        path = history.versions / "0001_first.py"
        if "--write" in arguments:
            if [one.name for one in history.versions.glob("*.py")] != [path.name]:
                raise SystemExit(f"{name}: {path.name} is not the only revision: write a new one")
            path.write_text(first(name), "utf-8")
            print(f"{name}: {path} written")
        else:
            print(f"{name}: {spelled(name) or 'the revisions make the tables as they are'}")


if __name__ == "__main__":
    main(sys.argv[1:])
