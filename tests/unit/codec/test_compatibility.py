"""P1: history stays readable: which changes a mode lets through."""

import subprocess
import sys

import pytest

from hub.codec.compatibility import DEFAULT_MODE, MODES, breaks
from hub.errors import RecordRejected


def record(*fields: str) -> str:
    return f'{{"type": "record", "name": "R", "fields": [{", ".join(fields)}]}}'


A = '{"name": "a", "type": "int"}'
B = '{"name": "b", "type": "int"}'
B_WITH_DEFAULT = '{"name": "b", "type": "int", "default": 0}'


@pytest.mark.parametrize(
    ("new", "passing"),
    [
        (record(A), set(MODES)),
        (record(A, B_WITH_DEFAULT), set(MODES)),
        (record(A, B), {"NONE", "FORWARD", "FORWARD_TRANSITIVE"}),
        (record(), {"NONE", "BACKWARD", "BACKWARD_TRANSITIVE"}),
        ('"string"', {"NONE"}),
    ],
)
def test_modes(new: str, passing: set[str]) -> None:
    assert {mode for mode in MODES if not breaks(new, [record(A)], mode)} == passing


def test_transitive_modes_look_at_all_and_the_others_at_the_last() -> None:
    earlier = [record(A, B), record(A)]
    assert {mode for mode in MODES if breaks(record(A), earlier, mode)} == {"FORWARD_TRANSITIVE", "FULL_TRANSITIVE"}


def test_the_default_is_the_strictest() -> None:
    assert DEFAULT_MODE == "FULL_TRANSITIVE"
    assert breaks(record(A), []) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 50_000, '{"type": "record"}', '{"type": "string", "doc": "\\ud800"}', "5", "null"]
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    """P1: anyone may send a schema to the registry."""
    with pytest.raises(RecordRejected, match="SCHEMA_UNKNOWN"):
        breaks(text, [record(A)])


def test_what_a_caller_chose_is_not_written_to_the_log() -> None:
    """P5: the checker warns about logical types that it does not know, with their text."""
    script = 'from hub.codec.compatibility import breaks; breaks(\'{"type": "int", "logicalType": "planted"}\', [])'
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert b"planted" not in done.stdout + done.stderr
