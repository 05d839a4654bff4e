"""What a client may ask for: its registered purposes, and sites in its divisions."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from hub.cases.connection.command import Application, Site
from hub.records import address
from hub.records.divisions import TIANJIN, TIANJIN_DISTRICTS, TIANJIN_FORMER, present_code, same_division
from hub.web.auth.clients import Client, significant

_TIANJIN = "12"


class Beyond(NamedTuple):
    """Why a client may not ask for something: code and field, what would be allowed, and the purpose and division that
    it asked for, as far as they are known. ``materials``: the policy's names of what may never be asked for."""

    code: str
    field: str
    allowed: tuple[str, ...]
    purpose: str | None = None
    division: str | None = None
    materials: tuple[str, ...] = ()


def beyond(client: Client, wanted: Application) -> Beyond | None:
    """Why this client may not submit this application; ``None`` when it may."""
    if wanted.purpose not in client.purposes:
        return Beyond("PURPOSE_NOT_YOURS", "purpose", tuple(sorted(client.purposes)), wanted.purpose)
    if client.divisions and not _within(wanted.site, client.divisions):
        field = "site.unit_no" if wanted.site.unit_no else "site.address"
        code = wanted.site.unit_no[:6] if wanted.site.unit_no else None
        return Beyond("DIVISION_NOT_YOURS", field, tuple(sorted(client.divisions)), wanted.purpose, code)
    return None


def beyond_in(client: Client, purpose: str, units: Mapping[str, str | None]) -> Beyond | None:
    """Why this client may not submit matters about these units (field → number; ``None`` where the number of an old
    title names it, which tells no division); ``None`` when it may."""
    if purpose not in client.purposes:
        return Beyond("PURPOSE_NOT_YOURS", "purpose", tuple(sorted(client.purposes)), purpose)
    for field, number in units.items() if client.divisions else ():
        if number and not any(_holds(code, number[:6]) for code in client.divisions):
            return Beyond("DIVISION_NOT_YOURS", field, tuple(sorted(client.divisions)), purpose, number[:6])
    return None


def _within(site: Site, divisions: Collection[str]) -> bool:
    """Whether a site is in one of the divisions. A place that cannot be told from the number or the address passes: no
    application waits for it."""
    if site.unit_no:
        return any(_holds(code, site.unit_no[:6]) for code in divisions)
    place = address.parse(site.address or "")
    known = place["district"] in TIANJIN_DISTRICTS or place["district"] in TIANJIN_FORMER
    district = TIANJIN_FORMER.get(place["district"], place["district"])
    for code in divisions:
        province = place["province"] or (TIANJIN if known and code.startswith(_TIANJIN) else "")
        if same_division(code, province, district):
            return True
    return False


def _holds(division: str, code: str) -> bool:
    """Whether a county's code is in a division, both as they are now.

    >>> _holds("120000", "120104"), _holds("120104", "120104"), _holds("120103", "120104"), _holds("120116", "120107")
    (True, True, False, True)
    >>> _holds("120104", "120107"), _holds("120225", "120119")
    (False, True)
    """
    return present_code(code).startswith(significant(present_code(division)))
