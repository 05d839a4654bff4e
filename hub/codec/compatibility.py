"""Compatibility of schema versions, checked with Apache Avro's own checker.

Old and new programs read the same history. So a new version must read what all earlier ones wrote, and all earlier ones
must read what the new one writes: FULL_TRANSITIVE. The modes have the names that schema registries use.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import avro.errors
import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from hub.codec.catalogue import Catalogue
from hub.errors import RecordRejected

# The checker writes a wrong logical type, which a caller chose, to stderr.
warnings.filterwarnings("ignore", category=avro.errors.IgnoredLogicalType)

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
    """One reason why a schema cannot read another. ``earlier`` is the index of the earlier version, ``direction`` is
    BACKWARD or FORWARD, ``path`` is the place inside the schema."""

    earlier: int
    direction: str
    what: str
    path: str
    message: str


def parse(text: str) -> Any:
    """A schema's JSON text in the checker's form. Raises ``RecordRejected`` (SCHEMA_UNKNOWN) if it is not Avro, or if
    UTF-8 cannot encode it."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
        return avro.schema.parse(text)
    except (avro.errors.AvroException, ValueError, RecursionError) as error:
        raise RecordRejected("SCHEMA_UNKNOWN", detail=type(error).__name__) from None


def breaks(new: str, earlier: Sequence[str], mode: str = DEFAULT_MODE) -> list[Break]:
    """The breaks between ``new`` and the earlier versions (JSON texts, oldest first) that ``mode`` compares it with.

    Empty when ``new`` is compatible. Raises ``RecordRejected`` (SCHEMA_UNKNOWN), and ``KeyError`` for another mode.

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
    # A checker stores all its results, so each pair gets a new one.
    result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return
    path, message = "; ".join(sorted(result.locations)), "; ".join(sorted(result.messages))
    for what in result.incompatibilities:
        yield Break(place, direction, what.value, path, message)


def catalogue_breaks(catalogue: Catalogue) -> dict[str, list[Break]]:
    """ "NAME.vVERSION" of each schema that is not compatible with an earlier one → its breaks. Empty when all are."""
    found: dict[str, list[Break]] = {}
    for name in catalogue.names():
        versions = catalogue.versions(name)
        for place, schema in enumerate(versions):
            if broken := breaks(schema.text, [before.text for before in versions[:place]]):
                found[f"{name}.v{schema.version}"] = broken
    return found
