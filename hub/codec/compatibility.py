"""Compatibility of schema versions, by Apache Avro's own checker.

History is read by old programs and new ones, so a new version must read what every earlier one wrote, and be read by
every earlier one: FULL_TRANSITIVE. The names of the modes are those of schema registries.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import avro.errors
import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from hub.codec.catalogue import Catalogue
from hub.errors import RecordRejected

DEFAULT_MODE: Final = "FULL_TRANSITIVE"
# Mode → (the new one reads the earlier, the earlier ones read the new, against all of them).
MODES: Final = {
    "NONE": (False, False, False),
    "BACKWARD": (True, False, False),
    "BACKWARD_TRANSITIVE": (True, False, True),
    "FORWARD": (False, True, False),
    "FORWARD_TRANSITIVE": (False, True, True),
    "FULL": (True, True, False),
    "FULL_TRANSITIVE": (True, True, True),
}


class Break(NamedTuple):
    """Why one schema cannot read another. ``earlier`` is the earlier one's place; ``path`` is inside the schema."""

    earlier: int
    direction: str
    what: str
    path: str
    message: str


def parse(text: str) -> Any:
    """A schema as the checker wants it. Raises ``RecordRejected`` (SCHEMA_UNKNOWN) for what is no Avro schema."""
    try:
        return avro.schema.parse(text)
    except (avro.errors.AvroException, ValueError, RecursionError) as error:
        raise RecordRejected("SCHEMA_UNKNOWN", detail=type(error).__name__) from None


def breaks(new: str, earlier: Sequence[str], mode: str = DEFAULT_MODE) -> list[Break]:
    """Every break between ``new`` and those earlier versions (texts, oldest first) that ``mode`` looks at.

    >>> [found.what for found in breaks('"string"', ['"int"'])]
    ['type_mismatch', 'type_mismatch']
    >>> breaks('"string"', ['"int"', '"string"'], "FULL")
    []
    """
    backward, forward, transitive = MODES[mode]
    parsed = parse(new)
    places = range(len(earlier)) if transitive else range(max(0, len(earlier) - 1), len(earlier))
    found: list[Break] = []
    for place in places:
        other = parse(earlier[place])
        if backward:
            found += _between(parsed, other, place, "BACKWARD")
        if forward:
            found += _between(other, parsed, place, "FORWARD")
    return found


def _between(reader: Any, writer: Any, place: int, direction: str) -> Iterator[Break]:
    # A checker keeps every result that it ever gave, so each pair gets a new one.
    result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return
    path, message = "; ".join(sorted(result.locations)), "; ".join(sorted(result.messages))
    for what in result.incompatibilities:
        yield Break(place, direction, what.value, path, message)


def catalogue_breaks(catalogue: Catalogue) -> dict[str, list[Break]]:
    """Name and version of every schema that is not compatible with an earlier one, and why; empty when all is well."""
    found: dict[str, list[Break]] = {}
    for name in catalogue.names():
        versions = catalogue.versions(name)
        for place, schema in enumerate(versions):
            if broken := breaks(schema.text, [before.text for before in versions[:place]]):
                found[f"{name}.v{schema.version}"] = broken
    return found
