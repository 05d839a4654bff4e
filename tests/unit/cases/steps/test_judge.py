"""P2, P4: what counts of the steps follows from the set of facts alone. Random histories, with what cannot be true in
them, duplicated and in any order, are held against a model that writes them down."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SEGMENTS, Action, Fact, Kind
from hub.cases.steps.judge import History, State, Why, judge

BEGUN = 1_772_413_200_000
MINUTE, DAY = 60_000, 86_400_000
HIGH, HIGH_STARRED, LOW = Kind("high-single", False), Kind("high-single", True), Kind("low-resident", False)
TIMED = {
    HIGH: (ACCEPTANCE, "supply-plan", COMPLETION),
    HIGH_STARRED: SEGMENTS,
    LOW: (ACCEPTANCE, COMPLETION),
}


def timed(kind: Kind) -> tuple[str, ...]:
    return TIMED[kind]


def fact(name: str, action: Action, segment: str, at_ms: int, **more: object) -> Fact:
    told: dict[str, object] = {
        "received_ms": at_ms + MINUTE,
        "explained": True,
        "approved": True,
        "said": b"said",
    } | more
    event = name.split("/", maxsplit=1)[0].encode()
    return Fact(name.encode().ljust(16, b"."), event, segment, action, at_ms, **told)  # type: ignore[arg-type]


@dataclass
class Model:
    """Writes a history down as it really was: the facts, the rounds that follow from them, and what cannot be."""

    kind: Kind
    at_ms: int = BEGUN
    facts: list[Fact] = field(default_factory=list)
    rounds: list[tuple[str, int, int | None]] = field(default_factory=list)
    claims: dict[bytes, Why] = field(default_factory=dict)
    ended: Action | None = None
    opened_ms: int | None = BEGUN
    own: bool = True
    done: list[str] = field(default_factory=list)
    kinds: list[tuple[int, Kind]] = field(default_factory=list)

    def name(self) -> str:
        return f"E{len(self.facts)}"

    def tell(self, action: Action, segment: str, **more: object) -> None:
        self.facts.append(fact(self.name(), action, segment, self.at_ms, **more))

    def claim(self, why: Why, one: Fact) -> None:
        self.facts.append(one)
        self.claims[one.record_id] = why

    @property
    def next(self) -> str:
        """The segment that runs or comes next."""
        return next(one for one in timed(self.kind) if one not in self.done)

    def ask(self, wait_ms: int, starts: bool) -> None:
        """The customer asks for the next segment."""
        self.at_ms += wait_ms
        self.opened_ms, self.own = self.at_ms, False
        if starts:
            self.tell(Action.START, self.next)

    def ask_the_hub(self, wait_ms: int, segment: str) -> None:
        """The customer asks the hub for a segment: for the next one, or for any other at any time."""
        self.at_ms += wait_ms + 1
        one = Fact.request(b"case", len(self.facts), segment, self.at_ms)
        why = self.why_not(segment)
        if why:
            self.claim(why, one)
            return
        self.facts.append(one)
        if self.opened_ms is None:
            self.opened_ms, self.own = self.at_ms, False

    def why_not(self, segment: str) -> Why | None:
        """Why a segment cannot be asked for now."""
        if self.ended:
            return Why.AFTER_END
        if segment not in timed(self.kind):
            return Why.NOT_TIMED
        if segment in self.done or (self.opened_ms is not None and self.own and segment == self.next):
            return Why.AGAIN
        return None if segment == self.next else Why.OUT_OF_ORDER

    def close(self, wait_ms: int, takes_ms: int, starts: bool, mistaken: bool, kinder: bool = False) -> None:
        """The segment that runs is answered, or the customer asks for the next one and gets its answer. ``mistaken``:
        its end was told with a time that cannot be, and is corrected; ``kinder``: the utility tells a later request
        than the one that the hub knows."""
        segment = self.next
        if self.opened_ms is None:
            self.ask(wait_ms, starts)
        assert self.opened_ms is not None
        begun = told_ms = self.opened_ms
        self.at_ms += takes_ms
        taken = (one for one in self.facts if one.record_id not in self.claims)
        if kinder and any((one.action, one.occurred_ms) == (Action.REQUEST, begun) for one in taken):
            told_ms = self.at_ms
        if mistaken:
            ended = self.name()
            said_ms = self.at_ms + 40 * DAY
            told = {"requested_ms": told_ms, "received_ms": self.at_ms}
            self.facts.append(fact(ended, Action.END, segment, said_ms, **told))
            self.tell(Action.AMEND, "", amends=ended.encode(), recorded_ms=self.at_ms)
        else:
            self.tell(Action.END, segment, requested_ms=told_ms)
        self.rounds.append((segment, begun, self.at_ms))
        self.done.append(segment)
        self.opened_ms = None
        if segment == COMPLETION:
            self.ended = Action.END
        elif segment == ACCEPTANCE:
            self.opened_ms, self.own = self.at_ms, True

    def inside(self, segment: str) -> None:
        """The utility tells of a step inside a segment, at a moment of its own."""
        self.at_ms += 1
        one = fact(self.name(), Action.WITHIN, segment, self.at_ms)
        if segment and (why := self.why_not_inside(segment)):
            self.claim(why, one)
        else:
            self.facts.append(one)
        self.at_ms += 1

    def why_not_inside(self, segment: str) -> Why | None:
        """Why nothing of a segment can happen now. A starred one may be passed over: it follows what is answered."""
        if self.ended:
            return Why.AFTER_END
        ran = {one for one, _, _ in self.rounds} | ({self.next} if self.opened_ms is not None else set())
        if segment not in timed(self.kind) or segment in ran:
            return None
        return Why.OUT_OF_ORDER

    def is_passed_over(self, one: Fact) -> bool:
        """Whether it is a step inside a starred segment that has not run: such a one waits for nothing else to be
        told."""
        within = one.action is Action.WITHIN and one.segment in ("design-review", "mid-inspection")
        return within and one.segment not in {segment for segment, _, _ in self.expected()}

    def send_back(self, wait_ms: int, takes_ms: int) -> None:
        """The customer asks, and must hand in again."""
        self.ask(wait_ms, starts=True)
        assert self.opened_ms is not None
        self.at_ms += takes_ms
        self.tell(Action.RETURN, self.next)
        self.rounds.append((self.next, self.opened_ms, self.at_ms))
        self.opened_ms = None

    def change(self, becomes: Kind) -> None:
        """The kind changes. What ran as the second of two runs as the second of the new kind, from the same time, or as
        the last one where the second was answered before. Of what low voltage has not the change is the end, and its
        own second one begins then."""
        self.at_ms += MINUTE
        self.tell(Action.CHANGE, "", becomes=becomes)
        running = None if self.opened_ms is None else self.next
        if becomes == LOW and running not in timed(LOW):
            if running and self.opened_ms is not None:
                self.rounds.append((running, self.opened_ms, self.at_ms))
            self.opened_ms, self.own = self.at_ms, True
        self.kind = becomes
        self.kinds.append((self.at_ms, becomes))

    def stop(self, action: Action) -> None:
        self.at_ms += MINUTE
        self.tell(action, "")
        if self.opened_ms is not None:
            self.rounds.append((self.next, self.opened_ms, self.at_ms))
            self.opened_ms = None
        self.ended = action

    def expected(self) -> list[tuple[str, int, int | None]]:
        running = [] if self.opened_ms is None else [(self.next, self.opened_ms, None)]
        return [*self.rounds, *running]


def test_a_case_that_becomes_low_voltage_and_high_again_needs_no_second_supply_plan() -> None:
    """What low voltage has as its second step becomes the last one; a plan that the change cut short runs again."""
    accepted = fact("A", Action.END, ACCEPTANCE, BEGUN + DAY)
    planned = fact("P", Action.END, "supply-plan", BEGUN + 2 * DAY)
    low, high = (
        fact(name, Action.CHANGE, "", BEGUN + days * DAY, becomes=kind)
        for name, days, kind in (("L", 3, LOW), ("H", 4, HIGH))
    )
    done = fact("C", Action.END, COMPLETION, BEGUN + 5 * DAY)
    found = judged(HIGH, [accepted, planned, low, high, done])
    assert (found.end, [one.segment for one in found.rounds]) == (Action.END, [ACCEPTANCE, "supply-plan", COMPLETION])
    cut = judged(HIGH, [accepted, low, high])
    assert [one.segment for one in cut.rounds] == [ACCEPTANCE, "supply-plan", "supply-plan"]
    assert cut.rounds[-1].closed_ms is None


class Life(RuleBasedStateMachine):
    """One case, with what cannot be true told at any moment. For all that is delivered, in any order, the verdicts are
    those of the model."""

    @initialize(kind=st.sampled_from(list(TIMED)), seed=st.integers(0, 2**32), ahead=st.integers(0, 2))
    def begin(self, kind: Kind, seed: int, ahead: int) -> None:
        self.begun_as, self.model, self.random = kind, Model(kind), Random(seed)
        for _ in range(ahead):
            self.close(1, 1, starts=False, mistaken=False)
        if ahead == 2:
            self.send_back(0, 1)

    @rule(
        wait=st.integers(0, 9), takes=st.integers(1, 9), starts=st.booleans(), mistaken=st.booleans(),
        kinder=st.booleans(),
    )  # fmt: skip
    def close(self, wait: int, takes: int, starts: bool, mistaken: bool, kinder: bool = False) -> None:
        if self.model.ended is None:
            self.model.close(wait * DAY, takes * DAY, starts, mistaken, kinder)

    @rule(wait=st.integers(0, 9))
    def ask_the_hub(self, wait: int) -> None:
        self.model.ask_the_hub(wait * DAY, COMPLETION if self.model.ended is Action.END else self.model.next)

    @rule(segment=st.sampled_from(SEGMENTS))
    def ask_the_hub_out_of_turn(self, segment: str) -> None:
        self.model.ask_the_hub(0, segment)

    @rule(wait=st.integers(0, 9), takes=st.integers(0, 9))
    def send_back(self, wait: int, takes: int) -> None:
        """Also on the day on which it is asked for, and asked for again on the day of the return."""
        if self.model.ended is None and self.model.opened_ms is None:
            self.model.send_back(wait * DAY, takes * DAY)

    @rule(becomes=st.sampled_from([HIGH, HIGH_STARRED, LOW]))
    def change(self, becomes: Kind) -> None:
        """Not after a completion that was sent back, or while one runs after its supply plan: a review that begins then
        is out of order."""
        if self.model.ended or COMPLETION in (segment for segment, _, _ in self.model.rounds):
            return
        if self.low and becomes == HIGH_STARRED and "supply-plan" in self.model.done:
            return
        leaves = becomes == LOW and self.model.next != COMPLETION
        if self.model.opened_ms is None or self.model.next in SEGMENTS[:2] or self.low or leaves:
            self.model.change(becomes)

    @property
    def low(self) -> bool:
        return self.model.kind == LOW

    @rule(often=st.integers(0, 4))
    def terminate(self, often: int) -> None:
        if self.model.ended is None and often == 0:
            self.model.stop(Action.TERMINATE)

    @rule(often=st.integers(0, 4))
    def not_accepted(self, often: int) -> None:
        if self.model.ended is None and often == 0 and self.model.next == ACCEPTANCE:
            self.model.stop(Action.NOT_ACCEPTED)

    @rule(segment=st.sampled_from(SEGMENTS))
    def in_the_future(self, segment: str) -> None:
        at_ms = self.model.at_ms + 40 * DAY
        self.model.claim(Why.FUTURE, fact(self.model.name(), Action.END, segment, at_ms, received_ms=at_ms - 301_000))

    @rule(segment=st.sampled_from(SEGMENTS))
    def before_the_submission(self, segment: str) -> None:
        one = fact(self.model.name(), Action.END, segment, BEGUN - 1)
        self.model.claim(Why.BEFORE_SUBMISSION, one)

    @rule(action=st.sampled_from([Action.CORRECTION_START, Action.SPECIAL_END]))
    def pause(self, action: Action) -> None:
        self.model.claim(Why.PAUSE, fact(self.model.name(), action, "", self.model.at_ms))

    @rule()
    def kinder_kind_without_an_approver(self) -> None:
        one = fact(self.model.name(), Action.CHANGE, "", self.model.at_ms, becomes=HIGH_STARRED, approved=False)
        self.model.claim(Why.UNEXPLAINED, one)

    @rule()
    def correction_of_nothing(self) -> None:
        one = fact(
            self.model.name(), Action.AMEND, "", self.model.at_ms, amends=b"unknown", recorded_ms=self.model.at_ms
        )
        self.model.claim(Why.AMENDS_NOTHING, one)

    @rule(seed=st.integers(0, 2**32))
    def other_content_of_an_event(self, seed: int) -> None:
        told = [one for one in self.model.facts if one.action is not Action.REQUEST]
        honest = [one for one in told if one.record_id not in self.model.claims]
        if honest:
            first = Random(seed).choice(honest)
            kinder = 1 if first.action is Action.START else -1
            asked = None if first.requested_ms is None else first.requested_ms + kinder
            record_id = self.model.name().encode().ljust(16, b"~")
            occurred_ms = first.occurred_ms + kinder
            other = replace(first, record_id=record_id, occurred_ms=occurred_ms, requested_ms=asked)
            self.model.claim(Why.CONFLICT, other)

    @rule(seed=st.integers(0, 2**32))
    def inside_a_segment(self, seed: int) -> None:
        """A step of any segment, also of one that has not opened and after the end; and one of no segment."""
        self.model.inside(Random(seed).choice(["", *SEGMENTS]))

    @rule(seed=st.integers(0, 2**32))
    def other_sealed_content_of_an_event(self, seed: int) -> None:
        """The one that is not the last by its id: nothing else tells which of the two is stricter."""
        honest = [one for one in self.model.facts if one.said and one.record_id not in self.model.claims]
        if honest:
            first = Random(seed).choice(honest)
            record_id = b"!" + self.model.name().encode().ljust(15, b"~")
            self.model.claim(Why.CONFLICT, replace(first, record_id=record_id, said=b"other"))

    @invariant()
    def the_order_of_arrival_never_changes_the_end(self) -> None:
        if not hasattr(self, "model"):
            return
        facts = list(self.model.facts)
        again = [replace(one, record_id=one.record_id[:-1] + b"2", received_ms=one.received_ms + DAY) for one in facts]
        found = judged(self.begun_as, [*facts, *again])
        self.random.shuffle(facts)
        for _ in range(2):
            assert judged(self.begun_as, facts) == judged(self.begun_as, facts[::-1])
            assert ends(judged(self.begun_as, facts)) == ends(found) == self.model.expected()
            self.random.shuffle(facts)
        assert found.end == self.model.ended
        assert list(found.kinds) == [(BEGUN, self.begun_as), *self.model.kinds]
        assert sum(one.state is State.REPEATED for one in found.facts) == sum(
            one.record_id not in self.model.claims or self.model.claims[one.record_id] is not Why.CONFLICT
            for one in facts
        )

    @invariant()
    def every_refusal_is_there_with_its_reason(self) -> None:
        if not hasattr(self, "model"):
            return
        found = judged(self.begun_as, self.model.facts)
        assert sorted(one.fact.record_id for one in found.facts) == sorted(one.record_id for one in self.model.facts)
        told = {one.fact.record_id: one.why for one in found.facts if one.why}
        passed = {one.record_id for one in self.model.facts if self.model.is_passed_over(one)}
        assert {of: why for of, why in told.items() if of not in passed} == {
            of: why for of, why in self.model.claims.items() if of not in passed
        }

    @invariant()
    def no_clock_runs_backwards(self) -> None:
        if hasattr(self, "model"):
            runs_forwards(judged(self.begun_as, self.model.facts))


def judged(kind: Kind, facts: list[Fact]) -> History:
    return judge(facts, BEGUN, kind, timed)


def ends(history: History) -> list[tuple[str, int, int | None]]:
    return [(one.segment, one.opened_ms, one.closed_ms) for one in history.rounds]


def runs_forwards(history: History) -> None:
    for one in history.rounds:
        assert one.closed_ms is None or one.closed_ms >= one.opened_ms
    for before, after in pairwise(history.rounds):
        assert before.closed_ms is not None
        assert before.closed_ms <= after.opened_ms
    counted = {one.fact.event for one in history.facts if one.state is State.COUNTED}
    opened_and_closed = {one.opened_by for one in history.rounds} | {one.closed_by for one in history.rounds}
    assert opened_and_closed - {None} <= counted


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=14, deadline=None)


anything = st.builds(
    lambda n, other, action, segment, at, more: fact(f"E{n}/{other}", action, segment, BEGUN + at * MINUTE, **more),
    st.integers(0, 9),
    st.integers(0, 2),
    st.sampled_from(list(Action)),
    st.sampled_from(("", *SEGMENTS)),
    st.integers(-3, 30),
    st.fixed_dictionaries(
        {"explained": st.booleans(), "approved": st.booleans()},
        optional={
            "requested_ms": st.integers(-3, 30).map(lambda at: BEGUN + at * MINUTE),
            "recorded_ms": st.integers(-9, 30).map(lambda at: BEGUN + at * MINUTE),
            "received_ms": st.integers(-9, 30).map(lambda at: BEGUN + at * MINUTE),
            "amends": st.integers(0, 9).map(lambda n: f"E{n}".encode()),
            "becomes": st.sampled_from(list(TIMED)),
            "said": st.sampled_from([None, b"one", b"other"]),
        },
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=14, unique_by=lambda one: one.record_id), st.sampled_from(list(TIMED)), st.randoms())
def test_of_anything_that_is_told_the_order_means_nothing_and_nothing_is_left_out(
    facts: list[Fact], kind: Kind, random: Random
) -> None:
    found = judged(kind, facts)
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert judged(kind, shuffled) == found
    assert sorted(one.fact.record_id for one in found.facts) == sorted(one.record_id for one in facts)
    assert all((one.why is not None) == (one.state is State.CLAIM) for one in found.facts)
    runs_forwards(found)


def one_of(history: History, event: str) -> tuple[State, Why | None]:
    return next((one.state, one.why) for one in history.facts if one.fact.event == event.encode())


def test_an_end_before_its_beginning_waits_for_what_it_follows() -> None:
    end = fact("end", Action.END, "supply-plan", BEGUN + 2 * DAY)
    alone = judged(HIGH, [end])
    assert one_of(alone, "end") == (State.CLAIM, Why.NEVER_OPENED)
    both = judged(HIGH, [end, fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY)])
    assert one_of(both, "end") == (State.COUNTED, None)


def test_a_corrected_time_counts_and_the_original_stays_beside_it() -> None:
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + 9 * DAY, received_ms=BEGUN + DAY),
        fact("fixed", Action.AMEND, "", BEGUN + DAY, amends=b"accepted", recorded_ms=BEGUN + DAY),
    ]
    assert one_of(judged(HIGH, facts[:1]), "accepted") == (State.CLAIM, Why.FUTURE)
    found = judged(HIGH, facts)
    assert one_of(found, "accepted") == (State.COUNTED, None)
    assert [(one.at_ms, one.fact.occurred_ms) for one in found.facts if one.fact.event == b"accepted"] == [
        (BEGUN + DAY, BEGUN + 9 * DAY)
    ]
    without = [facts[0], replace(facts[1], approved=False)]
    assert one_of(judged(HIGH, without), "accepted") == (State.CLAIM, Why.FUTURE)


def test_a_change_of_kind_leaves_the_former_kind_beside_the_new_one() -> None:
    found = judged(LOW, [fact("changed", Action.CHANGE, "", BEGUN + DAY, becomes=HIGH)])
    assert found.kinds == ((BEGUN, LOW), (BEGUN + DAY, HIGH))


@pytest.mark.parametrize("late_ms", [DAY, DAY + 1])
def test_late_is_accepted_and_flagged(late_ms: int) -> None:
    (one,) = judged(HIGH, [fact("a", Action.END, ACCEPTANCE, BEGUN, received_ms=BEGUN + late_ms)]).facts
    assert (one.state, one.late) == (State.COUNTED, late_ms > DAY)


def test_p4_a_second_content_never_makes_a_clock_kinder() -> None:
    """Only a correction does, with reason and approver."""
    accepted = fact("accepted", Action.END, ACCEPTANCE, BEGUN + 9 * DAY)
    kinder = replace(accepted, record_id=b"again".ljust(16, b"."), occurred_ms=BEGUN + DAY)
    for facts in ([accepted, kinder], [kinder, accepted]):
        assert judged(HIGH, facts).rounds[0].closed_ms == BEGUN + 9 * DAY


PLAN = [
    fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
    fact("planned", Action.END, "supply-plan", BEGUN + 4 * DAY),
]


def inside(name: str, segment: str, days: float) -> Fact:
    return fact(name, Action.WITHIN, segment, BEGUN + int(days * DAY))


def test_p4_a_step_inside_a_segment_that_has_not_opened_is_a_claim_until_it_has() -> None:
    """The meter on the wall two weeks before the customer may report completion: off-system work."""
    meter = inside("meter", COMPLETION, 5)
    asked_for = fact("asked", Action.START, COMPLETION, BEGUN + 20 * DAY)
    on = fact("on", Action.END, COMPLETION, BEGUN + 21 * DAY)
    assert one_of(judged(HIGH, [*PLAN, meter, asked_for, on]), "meter") == (State.CLAIM, Why.OUT_OF_ORDER)
    late = inside("survey", "supply-plan", 22)
    assert one_of(judged(HIGH, [*PLAN, asked_for, on, late]), "survey") == (State.CLAIM, Why.AFTER_END)
    earlier = replace(on, requested_ms=BEGUN + 5 * DAY)
    assert one_of(judged(HIGH, [*PLAN, meter, earlier]), "meter") == (State.COUNTED, None)


def test_p4_no_honest_step_inside_a_segment_is_a_claim() -> None:
    """By what opens late, at the same moment, of no segment, of none of this kind, and of a starred one passed over."""
    told = [inside("early", "supply-plan", 1), inside("same", "supply-plan", 4), inside("filed", "", 30)]
    on = fact("on", Action.END, COMPLETION, BEGUN + 9 * DAY, requested_ms=BEGUN + 6 * DAY)
    told += [inside("meter", COMPLETION, 6), inside("power", COMPLETION, 9), inside("answered", "supply-plan", 5)]
    found = judged(HIGH, [*told, on, *PLAN, inside("review", "design-review", 1)])
    assert not [one.why for one in found.facts if one.why]
    passed = judged(HIGH_STARRED, [*told, on, *PLAN, inside("review", "design-review", 5)])
    assert not [one.why for one in passed.facts if one.why]
    low = [PLAN[0], inside("survey", "supply-plan", 0.5), inside("meter", COMPLETION, 1)]
    assert not [one.why for one in judged(LOW, low).facts if one.why]
    becomes = fact("becomes", Action.CHANGE, "", BEGUN + 2 * DAY, becomes=HIGH)
    changed = [*low, becomes, *PLAN[1:], on]
    assert not [one.why for one in judged(LOW, changed).facts if one.why]


def test_a_start_that_is_told_with_its_end_is_late_only_where_the_end_is() -> None:
    """A row of a step table that is done, or an END that tells when the work began."""
    end = fact("planned", Action.END, "supply-plan", BEGUN + 4 * DAY)
    start = replace(end, event=b"start", action=Action.START, occurred_ms=BEGUN + DAY)
    for hours, late in ((1, False), (25, True)):
        received_ms = end.occurred_ms + hours * 3_600_000
        both = [replace(one, received_ms=received_ms) for one in (end, start)]
        assert {one.late for one in judged(HIGH, [PLAN[0], *both]).facts[1:]} == {late}
    alone = replace(start, record_id=b"alone".ljust(16, b"."))
    assert [one.late for one in judged(HIGH, [PLAN[0], alone]).facts] == [False, True]


def test_p4_what_a_former_hub_did_not_write_is_the_same_and_hides_no_conflict_of_two_others() -> None:
    unknown, one, other = (
        fact(f"a/{n}", Action.END, ACCEPTANCE, BEGUN + DAY, said=said) for n, said in enumerate((None, b"1", b"2"))
    )
    for facts in ([unknown, one], [one, unknown]):
        assert {found.state for found in judged(HIGH, facts).facts} == {State.COUNTED, State.REPEATED}
    for facts in ([unknown, one, other], [other, one, unknown]):
        assert [found.why for found in judged(HIGH, facts).facts].count(Why.CONFLICT) == 1


def test_p4_a_correction_that_cannot_be_moves_nothing() -> None:
    accepted = fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY)
    for at_ms in (BEGUN - DAY, BEGUN + 99 * DAY):
        wrong = fact(
            "fixed", Action.AMEND, "", at_ms, amends=b"accepted", received_ms=BEGUN + 2 * DAY, recorded_ms=at_ms
        )
        assert one_of(judged(HIGH, [accepted, wrong]), "accepted") == (State.COUNTED, None)


def test_p4_the_utilitys_own_work_cannot_be_sent_back() -> None:
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("back", Action.RETURN, "supply-plan", BEGUN + 2 * DAY),
    ]
    found = judged(HIGH, facts)
    assert one_of(found, "back") == (State.CLAIM, Why.PAUSE)
    assert found.running() is not None


def test_p4_a_segment_runs_from_the_request_also_where_only_its_end_tells_of_it() -> None:
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("planned", Action.END, "supply-plan", BEGUN + 2 * DAY),
        fact("began", Action.START, COMPLETION, BEGUN + 20 * DAY),
        fact("on", Action.END, COMPLETION, BEGUN + 21 * DAY, requested_ms=BEGUN + 3 * DAY),
    ]
    assert judged(HIGH, facts).rounds[-1].opened_ms == BEGUN + 3 * DAY
    late = replace(facts[3], requested_ms=BEGUN + 22 * DAY)
    assert one_of(judged(HIGH, [*facts[:3], late]), "on") == (State.CLAIM, Why.OUT_OF_ORDER)


@pytest.mark.parametrize("back", [False, True])
def test_a_case_whose_kind_changes_comes_to_electricity_on(back: bool) -> None:
    kinds = (HIGH, LOW) if back else (LOW, HIGH)
    segments = ["supply-plan", COMPLETION] if kinds[1] == HIGH else [COMPLETION]
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("changed", Action.CHANGE, "", BEGUN + 2 * DAY, becomes=kinds[1]),
        *(fact(f"end {n}", Action.END, one, BEGUN + (3 + n) * DAY, requested_ms=None if n == 0 else BEGUN + 3 * DAY)
          for n, one in enumerate(segments)),
    ]  # fmt: skip
    found = judged(kinds[0], facts)
    assert {one.state for one in found.facts} == {State.COUNTED}
    assert found.end is Action.END


def test_a_return_and_the_next_start_at_one_moment_are_in_that_order() -> None:
    """Of a source that knows only days; also the answer on the same day."""
    begun = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("planned", Action.END, "supply-plan", BEGUN + 2 * DAY),
        fact("asked", Action.START, "design-review", BEGUN + 3 * DAY),
        fact("back", Action.RETURN, "design-review", BEGUN + 5 * DAY),
        fact("again", Action.START, "design-review", BEGUN + 5 * DAY),
    ]
    for end_ms in (BEGUN + 5 * DAY, BEGUN + 9 * DAY):
        found = judged(HIGH_STARRED, [*begun, fact("answered", Action.END, "design-review", end_ms)])
        assert {one.state for one in found.facts} == {State.COUNTED}
        assert ends(found)[2:] == [
            ("design-review", BEGUN + 3 * DAY, BEGUN + 5 * DAY),
            ("design-review", BEGUN + 5 * DAY, end_ms),
        ]


def test_p4_a_start_of_what_runs_is_again_also_at_the_moment_of_its_end() -> None:
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("planned", Action.END, "supply-plan", BEGUN + 2 * DAY),
        fact("asked", Action.START, COMPLETION, BEGUN + 3 * DAY),
        fact("again", Action.START, COMPLETION, BEGUN + 5 * DAY),
        fact("on", Action.END, COMPLETION, BEGUN + 5 * DAY),
    ]
    found = judged(HIGH, facts)
    assert (one_of(found, "again"), found.end) == ((State.CLAIM, Why.AGAIN), Action.END)


def test_what_ends_the_case_comes_after_what_else_was_at_its_moment() -> None:
    facts = [
        fact("stopped", Action.TERMINATE, ACCEPTANCE, BEGUN + DAY),
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("changed", Action.CHANGE, ACCEPTANCE, BEGUN + DAY, becomes=HIGH_STARRED),
    ]
    found = judged(HIGH, facts)
    assert {one.state for one in found.facts} == {State.COUNTED}
    assert [one.segment for one in found.rounds] == [ACCEPTANCE, "supply-plan"]


PLANNED = [
    fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
    fact("planned", Action.END, "supply-plan", BEGUN + 2 * DAY),
]


def asked(at_ms: int, segment: str = COMPLETION, number: int = 7) -> Fact:
    return Fact.request(b"case", number, segment, at_ms)


@pytest.mark.parametrize(("told", "opened", "by_hub"), [(None, 4, True), (6, 4, True), (4, 4, True), (3, 3, False)])
@pytest.mark.parametrize("starts", [False, True])
def test_p4_a_segment_opens_at_the_earlier_one_of_the_hubs_request_and_the_utilitys(
    told: int | None, opened: int, by_hub: bool, starts: bool
) -> None:
    """Told by a START, or by the END alone."""
    requested_ms = None if told is None else BEGUN + told * DAY
    begun = [fact("began", Action.START, COMPLETION, BEGUN + 7 * DAY, requested_ms=requested_ms)] if starts else []
    on = fact("on", Action.END, COMPLETION, BEGUN + 8 * DAY, requested_ms=requested_ms)
    request = asked(BEGUN + 4 * DAY)
    found = judged(HIGH, [*PLANNED, request, *begun, on])
    last = found.rounds[-1]
    assert {one.state for one in found.facts} == {State.COUNTED}
    assert (last.opened_ms, last.started_ms) == (BEGUN + opened * DAY, BEGUN + 7 * DAY if starts else None)
    assert (last.opened_by == request.event, last.asked_by) == (by_hub, request.event)


def test_p4_a_request_at_the_hub_counts_when_the_step_before_is_told_late() -> None:
    """The utility cannot stop the customer's clock by keeping an answer back; an answer after the request does."""
    early = [PLANNED[0], asked(BEGUN + 3 * DAY)]
    assert judged(HIGH, early).facts[-1].why is Why.OUT_OF_ORDER
    late = replace(PLANNED[1], received_ms=BEGUN + 9 * DAY)
    assert judged(HIGH, [*early, late]).rounds[-1].opened_ms == BEGUN + 3 * DAY
    after = replace(late, occurred_ms=BEGUN + 4 * DAY)
    assert judged(HIGH, [*early, after]).running() is None


