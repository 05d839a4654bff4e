"""Purposes as data (P3): for each purpose the legal bases, the kinds of evidence, and the fields that may leave. See
``purposes.toml``."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from hub.errors import Misconfigured, RecordRejected
from hub.ports import Plain
from hub.records.declarations import Declaration, declarations
from hub.records.kinds import KINDS

FILE: Final = "purposes.toml"
REGISTRATION: Final = (
    *("custName", "custIdType", "custIdNo", "agent", "sources", "important", "externalWorks"),
    *("sanling", "sanlingClaim", "street", "noSource"),
)
"""What a purpose may allow in a registration, beside what every registration has."""
_REGISTRATION_BEFORE: Final = ("custName",)
CONNECTION: Final = "connection"
"""The procedure of a purpose that names none."""
_PURPOSE_KEYS: Final = {"zh", "en", "busi_type", "service_item", "legal_basis", "evidence"}
Fields = dict[str, Any]
Permits = Callable[[str, str], bool]
"""(Source, name of a purpose) → whether the source's grant is for the purpose."""


def permitted(source: str, purpose: str) -> bool:  # noqa: ARG001
    """``Permits`` where no grant is known: every source is for every purpose."""
    return True


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """What one kind of evidence may show for one purpose: dotted field paths, and the assurance levels accepted.

    ``fields_other`` is what leaves when the holder is another person than the applicant. It names no holder.
    ``original``: whether the archive may have what the source gave, where it is about the applicant alone; ``file``:
    likewise the file of the licence.
    """

    fields: tuple[str, ...]
    fields_other: tuple[str, ...]
    assurance: frozenset[str]
    original: bool = False
    file: bool = False


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A legal basis: its published code, the clause, and the content of the clause in Chinese and English."""

    code: str
    clause: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why the hub may use records. ``busi_type``: the utility's word for it. ``service_item``: code of the service item
    in the catalogue that sources know ("" if the installation has none). ``bases``: code → legal basis. ``evidence``:
    kind → what may leave. ``registration``: which of ``REGISTRATION`` may leave with the application itself.
    ``procedure``: whose cases may have it."""

    name: str
    zh: str
    en: str
    busi_type: str
    service_item: str
    bases: Mapping[str, LegalBasis]
    evidence: Mapping[str, EvidenceRule]
    registration: frozenset[str] = frozenset(_REGISTRATION_BEFORE)
    procedure: str = CONNECTION

    def accepts(self, kind: str, assurance: str) -> bool:
        """Whether a record of ``kind`` with this assurance may be delivered for the purpose."""
        rule = self.evidence.get(kind)
        return rule is not None and assurance in rule.assurance

    def basis(self, code: str) -> LegalBasis:
        """The legal basis of a code. Raises ``RecordRejected`` (LEGAL_BASIS_UNKNOWN, with the codes that are
        allowed)."""
        found = self.bases.get(code)
        if found is None:
            raise RecordRejected("LEGAL_BASIS_UNKNOWN", "legal_basis", allowed=tuple(self.bases))
        return found


class Purposes:
    """Purposes by name or alias."""

    def __init__(self, purposes: Iterable[tuple[Purpose, Iterable[str]]]) -> None:
        self._by_name = {name: purpose for purpose, aliases in purposes for name in (purpose.name, *aliases)}

    def get(self, name: str) -> Purpose:
        """The purpose with this name or alias. Raises ``RecordRejected`` (PURPOSE_UNKNOWN, with the names that are
        allowed): no record is used without a purpose."""
        purpose = self._by_name.get(name)
        if purpose is None:
            raise RecordRejected("PURPOSE_UNKNOWN", "purpose", allowed=tuple(self.names()))
        return purpose

    def names(self, procedure: str = "") -> list[str]:
        """The name of each purpose, without aliases, in alphabetical order; with ``procedure`` only of its purposes."""
        wanted = {purpose.name for purpose in self._by_name.values() if procedure in ("", purpose.procedure)}
        return sorted(wanted)

    def with_service_items(self, codes: Mapping[str, str]) -> "Purposes":
        """The same purposes with the service items of an installation: purpose's name → catalogue code. Raises
        ``Misconfigured`` for a name that is no purpose."""
        if strange := sorted(codes.keys() - set(self.names())):
            raise Misconfigured(f"service_items: no purpose {strange[0]!r}", f"purposes are {', '.join(self.names())}")
        changed = {name: replace(self.get(name), service_item=code) for name, code in codes.items()}
        return Purposes((changed.get(one.name, one), (name,)) for name, one in self._by_name.items())


def read(document: Mapping[str, Any]) -> Purposes:
    """Purposes from the parsed table. Raises ``KeyError`` for a purpose whose legal basis the table does not have, and
    ``Misconfigured`` for evidence of a kind that is not registered, or of a field that its kind does not have."""
    bases = {code: LegalBasis(code, **entry) for code, entry in document["basis"].items()}
    found = document["purpose"].items()
    return Purposes((_purpose(name, entry, bases), entry.get("aliases", ())) for name, entry in found)


