"""The stages of a hub, in the order of a record's way. A new stage is one line here."""

from collections.abc import Iterable
from typing import Final

from hub.delivery import deliver
from hub.ingest import stage as ingest
from hub.pipeline import due, lookup, project, relay, verify
from hub.pipeline.unused import stage as erase
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
"""The stages of every hub. Each sink adds one more."""


def stages(sinks: Iterable[str]) -> list[Stage]:
    """Every stage of a hub that delivers to ``sinks``, by their connectors' names."""
    return [*STAGES, *map(deliver.stage, sinks)]
