"""What the kit's checks play with: new applications, which belong to no one, and what was seen of each clause."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

from hub.crm.calls import REGISTRATION, TRANSFER, Line, To
from hub.crm.reading import Answer, Outcome, Word, own_number, shown
from hub.ports import Clock
from hub.privacy.references import References
from hub.privacy.vault import MasterKey

CHANNEL: Final = "conformance-check"
PUT_OFF_MAX_S = 60.0
"""How long a run waits altogether because it is put off (429), seconds."""
OBEYED_MAX_S = 10.0
"""How long one Retry-After is obeyed, seconds."""
SILENT_MAX = 2
"""Calls without an answer that are asked for until they have settled; the others are asked for once."""
_LOOK_S = 0.2
_WAIT_S = 0.5
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
    _owners: dict[str, str] = field(default_factory=dict)
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

    def own(self, number: str, given: str) -> bool:
        """Whether no other application of the run has the system's number ``given``; ``number`` is the hub's."""
        return self._owners.setdefault(given, number) == number

    def owns(self, clause: str, number: str, given: str) -> bool:
        """Write down (``clause``) that the system's number of an application is no other one's. Returns whether."""
        told = f"两个申请得到同一编号 {shown(given)}", f"two applications have one number of the system: {shown(given)}"
        return self.hold(clause, self.own(number, given), *told)

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
    _put_off_s: float = 0.0
    _silent: int = 0

    def case(self) -> "Case":
        """An application that no one has seen yet."""
        return Case(self, self.number())

    def push(self, to: To, body: Mapping[str, Any]) -> Outcome:
        """Post a piece as a hub does: what is put off (429) comes again. Returns the last answer."""
        said = self.line.push(to, body)
        while said.word is Word.NOT_NOW and self._put_off_s < PUT_OFF_MAX_S:
            wait_s = min(seconds(said.answer.retry_after) or _WAIT_S, OBEYED_MAX_S)
            self._put_off_s += wait_s
            time.sleep(wait_s)
            said = self.line.push(to, body)
        return said

    def came(self, to: To) -> bool:
        """Whether a piece took effect though its call got no answer, or one that says nothing."""
        self._silent += 1
        if self._silent > SILENT_MAX:
            return self.line.ask(to).word is Word.THERE
        return self.settled(to, lambda said: said.word is Word.THERE).word is Word.THERE

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
        """Post a new piece, again where it is put off. Returns its address and the answer."""
        to = self.to(what)
        return to, self.play.push(to, self.body(what, **changes))

    def registered(self, **changes: Any) -> bool:
        """Register it; whether that was taken (clause 2.1)."""
        to, said = self.push(REGISTRATION, **changes)
        return taken(self.play, to, said)


def taken(play: Play, to: To, said: Outcome, clause: str = "2.1") -> bool:
    """Whether a piece was taken. What is taken and not answered with a yes that can be one breaks 2.1, an error with a
    success code 2.3, what is put off again and again 2.5, every other answer ``clause``."""
    if said.word is Word.YES:
        told = "receivedAt 不是带时差的 ISO 8601 时间", "receivedAt is no ISO 8601 time with its offset"
        play.hold("2.1", is_time(said.answer.value.get("receivedAt")), *told)
        if to.what == REGISTRATION:
            play.owns("1.2", to.number, said.number)
        return play.hold(clause, True, "", "")
    if said.word is Word.SILENT and play.came(to):
        told = f"{to.what} 已生效，应答却是：{said}", f"a {to.what} has taken effect, and the answer was: {said}"
        return play.hold("2.1", False, *told)
    if says_error(said.answer):
        clause = "2.1" if _has_number(said.answer, to.field) else "2.3"
    elif said.answer.ok:
        clause = "2.1"
    elif said.word is Word.NOT_NOW:
        clause = "2.5"
    told = f"推送 {to.what} 的应答不是接收：{said}", f"the answer to a {to.what} is no yes: {said}"
    return play.hold(clause, False, *told)


def refused(play: Play, clause: str, to: To, said: Outcome) -> bool:
    """Whether a piece was refused finally, as it must be. An error with a success code breaks 2.3, one without an error
    object 2.2."""
    if says_error(said.answer):
        clause = "2.3"
    elif said.word not in (Word.NO, Word.YES, Word.SILENT):
        clause = "2.2"
    if said.word is Word.NO:
        play.hold("2.3", True, "", "")
    zh, en = f"不合格的 {to.what} 没有被最终拒绝：{said}", f"a {to.what} that is none is not refused finally: {said}"
    return play.hold(clause, said.word is Word.NO, zh, en)


def says_error(answer: Answer) -> bool:
    """Whether an answer with a success code tells an error in its body."""
    value = answer.value
    return answer.ok and isinstance(value, dict) and bool(value.keys() & _ERRORS)


def _has_number(answer: Answer, name: str) -> bool:
    """Whether the number is in an answer: on top, beside an errorCode, or one level below, in an envelope."""
    value = answer.value
    below = [one for one in value.values() if isinstance(one, dict)]
    return any(own_number(one.get(name)) for one in (value, *below))


def is_time(said: object) -> bool:
    """Whether a receipt may have this time: none, or ISO 8601 with its offset.

    >>> [is_time(said) for said in (None, "2026-03-02T09:00:00.000+08:00", "2026-03-02 09:00:00", 1772413200)]
    [True, True, False, False]
    """
    try:
        return said is None or datetime.fromisoformat(str(said)).utcoffset() is not None
    except ValueError:
        return False


def seconds(retry_after: str) -> float | None:
    """The wait of a ``Retry-After`` (RFC 9110 §10.2.3), seconds; of a date, or without one, the shortest. ``None`` for
    what cannot be read.

    >>> [seconds(said) for said in ("", "3", "Fri, 27 Nov 2026 12:00:00 GMT", "soon", "9" * 400)]
    [0.5, 3.0, 0.5, None, inf]
    """
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        if retry_after:
            parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return _WAIT_S
