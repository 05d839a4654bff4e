"""What a person sees of deliveries beside their outcomes: the number that a sink knows a case by, and the attempts of
pending pieces."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from hub.cases.times import iso
from hub.delivery.claims import Trouble, troubles
from hub.privacy.references import References, grouped

ReferencesFor = Callable[[str], References]
"""The references for one sink, by its connector's name."""
_ENDED = Trouble(0, 0, None)


def tell(references: ReferencesFor, connection: Connection, case_id: bytes, shown: dict[str, Any]) -> None:
    """Add to what a procedure shows of one case, with its pieces as ``deliveries``: ``numbers`` (sink → the hub's
    number of the case, in groups of characters), and for each delivery ``attempts``, ``next_attempt_at`` (``None`` for
    one that has ended) and ``trouble`` (why the last attempt did not end it)."""
    found = troubles(connection, case_id)
    sinks = sorted({one["sink"] for one in shown["deliveries"]})
    shown["numbers"] = {sink: grouped(references(sink).hub_number(case_id)) for sink in sinks}
    for one in shown["deliveries"]:
        told = found.get(one["piece"], _ENDED)
        one["attempts"] = told.attempts
        one["next_attempt_at"] = iso(told.next_attempt_ms) if told.next_attempt_ms else None
        one["trouble"] = " — ".join(part for part in (told.trouble, told.remedy) if part) or None
