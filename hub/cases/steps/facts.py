"""What the utility says about a step, and what the customer asked the hub for, as the judge reads it: one fact for each
event, in the hub's own words.

A fact holds no personal value and no words of a caller (P5): these stay in the record, sealed.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

ACCEPTANCE: Final = "acceptance"
SUPPLY_PLAN: Final = "supply-plan"
DESIGN_REVIEW: Final = "design-review"
MID_INSPECTION: Final = "mid-inspection"
COMPLETION: Final = "completion"
SEGMENTS: Final = (ACCEPTANCE, SUPPLY_PLAN, DESIGN_REVIEW, MID_INSPECTION, COMPLETION)
"""The timed segments of annex 2, in their order."""


FACTS_MAX: Final = 1_000
"""Most records of steps that one case takes: those with the smallest ids, in any order of arrival. All of
them are judged again for each new one."""


class Action(StrEnum):
    """What happened. START and END are of a segment; RETURN is the utility's answer that the customer must hand in
    again. The rest concerns the whole case."""

    START = "START"
    END = "END"
    RETURN = "RETURN"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    """不予受理."""
    TERMINATE = "TERMINATE"
    CORRECTION_START = "CORRECTION_START"
    """补正开始: a claimed pause."""
    CORRECTION_END = "CORRECTION_END"
    SPECIAL_START = "SPECIAL_START"
    """特别程序开始: a claimed pause."""
    SPECIAL_END = "SPECIAL_END"
    CHANGE = "CHANGE"
    """The kind of case changed on the way."""
    CHARGE = "CHARGE"
    """A charge to the customer was reported."""
    WITHIN = "WITHIN"
    """A step inside a segment, such as 现场勘查: it neither opens nor closes anything, and is a claim before its
    segment opens and after the end. A utility's system has some sixteen steps for five segments."""
    AMEND = "AMEND"
    """A correction of the time of an earlier event, beside the original."""
    REQUEST = "REQUEST"
    """The customer asked the hub for a segment. The schema of a utility's step has no such action."""


class Kind(NamedTuple):
    """What a change says the case is from now on: a row of the policy's table, and whether the starred segments
    apply."""

    case_type: str
    starred: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One event about a case.

    ``record_id`` is the content, ``event`` (opaque id of the row) the event that it is a content of: another content
    under one event is a conflict. Times are in ms since the epoch: ``occurred_ms`` its own time, ``requested_ms`` when
    the customer asked for the segment, ``recorded_ms`` when the utility wrote it down, ``received_ms`` when the hub
    first read this content. ``amends``: the event whose time an AMEND corrects. ``explained``: it gives a reason;
    ``approved``: it names an approver. ``becomes`` and ``becomes_voltage``: of a change, from now on. ``said``: opaque
    id of all that it says, also of what is sealed; ``None`` where it is not known.
    """

    record_id: bytes
    event: bytes
    segment: str
    action: Action
    occurred_ms: int
    received_ms: int
    requested_ms: int | None = None
    recorded_ms: int | None = None
    amends: bytes | None = None
    explained: bool = False
    approved: bool = False
    becomes: Kind | None = None
    becomes_voltage: str | None = None
    said: bytes | None = None

    def says_same(self, other: "Fact") -> bool:
        """Whether both say the same of the same event. They may have come over two ways, at two times."""
        said = other.said if self.said and other.said else self.said
        return replace(other, record_id=self.record_id, received_ms=self.received_ms, said=said) == self

    @classmethod
    def request(cls, case_id: bytes, number: int, segment: str, at_ms: int) -> "Fact":
        """What the event ``number`` of a case says: its customer asked for ``segment``, by the hub's own clock."""
        name = hashlib.blake2b(case_id + number.to_bytes(8), digest_size=16, person=b"segment-request").digest()
        return cls(name, name, segment, Action.REQUEST, at_ms, at_ms)

    @property
    def written(self) -> tuple[int, bytes]:
        """The order in which facts were written down; it does not depend on the order of arrival."""
        return self.occurred_ms if self.recorded_ms is None else self.recorded_ms, self.record_id
