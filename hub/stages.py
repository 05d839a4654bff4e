"""The stages of a hub, in the order of a record's way. A new stage is one line here."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from hub.delivery import deliver, unfetched
from hub.delivery.files import fetch
from hub.ingest import stage as ingest
from hub.pipeline import due, lookup, project, relay, verify
from hub.pipeline.unused import stage as erase
from hub.pipeline.verdicts import report
from hub.runtime.stage import Stage

STAGES: Final[tuple[Stage, ...]] = (
    ingest.STAGE,
    lookup.STAGE,
    verify.STAGE,
    project.STAGE,
    due.STAGE,
    relay.STAGE,
    erase.STAGE,
)
"""The stages of every hub. Each sink adds one more, and so does each source that wants the verdicts back, or gives the
files of licences."""


def stages(
    sinks: Iterable[str],
    reports: Mapping[str, str] = MappingProxyType({}),
    fetching: Collection[str] = (),
    files: Iterable[str] = (),
) -> list[Stage]:
    """Every stage of a hub that delivers to ``sinks``, by their connectors' names, of which the systems of ``fetching``
    fetch their pieces, writes verdicts back to ``reports``, source → kind, and fetches the files of licences from the
    sources ``files``."""
    delivering = (unfetched.stage(name) if name in fetching else deliver.stage(name) for name in sinks)
    return [*STAGES, *delivering, *(report.stage(*one) for one in reports.items()), *map(fetch.stage, files)]
