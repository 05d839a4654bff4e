"""The topics, as ``topics.toml`` declares them: three for each registered kind of record, the hub's own, and the topics
of events that installed packages declare. ``hub topics`` and ``hub doctor`` compare a log with this."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from hub.codec.packages import packages
from hub.errors import Misconfigured
from hub.ports import TopicSpec
from hub.records.declarations import declarations

LOOKUP_REQUESTS = "lookup.requests"
LOOKUP_RECEIVED = "lookup.received"
RECORDS_WAITING = "records.waiting"
CONNECTION_EVENTS = "connection.events"
TRANSFER_EVENTS = "transfer.events"
DELIVERY_EVENTS = "delivery.events"
CALENDAR_EVENTS = "calendar.events"
ACCESS_EVENTS = "access.events"
CURSORS = "hub.cursors"
HEADS = "audit.heads"
FILE = "topics.toml"
_EVENTS = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*\.events")
SUFFIXES = ("received", "verified", "rejected")


@cache
def _file() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("hub.topics").joinpath(FILE).read_text("utf-8"))


@cache
def _topics() -> Mapping[str, Mapping[str, Any]]:
    of_kinds = {
        f"{kind.name}.{suffix}": {"about": said.format(about=kind.about)}
        for declaration in declarations()
        for kind in declaration.kinds
        for suffix, said in _file()["kinds"].items()
    }
    found = {**of_kinds, **_file()["topics"]}
    for package in packages():
        added = added_topics(package.name, package.table(FILE))
        if taken := sorted(found.keys() & added.keys()):
            raise Misconfigured(f"{package.name}/{FILE}: the topic {taken[0]} exists already", "name another topic")
        found |= added
    return found


def added_topics(package: str, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The topics of events that one package adds. Raises ``Misconfigured`` for any other topic."""
    added: Mapping[str, Mapping[str, Any]] = table.get("topics", {})
    for name, entry in added.items():
        if not _EVENTS.fullmatch(name) or entry.keys() != {"about", "events"}:
            raise Misconfigured(
                f"{package}/{FILE}: {name} is no topic of events",
                "name it like transfer.events, with `about` and `events`: docs/kinds.md",
            )
    return added


def declared(partitions: int) -> list[TopicSpec]:
    """Every topic of the hub, as ``topics.toml`` declares it. All have the same number of partitions, so that a record
    stays in one partition number on all its topics."""
    return [
        TopicSpec(name, partitions, configs["cleanup.policy"] == "compact", configs)
        for name, table in _topics().items()
        for configs in [{**_file()["configs"], **table.get("configs", {})}]
    ]


def event_patterns() -> Mapping[str, Sequence[str]]:
    """Topic of events → names of its schemas, as shell patterns."""
    return {name: table["events"] for name, table in _topics().items() if "events" in table}


def about(topic: str) -> str:
    """The purpose of a declared topic, in one line. Raises ``KeyError`` for any other topic."""
    said: str = _topics()[topic]["about"]
    return said


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of an opaque id, 0 to ``partitions`` - 1: its last four bytes, big-endian, modulo the count.

    The last bytes of every id are random or keyed, so records are spread evenly; the first bytes are a time or a
    version.

    >>> partition_of(bytes.fromhex("ffff00000007"), 6)
    1
    """
    return int.from_bytes(key[-4:], "big") % partitions
