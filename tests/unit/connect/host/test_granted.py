"""What is compared before a hub uses its grants: P3."""

from datetime import date
from typing import Any

import pytest

from hub.connect.folder import of_package
from hub.connect.host.granted import compare
from hub.connect.host.outside import within
from hub.connect.spec import ConnectorInfo
from hub.errors import Misconfigured
from hub.grants.dropped import Dropped
from hub.ports import Page, SourceRow
from tests.grants import granted

DAY = date(2026, 3, 2)
PURPOSES = ("connection-application", "capacity-increase")


@pytest.fixture
def fed(info: ConnectorInfo) -> ConnectorInfo:
    return info.model_copy(update={"columns": ("name", "zt")})


@pytest.mark.parametrize(
    ("changes", "key", "told", "grave"),
    [
        ({"until": "2026-03-01"}, "until", "ended on 2026-03-01", True),
        ({"since": "2026-03-03"}, "until", "begins on 2026-03-03", True),
        ({"until": "2026-03-31"}, "until", "ends in 30 days", False),
        ({"purposes": ["heating"]}, "purposes", "names heating, which is no purpose", True),
        ({"fields": ["name"]}, "fields", "does not have zt", False),
        ({"fields": ["name", "zt", "holders.phone"]}, "fields", "has holders.phone, which", False),
    ],
)
def test_each_finding_names_source_and_key(
    fed: ConnectorInfo, changes: dict[str, Any], key: str, told: str, grave: bool
) -> None:
    (found,) = compare({"sample": granted("sample", **changes)}, {"sample": fed}, PURPOSES, DAY)
    assert (found.source, found.key, found.grave) == ("sample", key, grave)
    assert told in found.told
    assert found.remedy


def test_a_grant_that_fits_says_nothing_and_a_feed_of_persons_is_shown(fed: ConnectorInfo) -> None:
    fits = {"sample": granted("sample", until="2026-04-01")}
    assert list(compare(fits, {"sample": fed}, PURPOSES, DAY)) == []
    (found,) = compare(fits, {"sample": fed.model_copy(update={"kind": "licence.resident-id"})}, PURPOSES, DAY)
    assert found.told == "allows a feed of persons"


def test_a_source_without_a_grant_and_a_grant_without_a_source(fed: ConnectorInfo) -> None:
    found = list(compare({"other": granted("other")}, {"sample": fed}, PURPOSES, DAY))
    assert [(one.source, one.grave) for one in found] == [("sample", True), ("other", False)]


def test_p3_what_a_hook_or_the_transport_reads_is_no_idle_column_and_is_missed_where_it_is_not_granted() -> None:
    """Without `units.sjyxbs` the hook would take a unit that was withdrawn for the builder."""
    name = "project_approval"
    info = of_package(f"connectors.{name}").info
    assert list(compare({name: granted(name)}, {name: info}, PURPOSES, DAY)) == []
    without = sorted(granted(name).fields - {"units.sjyxbs", "units.dwlx"})
    (found,) = compare({name: granted(name, fields=without)}, {name: info}, PURPOSES, DAY)
    assert found.told == "does not have units.dwlx, units.sjyxbs, which the connector reads"


def test_a_declared_row_that_has_a_granted_column_of_the_same_last_name_is_taken() -> None:
    """P1: it has been mapped without what is outside the grant; the feed continues."""
    grant = granted("sample", fields=["name", "holders.share"])
    row = SourceRow("k", 1, b'{"name": "n", "holders": [{"share": 1}]}', {"status": "CURRENT"})
    page, columns = Page([row], {}, False), ("name", "holders.name", "holders.share")
    assert within(page, grant, columns, Dropped(), mapped=True).rows == [row]
    with pytest.raises(Misconfigured):
        within(page, grant, columns, Dropped(), mapped=False)


def test_a_connector_that_gives_files_and_may_not_fetch_them_is_shown_with_the_remedy() -> None:
    """What an installation sees whose grant is older than the files of licences."""
    info = of_package("connectors.business_licence").info
    assert list(compare({info.name: granted(info.name)}, {info.name: info}, PURPOSES, DAY)) == []
    older = granted(info.name, ways=["look-up", "feed"])
    (found,) = compare({info.name: older}, {info.name: info}, PURPOSES, DAY)
    assert (found.key, found.grave) == ("ways", False)
    assert "FILE_NOT_GRANTED" in found.told
    assert "add file to `ways`" in found.remedy
