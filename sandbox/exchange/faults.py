"""Faults of a database, not of a connection: tables locked, rows late or out of order, columns changed."""

import threading
from collections.abc import Callable

from sqlalchemy import Engine, text

from sandbox.faults import Fault, Faults

TABLE_FAULTS = {
    "down": "both tables are locked for seconds (default 10): readers time out",
    "late": "a changed row is committed delay_s (default 2) after its update_time",
    "out_of_order": "a changed row carries an update_time of delay_s (default 2) ago",
    "duplicates": "instead of a change, the row is written again as it was, with a new update_time",
    "extra_field": "ex_bdc_title has a new column xz_ext",
    "renamed_field": "the column mj is called mianji",
}
_DOWN_S = 10.0
_ALTER = {
    "extra_field": ("ALTER TABLE ex_bdc_title ADD COLUMN xz_ext TEXT", "ALTER TABLE ex_bdc_title DROP COLUMN xz_ext"),
    "renamed_field": (
        "ALTER TABLE ex_bdc_title RENAME COLUMN mj TO mianji",
        "ALTER TABLE ex_bdc_title RENAME COLUMN mianji TO mj",
    ),
}


class TableFaults:
    """Applies faults to the tables when they are armed, and undoes them when they are cleared or their time is over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._on: dict[str, Callable[[], None]] = {}

    def attach(self, faults: Faults) -> None:
        """Follow ``faults``, and apply those that are armed now."""
        faults.armed_hooks.append(self.begin)
        faults.cleared_hooks.append(self.end)
        for name in TABLE_FAULTS:
            if fault := faults.armed(name):
                self.begin(fault)

    def begin(self, fault: Fault) -> None:
        """Apply a fault, once, and start the timer that ends it. Ignores faults that are not about the tables."""
        with self._lock:
            if fault.name in self._on or fault.name not in ("down", *_ALTER):
                return
            self._on[fault.name] = self._lock_out() if fault.name == "down" else self._alter(fault.name)
        seconds = fault.seconds or (_DOWN_S if fault.name == "down" else 0)
        if seconds:
            timer = threading.Timer(seconds, self.end, [fault.name])
            timer.daemon = True
            timer.start()

    def end(self, name: str) -> None:
        """Undo a fault, if it is applied."""
        with self._lock:
            if undo := self._on.pop(name, None):
                undo()

    def _alter(self, name: str) -> Callable[[], None]:
        there, back = _ALTER[name]
        self._run(there)
        return lambda: self._run(back)

    def _run(self, statement: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(statement))

    def _lock_out(self) -> Callable[[], None]:
        """Hold both tables; SQLite locks its whole file."""
        connection = self._engine.connect()
        if self._engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("LOCK TABLE ex_bdc_title, ex_bdc_qlr IN ACCESS EXCLUSIVE MODE"))

        def release() -> None:
            connection.rollback()
            connection.close()

        return release
