"""A hub with one safeguard taken out, to prove that the balance would notice: ``broken_hub.py WHAT … run``.

``offsets``: a stage's records and its offsets in two transactions, with the crash point ``broken.between``.
``ask``: the connection system is never asked before a delivery is posted again.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.utility_crm.sink import ConnectionSystem
from hub.cli import main
from hub.crash import crash_point
from hub.logs.sqlite_member import SqliteMember
from hub.ports import Outgoing


def _commit_in_two(self: Any, outgoing: Sequence[Outgoing]) -> None:
    self._engine.append(outgoing, self._guard)
    crash_point("broken.between")
    self._engine.append((), self._guard, self._group_name, self._polled)
    self._polled.clear()


def _never_ask(self: Any, what: str, key: str, body: Mapping[str, Any]) -> None:
    return None


def break_it(what: str) -> None:
    if what == "offsets":
        SqliteMember.commit = _commit_in_two  # type: ignore[method-assign]
    else:
        assert what == "ask"
        ConnectionSystem.find = _never_ask  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    break_it(sys.argv.pop(1))
    main()
