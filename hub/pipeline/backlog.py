"""What lies between a kind's source and the tables: for the throttle of its feeds."""

from hub.pipeline import verify
from hub.pipeline.project import read_offsets
from hub.ports import Positions, RecordLog, Store


def behind(log: RecordLog, store: Store, kind: str) -> int:
    """Records of ``kind`` that are received and have no verdict, or have one and are not in the tables. A little more
    where the log has markers. Raises ``Unavailable``."""
    judged = log.committed(verify.GROUP)
    with store.read() as connection:
        projected = read_offsets(connection)
    places = (("received", judged), ("verified", projected), ("rejected", projected))
    return sum(_after(log, f"{kind}.{suffix}", positions) for suffix, positions in places)


def _after(log: RecordLog, topic: str, positions: Positions) -> int:
    bounds = log.bounds(topic)
    return sum(end - positions.get((topic, one), first) for one, (first, end) in bounds.items())
