"""How the story of a case is shown: one JSON object or one line of a table for each message."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.markup import escape
from rich.table import Column, Table

from hub.bootstrap import Hub
from hub.cases import case as cases
from hub.cases import reasons
from hub.cases.times import iso
from hub.cli.replay import SEALED, gist, view
from hub.cli.shown.moments import TIME
from hub.clock import in_china
from hub.codec import wire
from hub.errors import RecordRejected
from hub.operate.story import Told, story
from hub.topics import cloudevents

Json = dict[str, Any]
Vocabulary = Mapping[str, Mapping[str, reasons.Words]]
"""Field of an event → its codes → their words; ``what`` has events by the names of their schemas."""
_OPENED = ("sealed_receipt", "sealed_reason")
"""Sealed fields of events that people may read: what a sink said."""
_ENVELOPE = frozenset(("case_id", "number", "occurred_at_ms", "written_at_ms", "subject_id", "sinks", "query"))
_IDS = frozenset(("record_id", "request_id", "wanted_id", "reading"))


class Line(NamedTuple):
    """One message. ``what``: its schema or, for a record, where on its way it is. ``said``: words that were sealed."""

    at_ms: int
    what: str
    published: bool
    shown: Json
    said: str

    def plain(self) -> Json:
        """For programs: the message as ``hub replay --json`` shows it, and what was said."""
        known = {"at": iso(self.at_ms), "what": self.what, "published": self.published}
        return known | self.shown | ({"said": self.said} if self.said else {})


def lines(hub: Hub, case_id: bytes) -> list[Line]:
    """The story of a case. Raises ``RecordRejected`` (NO_SUCH_CASE), ``Unavailable``."""
    found = story(hub.parts, hub.procedures, case_id)
    with hub.store.read() as connection:
        case = cases.find(connection, case_id)
    assert case is not None, "cases are never deleted"
    said = _said(hub, case.subject_id, found)
    return [_line(one, words) for one, words in zip(found, said, strict=True)]


def _line(one: Told, said: str) -> Line:
    shown = view(one.topic, one.partition, one.message) | {"offset": one.offset}
    event_type = cloudevents.header(one.message.headers, cloudevents.TYPE)
    what = cloudevents.name_of(event_type[1]) if event_type else one.topic
    return Line(one.message.timestamp, what, one.offset is not None, shown, said)


def _said(hub: Hub, subject_id: bytes, found: Sequence[Told]) -> list[str]:
    """For each message what a sink said, opened under the case's subject; "" where there is nothing, or no key."""
    sealed = [_sealed(one) for one in found]
    there = [(subject_id, value) for value in sealed if value]
    opened = iter(hub.opener.open_values(there) if there else ())
    values = [next(opened) if value else b"" for value in sealed]
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else "" for value in values]


def _sealed(one: Told) -> bytes:
    try:
        value: Json = wire.decode(one.message.value or b"")[1]
    except RecordRejected:
        return b""
    return next((value[name] for name in _OPENED if value.get(name)), b"")


def table(found: Sequence[Line], vocabulary: Vocabulary | None = None) -> Table:
    """The story for people. ``vocabulary``: the words of the procedure's own codes."""
    shown = Table(TIME, "no.", "what", "by", Column("details", overflow="fold"))
    for line in found:
        value = line.shown["value"] or {}
        cells = (
            in_china(line.at_ms),
            str(value.get("number", "")),
            line.what,
            _by(value),
            _details(line, vocabulary or {}),
        )
        shown.add_row(*map(escape, cells))
    return shown


def _by(value: Json) -> str:
    by = value.get("by")
    if not isinstance(by, dict):
        return ""
    return " ".join(text for text in (by["principal"], by["client"], by["channel"]) if text)


def _details(line: Line, vocabulary: Vocabulary) -> str:
    value = line.shown["value"] or {}
    about_record = (line.shown["schema"] or "").startswith("hub.")
    told = [gist(line.shown)] if about_record or "unreadable" in value else list(_fields(value, vocabulary))
    if (event := vocabulary.get("what", {}).get(line.what)) is not None:
        told.insert(0, " ".join(event))
    if line.said:
        told.append(_words(line.said))
    if not line.published:
        told.append("(decided; not on its topic yet)")
    return "; ".join(filter(None, told))


def _words(said: str) -> str:
    """What a sink said: a receipt is JSON with a number and a time."""
    try:
        receipt = json.loads(said)
        return f"receipt {receipt['number']} of {receipt['received_at']}"
    except (ValueError, TypeError, KeyError):
        return said


def _fields(value: Json, vocabulary: Vocabulary) -> Iterator[str]:
    for name, found in value.items():
        if name in _ENVELOPE | _IDS | SEALED or _says_nothing(found):
            continue
        if name == "pieces":
            yield ", ".join(f"piece {one['piece']} {one['kind']} → {one['sink']}" for one in found)
        elif name == "needs":
            yield "needs " + ", ".join(f"{one['kind']} by {one['wanted_by']}" for one in found)
        elif name == "persons":
            yield ", ".join(f"{one['side']} holder {one['place']}" for one in found)
        elif (words := _in_words(name, found, vocabulary)) is not None:
            yield f"{found} {words.zh} {words.en}"
        elif name.endswith("_ms"):
            yield f"{name.removesuffix('_ms')} {in_china(found)}"
        else:
            yield f"{name} {json.dumps(found, ensure_ascii=False, default=str) if isinstance(found, list) else found}"


def _in_words(name: str, found: Any, vocabulary: Vocabulary) -> reasons.Words | None:
    """The words of a code: those of the procedure, or of a reason that all procedures have."""
    known = vocabulary.get(name, {}).get(found) if isinstance(found, str) else None
    if known is None and name == "reason" and reasons.words(found).zh != found:
        return reasons.words(found)
    return known


def _says_nothing(found: Any) -> bool:
    """Nothing, a plain no, or who asked, who has a column."""
    return found is None or found is False or found in ("", []) or isinstance(found, dict)
