"""P5: nothing leaves this machine without verified TLS unless a setting says so."""

from typing import Any

import pytest

from hub import transport
from hub.errors import Misconfigured
from hub.settings import Settings

AWAY: list[tuple[dict[str, Any], str]] = [
    ({"log_url": "kafka://127.0.0.1:9092,b2:9092"}, "kafka.insecure"),
    ({"log_url": "kafka://b1:9092?security_protocol=SASL_PLAINTEXT"}, "kafka.insecure"),
    ({"log_url": "kafka://[2001:db8::1]:9092"}, "kafka.insecure"),
    ({"store_url": "postgresql+psycopg://hub:pw@db/store"}, "insecure"),
    ({"store_url": "postgresql+psycopg://hub:pw@db/store?sslmode=require"}, "insecure"),
    ({"vault_url": "postgresql+psycopg:///vault?host=db&host=localhost"}, "insecure"),
    ({"registry_url": "http://registry:8081"}, "insecure"),
    ({"connectors": {"crm": {"url": "http://10.0.0.1/api"}}}, "connectors.crm.insecure"),
    ({"connectors": {"titles": {"url": "postgresql://u:p@titles/x"}}}, "connectors.titles.insecure"),
]


@pytest.mark.parametrize(("values", "key"), AWAY)
def test_p5_a_plain_connection_to_another_machine_is_refused_with_the_setting_that_allows_it(
    values: dict[str, Any], key: str
) -> None:
    with pytest.raises(Misconfigured, match=f"{key} = true") as error:
        transport.check(Settings.model_validate(values))
    assert "pw" not in str(error.value)


@pytest.mark.parametrize(("values", "key"), AWAY)
def test_it_is_allowed_beside_the_connection_and_still_named(values: dict[str, Any], key: str) -> None:
    table: dict[str, Any] = dict(values)
    *path, last = key.split(".")
    place = table
    for part in path:
        place = place.setdefault(part, {})
    place[last] = True
    settings = Settings.model_validate(table)
    transport.check(settings)
    assert [one.key for one in transport.plain(settings)] == [key]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"log_url": "kafka://127.0.0.1:9092,localhost:9093,[::1]:9094"},
        {"log_url": "kafka://b1:9092", "kafka": {"security_protocol": "SASL_SSL"}},
        {"store_url": "postgresql+psycopg://hub@db/store?sslmode=verify-full"},
        {"store_url": "postgresql+psycopg:///store?host=/run/postgresql"},
        {"registry_url": "https://registry"},
        {"connectors": {"crm": {"url": "http://127.0.0.1:1/api"}, "other": {"url": "https://crm"}}},
    ],
)
def test_this_machine_and_verified_tls_need_no_setting(values: dict[str, Any]) -> None:
    settings = Settings.model_validate(values)
    transport.check(settings)
    assert transport.plain(settings) == []


def test_the_connector_does_not_get_the_hubs_own_setting() -> None:
    settings = Settings.model_validate({"connectors": {"crm": {"url": "http://crm", "insecure": "true"}}})
    assert settings.connector("crm") == {"url": "http://crm"}
    assert settings.insecure_connector("crm") and not settings.insecure_connector("other")
