"""``connector.toml`` and a connector's settings: complaints name the key and never its value."""

import pytest

from hub.connect.spec import parse_info
from hub.errors import Misconfigured

TOML = """
name = "sample"
kind = "licence.business"
direction = "source"
transport = "rest"
assurance = "CHANNEL_ONLY"
[title]
zh = "样例"
en = "Sample"
[[settings]]
name = "url"
doc = "Where."
[[settings]]
name = "secret"
secret = true
doc = "Shared."
[[settings]]
name = "lag_s"
type = "number"
required = false
default = 2.5
doc = "Lag."
[[settings]]
name = "reload"
type = "flag"
required = false
default = true
doc = "Reload."
"""
INFO = parse_info(TOML, "here")


def test_options_are_complete_typed_and_defaulted() -> None:
    options = INFO.options({"url": "u", "secret": "s", "lag_s": "4", "reload": "false", "page_rows": 7})
    assert options == {"url": "u", "secret": "s", "lag_s": 4.0, "reload": False}
    assert INFO.options({"url": "u", "secret": "s"})["lag_s"] == 2.5
    assert INFO.secret_names() == {"secret"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"url": "u"}, "sample.secret is missing"),
        ({"url": "u", "secret": ""}, "sample.secret is missing"),
        ({"url": "u", "secret": "s", "colour": "hunter2"}, "unknown setting 'colour'"),
        ({"url": "u", "secret": "s", "lag_s": "hunter2"}, "sample.lag_s is no number"),
        ({"url": 5, "secret": "s"}, "sample.url is no text"),
        ({"url": "u", "secret": "s", "lag_s": True}, "sample.lag_s is no number"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(given: dict[str, object], named: str) -> None:
    with pytest.raises(Misconfigured, match=named) as told:
        INFO.options(given)
    assert "hunter2" not in str(told.value)


def test_limits_are_settings_of_every_connector() -> None:
    assert INFO.limits_with({"page_rows": "9", "url": "u"}).page_rows == 9
    with pytest.raises(Misconfigured, match=r"sample\.page_rows"):
        INFO.limits_with({"page_rows": 0})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('name = "sample"', 'name = "Sample!"'), "name"),
        (('"source"', '"sideways"'), "direction"),
        (("[title]", "colour = 1\n[title]"), "colour"),
        (('zh = "样例"', ""), "title.zh"),
        (("[title]", "[title"), "not valid TOML"),
        (('direction = "source"', 'direction = "sink"'), "accepts"),
        (("[title]", 'accepts = ["connection:*"]\n[title]'), "accepts"),
        (('direction = "source"', 'direction = "sink"\naccepts = ["connection"]'), "accepts.0"),
    ],
)
def test_a_wrong_description_is_named(change: tuple[str, str], named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        parse_info(TOML.replace(*change, 1), "here")
