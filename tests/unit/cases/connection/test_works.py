"""P4: a table that tells works outside the site apart is applied as the applicant says, for the whole life of a case.
The figures are the test's own: no table that is in force tells them apart."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from hub.cases import policy
from hub.cases.connection import views
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

TEXT = resources.files("hub.cases").joinpath("policies/2022.toml").read_text("utf-8")
APART = "\n[case.low-sanling.with_works]\nwhole_process = 9\n"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    tables = (policy.load(f"{TEXT}{APART}"),)
    monkeypatch.setattr(policy, "known", lambda: tables)
    found = House(tmp_path, kinds=frozenset())
    yield found
    found.close()


@pytest.mark.parametrize(("works", "days"), [(True, 9), (False, 7), (None, 7)])
def test_p4_a_case_is_counted_with_the_works_that_its_applicant_tells(
    house: House, works: bool | None, days: int
) -> None:
    said = {} if works is None else {"external_works": works}
    case_id = house.submit(body(**said)).case_id
    shown = house.applications.show(case_id)
    assert (shown["clock"]["working_days"], shown["clock"]["external_works"]) == (days, works)
    assert len(shown["clock"]["counted_days"]) == days
    house.relay()
    assert all(one.equal for one in house.remade().values())
    with house.store.read() as connection:
        (one,) = views.open_cases(connection)
    assert one.external_works is bool(works)


@pytest.mark.parametrize(("works", "days"), [(True, 9), (False, 7)])
def test_p4_a_change_of_kind_keeps_the_works(house: House, works: bool, days: int) -> None:
    """The row that the case begins with does not tell them apart, the later one does."""
    case_id = house.submit(body(voltage="HIGH_10KV", sanling=False, external_works=works)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    assert house.applications.show(case_id)["clock"]["working_days"] == 17
    told = {
        **{"becomes_class": "NON_RESIDENT", "becomes_voltage": "LOW", "becomes_sanling": True, "becomes_sources": 1},
        **{"becomes_important": False, "becomes_capacity_kw": "50", "reason": "改低压", "approver": "李四"},
    }
    house.clock.pass_s(3_600)
    number = References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)
    house.verified(samples.step("C-1", "CHANGE", "", house.clock.now_ms(), application_no=number, **told))
    house.project()
    shown = house.applications.show(case_id)["clock"]
    assert (shown["case_type"], shown["working_days"]) == ("low-sanling", days)
