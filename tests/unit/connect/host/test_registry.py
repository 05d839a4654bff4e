"""Connectors are found by entry point, ours like any other; one that is broken does not hold up the rest."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.connect.host import registry
from hub.errors import Misconfigured
from tests.grants import granted


def test_ours_come_through_the_same_door() -> None:
    found = registry.discover()
    assert {"business_licence", "property_title", "utility_crm"} <= found.keys()
    assert registry.find("utility_crm").info.direction == "sink"


def test_an_unknown_name_and_a_wrong_direction_are_told() -> None:
    with pytest.raises(Misconfigured, match="installed are business_licence"):
        registry.find("nobody")
    with pytest.raises(Misconfigured, match="is a sink"):
        registry.open_source("utility_crm", {}, SystemClock())


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    points = [EntryPoint(name, value, registry.GROUP) for name, value in request.param]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry.forget()
    request.addfinalizer(registry.forget)


@pytest.mark.parametrize(
    "installed",
    [
        [("business_licence", "connectors.business_licence"), ("gone", "no.such.package")],
        [("business_licence", "connectors.business_licence"), ("gone", "connectors.utility_crm")],
        [("business_licence", "connectors.business_licence"), ("gone", "hub.connect")],
    ],
    indirect=True,
)
@pytest.mark.usefixtures("installed")
def test_a_broken_one_is_named_and_holds_up_no_other() -> None:
    assert registry.find("business_licence").info.kind == "licence.business"
    with pytest.raises(Misconfigured):
        registry.find("gone")


@pytest.mark.parametrize(
    "installed",
    [[("business_licence", "connectors.business_licence"), ("business_licence", "connectors.property_title")]],
    indirect=True,
)
@pytest.mark.usefixtures("installed")
def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(Misconfigured, match="two connectors"):
        registry.find("business_licence")


@pytest.mark.parametrize("installed", [[("dummy_meter", "tests.dummies.kind.dummy_reading.meter")]], indirect=True)
@pytest.mark.usefixtures("installed")
def test_a_source_of_a_kind_that_is_not_installed_is_refused_by_name() -> None:
    with pytest.raises(Misconfigured, match="which is no kind here"):
        registry.find("dummy_meter")


@pytest.mark.parametrize(("ours", "theirs", "holds"), [(0, 9, 9), (5, 9, 5), (9, 5, 5), (5, 0, 5)])
def test_the_smaller_of_the_limit_and_the_grant_is_the_days_quota(
    tmp_path: Path, ours: int, theirs: int, holds: int
) -> None:
    (tmp_path / "exchange.db").touch()
    settings = {"url": f"sqlite:///{tmp_path}/exchange.db", "calls_a_day": ours}
    grant = granted("property_title", calls_a_day=theirs)
    assert registry.open_source("property_title", settings, SystemClock(), grant=grant).health().quota_left == holds
