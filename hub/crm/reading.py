"""What an answer of the connection system says, as the contract has it (docs/crm-contract.md, sections 2 and 3). Pure.

The kit and the connector ``utility_crm`` read answers by it: what the one accepts the other does too.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.ports import OPEN_CODE
from hub.records import text

NUMBER_MAX = 64
"""Characters of the system's own number."""
SHOWN_MAX = 40
"""Characters of a system's own word that are shown, escaped."""
NOT_FOUND = "NOT_FOUND"
AGREED = frozenset({"items", "total", "more", "next", "page", "requestId", "traceId"})
"""The fields that an answer to a question may have."""


class Word(StrEnum):
    """What an answer comes to. To a POST: YES, NO, NOT_NOW, SETTINGS (an address or token is wrong), NEITHER. To a GET:
    THERE, NOT_THERE, SETTINGS, NEITHER. SILENT: no complete answer."""

    YES = "YES"
    NO = "NO"
    NOT_NOW = "NOT_NOW"
    SETTINGS = "SETTINGS"
    NEITHER = "NEITHER"
    SILENT = "SILENT"
    THERE = "THERE"
    NOT_THERE = "NOT_THERE"


_LONG_NUMBER = re.compile(r"[0-9]{7,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. ``status`` 0: there was none, and ``body`` has the reason in words. ``retry_after``: the
    header of that name, "" for none."""

    status: int
    body: bytes = b""
    retry_after: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def value(self) -> Any:
        """The JSON value of the body; ``None`` for a body that is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def code(self) -> str:
        """The ``errorCode`` of the system's own error object; "" for none."""
        value = self.value
        code = value.get("errorCode") if isinstance(value, dict) else None
        return "" if isinstance(code, bool) or not isinstance(code, str | int) else str(code).strip()

    @property
    def words(self) -> str:
        """The ``message`` of that error object; "" for none. It may name a person."""
        value = self.value
        message = value.get("message") if isinstance(value, dict) else None
        return message if isinstance(message, str) else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer says: the word, the system's number and time where it gives them, and the answer."""

    word: Word
    answer: Answer
    number: str = ""
    why: str = ""
    received_at: str = ""

    def __str__(self) -> str:
        if not self.answer.status:
            return f"no answer ({self.answer.body.decode()})"
        return " ".join(filter(None, (f"HTTP {self.answer.status}", shown(self.answer.code), self.why)))


def shown(said: str) -> str:
    """A word of the system as a report may have it: bounded, escaped, and without a person's number (P5).

    >>> shown("E1001"), shown("\\x1b[31m" + "a" * 99), shown("王伟13812345678")
    ('E1001', '\\\\x1b[31maaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…', '\\\\u738b\\\\u4f1f…')
    """
    if OPEN_CODE.fullmatch(said):
        return said
    escaped = _LONG_NUMBER.sub("…", said[:SHOWN_MAX]).encode("unicode_escape").decode().replace("\\u2026", "…")
    return escaped if len(escaped) <= SHOWN_MAX else f"{escaped[: SHOWN_MAX - 1]}…"


def of_push(answer: Answer, number: str) -> Outcome:
    """What an answer to a POST says; ``number``: the field of the system's number."""
    value, code = answer.value, answer.code
    if not answer.status or answer.status in (408, 425) or answer.status >= 500 or (answer.status == 429 and not code):
        return Outcome(Word.SILENT, answer)
    if answer.status in (200, 201) and isinstance(value, dict) and not code:
        return _with_number(Word.YES, answer, value, number)
    if answer.status in (400, 413, 422) and code:
        return Outcome(Word.NO, answer)
    if answer.status == 429:
        return Outcome(Word.NOT_NOW, answer)
    wrong = answer.status == 404 or (answer.status in (401, 403) and code)
    if wrong or (300 <= answer.status < 400 and answer.status != 303):
        return Outcome(Word.SETTINGS, answer)
    return Outcome(Word.NEITHER, answer, why=_why_neither(answer))


def _why_neither(answer: Answer) -> str:
    if answer.code:
        return ""
    if not answer.ok:
        return "no error object of the system's own"
    return "" if isinstance(answer.value, dict) else "no JSON object"


def of_question(answer: Answer, number: str, key: str) -> Outcome:
    """What an answer to a GET says about the piece with ``key``."""
    value = answer.value
    if not answer.status or answer.status in (408, 425, 429) or answer.status >= 500:
        return Outcome(Word.SILENT, answer)
    if answer.status == 404 and answer.code == NOT_FOUND:
        return Outcome(Word.NOT_THERE, answer)
    if not answer.ok:
        return Outcome(Word.SETTINGS, answer)
    if answer.status != 200 or not isinstance(value, dict):
        return Outcome(Word.NEITHER, answer, why="no list of items")
    return _in_list(answer, value, number, key)


def _in_list(answer: Answer, value: Mapping[str, Any], number: str, key: str) -> Outcome:
    items = value.get("items")
    if not isinstance(items, list):
        return Outcome(Word.NEITHER, answer, why="no list of items")
    for item in items:
        if isinstance(item, dict) and item.get("idempotencyKey") == key:
            return _with_number(Word.THERE, answer, item, number)
    if why := _missing(value, items):
        return Outcome(Word.NEITHER, answer, why=why)
    return Outcome(Word.NOT_THERE, answer, why="not in the list")


def keys(answer: Answer) -> list[Any] | None:
    """The ``idempotencyKey`` of each item of a list, ``None`` in it for an item without one; ``None`` for an answer
    without a list."""
    value = answer.value
    items = value.get("items") if isinstance(value, dict) else None
    if answer.status != 200 or not isinstance(items, list):
        return None
    return [item.get("idempotencyKey") if isinstance(item, dict) else None for item in items]


def _missing(value: Mapping[str, Any], items: list[Any]) -> str:
    """Why a list without the piece does not say "not there"; "" when it does."""
    if any(not isinstance(item, dict) or not _is_key(item.get("idempotencyKey")) for item in items):
        return "an item without idempotencyKey"
    if value.get("more") or value.get("next"):
        return "it has further pages"
    if value.get("total") not in (None, len(items)):
        return "total is not the number of items"
    strange = sorted(value.keys() - AGREED)
    return f"a field that is not agreed: {shown(strange[0])}" if strange else ""


def _is_key(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _with_number(word: Word, answer: Answer, value: Mapping[str, Any], name: str) -> Outcome:
    """``word`` when there is a number; one that is empty, too long or cannot be seen is none."""
    time = value.get("receivedAt")
    if given := own_number(value.get(name)):
        return Outcome(word, answer, given, received_at=time if isinstance(time, str) else "")
    return Outcome(Word.NEITHER, answer, why=f"no {name}")


def own_number(value: object) -> str:
    """The system's own number as the hub keeps it; "" for what cannot be one.

    >>> own_number(" A1 "), own_number(17), own_number(True), own_number("A" * 65)
    ('A1', '17', '', '')
    """
    is_one = isinstance(value, str | int) and not isinstance(value, bool)
    return text.label(str(value), NUMBER_MAX) if is_one else ""
