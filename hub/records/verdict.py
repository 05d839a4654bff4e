"""The verdict on a record: first its shape, then all rules in force for its kind, in the fixed order of the steps."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from hub.records.kinds import Kind
from hub.records.rules import CURRENT, REJECTING, RULES, Context, Finding
from hub.records.rules.base import Check
from hub.records.shape import check_shape

__all__ = ["CURRENT", "Context", "Finding", "Verdict", "judge"]


class Verdict(NamedTuple):
    """The findings on a record, in the order of the steps. A warning does not reject."""

    findings: Sequence[Finding]
    rules_version: int

    @property
    def rejections(self) -> list[Finding]:
        """The findings whose code has the severity reject."""
        return [finding for finding in self.findings if finding.code in REJECTING]

    @property
    def warnings(self) -> list[Finding]:
        """The findings whose code has the severity warn."""
        return [finding for finding in self.findings if finding.code not in REJECTING]

    @property
    def rejected(self) -> bool:
        """Whether at least one finding rejects the record."""
        return bool(self.findings) and any(finding.code in REJECTING for finding in self.findings)

    @property
    def reasons(self) -> list[dict[str, str]]:
        """The rejections as they are published in the ``hub_reasons`` header."""
        return [finding._asdict() for finding in self.rejections]


@cache
def rules_for(kind: str, version: int) -> tuple[Check, ...]:
    """The checks of a kind under one version of the rules, in the order of the steps. All versions of a rule have its
    name, and the place within the step where that name was registered first."""
    places = {rule.name: place for place, rule in reversed(list(enumerate(RULES)))}
    chosen = [rule for rule in RULES if kind in rule.kinds and rule.in_force(version)]
    return tuple(rule.check for rule in sorted(chosen, key=lambda rule: (rule.step, places[rule.name])))


@lru_cache(maxsize=64)
def _clean(version: int) -> Verdict:
    return Verdict((), version)


def judge(kind: Kind | str, record: Any, context: Context, proof: str | None = None) -> Verdict:
    """The verdict on a plain record under ``context.rules_version``. Pure: the same arguments give the same verdict.

    ``proof`` is what became of the source's proof: valid, invalid, missing, or ``None`` when it was not checked.
    """
    name = kind if isinstance(kind, str) else kind.name
    version = context.rules_version
    shape = check_shape(name, record, version)
    if shape:
        return Verdict(shape, version)
    if proof is not None:
        context = context._replace(proof=proof)
    findings: list[Finding] = []
    for check in rules_for(name, version):
        found = check(record, context)
        if found:
            findings.extend(found)
    return Verdict(findings, version) if findings else _clean(version)
