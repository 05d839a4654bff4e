"""How a source can be asked for what a case needs."""

from collections.abc import Mapping, Sequence

from hub.cases import reasons
from hub.cases.evidence.decide import Ask
from hub.cases.evidence.needs import Need
from hub.cases.procedure import LookupSource

_NO_TICKET = (reasons.TICKET_NEEDED, reasons.TICKET_EXPIRED)


def way_to_ask(
    need: Need, values: Mapping[str, str], sources: Sequence[LookupSource], ticket: str = reasons.TICKET_NEEDED
) -> Ask | str | None:
    """Which source to ask, and by what. ``values``: types of identifiers → values, best first. Where several sources
    can be asked, each attempt takes the next one. ``None`` where none can be. ``ticket``: the ticket of the identity
    service, or the code of the reason why there is none: that is the answer where the source wants one.
    """
    able = [source for source in sources if source.kind == need.kind and source.by & values.keys()]
    if not able:
        return None
    source = able[need.attempt % len(able)]
    by = next(by for by in values if by in source.by)
    if not source.ticket:
        return Ask(source.name, by, values[by])
    return ticket if ticket in _NO_TICKET else Ask(source.name, by, values[by], ticket)
