"""The connectors that an installation uses: installed ones with a table in the settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub import settings as hub_settings
from hub.connect.host.configured import Connectors
from hub.errors import Misconfigured
from hub.ports import Address
from hub.settings import Settings
from tests.clocks import HandClock
from tests.grants import granted

CRM = {"url": "http://127.0.0.1:1", "token": "secret-token"}


def connectors(tmp_path: Path, **tables: dict[str, Any]) -> Connectors:
    exchange = tmp_path / "exchange.db"
    exchange.touch()
    found = {"property_title": {"url": f"sqlite:///{exchange}"}, "utility_crm": CRM, **tables}
    return Connectors(Settings(connectors=found), HandClock())


def test_sources_and_sinks_are_told_apart(tmp_path: Path) -> None:
    found = connectors(tmp_path)
    assert set(found.infos) == {"property_title", "utility_crm"}
    assert list(found.sources) == ["property_title"]
    assert list(found.sinks) == ["utility_crm"]
    assert "utility_crm" not in found.absent_sinks
    assert "utility_crm" in Connectors(Settings(connectors={}), HandClock()).absent_sinks
    assert found.trusted == {"property_title": {}}
    found.check()


def test_a_source_opens_without_a_call(tmp_path: Path) -> None:
    found = connectors(tmp_path)
    source, sink = found.open_source("property_title"), found.open_sink("utility_crm")
    assert source.context.info.name == "property_title"
    source.close()
    sink.close()


@pytest.mark.parametrize("name", ["utility_crm", "business_licence"])
def test_what_is_no_configured_source_is_told_with_those_that_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match="sources here: property_title"):
        connectors(tmp_path).open_source(name)


def test_where_no_source_is_configured_it_says_so() -> None:
    with pytest.raises(Misconfigured, match="sources here: none"):
        Connectors(Settings(connectors={}), HandClock()).source("x")


def test_a_table_of_a_connector_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"connectors\.oracle_titles: no such connector is installed"):
        _ = connectors(tmp_path, oracle_titles={}).infos


def test_a_wrong_setting_is_named_without_its_value(tmp_path: Path) -> None:
    found = connectors(tmp_path, utility_crm={**CRM, "colour": "hunter2"})
    with pytest.raises(Misconfigured, match="unknown setting 'colour'") as told:
        found.check()
    assert "hunter2" not in str(told.value)


def test_p3_a_grant_says_for_which_purposes_records_may_be_used(tmp_path: Path) -> None:
    found = connectors(tmp_path)
    vars(found)["grants"] = {"property_title": granted("property_title", purposes=["capacity-increase"])}
    assert found.permits("property_title", "capacity-increase")
    assert not found.permits("property_title", "connection-application")
    assert found.permits("other", "connection-application"), "no grant says for which"


def test_a_source_that_may_only_be_asked_has_no_feed(tmp_path: Path) -> None:
    found = connectors(tmp_path)
    assert set(found.feeds) == {"property_title"}, "its feed says that there is no grant"
    vars(found)["grants"] = {"property_title": granted("property_title", ways=["look-up"])}
    assert set(found.feeds) == set() and set(found.sources) == {"property_title"}


def test_a_sink_whose_system_fetches_takes_changed_settings_over(tmp_path: Path) -> None:
    home = tmp_path / "hub.toml"
    streets = tmp_path / "streets.csv"
    streets.write_text("division,street,orgNo\n120104,,12401\n", "utf-8")
    home.write_text("[connectors.utility_pull]\n", "utf-8")
    found = Connectors(hub_settings.load(home), HandClock())
    to, body = Address("connection", "registration", "7K3M9QPDX2V4TW", "k"), {"orgNo": "120104"}
    assert found.fetching == {"utility_pull"}
    assert found.pickup("utility_pull").shown(to, body)["orgNo"] == "120104"
    assert found.pickup("utility_pull") is found.pickup("utility_pull")
    home.write_text(f"[connectors.utility_pull]\nstreets_file = {json.dumps(str(streets))}\n", "utf-8")
    found.reload("utility_pull")
    assert found.pickup("utility_pull").shown(to, body)["orgNo"] == "12401"
    streets.write_text("nothing", "utf-8")
    with pytest.raises(Misconfigured, match="streets_file"):
        found.reload("utility_pull")
    assert found.pickup("utility_pull").shown(to, body)["orgNo"] == "12401", "nothing is changed"


def test_python_that_has_changed_needs_a_new_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = connectors(tmp_path)
    found.reload("utility_crm")
    monkeypatch.setattr(Connectors, "_python_of", lambda *_: b"other")
    with pytest.raises(Misconfigured, match="its Python has changed"):
        found.reload("utility_crm")
    assert found.changes("utility_crm") == 1
