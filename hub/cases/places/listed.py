"""Whether one text names several doors: a title may be about many."""

import re
from typing import Final

from hub.records.address import TEXT_CHARACTERS_MAX, normalise

_BETWEEN: Final = re.compile("[、,;；及和与]")
_DOOR: Final = re.compile("[0-9A-Za-z]{1,6}(?:号楼|号|栋|幢|座|单元|门|层|室|户)?$")
_COUNT: Final = re.compile("等[0-9一二三四五六七八九十百两]{1,4}[处套户间]|[0-9]{1,5}[-至到][0-9]{1,5}[号室]")


def names_several(text: str) -> bool:
    """Whether an address is a list or a range of doors, or says so. It never raises.

    >>> [names_several(text) for text in ("长江道12号101室、102室", "长江道12号等5套", "长江道12号101-105室")]
    [True, True, True]
    >>> [names_several(text) for text in ("长江道12号3号楼2门501室", "长江道12号,近红旗路")]
    [False, False]
    """
    plain = normalise(text[:TEXT_CHARACTERS_MAX])
    doors = [one for one in _BETWEEN.split(plain) if _DOOR.search(one)]
    return len(doors) > 1 or _COUNT.search(plain) is not None
