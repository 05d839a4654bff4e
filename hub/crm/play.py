"""What the kit's checks play with: new applications, which belong to no one, and what was seen of each clause."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

from hub.crm.calls import REGISTRATION, TRANSFER, Line, To
from hub.crm.reading import Answer, Outcome, Word
from hub.ports import Clock
from hub.privacy.references import References
from hub.privacy.vault import MasterKey

CHANNEL: Final = "conformance-check"
_LOOK_S = 0.2
_ERRORS = frozenset({"errorCode", "error", "code", "msg", "message", "success"})


class Verdict(StrEnum):
    """HOLDS; BROKEN; NOTE: allowed, and good to know; NOT_SEEN: it could not be brought about, with the reason."""

    HOLDS = "HOLDS"
    BROKEN = "BROKEN"
    NOTE = "NOTE"
    NOT_SEEN = "NOT_SEEN"


class Seen(NamedTuple):
    """What was seen of one clause, in Chinese and English; "" where it holds."""

    clause: str
    verdict: Verdict
    zh: str = ""
    en: str = ""


@dataclass(kw_only=True)
class Notes:
    """What was seen in one run of the kit. ``samples``: what is sent, by kind of piece."""

    samples: Mapping[str, Mapping[str, Any]]
    clock: Clock
    seen: list[Seen] = field(default_factory=list)
    _references: References = field(
        default_factory=lambda: References(MasterKey(secrets.token_bytes(32)), "conformance-check"), repr=False
    )

    def number(self) -> str:
        """The hub's number of an application that no one has seen yet."""
        return self._references.hub_number(uuid4().bytes)

    def sample(self, what: str, number: str, **changes: Any) -> dict[str, Any]:
        """The sample of a piece with changes; a registration has the application's or transfer's number."""
        by = {REGISTRATION: "externalAppNo", TRANSFER: "transferNo"}.get(what)
        own = {by: number, "channel": CHANNEL} if by else {}
        return {**self.samples[what], **own, **changes}

    def hold(self, clause: str, holds: object, zh: str, en: str) -> bool:
        """Write down whether a clause holds; the words are for one that does not. Returns whether it holds."""
        self.seen.append(Seen(clause, Verdict.HOLDS) if holds else Seen(clause, Verdict.BROKEN, zh, en))
        return bool(holds)

    def note(self, clause: str, zh: str, en: str) -> None:
        """Write down what is allowed and good to know."""
        self.seen.append(Seen(clause, Verdict.NOTE, zh, en))

    def unseen(self, clause: str, zh: str, en: str) -> None:
        """Write down why a clause could not be brought about."""
        self.seen.append(Seen(clause, Verdict.NOT_SEEN, zh, en))


@dataclass(kw_only=True)
class Play(Notes):
    """A run against a system that is called. ``acknowledged``: what was found after its acknowledgement, with its
    number."""

    line: Line
    acknowledged: dict[To, str] = field(default_factory=dict)

    def case(self) -> "Case":
        """An application that no one has seen yet."""
        return Case(self, self.number())

    def settled(self, to: To, until: Callable[[Outcome], bool]) -> Outcome:
        """Ask for a piece until ``until`` is true of the answer, for as long as a call may still take effect. Returns
        the last answer."""
        deadline_s = self.clock.monotonic_s() + self.line.settle_s
        while True:
            said = self.line.ask(to)
            if until(said) or self.clock.monotonic_s() >= deadline_s:
                return said
            time.sleep(_LOOK_S)


@dataclass
class Case:
    """One application of a run, by the hub's number."""

    play: Play
    number: str

    def to(self, what: str, key: str = "") -> To:
        """The address of a piece; without a key that of a new one."""
        return To(what, self.number, key or uuid4().hex)

    def body(self, what: str, **changes: Any) -> dict[str, Any]:
        """The sample of a piece of this application or transfer, with changes."""
        return self.play.sample(what, self.number, **changes)

    def push(self, what: str, **changes: Any) -> tuple[To, Outcome]:
        """Post a new piece. Returns its address and the answer."""
        to = self.to(what)
        return to, self.play.line.push(to, self.body(what, **changes))

    def registered(self, **changes: Any) -> bool:
        """Register it; whether that was taken (clause 2.1)."""
        to, said = self.push(REGISTRATION, **changes)
        return taken(self.play, to, said)


def taken(play: Play, to: To, said: Outcome, clause: str = "2.1") -> bool:
    """Whether a piece was taken. An error with a success code breaks 2.3, a yes without a number that can be one 2.1,
    every other answer ``clause``."""
    if said.word is not Word.YES and says_error(said.answer):
        clause = "2.3"
    elif said.why.startswith("no ") and said.answer.ok:
        clause = "2.1"
    zh, en = f"推送 {to.what} 的应答不是接收：{said}", f"the answer to a {to.what} is no yes: {said}"
    return play.hold(clause, said.word is Word.YES, zh, en)


def refused(play: Play, clause: str, to: To, said: Outcome) -> bool:
    """Whether a piece was refused finally, as it must be. An error with a success code breaks 2.3, one without an error
    object 2.2."""
    if says_error(said.answer):
        clause = "2.3"
    elif said.word not in (Word.NO, Word.YES):
        clause = "2.2"
    if said.word is Word.NO:
        play.hold("2.3", True, "", "")
    zh, en = f"不合格的 {to.what} 没有被最终拒绝：{said}", f"a {to.what} that is none is not refused finally: {said}"
    return play.hold(clause, said.word is Word.NO, zh, en)


def says_error(answer: Answer) -> bool:
    """Whether an answer with a success code tells an error in its body."""
    value = answer.value
    return answer.ok and isinstance(value, dict) and bool(value.keys() & _ERRORS)
