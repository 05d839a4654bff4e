"""A finding, with the events that show it."""

from typing import NamedTuple

from hub.audit.findings.classes import CLASSES, Class
from hub.audit.findings.codes import CODES


class Shown(NamedTuple):
    """What shows a finding: ``sort`` step, submission, asked (by the customer, at the hub), document (handed in),
    request (for a material), cancel (taken back at the hub), rating, archive, first-reading, contact or complaint, or
    number; ``ref`` the id of its record or request, or the line of its file; ``at_ms`` its own time, ``None`` where it
    has none; ``told`` more of it, no personal value."""

    sort: str
    ref: str
    at_ms: int | None
    told: str = ""


class Finding(NamedTuple):
    """One finding. ``case_id``: ``None`` where the hub has no such case. ``shown_by`` in the order of their times.
    ``figures``: what was compared. ``named``: its class where the code leaves it to the finding."""

    code: str
    case_id: bytes | None
    shown_by: tuple[Shown, ...]
    figures: tuple[tuple[str, str | int], ...] = ()
    named: Class | None = None

    @property
    def of(self) -> Class:
        """Its class."""
        return self.named or CODES[self.code].of

    @property
    def order(self) -> tuple[int, str, int, bytes, tuple[tuple[str, int], ...], str]:
        """Where it is in the report, in every run the same: by class, code, time, case and line of a file, then by all
        the rest."""
        first = min((one.at_ms for one in self.shown_by if one.at_ms is not None), default=0)
        named = ((one.sort, one.ref.partition("line ")[2]) for one in self.shown_by)
        lines = tuple((sort, int(number)) for sort, number in named if number)
        rest = repr((self.shown_by, self.figures))
        return CLASSES.index(self.of), self.code, first, self.case_id or b"", lines, rest
