"""What a package may declare about kinds of record, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from hub.codec.packages import OWN, Package
from hub.errors import Misconfigured
from hub.records.declarations import declaration_of, declarations, read

READING = {"about": "Meter readings", "zh": "电表读数"}
KIND = {"meter.reading": READING}


def declared(table: dict[str, Any], name: str = "alpha") -> Any:
    return read(Package(name, Path("/nowhere")), table)


def test_the_hub_s_own_kinds_are_declared_like_any_other() -> None:
    own = declarations()[0]
    assert own.package.own
    assert own.names == (
        "licence.resident-id",
        "licence.business",
        "licence.property-title",
        "project.approval",
        "project.information",
        "identity.check",
        "utility.step",
        "utility.transfer",
    )
    assert all(kind.about.isascii() and not kind.zh.isascii() for kind in own.kinds)


def test_a_package_without_the_file_declares_nothing() -> None:
    found = declared({})
    assert (found.names, found.codes, found.rules) == ((), {}, [])


def test_a_declaration_has_kinds_codes_and_rules() -> None:
    found = declared({"kind": KIND, "code": {"METER_NEGATIVE": {}}, "rules": ["alpha.rules"]})
    assert found.names == ("meter.reading",)
    assert (found.kinds[0].about, found.kinds[0].expires) == ("Meter readings", True)
    assert list(found.codes) == ["METER_NEGATIVE"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kinds": KIND}, "unknown key 'kinds'"),
        ({"kind": {"reading": READING}}, "'reading' is no name of a kind"),
        ({"kind": {"Meter.Reading": READING}}, "no name of a kind"),
        ({"kind": {"meter.": READING}}, "no name of a kind"),
        ({"kind": {"meter.reading": {"about": "x"}}}, "no key 'zh'"),
        ({"kind": {"meter.reading": {**READING, "topic": "x"}}}, "unknown key 'topic'"),
        ({"kind": {"meter.reading": "x"}}, "is no table"),
        ({"kind": {"meter.reading": {**READING, "expires": "no"}}}, "expires is neither"),
        ({"rules": "alpha.rules"}, "no list of modules"),
        ({"rules": ["hub.records.rules.dates"]}, "is no module of the package"),
        ({"rules": ["alphabet.rules"]}, "is no module of the package"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(table: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as caught:
        declared(table)
    assert "alpha/kinds.toml" in str(caught.value)


def test_the_hub_s_own_rules_may_lie_in_the_hub() -> None:
    assert declared({"rules": ["hub.records.rules.dates"]}, OWN).rules == ["hub.records.rules.dates"]
    assert declaration_of("hub.records.rules.dates") is None
