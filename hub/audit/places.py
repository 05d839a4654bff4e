"""In which district a site is, as far as its number or its address tells."""

from typing import Final

from hub.cases.connection.command import Site
from hub.records import address
from hub.records.divisions import TIANJIN, TIANJIN_DISTRICTS, TIANJIN_FORMER, present_code

_CODE_DIGITS: Final = 6


def district_of(site: Site) -> str:
    """The code of the district (GB/T 2260), as it is today; "" where it cannot be told.

    >>> district_of(Site(unit_no="120107001001GB00001F00010001")), district_of(Site(address="天津市南开区南京路1号"))
    ('120116', '120104')
    """
    if site.unit_no:
        return present_code(site.unit_no[:_CODE_DIGITS])
    place = address.parse(site.address or "")
    if place["province"] not in ("", TIANJIN):
        return ""
    return TIANJIN_DISTRICTS.get(TIANJIN_FORMER.get(place["district"], place["district"]), "")


def is_within(district: str, division: str) -> bool:
    """Whether a district is in a division, of which zeros at the end mean all of it.

    >>> is_within("120104", "120000"), is_within("120116", "120107"), is_within("", "120000")
    (True, True, False)
    """
    wanted = present_code(division)
    start = wanted[:2] if wanted.endswith("0000") else wanted[:4] if wanted.endswith("00") else wanted
    return district.startswith(start)
