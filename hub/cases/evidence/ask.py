"""How a source can be asked for what a case needs."""

from collections.abc import Mapping, Sequence

from hub.cases.evidence.decide import Ask
from hub.cases.evidence.needs import Need
from hub.cases.procedure import LookupSource


def way_to_ask(need: Need, values: Mapping[str, str], sources: Sequence[LookupSource]) -> Ask | None:
    """Which source to ask, and by what. ``values``: by what the record may be asked for, best first. Of several sources
    another one each time. ``None`` where no source can be asked."""
    able = [source for source in sources if source.kind == need.kind and source.by & values.keys()]
    if not able:
        return None
    source = able[need.attempt % len(able)]
    by = next(by for by in values if by in source.by)
    return Ask(source.name, by, values[by])
