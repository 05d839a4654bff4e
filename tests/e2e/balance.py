"""The account of a hub against the outside world's truth, row by row and effect by effect.

Nothing is taken from the hub's own counts: rows are found by opening what lies on the topics, effects are the
connection system's own. The hub's counts are then compared with what was found.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.pipeline import rebuild
from hub.ports import NAMELESS, LogRecord
from hub.privacy.opening import Opened, Opener
from hub.records.kinds import KINDS
from hub.records.topics import LOOKUP_RECEIVED
from hub.sandbox import truth as truth_file
from hub.stores import migrate, tables
from hub.stores.database import Database
from tests.e2e.scene import Scene, tail

_SHOWN = 25
_AT_ONCE = 2_000
_ANSWERED = b"cn.onecert.lookup.answered"

Name = tuple[str, str, int]
"""Source, row key, version; of a row that names no key: source, its bytes' digest, 0."""


@dataclass(slots=True)
class Expected:
    """What the truth says of one row: how often it was emitted, and the code it is rejected for ("" if it is not)."""

    code: str
    times: int = 0


@dataclass(slots=True)
class Found:
    """What the topics hold of one record id."""

    name: Name
    fed: int = 0
    looked_up: int = 0
    verified: int = 0
    rejected: int = 0
    codes: set[str] = field(default_factory=set)

    @property
    def received(self) -> int:
        return self.fed + self.looked_up


class Line(NamedTuple):
    """A conservation line."""

    received: int
    looked_up: int
    verified: int
    rejected: int
    duplicate: int


def check(scene: Scene, *, again: int = 0) -> None:
    """Fail unless everything balances. ``again``: so many rows may have been received once more than emitted (killed
    between the commit of a page and remembering it)."""
    problems = find_problems(scene, again=again)
    if problems:
        shown = "\n".join(problems[:_SHOWN])
        raise AssertionError(f"{len(problems)} things do not balance:\n{shown}\n{tail(scene.stderr)}")


def find_problems(scene: Scene, *, again: int = 0) -> list[str]:
    """Everything that does not balance, in words."""
    found = found_in(scene)
    truth, keys = truth_of(scene)
    for entry in found.values():
        entry.name = keys.get(entry.name, entry.name)
    return [
        *rows_that_differ(truth, found, again),
        *_lines_that_differ(scene, found),
        *_effects_that_differ(scene),
        *_tables_that_differ(scene),
    ]


# ---- rows ----------------------------------------------------------------------------------------------------------


def truth_of(scene: Scene) -> tuple[dict[Name, Expected], dict[Name, Name]]:
    """Every row that the sources ever emitted; and the key of each in which a reader may find none, by its digest."""
    rows: dict[Name, Expected] = {}
    keys: dict[Name, Name] = {}
    for line in truth_file.read(scene.sandbox.truth):
        name = (line["source"], line["key"], line["version"])
        if "raw_sha256" in line:
            keys[line["source"], f"{NAMELESS}{line['raw_sha256']}", 0] = name
        rows.setdefault(name, Expected(line["code"] or "")).times += 1
    return rows, keys


def found_in(scene: Scene) -> dict[bytes, Found]:
    """By record id, everything that lies on the topics of rows and verdicts."""
    found: dict[bytes, Found] = {}
    for kind in KINDS:
        for _, opened in _opened(scene, f"{kind}.received"):
            _entry(found, opened, scene.hub.opener).fed += 1
    for _, opened in _opened(scene, LOOKUP_RECEIVED):
        _entry(found, opened, scene.hub.opener).looked_up += 1
    for kind in KINDS:
        for _, opened in _opened(scene, f"{kind}.verified"):
            _entry(found, opened, scene.hub.opener).verified += 1
        for record, opened in _opened(scene, f"{kind}.rejected"):
            entry = _entry(found, opened, scene.hub.opener)
            entry.rejected += 1
            entry.codes |= reasons_of(record)
    return found


def reasons_of(record: LogRecord) -> set[str]:
    """The codes that a record was rejected for."""
    return {reason["code"] for reason in json.loads(dict(record.headers)["hub_reasons"])}


def _opened(scene: Scene, topic: str) -> Iterator[tuple[LogRecord, Opened]]:
    for partition in range(scene.hub.log.topics()[topic]):
        for batch in scene.hub.log.scan(topic, partition):
            records = [one for one in batch.records if dict(one.headers)["ce_type"] != _ANSWERED]
            for start in range(0, len(records), _AT_ONCE):
                some = records[start : start + _AT_ONCE]
                yield from zip(some, scene.hub.opener.open([one.value for one in some]), strict=True)


def _entry(found: dict[bytes, Found], opened: Opened, opener: Opener) -> Found:
    record_id = opened.envelope["record_id"]
    if record_id not in found:
        found[record_id] = Found(name_of(opened, opener))
    return found[record_id]


def name_of(opened: Opened, opener: Opener) -> Name:
    """Which row of which source this is, from its sealed original."""
    source = opened.envelope["source"]
    original = opened.original() if opened.record is not None else opener.open_unreadable(opened.envelope)
    assert original is not None
    return source["system"], original.key, source["version"]


