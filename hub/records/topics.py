"""The topics, as declared. ``hub topics`` and ``hub doctor`` compare a log with this."""

from hub.ports import TopicSpec
from hub.records.kinds import KINDS

LOOKUP_REQUESTS = "lookup.requests"
LOOKUP_RECEIVED = "lookup.received"
APPLICATION_EVENTS = "application.events"
DELIVERY_EVENTS = "delivery.events"
ACCESS_EVENTS = "access.events"
CURSORS = "hub.cursors"
HEADS = "audit.heads"
SUFFIXES = ("received", "verified", "rejected")


def declared(partitions: int) -> list[TopicSpec]:
    """Every topic of the hub. All have the same partition count, so that a stage can keep a record's partition along
    its path."""
    plain = [f"{kind}.{suffix}" for kind in KINDS for suffix in SUFFIXES]
    plain += [LOOKUP_REQUESTS, LOOKUP_RECEIVED, APPLICATION_EVENTS, DELIVERY_EVENTS, ACCESS_EVENTS, HEADS]
    return [TopicSpec(name, partitions) for name in plain] + [TopicSpec(CURSORS, partitions, compacted=True)]


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of an opaque id: its first four bytes, big-endian, modulo the count. Ids are random, so this
    spreads evenly.

    >>> partition_of(bytes.fromhex("00000007ffff"), 6)
    1
    """
    return int.from_bytes(key[:4], "big") % partitions
