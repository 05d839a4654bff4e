"""Settings and URL as the driver's options: the URL wins, what does not go together is refused before connecting."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.errors import Misconfigured
from hub.logs.kafka.options import TokenFile, client_options, merged
from hub.settings import KafkaSettings

URL = "kafka://a:1,b:2"


def options(url: str = URL, **keys: Any) -> dict[str, Any]:
    return client_options(url, merged(url, KafkaSettings(**keys)))


def test_the_url_names_brokers_and_goes_over_the_settings() -> None:
    found = options(f"{URL}?user=other", security_protocol="SASL_SSL", sasl_mechanism="PLAIN", user="u", password="p")
    assert found["bootstrap_servers"] == ["a:1", "b:2"]
    assert (found["sasl_plain_username"], found["sasl_plain_password"]) == ("other", "p")
    assert found["ssl_check_hostname"] is True
    assert options(f"{URL}?security_protocol=SSL&check_hostname=false")["ssl_check_hostname"] is False


def test_copies_may_be_named_in_the_url() -> None:
    kafka = merged(f"{URL}?replication=1&min_insync_replicas=1", KafkaSettings())
    assert (kafka.replication, kafka.min_insync_replicas) == (1, 1)


@pytest.mark.parametrize(
    ("url", "keys", "told"),
    [
        ("kafka://", {}, "does not name brokers"),
        ("kafka://a:x1", {}, "does not name brokers"),
        ("kafka://a:1,,b:2", {}, "does not name brokers"),
        ("kafka://u:secret@a:1", {}, "kafka.password"),
        (f"{URL}?strange=1", {}, "'strange'"),
        (f"{URL}?sasl_mechanism=GSSAPI", {}, "'sasl_mechanism'"),
        (URL, {"security_protocol": "SASL_SSL"}, "kafka.sasl_mechanism is not set"),
        (URL, {"sasl_mechanism": "PLAIN"}, "kafka.security_protocol is PLAINTEXT"),
        (URL, {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "user": "u"}, "set kafka.user"),
        (URL, {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}, "set kafka.token_file"),
        (URL, {"ca_file": Path("ca.pem")}, "certificates are set"),
        (URL, {"security_protocol": "SSL", "ca_file": Path("none.pem")}, "kafka.ca_file: none.pem cannot be used"),
        (URL, {"security_protocol": "SSL", "cert_file": Path(__file__)}, "kafka.cert_file"),
        (URL, {"replication": 1, "min_insync_replicas": 2}, "2 of 1 copies"),
    ],
)
def test_what_cannot_work_is_refused_by_its_key(url: str, keys: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as error:
        options(url, **keys)
    assert "secret" not in str(error.value)


def test_p5_no_secret_shows() -> None:
    kafka = KafkaSettings(password=SecretStr("s3cr3t"), key_password=SecretStr("s3cr3t"))
    assert "s3cr3t" not in repr(kafka) + kafka.model_dump_json()


def test_a_token_is_read_anew_each_time(tmp_path: Path) -> None:
    provider = TokenFile(tmp_path / "token")
    for text, told in (("one\n", "one"), ("two", "two")):
        (tmp_path / "token").write_text(text)
        assert provider.token() == told
    (tmp_path / "token").write_text("\n")
    with pytest.raises(Misconfigured, match="is empty"):
        provider.token()
    (tmp_path / "token").unlink()
    with pytest.raises(Misconfigured, match="cannot be read"):
        provider.token()
