"""By which ids one site is looked for: its unit's number and its address are two, and titles that were verified tell
that both are one unit's."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, select

from hub.cases.connection.command import TITLE, Application
from hub.records.tables import current, record_link
from hub.records.text import fold

IDS_MAX = 500
"""Most ids of one unit that are looked at."""
_TITLES = record_link.join(current, record_link.c.record_id == current.c.record_id)
_OF_TITLES = current.c.kind == TITLE


def units(connection: Connection, ids: Collection[bytes]) -> Mapping[bytes, bytes]:
    """Id of a site → the one unit that all current titles with this id are of. An id without a title, or with titles of
    several units, such as an address without a door, is not in it."""
    one = (
        select(record_link.c.link_id)
        .select_from(_TITLES)
        .where(_OF_TITLES, record_link.c.link_id.in_(ids))
        .group_by(record_link.c.link_id)
        .having(func.count(current.c.entity_id.distinct()) == 1)
        .subquery()
    )
    query = select(record_link.c.link_id, current.c.entity_id).select_from(_TITLES).distinct()
    rows = connection.execute(query.where(_OF_TITLES, record_link.c.link_id.in_(select(one.c.link_id))))
    return {bytes(link_id): bytes(unit) for link_id, unit in rows}


def ids_of(connection: Connection, site: bytes) -> list[bytes]:
    """The ids by which the site with this id is looked for, itself among them."""
    unit = units(connection, [site]).get(site)
    if unit is None:
        return [site]
    query = select(record_link.c.link_id).select_from(_TITLES).where(_OF_TITLES, current.c.entity_id == unit)
    linked = {bytes(one) for one in connection.execute(query.distinct().limit(IDS_MAX)).scalars()}
    return sorted({site} | {one for one, of in units(connection, linked).items() if of == unit})


def text_of(application: Application) -> str:
    """The text of an address that identifies no site; "" where the site is identified."""
    return "" if application.site_identity() else fold(application.site.address or "")
