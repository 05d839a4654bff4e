"""The report of the demonstration, and whether its counts balance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.demo import archive
from sandbox.demo.audited import Audited
from sandbox.demo.followed import Line
from sandbox.demo.steps import Steps
from sandbox.demo.transfers import Transfers

ASKED = ("identity_check", "resident_id")
"""The sources without a feed."""


class SourceLine(NamedTuple):
    """The conservation line of one source. ``expected`` are the sandbox's own counts (its truth)."""

    source: str
    kind: str
    received: int
    looked_up: int
    verified: int
    rejected: int
    duplicate: int
    revised: int
    readings: int
    reasons: Mapping[str, int]
    grant: str
    expected: Mapping[str, Any]

    @property
    def pending(self) -> int:
        """Received records that have no verdict yet."""
        return self.received - self.verified - self.rejected - self.duplicate

    @property
    def emitted(self) -> int:
        """Records that the source emitted, by the hub's count: from the feed; of a source without one, answers."""
        return self.received if self.source in ASKED else self.received - self.looked_up

    @property
    def balanced(self) -> bool:
        """Whether no record is pending and all numbers, also by reason code, agree with the truth.

        The feed also reads a record that a look-up found: it counts as received once more, and as duplicate once.
        """
        truth = self.expected
        twice = 0 if self.source in ASKED else self.looked_up
        duplicate = self.duplicate - twice
        return (
            self.pending == 0
            and (self.emitted, self.verified, self.rejected, duplicate)
            == (truth["emitted"], truth["verified"], truth["rejected"], truth["duplicates"])
            and self._reasons_agree(truth["codes"])
        )

    def _reasons_agree(self, codes: Mapping[str, int]) -> bool:
        """Whether the codes are those of the truth. A bad row that a look-up also found counts its reason twice."""
        excess = {code: self.reasons.get(code, 0) - codes.get(code, 0) for code in {*self.reasons, *codes}}
        return (
            self.reasons.keys() == codes.keys()
            and min(excess.values(), default=0) >= 0
            and (sum(excess.values()) <= self.looked_up)
        )


@dataclass(slots=True)
class Delivered:
    """Counts of deliveries to the utility, and how often each took effect there by its own account."""

    decided: int = 0
    acknowledged: int = 0
    refused: int = 0
    effects: Mapping[str, int] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        """Pieces that are neither acknowledged nor refused."""
        return self.decided - self.acknowledged - self.refused

    @property
    def doubled(self) -> int:
        """Pieces that took effect more than once."""
        return sum(count > 1 for count in self.effects.values())

    @property
    def balanced(self) -> bool:
        """Whether nothing is pending, and each acknowledged piece took effect exactly once."""
        return not self.pending and not self.doubled and len(self.effects) == self.acknowledged


@dataclass(slots=True)
class Report:
    """The result of the demonstration."""

    lines: list[SourceLine]
    delivered: Delivered
    steps: Steps
    ratings: tuple[int, int]
    applications: list[dict[str, Any]]
    audited: Audited
    warnings: Mapping[str, int]
    noticed: int
    archived: archive.Archived
    transfers: Transfers
    followed: Sequence[Line]

    @property
    def balanced(self) -> bool:
        """Whether all sources, the deliveries, the steps and the transfers balance, every case has electricity and a
        rating, and the audit found all off-system work."""
        cases = len(self.applications)
        played = self.steps.balanced and self.transfers.balanced
        ended = played and (self.steps.on, *self.ratings) == (cases, cases, cases)
        return (
            all(line.balanced for line in self.lines) and self.delivered.balanced and ended and not self.audited.missed
        )
