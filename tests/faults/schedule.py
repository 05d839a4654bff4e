"""A schedule: which faults come when. Data made from a seed, so that the same seed is the same schedule."""

import random
from collections.abc import Callable
from typing import NamedTuple

POINTS = ("log.appended", "log.positioned", "log.committed")
CALLS = ("InitProducerId", "AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn")
READS = ("Fetch", "OffsetFetch", "JoinGroup", "SyncGroup", "Heartbeat", "FindCoordinator")
SESSION_S = 3.0
"""The stages under test have short sessions, so that a schedule does not take a minute."""


class Fault(NamedTuple):
    """At ``at_s`` after the start ``what`` happens to ``who`` for ``lasts_s``; ``detail`` is an API call."""

    at_s: float
    what: str
    who: str = ""
    lasts_s: float = 0.0
    detail: str = ""


class Schedule(NamedTuple):
    """Faults, and the stage that they come over. ``crashes``: worker → crash point and count, armed when it first
    starts."""

    seed: int
    family: str
    partitions: int
    workers: tuple[str, ...]
    batch_records: int
    records: int
    joins_again: bool
    """After an error a worker joins again, as the runner does; otherwise it goes on with the same member."""
    crashes: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...]

    @property
    def strikes_all(self) -> bool:
        """Whether a fault is the broker's or the wire's, and not only a worker's."""
        return any(fault.detail or fault.what in ("freeze", "broker", "cut all") for fault in self.faults)


class _Dice(NamedTuple):
    random: random.Random
    workers: tuple[str, ...]

    def moment(self) -> float:
        return round(self.random.uniform(0.3, 2.5), 2)

    def worker(self) -> str:
        return self.random.choice(self.workers)

    def lasts(self, least: float, most: float) -> float:
        return round(self.random.uniform(least, most), 2)


def _kill(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "kill", dice.worker(), dice.lasts(0.0, 1.5)) for _ in range(dice.random.randint(1, 3))]


def _rebalance(dice: _Dice) -> list[Fault]:
    return [
        Fault(dice.moment(), dice.random.choice(("add", "remove")), dice.worker())
        for _ in range(dice.random.randint(2, 4))
    ]


def _zombie(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "stop", dice.worker(), dice.lasts(SESSION_S + 0.5, SESSION_S + 2.0))]


def _twin(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "twin", dice.worker(), dice.lasts(0.5, 2.0))]


def _freeze(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "freeze", lasts_s=dice.lasts(2.0, 6.0))]


def _broker_kill(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "broker", lasts_s=dice.lasts(0.0, 1.5))]


def _lost_answer(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "drop", detail=dice.random.choice(CALLS)) for _ in range(2)]


def _wire(dice: _Dice) -> list[Fault]:
    calls = CALLS + READS
    return [
        Fault(dice.moment(), dice.random.choice(("cut", "reset")), detail=dice.random.choice(calls))
        for _ in range(dice.random.randint(2, 4))
    ] + [Fault(dice.moment(), "cut all")]


def _slow_wire(dice: _Dice) -> list[Fault]:
    return [
        Fault(dice.moment(), "delay", lasts_s=dice.lasts(0.2, 3.0), detail=dice.random.choice(CALLS + READS))
        for _ in range(3)
    ]


def _blackhole(dice: _Dice) -> list[Fault]:
    return [Fault(dice.moment(), "blackhole", detail=dice.random.choice(CALLS))]


_FAMILIES: dict[str, Callable[[_Dice], list[Fault]]] = {
    "crash point": lambda _: [],
    "kill": _kill,
    "rebalance": _rebalance,
    "zombie": _zombie,
    "lost answer": _lost_answer,
    "wire": _wire,
    "crash point again": lambda _: [],
    "twin": _twin,
    "freeze": _freeze,
    "slow wire": _slow_wire,
    "kill again": lambda dice: _kill(dice) + _rebalance(dice),
    "blackhole": _blackhole,
    "broker": _broker_kill,
}


def made_from(seed: int) -> Schedule:
    """The schedule of a seed. Neighbouring seeds go through all families."""
    dice = random.Random(seed)
    family = list(_FAMILIES)[seed % len(_FAMILIES)]
    workers = tuple(f"w{n}" for n in range(1, dice.randint(2, 3) + 1))
    crashes = (
        tuple((who, f"{dice.choice(POINTS)}:{dice.randint(1, 6)}") for who in workers if dice.random() < 0.7)
        if family.startswith("crash")
        else ()
    )
    return Schedule(
        seed,
        family,
        partitions=dice.randint(4, 6),
        workers=workers,
        batch_records=dice.randint(2, 9),
        records=200,
        joins_again=dice.random() < 0.5,
        crashes=crashes or ((("w1", "log.positioned:2"),) if family.startswith("crash") else ()),
        faults=tuple(sorted(_FAMILIES[family](_Dice(dice, workers)))),
    )
