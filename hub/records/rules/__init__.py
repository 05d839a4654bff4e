"""The rules. Importing this package registers them all, in the order in which they are run within their step."""

from hub.records.rules import agreement, dates, identifiers
from hub.records.rules.base import CURRENT, RULES, Context, Finding, Findings, Proof, Rule
from hub.records.rules.codes import CODES, REJECTING, STEPS, Code

__all__ = [
    "CODES", "CURRENT", "REJECTING", "RULES", "STEPS", "Code", "Context", "Finding", "Findings", "Proof", "Rule",
    "agreement", "dates", "identifiers",
]  # fmt: skip