def test_a_request_at_the_hub_passes_over_no_starred_segment() -> None:
    review, on = asked(BEGUN + 3 * DAY, "design-review", 1), asked(BEGUN + 3 * DAY + 1, COMPLETION, 2)
    found = judged(HIGH_STARRED, [*PLANNED, review, on])
    assert [one.why for one in found.facts[2:]] == [None, Why.OUT_OF_ORDER]
    assert judged(HIGH_STARRED, [*PLANNED, on]).facts[-1].why is Why.OUT_OF_ORDER
    assert judged(HIGH, [*PLANNED, review]).facts[-1].why is Why.NOT_TIMED


def test_what_waits_for_no_request_is_not_opened_by_one() -> None:
    for facts, segment in (([], ACCEPTANCE), (PLANNED[:1], "supply-plan")):
        found = judged(HIGH, [*facts, asked(BEGUN + DAY + 1, segment)])
        assert found.facts[-1].why is Why.AGAIN
        assert found.rounds[-1].asked_by is None


def test_a_second_request_of_a_round_adds_nothing_and_one_after_a_return_opens_the_next() -> None:
    first, again, next_one = (asked(BEGUN + day * DAY, number=day) for day in (3, 4, 6))
    back = fact("back", Action.RETURN, COMPLETION, BEGUN + 5 * DAY)
    found = judged(HIGH, [*PLANNED, first, again, back, next_one])
    assert {one.state for one in found.facts} == {State.COUNTED}
    assert [(one.opened_ms, one.asked_by) for one in found.rounds[2:]] == [
        (BEGUN + 3 * DAY, first.event),
        (BEGUN + 6 * DAY, next_one.event),
    ]


def test_the_time_of_a_request_can_be_corrected_and_the_original_stays() -> None:
    facts = [
        fact("accepted", Action.END, ACCEPTANCE, BEGUN + DAY),
        fact("planned", Action.END, "supply-plan", BEGUN + 2 * DAY),
        fact("on", Action.END, COMPLETION, BEGUN + 9 * DAY, requested_ms=BEGUN + 8 * DAY),
    ]
    told = {"amends": b"on", "recorded_ms": BEGUN + 9 * DAY, "requested_ms": BEGUN + 4 * DAY}
    fixed = fact("fixed", Action.AMEND, "", BEGUN + 9 * DAY, **told)
    assert judged(HIGH, facts).rounds[-1].opened_ms == BEGUN + 8 * DAY
    found = judged(HIGH, [*facts, fixed])
    assert found.rounds[-1].opened_ms == BEGUN + 4 * DAY
    (on,) = [one for one in found.facts if one.fact.event == b"on"]
    assert (on.requested_ms, on.fact.requested_ms) == (BEGUN + 4 * DAY, BEGUN + 8 * DAY)
    without = replace(fixed, approved=False)
    assert judged(HIGH, [*facts, without]).rounds[-1].opened_ms == BEGUN + 8 * DAY
