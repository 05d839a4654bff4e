"""A rule is a pure function of a plain record and a context. It is registered with its codes and kinds."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple

from hub.clock import CHINA, SKEW_S
from hub.errors import Misconfigured
from hub.ports import Fault, Plain
from hub.records.declarations import declaration_of
from hub.records.kinds import KIND_NAMES
from hub.records.rules.codes import CODES, STEPS, Code

CURRENT: Final = 2
"""The version of the rules in force. A rule ``since`` a later version can be tried on history before it is in force.

A changed rule is two functions with one name: the former one, ``until`` the new version, moves to ``version_1.py`` with
all that it needs, and the present one has ``since``. So a record is judged again under the version that it was judged
by, with the same verdict (P4).
"""

Proof = Literal["valid", "invalid", "missing"]
Finding = Fault
Findings = Sequence[Finding]
NOTHING: Final[Findings] = ()


class Context(NamedTuple):
    """What a verdict depends on, apart from the record. ``judged_on`` is a day in China. ``proof`` is ``None`` when the
    source's proof was not checked. ``tomorrow``: the next day, where the source's clock may show it already."""

    judged_on: date
    rules_version: int = CURRENT
    proof: str | None = None
    tomorrow: date | None = None

    @property
    def latest(self) -> date:
        """The latest day that is not in the future, on the hub's clock or on the source's."""
        return self.tomorrow or self.judged_on

    @classmethod
    def at(cls, moment: datetime, rules_version: int = CURRENT) -> "Context":
        """The context for judging at an aware moment: the day in China at that moment. From version 2 on, the clock of
        a source may be ``SKEW_S`` seconds ahead.

        >>> from datetime import UTC
        >>> Context.at(datetime(2024, 5, 1, 15, 56, tzinfo=UTC))[::3]  # 23:56 in China
        (datetime.date(2024, 5, 1), datetime.date(2024, 5, 2))
        """
        day = moment.astimezone(CHINA).date()
        ahead = (moment + timedelta(seconds=SKEW_S)).astimezone(CHINA).date()
        return cls(day, rules_version, None, ahead if ahead != day and rules_version > 1 else None)


Check = Callable[[Plain, Context], Findings]


class Rule(NamedTuple):
    """A registered rule. In force from rules version ``since`` on, up to before ``until`` (``None``: no end)."""

    name: str
    check: Check
    codes: tuple[Code, ...]
    kinds: tuple[str, ...]
    since: int
    until: int | None

    @property
    def step(self) -> int:
        """The index of the rule's step in ``STEPS``: rules run in this order."""
        return STEPS.index(self.codes[0].step)

    def in_force(self, version: int) -> bool:
        """Whether the rule belongs to this rules version."""
        return self.since <= version and (self.until is None or version < self.until)


RULES: Final[list[Rule]] = []


def rule(*codes: str, kinds: Sequence[str] = (), since: int = 1, until: int | None = None) -> Callable[[Check], Check]:
    """Register a function as a rule for records of ``kinds``. It may return the reason ``codes``, and it is called only
    for records that passed the shape check.

    Without ``kinds`` a rule of the hub is for every kind, a rule of an installed package for the package's own kinds.
    ``since`` and ``until`` are versions of the hub's rules. Raises ``Misconfigured`` for a code that is not declared,
    and for a rule of an installed package about another's kind.
    """

    def register(check: Check) -> Check:
        declaration = declaration_of(check.__module__)
        own = declaration.names if declaration else KIND_NAMES
        where = f"the rule {check.__module__}.{check.__name__}"
        if strange := [kind for kind in kinds if kind not in own]:
            raise Misconfigured(f"{where} is about {strange[0]}", "a package may judge its own kinds only")
        if strange := [code for code in codes if code not in CODES]:
            raise Misconfigured(f"{where} has the code {strange[0]}", "declare it in kinds.toml: docs/kinds.md")
        name = check.__name__.replace("_", "-")
        RULES.append(Rule(name, check, tuple(CODES[code] for code in codes), tuple(kinds or own), since, until))
        return check

    return register


def found(code: str | None, field: str) -> Findings:
    """One finding with ``code``, or none for ``None``.

    >>> found("ID_FORM", "holder.id_number"), found(None, "holder.id_number")
    ((Fault(code='ID_FORM', field='holder.id_number'),), ())
    """
    return (Finding(code, field),) if code else NOTHING
