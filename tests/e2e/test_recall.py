"""A title that ends after its delivery, on a whole hub that is killed with -9 at the push, before a connection system
that drops its answers after it has taken effect: the system is told once, before and after electricity is on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.cases.by import By
from tests import samples
from tests.casework import body
from tests.e2e.harness import World, rebuilt_otherwise, world
from tests.e2e.recalling import TITLE, electricity_on, ended, read, taken_effect, until


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, 20) as made:
        yield made


@pytest.mark.parametrize(
    ("on", "kind", "kills", "drops"),
    [
        (False, "withdrawal", ("project.applied",), True),
        (True, "recall", ("project.applied", "deliver.posted"), False),
    ],
    ids=["before electricity is on", "after it"],
)
def test_p1_p2_a_title_that_ends_is_told_once(
    one: World, on: bool, kind: str, kills: Sequence[str], drops: bool
) -> None:
    with one.hub() as hub:
        read(hub, samples.title())
        case_id = hub.applications().submit(body("A-1"), By("cli:test")).case_id
    one.start()
    until(one, ["registration", TITLE])
    one.kill()
    if on:
        with one.hub() as hub:
            read(hub, *electricity_on(hub, case_id))
        one.start()
        ended(one)
        one.kill()
    with one.hub() as hub:
        read(hub, samples.title(version=hub.clock.now_ms()) | {"status": "REVOKED"})
    for point in kills:
        one.start(crash=f"{point}:1")
        one.wait_killed()
    if drops:
        one.sandbox.fault("utility_crm", "drop_after_commit", path="/applications")
    one.start()
    taken_effect(one)
    one.sandbox.clear("utility_crm")
    assert until(one, ["registration", TITLE, kind])[-1]["found_by_asking"]
    effects = one.sandbox.control("utility_crm", "effects")
    assert effects["doubled"] == []
    assert (len(effects["withdrawals"]), len(effects["recalls"])) == ((0, 1) if on else (1, 0))
    with one.hub() as hub:
        assert rebuilt_otherwise(hub, one.home) == []
