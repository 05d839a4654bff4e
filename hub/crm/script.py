"""What is handed over to a system that takes its pieces by itself: applications that belong to no one, in the order in
which a hub would show them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from hub.crm.calls import CANCELLATION, DATES, EVIDENCE, RATING, RECALL, REGISTRATION, WARNING, WITHDRAWAL
from hub.crm.play import Notes

_AFTER = (EVIDENCE, DATES, WITHDRAWAL, RATING, WARNING, RECALL, CANCELLATION)
_RARE = {"custName": "𠮷田㐂（天津）电气·有限公司", "dueOn": None, "aFieldOfLater": {"a": [1, None]}}


@dataclass
class Piece:
    """One piece: its number of the application, kind and body. ``good``: whether it can be taken; ``wrong``: why it
    cannot, in Chinese and English."""

    number: str
    what: str
    body: dict[str, Any]
    wrong: tuple[str, str] = ("", "")
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def good(self) -> bool:
        """Whether it can be taken."""
        return not self.wrong[1]

    @property
    def kind(self) -> str:
        """The kind, as an item or a row has it: that of evidence is its record's."""
        return str(self.body["kind"]) if self.what == EVIDENCE else self.what


def registration(notes: Notes, **changes: Any) -> Piece:
    """That of a new application."""
    number = notes.number()
    return Piece(number, REGISTRATION, notes.sample(REGISTRATION, number, **changes))


def rare(notes: Notes) -> Piece:
    """One with rare characters, null, and a field that the system does not know."""
    return registration(notes, **_RARE)


def after(notes: Notes, number: str) -> list[Piece]:
    """What follows the registration of an application, each kind once."""
    return [Piece(number, what, notes.sample(what, number)) for what in _AFTER]


def wrong(notes: Notes) -> list[Piece]:
    """What cannot be taken."""
    bare, unknown = notes.number(), notes.number()
    nothing = "缺少字段的登记", "a registration without its fields"
    unknown_to_it = "未登记申请的材料", "evidence of an application that is not registered"
    return [
        Piece(bare, REGISTRATION, {"externalAppNo": bare}, nothing),
        Piece(unknown, EVIDENCE, notes.sample(EVIDENCE, unknown), unknown_to_it),
    ]
