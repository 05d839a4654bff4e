"""P1: no input stops the hub, holds it, or fills its memory. Each reader has its share of a minute of new inputs;
inputs that once broke it are tried for ever. ``make fuzz SECONDS=1200`` runs longer."""

import random

import pytest

from tests.fuzz.fuzzing import fuzz, kept, run
from tests.fuzz.targets import TARGETS

SECONDS = 60


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_it_is_read(name: str) -> None:
    target = TARGETS[name]()
    for file in kept(name):
        run(target, file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_read(name: str) -> None:
    """A fuzzer whose good inputs are refused would try the refusal only."""
    target = TARGETS[name]()
    assert sum(run(target, data) for data in target.seeds) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_new_inputs(name: str) -> None:
    report = fuzz(name, SECONDS / len(TARGETS), random.SystemRandom().randrange(2**32))
    assert report.inputs > 100
    assert not report.problems, report
