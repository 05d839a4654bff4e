"""The backlog of a kind: the records between its sources and the tables. The throttle of its feeds uses it."""

from hub.pipeline import verify
from hub.pipeline.project import read_offsets
from hub.ports import Positions, RecordLog, Store


def behind(log: RecordLog, store: Store, kind: str) -> int:
    """The number of records of ``kind`` that have no verdict yet, or have one that is not in the tables. On Kafka,
    transaction markers count too. Raises ``Unavailable``."""
    judged = log.committed(verify.GROUP)
    with store.read() as connection:
        projected = read_offsets(connection)
    places = (("received", judged), ("verified", projected), ("rejected", projected))
    return sum(_after(log, f"{kind}.{suffix}", positions) for suffix, positions in places)


def _after(log: RecordLog, topic: str, positions: Positions) -> int:
    bounds = log.bounds(topic)
    return sum(end - positions.get((topic, one), first) for one, (first, end) in bounds.items())
