"""Compares the grants with what is configured and with what the connectors read, for ``hub grants check``."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from hub.connect.spec import ConnectorInfo
from hub.errors import Misconfigured
from hub.grants.grant import FEED, FILE, REMEDY, Grant
from hub.records.kinds import KINDS


class GrantFinding(NamedTuple):
    """What is wrong with one key of a grant, and what to do. ``grave``: the hub makes no call, or would do what
    was not allowed; otherwise it works, and a person should look."""

    source: str
    key: str
    told: str
    remedy: str
    grave: bool = False


def compare(
    grants: Mapping[str, Grant], sources: Mapping[str, ConnectorInfo], purposes: Collection[str], today: date
) -> Iterator[GrantFinding]:
    """The findings about the configured ``sources`` and about grants without one. ``purposes``: the names that there
    are."""
    for name, info in sources.items():
        if name in grants:
            yield from _of_one(grants[name], info, purposes, today)
        else:
            yield GrantFinding(name, "", "has no grant: it is not called", REMEDY, True)
    for name in sorted(grants.keys() - sources.keys()):
        yield GrantFinding(name, "", "has a grant and is not configured", f"set [connectors.{name}], or take it out")


def _of_one(grant: Grant, info: ConnectorInfo, purposes: Collection[str], today: date) -> Iterator[GrantFinding]:
    try:
        grant.check_term(today)
        if grant.near_end(today):
            left = grant.days_left(today)
            yield GrantFinding(grant.source, "until", f"ends in {left} days, on {grant.until}", "ask for the next one")
    except Misconfigured as over:
        yield GrantFinding(grant.source, "until", over.what, over.remedy, True)
    if strange := sorted(grant.purposes - set(purposes)):
        told, remedy = f"names {strange[0]}, which is no purpose", f"purposes are {', '.join(sorted(purposes))}"
        yield GrantFinding(grant.source, "purposes", told, remedy, True)
    if beyond := grant.beyond(info.columns):
        told = f"does not have {', '.join(beyond)}, which the connector reads"
        yield GrantFinding(grant.source, "fields", told, "add them where the provider approved them")
    if idle := grant.unread({*info.columns, *info.transport_columns}):
        told = f"has {', '.join(idle)}, which the connector does not read"
        yield GrantFinding(grant.source, "fields", told, "take them out: what is not needed is not asked for")
    if FEED in grant.ways and _of_persons(info.kind):
        told = "allows a feed of persons"
        yield GrantFinding(grant.source, "ways", told, f"make sure that the approval {grant.approval} says so")
    if info.gives_files and FILE not in grant.ways:
        told = "does not allow the files of licences, which the connector fetches: evidence says FILE_NOT_GRANTED"
        remedy = (
            "where the provider approved files, add file to `ways` in the file of grants; cases from then on have them"
        )
        yield GrantFinding(grant.source, "ways", told, remedy)


def _of_persons(kind: str) -> bool:
    """Whether the principal part of a kind is a person."""
    return kind in KINDS and KINDS[kind].principal.subject == "person"
