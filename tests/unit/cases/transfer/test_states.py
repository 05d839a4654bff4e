"""The states of a joint transfer against a model of a utility and a registry, whose messages arrive late, twice and in
another order (P2), and never hold up the registry's side."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.cases.transfer.states import ENDED, TAKES, Ask, Said, Standing, State, Step, take


def test_a_done_transfer_never_moves_again() -> None:
    assert not [said for (state, said) in TAKES if state is State.DONE]


def test_nothing_but_the_utility_s_word_undoes_an_end() -> None:
    assert {said for (state, said) in TAKES if state in ENDED} == {Said.DONE}


def test_the_entry_never_waits_for_the_utility() -> None:
    """Wherever the electricity side is open and without an entry, an entry is taken at once."""
    without = {State.CHECKING, State.ARREARS, State.READY}
    assert all((state, Said.ENTRY) in TAKES for state in without)


@given(st.integers(0, 100), st.integers(0, 100))
def test_arrears_and_their_payment_lead_to_the_same_in_both_orders(owed_ms: int, paid_ms: int) -> None:
    said = [(Said.ARREARS, 1, owed_ms), (Said.PAID, 0, paid_ms)]
    ends = []
    for order in (said, said[::-1]):
        standing, asked = Standing(), []
        for one in order:
            step = take(standing, *one)
            standing, asked = step.standing, [*asked, *([step.ask] if step.ask else [])]
        ends.append((standing, asked))
    assert ends[0] == ends[1]
    assert ends[0][0].state is (State.CHECKING if paid_ms >= owed_ms else State.ARREARS)


@dataclass(frozen=True)
class Message:
    said: Said
    question: int
    at_ms: int


class World(RuleBasedStateMachine):
    """A utility that answers each question, an applicant, and a registry. Messages of the utility are delivered in any
    order and again and again; ``standing`` is what the product knows, the rest is the model."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = Standing()
        self.now_ms = 0
        self.open: list[tuple[Ask, int]] = [(Ask.CHECK, 1)]
        """Questions that the utility has not answered."""
        self.sent: list[Message] = []
        self.counted: set[Message] = set()
        self.owes = False
        self.entered = self.cancelled = self.done = False
        self.accepted: int | None = None

    def _at(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def _say(self, said: Said, question: int = 0) -> None:
        self.sent.append(Message(said, question, self._at()))

    def _hear(self, step: Step) -> None:
        before, self.standing = self.standing, step.standing
        assert step.counted or step.ask is None
        assert self.standing.checks >= before.checks and self.standing.transfers >= before.transfers
        if step.ask is Ask.CHECK:
            self.open.append((Ask.CHECK, step.standing.checks))
        elif step.ask is Ask.TRANSFER:
            assert self.entered, "the utility is asked for a transfer only after the entry"
            self.open.append((Ask.TRANSFER, step.standing.transfers))

    # ---- the utility ----

    @precondition(lambda self: self.open and not self.done)
    @rule(owes=st.booleans())
    def answers(self, owes: bool) -> None:
        ask, question = self.open.pop(0)
        self.owes = self.owes or owes
        if ask is Ask.CHECK:
            self._say(Said.ARREARS if self.owes else Said.CLEAR, question)
        elif self.owes:
            self._say(Said.OWING, question)
        else:
            self._say(Said.APPLIED, question)
            self.accepted = question

    @precondition(lambda self: self.owes)
    @rule()
    def is_paid(self) -> None:
        self.owes = False
        self._say(Said.PAID)

    @precondition(lambda self: self.accepted is not None and not self.done)
    @rule()
    def finishes(self) -> None:
        self.done = True
        self._say(Said.DONE, self.accepted or 0)

    # ---- the registry and the applicant ----

    @rule()
    def enters(self) -> None:
        self.entered = True
        self._hear(take(self.standing, Said.ENTRY))

    @precondition(lambda self: self._unsent() in self.open and self.standing.state not in ENDED)
    @rule()
    def changes_the_title(self) -> None:
        """Delivery finds that the title is not in force any more: the question that it goes with is never sent."""
        self.open.remove(self._unsent())
        step = take(self.standing, Said.LOST)
        assert step.counted, "a question that is not answered can always be taken back"
        self.entered = False
        self._hear(step)
        assert self.standing.state in (State.READY, State.ARREARS)

    def _unsent(self) -> tuple[Ask, int]:
        return Ask.TRANSFER, self.standing.transfers

    @rule()
    def cancels(self) -> None:
        if self.standing.state not in ENDED:
            self.cancelled = True
        self._hear(take(self.standing, Said.CANCEL))

    # ---- the way between them ----

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def delivers(self, data: Any) -> None:
        message = data.draw(st.sampled_from(self.sent))
        step = take(self.standing, message.said, message.question, message.at_ms)
        assert not (step.counted and message in self.counted), "what has counted once never counts again (P2)"
        if step.counted:
            self.counted.add(message)
        self._hear(step)

    @invariant()
    def it_is_never_done_by_itself(self) -> None:
        assert self.standing.state is not State.DONE or self.done

    @invariant()
    def a_transfer_needs_an_entry(self) -> None:
        beyond = {State.ENTERED, State.OWING, State.TRANSFERRING, State.APPLIED}
        assert self.standing.state not in beyond or self.entered

    def teardown(self) -> None:
        """When everything has arrived, in the worst order, and the utility has answered all: where it must end."""
        for _ in range(50):
            for message in reversed(self.sent):
                self._hear(take(self.standing, message.said, message.question, message.at_ms))
            if self.owes:
                self.is_paid()
            elif self.open and not self.done:
                self.answers(owes=False)
            elif self.accepted is not None and not self.done and not self.cancelled:
                self.finishes()
            elif not self.entered and not self.cancelled:
                self.enters()
        if self.done:
            assert self.standing.state is State.DONE
        else:
            assert self.cancelled and self.standing.state is State.CANCELLED


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
