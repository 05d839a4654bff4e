"""What a rule is: a pure function of a plain record and a context, registered with its codes and kinds."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from hub.clock import CHINA
from hub.ports import Fault, Plain
from hub.records.kinds import KIND_NAMES
from hub.records.rules.codes import CODES, STEPS, Code

CURRENT: Final = 1
"""The version of the rules in force. A rule ``since`` a later one can be tried on history before it is switched on."""

Proof = Literal["valid", "invalid", "missing"]
Finding = Fault
Findings = Sequence[Finding]
NOTHING: Final[Findings] = ()


class Context(NamedTuple):
    """What a verdict depends on besides the record. ``proof`` is ``None`` where nobody checked, or could."""

    judged_on: date
    rules_version: int = CURRENT
    proof: str | None = None

    @classmethod
    def at(cls, moment: datetime, rules_version: int = CURRENT) -> "Context":
        """Judged at an aware moment: the day is China's.

        >>> from datetime import UTC
        >>> Context.at(datetime(2024, 5, 1, 17, tzinfo=UTC)).judged_on
        datetime.date(2024, 5, 2)
        """
        return cls(moment.astimezone(CHINA).date(), rules_version)


Check = Callable[[Plain, Context], Findings]


class Rule(NamedTuple):
    """A registered rule: in force from version ``since``, up to but not in version ``until``."""

    name: str
    check: Check
    codes: tuple[Code, ...]
    kinds: tuple[str, ...]
    since: int
    until: int | None

    @property
    def step(self) -> int:
        return STEPS.index(self.codes[0].step)

    def in_force(self, version: int) -> bool:
        return self.since <= version and (self.until is None or version < self.until)


RULES: Final[list[Rule]] = []


def rule(
    *codes: str, kinds: Sequence[str] = KIND_NAMES, since: int = 1, until: int | None = None
) -> Callable[[Check], Check]:
    """Register a function as a rule that may find ``codes`` in records of ``kinds``, whose shape it may rely on."""

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        RULES.append(Rule(name, check, tuple(CODES[code] for code in codes), tuple(kinds), since, until))
        return check

    return register


def found(code: str | None, field: str) -> Findings:
    """One finding, or none.

    >>> found("ID_FORM", "holder.id_number"), found(None, "holder.id_number")
    ((Fault(code='ID_FORM', field='holder.id_number'),), ())
    """
    return (Finding(code, field),) if code else NOTHING
