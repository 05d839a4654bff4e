"""Lint of a map of step codes: what the codes of a connection system open and close, before any case waits for an end
that never comes."""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.connect.codes import Codes
from hub.connect.declared.fitting import Finding
from hub.connect.declared.models import FieldRule, MappingSpec
from hub.connect.folder import CODES
from hub.records.kinds import STEP_SEGMENTS

KIND: Final = "utility.step"
_OF_A_SEGMENT: Final = ("START", "END", "RETURN")
_REMEDY: Final = f"segments are {', '.join(STEP_SEGMENTS)}"


def of_steps(mapping: MappingSpec, codes: Codes) -> Iterator[Finding]:
    """What would be rejected as STEP_SEGMENT, and the segments that no code ends. A code of an action that is joined
    with the code of its step (``END-060``) is of that step's segment; one that is not is of any."""
    segments, actions = (_table(mapping.fields.get(f"step.{name}"), codes) for name in ("segment", "action"))
    if not segments[1] or not actions[1]:
        return
    for code, word in segments[1].items():
        if word not in STEP_SEGMENTS:
            yield _told(f"{segments[0]},{code}", f"STEP_SEGMENT: {word!r} is no segment", _REMEDY)
    ended: set[str] = set()
    for code, action in actions[1].items():
        step = _step_of(code, segments[1])
        found = {*segments[1].values()} if step is None else {segments[1].get(step, "")}
        if action in _OF_A_SEGMENT and "" in found:
            problem = f"STEP_SEGMENT: {code} is {action}, and no line of {segments[0]} says the segment of its step"
            yield _told(f"{actions[0]},{code}", problem, f"add {segments[0]},CODE,SEGMENT,MEANING; {_REMEDY}")
        ended |= found if action == "END" else set()
    for one in STEP_SEGMENTS:
        if one not in ended:
            problem = f"no code ends the segment {one}: its clock never stops"
            yield _told(actions[0], problem, "give the code of the step that is the utility's answer END")


def _table(rule: FieldRule | None, codes: Codes) -> tuple[str, Mapping[str, str]]:
    """The name of the table that a field is read by, and the table; ("", {}) where it is read by none."""
    if rule is None or rule.as_ != "code":
        return "", {}
    name = rule.codes or str(rule.from_)
    return name, codes.table(name) if codes.knows(name) else {}


def _step_of(code: str, segments: Mapping[str, str]) -> str | None:
    """The code of the step in the code of an action; ``None`` where it has none.

    >>> _step_of("END-060", {}), _step_of("SEND-3", {"SEND-3": "acceptance"}), _step_of("RETURN", {})
    ('060', 'SEND-3', None)
    """
    if code in segments:
        return code
    _, joined, step = code.partition("-")
    return step if joined else None


def _told(key: str, problem: str, remedy: str) -> Finding:
    return Finding(CODES, key, problem, remedy)