def rows_that_differ(truth: Mapping[Name, Expected], found: Mapping[bytes, Found], again: int = 0) -> Iterator[str]:
    """Every row whose history is not what the truth says."""
    ids = Counter(entry.name for entry in found.values())
    yield from (f"{name}: lost" for name in truth.keys() - ids.keys())
    yield from (f"{name}: under {count} record ids" for name, count in ids.items() if count > 1)
    for entry in found.values():
        expected = truth.get(entry.name)
        if expected is None:
            yield f"{entry.name}: no source ever emitted it"
            continue
        extra = entry.fed - expected.times
        if 0 < extra <= again:
            again -= extra
        elif extra:
            yield f"{entry.name}: received {entry.fed} times, emitted {expected.times} times"
        yield from _verdict_differs(entry, expected)


def _verdict_differs(entry: Found, expected: Expected) -> Iterator[str]:
    verdicts = entry.verified + entry.rejected
    if verdicts != entry.received:
        word = "doubled" if verdicts > entry.received else "lost"
        yield f"{entry.name}: {word}: {verdicts} verdicts on {entry.received} received"
    wanted = {expected.code} - {""}
    if entry.codes != wanted or bool(entry.rejected) != bool(wanted):
        yield f"{entry.name}: rejected {entry.rejected} times for {entry.codes or '{}'}, expected {wanted or '{}'}"


# ---- the hub's own counts --------------------------------------------------------------------------------------------


def _lines_that_differ(scene: Scene, found: Mapping[bytes, Found]) -> Iterator[str]:
    counted: dict[str, list[Found]] = defaultdict(list)
    for entry in found.values():
        counted[entry.name[0]].append(entry)
    with scene.hub.store.read() as connection:
        told = {row.source: Line(*(row[2:])) for row in connection.execute(select(tables.tally))}
        codes = Counter({(row[0], row[2]): row[3] for row in connection.execute(select(tables.reason_tally))})
    for source, entries in counted.items():
        line = _line(entries)
        if told.get(source) != line:
            yield f"{source}: the tables say {told.get(source)}, the topics {line}"
        if line.received != line.verified + line.rejected + line.duplicate:
            yield f"{source}: {line} does not add up"
    seen = Counter((one.name[0], code) for one in found.values() for code in one.codes for _ in range(one.rejected))
    if codes != seen:
        yield f"reasons: the tables say {codes - seen} more and {seen - codes} less than the topics"


def _line(entries: list[Found]) -> Line:
    received = sum(entry.received for entry in entries)
    verified = sum(entry.verified > 0 for entry in entries)
    rejected = sum(entry.rejected > 0 and not entry.verified for entry in entries)
    return Line(received, sum(entry.looked_up for entry in entries), verified, rejected, received - verified - rejected)


# ---- effects ---------------------------------------------------------------------------------------------------------


def _effects_that_differ(scene: Scene) -> Iterator[str]:
    """Each delivery acknowledged, each idempotency key once in the connection system's own count, and nothing else."""
    effects = effects_of(scene)
    counts = Counter((effect["what"], effect["key"]) for effect in effects)
    with scene.hub.store.read() as connection:
        pieces = connection.execute(select(tables.delivery)).all()
    for piece in pieces:
        what = "application" if piece.piece == 0 else "evidence"
        times, wanted = counts.pop((what, piece.key), 0), int(piece.state == "acknowledged")
        if piece.state not in ("acknowledged", "withdrawn"):
            yield f"{piece.kind} of {piece.application_id.hex()}: {piece.state} ({piece.reason})"
        if times != wanted:
            yield f"{piece.kind} of {piece.application_id.hex()}: {piece.state}, but took effect {times} times"
    yield from (f"{what} {key}: took effect {times} times, nobody decided it" for (what, key), times in counts.items())
    registered = Counter(effect["externalAppNo"] for effect in effects if effect["what"] == "application")
    for entry in scene.submitted.values():
        number = entry["body"]["external_no"]
        if registered[number] != 1:
            yield f"application {number}: registered {registered[number]} times"


def effects_of(scene: Scene) -> list[dict[str, Any]]:
    """What the connection system did for this hub: ``{"what", "key", "externalAppNo", "number", "receivedAt"}``."""
    effects: list[dict[str, Any]] = scene.sandbox.control("utility_crm", "effects")["effects"]
    return [effect for effect in effects if effect["externalAppNo"].startswith(scene.number(""))]


# ---- projections -----------------------------------------------------------------------------------------------------


def _tables_that_differ(scene: Scene) -> Iterator[str]:
    """What ``hub rebuild --check`` finds."""
    file = scene.home / "rebuilt.db"
    file.unlink(missing_ok=True)
    migrate.upgrade(f"sqlite:///{file}")
    fresh = Database(f"sqlite:///{file}")
    try:
        with scene.hub.store.read() as live:
            rebuild.rebuild(scene.hub.log, live, fresh, lambda topic, count: None)
            with fresh.read() as rebuilt:
                compared = rebuild.compare(live, rebuilt)
    finally:
        fresh.close()
    for one in compared:
        yield from (f"rebuild: {row.what} {row.table} {row.key} {row.columns}" for row in one.differences)