def _purpose(name: str, entry: Mapping[str, Any], bases: Mapping[str, LegalBasis]) -> Purpose:
    return Purpose(
        name,
        entry["zh"],
        entry["en"],
        entry["busi_type"],
        entry["service_item"],
        {code: bases[code] for code in entry["legal_basis"]},
        {kind: _rule(name, kind, rule) for kind, rule in entry["evidence"].items()},
        _registration(name, entry.get("registration", _REGISTRATION_BEFORE)),
        entry.get("procedure", CONNECTION),
    )


def _registration(purpose: str, fields: Sequence[str]) -> frozenset[str]:
    if strange := sorted(set(fields) - set(REGISTRATION)):
        what = f"the purpose {purpose} allows {strange[0]}, which no registration has"
        raise Misconfigured(what, f"choose from {', '.join(REGISTRATION)}")
    return frozenset(fields)


def _rule(purpose: str, kind: str, entry: Mapping[str, Any]) -> EvidenceRule:
    fields = tuple(entry["fields"])
    flags = {name: entry.get(name, False) for name in ("original", "file")}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise Misconfigured(f"the purpose {purpose} says neither true nor false in {name} of {kind}", "correct it")
    other = tuple(entry.get("fields_other", fields))
    rule = EvidenceRule(fields, other, frozenset(entry["assurance"]), **flags)
    if kind not in KINDS:
        raise Misconfigured(f"the purpose {purpose} names {kind}, which is no kind", "install the kind's package")
    for path in (*rule.fields, *rule.fields_other):
        if not KINDS[kind].has_field(path):
            raise Misconfigured(f"the purpose {purpose} names {path}, which {kind} does not have", "correct the path")
    return rule


@cache
def shipped() -> Purposes:
    """The hub's own table, with what installed packages add to it.

    Raises ``Misconfigured`` for an addition that is refused (``add``) and for a path that no kind has.
    """
    table = tomllib.loads(resources.files("hub.privacy").joinpath(FILE).read_text("utf-8"))
    for declaration in declarations():
        table = add(table, declaration.package.table(FILE), declaration)
    return read(table)


def add(table: Mapping[str, Any], addition: Mapping[str, Any], declaration: Declaration) -> dict[str, Any]:
    """The table with what one package adds: new legal bases, new purposes, and evidence of its own kinds for purposes
    that are there. Raises ``Misconfigured`` for a change of what another has declared (P3)."""
    where = f"{declaration.package.name}/{FILE}"
    purposes = {name: _added(where, name, table, entry, declaration) for name, entry in _tables(addition, "purpose")}
    # Everything that leaves has a legal basis that is written down.
    bases = {**table["basis"], **addition.get("basis", {})}
    for name, entry in purposes.items():
        if strange := sorted(set(entry["legal_basis"]) - bases.keys()):
            raise Misconfigured(f"{where}: the purpose {name} rests on {strange[0]}", "declare the legal basis")
    if taken := sorted(table["basis"].keys() & dict(_tables(addition, "basis")).keys()):
        raise Misconfigured(f"{where}: the legal basis {taken[0]} is there already", "give it another code")
    return {
        "basis": bases,
        "purpose": {**table["purpose"], **purposes},
    }


def _added(
    where: str, name: str, table: Mapping[str, Any], entry: Mapping[str, Any], declaration: Declaration
) -> Mapping[str, Any]:
    known = table["purpose"].get(name)
    if known is None:
        if missing := sorted(_PURPOSE_KEYS - entry.keys()):
            raise Misconfigured(f"{where}: the purpose {name} has no {missing[0]}", "complete it: docs/kinds.md")
        return entry
    evidence = entry.get("evidence", {})
    if strange := sorted(entry.keys() - {"evidence"} | evidence.keys() - set(declaration.names)):
        raise Misconfigured(
            f"{where}: {strange[0]} of the purpose {name} is not the package's to change",
            "a package adds evidence of its own kinds to a purpose, or declares a purpose of its own",
        )
    return {**known, "evidence": {**known["evidence"], **evidence}}


def _tables(document: Mapping[str, Any], key: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    found: Mapping[str, Mapping[str, Any]] = document.get(key, {})
    return found.items()


def minimal(record: Plain, fields: Sequence[str]) -> Fields:
    """Only the ``fields`` (dotted paths) of a record, as JSON values, nested as in the record. Raises ``KeyError`` for
    a path that the record does not have.

    >>> minimal({"unit": {"unit_no": "U", "notes": "n"}, "holders": [{"name": "A", "id_number": "1"}]},
    ...         ("unit.unit_no", "holders.name"))
    {'unit': {'unit_no': 'U'}, 'holders': [{'name': 'A'}]}
    """
    chosen: Fields = {}
    for path in fields:
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
