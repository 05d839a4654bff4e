"""The clients of the API: systems, each with its channels, divisions and registered purposes.

A channel belongs to one client, so a client's applications are those of its channels.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from hub.errors import Misconfigured
from hub.ports import Clock, Store
from hub.records.divisions import CODES, PROVINCES
from hub.web.auth.tables import client as table

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CODE: Final = re.compile(r"[0-9]{6}")


class Client(NamedTuple):
    """A client. ``divisions``: codes of six digits; empty for every division. ``created_ms``, ``ended_ms``: process
    time."""

    name: str
    channels: frozenset[str]
    divisions: frozenset[str]
    purposes: frozenset[str]
    created_ms: int = 0
    ended_ms: int | None = None


class Clients:
    """The clients in the store. ``channels`` and ``purposes`` are those of the installation. All methods raise
    ``Unavailable`` when the store is."""

    def __init__(self, store: Store, clock: Clock, channels: Collection[str], purposes: Collection[str]) -> None:
        self._store = store
        self._clock = clock
        self._channels = channels
        self._purposes = purposes

    def create(
        self, name: str, channels: Iterable[str] = (), purposes: Iterable[str] = (), divisions: Iterable[str] = ()
    ) -> Client:
        """Register a client. Raises ``Misconfigured``: for a name that is taken or has other characters than letters,
        digits, '.', '_' and '-'; for an unknown channel, purpose or division; for a channel of another client; for
        channels without a purpose."""
        made = Client(name, frozenset(channels), frozenset(divisions), frozenset(purposes), self._clock.process_ms())
        if not _NAME.fullmatch(name):
            raise Misconfigured(f"{name!r} is no client's name", "letters, digits, '.', '_' and '-', at most 64")
        self._check(made)
        with self._store.write() as connection:
            every = _all(connection)
            if name in (one.name for one in every):
                raise Misconfigured(f"there is a client {name}", "`hub client change` changes it")
            _own(made, every)
            connection.execute(insert(table), [{"client": name, "created_ms": made.created_ms, **_values(made)}])
        return made

    def change(self, name: str, **changes: Iterable[str]) -> Client:
        """Replace ``channels``, ``purposes`` or ``divisions`` of a client. Raises ``Misconfigured`` as ``create``, and
        when there is no such client."""
        with self._store.write() as connection:
            every = _all(connection)
            known = next((one for one in every if one.name == name and one.ended_ms is None), None)
            if known is None:
                raise Misconfigured(f"there is no client {name}", "`hub client list` shows them")
            wanted: dict[str, Any] = {key: frozenset(values) for key, values in changes.items()}
            made = known._replace(**wanted)
            self._check(made)
            _own(made, every)
            connection.execute(update(table).where(table.c.client == name).values(**_values(made)))
        return made

    def end(self, name: str) -> bool:
        """End a client: its tokens are not valid any more, its channels are free. False when there is none."""
        with self._store.write() as connection:
            ended = update(table).where(table.c.client == name, table.c.ended_ms.is_(None))
            return connection.execute(ended.values(ended_ms=self._clock.process_ms())).rowcount > 0

    def all(self) -> list[Client]:
        """Every client, in the order of names."""
        with self._store.read() as connection:
            return _all(connection)

    def shared(self) -> dict[str, list[str]]:
        """Channel → the clients that have it, where these are several: the hub of revision 0001 allowed that."""
        found: dict[str, list[str]] = {}
        for one in self.all():
            for channel in one.channels if one.ended_ms is None else ():
                found.setdefault(channel, []).append(one.name)
        return {channel: names for channel, names in sorted(found.items()) if len(names) > 1}

    def _check(self, made: Client) -> None:
        _known("channel", made.channels, self._channels)
        _known("purpose", made.purposes, self._purposes)
        if strange := sorted(code for code in made.divisions if not _is_division(code)):
            raise Misconfigured(f"no division {strange[0]!r}", "six digits of GB/T 2260: 120000, 120104")
        if made.channels and not made.purposes:
            raise Misconfigured(f"{made.name} would have no purpose", f"register some of {', '.join(self._purposes)}")


def _known(what: str, given: Iterable[str], known: Collection[str]) -> None:
    if strange := sorted(set(given) - set(known)):
        raise Misconfigured(f"no {what} {strange[0]!r}", f"the installation has {', '.join(sorted(known))}")


def _own(made: Client, every: Sequence[Client]) -> None:
    for one in every:
        if one.name != made.name and one.ended_ms is None and (shared := sorted(one.channels & made.channels)):
            raise Misconfigured(f"the channel {shared[0]} belongs to {one.name}", "give each client its own channel")


def _is_division(code: str) -> bool:
    """A county, or a whole city or province by its zeros."""
    if not _CODE.fullmatch(code):
        return False
    return any(one.startswith(significant(code)) for one in CODES) if code[:2] in PROVINCES else False


def significant(code: str) -> str:
    """A division's code without the zeros that mean all of it.

    >>> significant("120000"), significant("120100"), significant("120104")
    ('12', '1201', '120104')
    """
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _all(connection: Connection) -> list[Client]:
    return [client_of(row) for row in connection.execute(select(table).order_by(table.c.client))]


def client_of(row: Row[Any]) -> Client:
    """The client in a row of the table."""
    channels, divisions, purposes = (frozenset(text.split()) for text in (row.channels, row.divisions, row.purposes))
    return Client(row.client, channels, divisions, purposes, row.created_ms, row.ended_ms)


def _values(made: Client) -> dict[str, str]:
    lists = {"channels": made.channels, "divisions": made.divisions, "purposes": made.purposes}
    return {name: " ".join(sorted(values)) for name, values in lists.items()}
