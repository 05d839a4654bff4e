"""A second sink from an installed package: nothing outside its folder knows it. It gets what it accepts of the cases
that were opened since it is there, under numbers and keys of its own, and never a piece of another sink (P2, P3, P5).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dummies import installed
from tests.dummies.two_sinks import DUMMIES, Two
from tests.e2e.harness import world

TITLE, LICENCE = "licence.property-title", "licence.business"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Before the second sink is there, an application whose title comes late; since it is there, another one."""
    with world(tmp_path_factory.mktemp("sinks"), 400) as one:
        two = Two(one, {entry["id"]: entry for entry in one.applications()})
        two.start()
        two.submit("late-title")
        two.wait(lambda: len(two.crm()) == 2)
        one.stop()
        two.add_second()
        two.start()
        two.submit("own-title")
        two.wait(lambda: len(two.crm()) == 5)
        one.sandbox.control("property_title", "release", {})
        two.wait(lambda: len(two.crm()) == 6)
        two.wait(lambda: len(two.second()) == 2)
        yield two
        one.stop()


def test_the_hub_of_these_tests_does_not_know_the_sink() -> None:
    code, out, _ = installed.hub("connectors", "list", "--json", dummies=())
    assert code == 0
    assert "dummy_sink" not in out
    code, out, _ = installed.hub("connectors", "list", "--json", dummies=DUMMIES)
    assert "dummy_sink" in out


def test_p2_p3_each_sink_has_what_it_accepts_of_its_own_cases_once(two: Two) -> None:
    crm = sorted((one["of"], one["body"].get("kind", "registration")) for one in two.crm())
    late, own = two.number("late-title"), two.number("own-title")
    assert crm == sorted((number, kind) for number in (late, own) for kind in ("registration", LICENCE, TITLE))
    assert [(one["of"], one["kind"]) for one in two.second()] == [(own, "registration"), (own, TITLE)]


def test_p5_the_two_have_no_number_key_or_reference_in_common(two: Two) -> None:
    crm, second = two.crm(), two.second()
    assert not {one["externalAppNo"] for one in crm} & {one["number"] for one in second}
    assert not {one["key"] for one in crm} & {one["key"] for one in second}
    references = [{one["body"]["recordId"] for one in of if "recordId" in one["body"]} for of in (crm, second)]
    assert len(references[1]) == 1
    assert not references[0] & references[1]


def test_all_projections_can_be_made_again(two: Two) -> None:
    code, out, error = installed.hub("rebuild", dummies=DUMMIES, config=two.world.config)
    assert code == 0, out + error


def test_p2_the_second_sink_is_certified_like_any_other(tmp_path: Path) -> None:
    code = (
        "from hub.clock import SystemClock\n"
        "from hub.connect import kit\n"
        "from hub.connect.host.registry import open_sink\n"
        "from hub.ports import Address\n"
        f"sink = open_sink('dummy_sink', {{'file': {str(tmp_path / 'x.db')!r}}}, SystemClock())\n"
        "print(kit.check_sink(sink, Address('connection', 'registration', '7K3M9QPDX2V4TW', 'k'), {}).number)"
    )
    assert installed.python(code, DUMMIES).strip() == "DUMMY-00000001"
