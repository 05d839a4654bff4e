"""``python -m bench.steps``: where verify's processor time goes, in microseconds a record, best of five.

4,000 of the sandbox's business licences, 2 % of them bad, sealed as ingest seals them, in one process without a broker.
The keys are in memory.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.stages import settings_in
from bench.world import KIND, NAME, Feed
from hub.bootstrap import Hub, open_hub
from hub.codec import wire
from hub.connect.host.registry import find
from hub.pipeline.verify import Adjudicator, Judged, Marks
from hub.ports import Batch
from hub.records.kinds import KINDS
from hub.records.shape import check_shape
from hub.records.verdict import Context, judge

SIZE, TURNS = 4_000, 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hub = open_hub(settings_in(Path(folder)))
        try:
            _print(hub, Feed(SIZE))
        finally:
            hub.close()


def _print(hub: Hub, feed: Feed) -> None:
    pages = [hub.sealer.seal_page(find(NAME).info, feed.read(page), hub.clock.now_ms()) for page in feed.pages()]
    records: list[Any] = [
        SimpleNamespace(offset=n, timestamp=0, key=one.entity_id, value=one.value, headers=(("ce_id", b""),))
        for n, one in enumerate(row for page in pages for row in page)
    ]
    adjudicator, now = Adjudicator(hub.opener, {NAME: feed.trusted()}), datetime.now(UTC)
    context, marks, batch = Context.at(now), Marks(now), Batch(f"{KIND}.received", 0, records)
    opened = [one for one in hub.opener.open([record.value for record in records]) if one.record is not None]
    one = Judged(KIND, bytes(16), ())
    decode = _best(lambda: [wire.decode(record.value) for record in records])
    openings = _best(lambda: hub.opener.open([record.value for record in records]))
    shape = _best(lambda: [check_shape(KIND, one.record) for one in opened])
    judged = _best(lambda: [judge(KINDS[KIND], one.record or {}, context, "valid") for one in opened])
    rows = {
        "decode the envelope": decode,
        "decrypt, decode and bind the parts": openings - decode,
        "open the original, check its place under the page's signature": _best(
            lambda: [adjudicator._proof(one) for one in opened]
        ),
        "shape": shape,
        "the rules": judged - shape,
        "open and judge, all of it": _best(lambda: adjudicator.judge(records, now, KIND)),
        "headers and messages": _best(lambda: [marks.verified(batch, record, one) for record in records]),
    }
    for name, seconds in rows.items():
        print(f"{seconds / len(records) * 1e6:6.1f} µs  {name}")


def _best(work: Callable[[], Any]) -> float:
    """Processor seconds of the quickest turn."""
    taken = []
    for _ in range(TURNS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


if __name__ == "__main__":
    main()
