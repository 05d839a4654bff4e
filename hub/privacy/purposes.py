"""Purposes, as data (P3): what may be used for what, and which fields may leave for it. See ``purposes.toml``."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from hub.errors import RecordRejected
from hub.ports import Plain

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """What one kind of evidence may show for one purpose: dotted field paths, and the assurance levels accepted."""

    fields: tuple[str, ...]
    assurance: frozenset[str]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why the hub may use records, and the clause that allows it. ``busi_type`` is the utility's word for it."""

    name: str
    zh: str
    en: str
    busi_type: str
    legal_basis: str
    evidence: Mapping[str, EvidenceRule]

    def accepts(self, kind: str, assurance: str) -> bool:
        """Whether a record of ``kind`` with this assurance may be delivered for the purpose."""
        rule = self.evidence.get(kind)
        return rule is not None and assurance in rule.assurance


class Purposes:
    """Purposes by name or alias."""

    def __init__(self, purposes: Iterable[tuple[Purpose, Iterable[str]]]) -> None:
        self._by_name = {name: purpose for purpose, aliases in purposes for name in (purpose.name, *aliases)}

    def get(self, name: str) -> Purpose:
        """Raises ``RecordRejected`` (PURPOSE_UNKNOWN): without a purpose of the table nothing is used."""
        purpose = self._by_name.get(name)
        if purpose is None:
            raise RecordRejected("PURPOSE_UNKNOWN", "purpose", f"known: {', '.join(self.names())}")
        return purpose

    def names(self) -> list[str]:
        return sorted({purpose.name for purpose in self._by_name.values()})


def read(document: Mapping[str, Any]) -> Purposes:
    """Purposes from the parsed table."""
    return Purposes((_purpose(name, entry), entry.get("aliases", ())) for name, entry in document["purpose"].items())


def _purpose(name: str, entry: Mapping[str, Any]) -> Purpose:
    evidence = {
        kind: EvidenceRule(tuple(rule["fields"]), frozenset(rule["assurance"]))
        for kind, rule in entry["evidence"].items()
    }
    return Purpose(name, entry["zh"], entry["en"], entry["busi_type"], entry["legal_basis"], evidence)


@cache
def shipped() -> Purposes:
    """The table that this release ships."""
    return read(tomllib.loads(resources.files("hub.privacy").joinpath("purposes.toml").read_text("utf-8")))


def minimal(record: Plain, rule: EvidenceRule) -> Fields:
    """Just the fields that ``rule`` allows, as JSON values, in the record's own nesting.

    >>> rule = EvidenceRule(("unit.unit_no", "holders.name"), frozenset())
    >>> minimal({"unit": {"unit_no": "U", "notes": "n"}, "holders": [{"name": "A", "id_number": "1"}]}, rule)
    {'unit': {'unit_no': 'U'}, 'holders': [{'name': 'A'}]}
    """
    chosen: Fields = {}
    for path in rule.fields:
        _copy(record, chosen, path.split("."))
    return chosen


def _copy(source: Any, target: Any, path: list[str]) -> None:
    name, rest = path[0], path[1:]
    value = source[name]
    if not rest:
        target[name] = value.isoformat() if isinstance(value, date) else value
    elif isinstance(value, list):
        items = target.setdefault(name, [{} for _ in value])
        for item, copied in zip(value, items, strict=True):
            _copy(item, copied, rest)
    else:
        _copy(value, target.setdefault(name, {}), rest)
