"""Records that only the key of the address found and whose parts say another door: none meets a need (P2, P3). Keys
are frozen and may be equal where a part differs (1F, -1F); the parts are compared before anything is decided."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row

from hub.cases import reasons
from hub.cases.case import Case
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.placed.gather import title_of
from hub.cases.evidence.decide import Found
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import Need
from hub.cases.places.compare import Place, Verdict, compare
from hub.cases.procedure import Given
from hub.privacy.opening import Opened
from hub.topics.places import read_value

PROJECT: Final = "project.approval"
_KINDS: Final = (TITLE, PROJECT)
_DOORS: Final = frozenset(("building", "entrance", "floor", "room"))
"""Parts that tell the doors at one gate apart: in doubt, they are for a person. What both lack is asked afterwards."""


def at_site(
    given: Given,
    looked: Sequence[tuple[Case, object, Need]],
    found: Sequence[Found],
    rows: Mapping[bytes, Row[Any]],
    said: Mapping[bytes, bytes],
) -> list[Found]:
    """``found``, with OTHER_SITE for each match by the address alone that is another door, or may be one. ``said``:
    case → the title that a person confirmed: that decides. A match or an application that does not open stays, since
    nothing of it can be sent. Raises ``Unavailable`` when log or vault is."""
    left = list(found)
    by_key = [
        (nth, case, match)
        for nth, ((case, _, need), match) in enumerate(zip(looked, found, strict=True))
        if isinstance(match, Match) and need.kind in _KINDS and need.wanted_by == "address"
        if match.record_id != said.get(case.case_id)
    ]
    if not by_key:
        return left
    records = given.opener.open([read_value(given.log, one.topic, one.partition, one.offset) for _, _, one in by_key])
    texts = given.opener.open_values([(case.subject_id, bytes(rows[case.case_id].sealed)) for _, case, _ in by_key])
    for (nth, _, _), text, record in zip(by_key, texts, records, strict=True):
        there = _place_of(looked[nth][2].kind, record)
        if isinstance(text, bytes) and there and _is_other_door(text, there):
            left[nth] = reasons.OTHER_SITE
    return left


def _is_other_door(text: bytes, there: Place) -> bool:
    site = Application.model_validate_json(text).site
    if site.unit_no or not site.address:
        return False
    match = compare(Place(address=site.address), there)
    in_doubt = match.verdict is Verdict.ASK and _DOORS & set(match.parts)
    return match.verdict is Verdict.DIFFERENT or bool(in_doubt)


def _place_of(kind: str, opened: Opened) -> Place | None:
    if kind == TITLE or opened.record is None:
        return title_of(opened)
    return Place(address=opened.record["project"]["site"]["text"])
