"""``broken.py GUARD hub-arguments…``: the hub with one guard taken out, to show that the tests would notice.

offsets: a stage's output and its offsets in two transactions, with the crash point ``test.between`` between them.
ask: nobody asks the connection system before posting again.
"""

import sys
from collections.abc import Sequence

from hub.cli import main
from hub.crash import crash_point
from hub.logs.sqlite_member import SqliteMember
from hub.ports import Outgoing


def offsets() -> None:
    def commit(self: SqliteMember, outgoing: Sequence[Outgoing]) -> None:
        self._engine.append(outgoing, self._guard)
        if outgoing:
            crash_point("test.between")
        self._engine.append((), self._guard, self._group_name, self._polled)
        self._polled.clear()

    SqliteMember.commit = commit  # type: ignore[method-assign]


def ask() -> None:
    from hub.connect.guard import GuardedSink

    GuardedSink.find = lambda *_: None  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    {"offsets": offsets, "ask": ask}[sys.argv.pop(1)]()
    main()
