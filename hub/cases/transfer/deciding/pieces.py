"""The pieces of a decision about one transfer, with their numbers. Pure."""

from collections.abc import Iterator
from datetime import date

from hub.cases.case import Case
from hub.cases.events import Deciding, Event, Piece
from hub.cases.policies.model import Policy
from hub.cases.procedure import SinkInfo
from hub.cases.transfer.command import NAME
from hub.cases.transfer.deciding import limits
from hub.cases.transfer.events import CHECK, NOTICE, TRANSFER
from hub.cases.transfer.gather import Facts
from hub.cases.transfer.states import Ask, Standing, Step

_ASKED = {Ask.CHECK: CHECK, Ask.TRANSFER: TRANSFER}


class Drafts:
    """What is decided so far about one transfer: its events, and how it stands after them."""

    def __init__(self, case: Case, facts: Facts, table: Policy, today: date) -> None:
        self.case, self.facts, self.table, self.today = case, facts, table, today
        self.events: list[Event] = []
        self.standing = Standing()
        self.registered_on: date | None = None
        self.sinks = dict(case.sinks)
        self.due_on: date | None = None
        self.old_title: bytes | None = None
        self.mandate = False
        self.first = False

    def _with_followers(self, ended: set[int]) -> tuple[int, ...]:
        """These pieces and those that come after them."""
        return tuple(one for one, piece in self.facts.unsent.items() if one in ended or piece.after in ended)

    # ---- pieces ----

    def _questions(self, step: Step) -> tuple[Piece, ...]:
        if step.ask is None:
            return ()
        nth = step.standing.checks if step.ask is Ask.CHECK else step.standing.transfers
        return tuple(self._pieces(_ASKED[step.ask], nth, self._next()))

    def _pieces(self, kind: str, reading: int, first: int) -> Iterator[Piece]:
        """One for each sink that accepts the kind and existed when the case opened, after its registration there."""
        names = [sink.name for sink in self._known() if sink.name in self.sinks and sink.takes(NAME, kind)]
        return (Piece(first + nth, name, kind, self.sinks[name], reading=reading) for nth, name in enumerate(names))

    def _known(self) -> tuple[SinkInfo, ...]:
        return self.facts.sinks + self.facts.absent

    def _next(self) -> int:
        return self.case.pieces + sum(len(one.pieces) for one in self.events if isinstance(one, Deciding))

    def _withdrawn(self) -> tuple[int, ...]:
        """What was not sent yet, with what was decided just now."""
        new = [one for event in self.events if isinstance(event, Deciding) for one in event.pieces]
        questions = {one for one, piece in self.facts.unsent.items() if piece.kind != NOTICE}
        return (*self._with_followers(questions), *(one.piece for one in new if one.kind in (CHECK, TRANSFER)))

    # ---- the clock ----

    def _clock(self, ask: Ask | None) -> list[Event]:
        """The last day of a question runs from when it was asked until it is answered; nothing else moves it."""
        dated = limits.dated(self.table, self.facts.calendar, ask, self.today)
        if ask or limits.awaits(self.standing.state) is None:
            self.due_on = dated.due_on if dated else None
        return [dated] if dated else []

    def _count_again(self) -> None:
        dated = limits.again(self.facts.row, self.table, self.facts.calendar, self.today)
        if dated:
            self.due_on = dated.due_on
            self.events.append(dated)
