"""The topics, as ``topics.toml`` declares them: three for each registered kind of record, and the hub's own. ``hub
topics`` and ``hub doctor`` compare a log with this."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from hub.ports import TopicSpec
from hub.records.declarations import declarations

LOOKUP_REQUESTS = "lookup.requests"
LOOKUP_RECEIVED = "lookup.received"
CONNECTION_EVENTS = "connection.events"
DELIVERY_EVENTS = "delivery.events"
ACCESS_EVENTS = "access.events"
CURSORS = "hub.cursors"
HEADS = "audit.heads"
SUFFIXES = ("received", "verified", "rejected")


@cache
def _file() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("hub.topics").joinpath("topics.toml").read_text("utf-8"))


@cache
def _topics() -> Mapping[str, Mapping[str, Any]]:
    of_kinds = {
        f"{kind.name}.{suffix}": {"about": said.format(about=kind.about)}
        for declaration in declarations()
        for kind in declaration.kinds
        for suffix, said in _file()["kinds"].items()
    }
    return {**of_kinds, **_file()["topics"]}


def declared(partitions: int) -> list[TopicSpec]:
    """Every topic of the hub, as ``topics.toml`` has it. All have the same partition count, so that a stage can
    keep a record's partition along its path."""
    return [
        TopicSpec(name, partitions, configs["cleanup.policy"] == "compact", configs)
        for name, table in _topics().items()
        for configs in [{**_file()["configs"], **table.get("configs", {})}]
    ]


def about(topic: str) -> str:
    """What a declared topic is for, in one line. Raises ``KeyError``."""
    said: str = _topics()[topic]["about"]
    return said


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of an opaque id, 0 to ``partitions`` - 1: its last four bytes, big-endian, modulo the count.

    The last bytes of every id are random or keyed, so this spreads evenly; the first ones are a time or a version.

    >>> partition_of(bytes.fromhex("ffff00000007"), 6)
    1
    """
    return int.from_bytes(key[-4:], "big") % partitions
