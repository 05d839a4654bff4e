"""Records on ``access.events`` of each question to a source whose answer is only shown (P3, P4, P5)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol

from hub.errors import NotSent, RecordRejected, Unavailable
from hub.ports import Clock, LookupQuery, Page, Store
from hub.privacy.purposes import shipped
from hub.stores import outbox
from hub.topics import access, cloudevents

SCHEMA: Final = "access.asked"
UNAVAILABLE: Final = "UNAVAILABLE"


class Described(Protocol):
    """What an event says of a source."""

    @property
    def name(self) -> str:
        """The name of its connector."""
        ...

    @property
    def kind(self) -> str:
        """The kind of its records."""
        ...

    @property
    def lookup_by(self) -> Collection[str]:
        """What it can be asked by."""
        ...


class Asked:
    """Writes the events into the outbox. Thread-safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def answer(self, by: Mapping[str, str], source: Described, query: LookupQuery, ask: Callable[[], Page]) -> Page:
        """What ``ask`` returns, when the event about it is written; ``by``: principal, client and channel. A refusal
        and a source that is away are written too; a call that our own bounds put off is not.

        Raises as ``ask`` does, and ``Unavailable`` when the store is: then there is no answer.
        """
        try:
            page = ask()
        except RecordRejected as refused:
            self._write(by, source, query, 0, refused.code)
            raise
        except NotSent:
            raise
        except Unavailable:
            self._write(by, source, query, 0, UNAVAILABLE)
            raise
        self._write(by, source, query, len(page.rows), None)
        return page

    def _write(
        self, by: Mapping[str, str], source: Described, query: LookupQuery, found: int, code: str | None
    ) -> None:
        said = {
            "by": dict(by),
            "source": source.name,
            "kind": source.kind,
            "lookup_by": query.by if query.by in source.lookup_by else "",
            **_why(query),
            "found": found,
            "code": code,
        }
        message = access.message(self._clock, SCHEMA, cloudevents.source_path(source.name), said)
        with self._store.write() as connection:
            outbox.put(connection, [message])


def _why(query: LookupQuery) -> dict[str, Any]:
    """Purpose and legal basis where they are in the table: another text is a caller's own (P5)."""
    purposes = shipped()
    known = {code for name in purposes.names() for code in purposes.get(name).bases}
    return {
        "purpose": query.purpose if query.purpose in purposes.names() else None,
        "legal_basis": query.legal_basis if query.legal_basis in known else None,
    }
