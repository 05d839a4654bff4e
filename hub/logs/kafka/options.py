"""The driver's options from settings and URL. Errors in them are found here, before anything connects."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kafka.net.sasl.oauth import AbstractTokenProvider
from pydantic import ValidationError

from hub.errors import Misconfigured
from hub.logs.kafka.client import TIMES
from hub.settings import KafkaSettings

_BOOTSTRAP_MS = 8_000
_PLACE = re.compile(r"([^\s:\[\]]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")


def merged(url: str, settings: KafkaSettings) -> KafkaSettings:
    """``settings`` with the values of the URL's query, which win.

    Raises ``Misconfigured`` for an unknown key, a wrong value, or values that do not fit together.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    try:
        kafka = KafkaSettings.model_validate({**settings.model_dump(), **query})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misconfigured(
            f"the log URL's option {'.'.join(map(str, first['loc']))!r}: {first['msg']}",
            f"it may have the keys of [kafka]: {', '.join(KafkaSettings.model_fields)}",
        ) from None
    _check(kafka)
    return kafka


def _check(kafka: KafkaSettings) -> None:
    """Raises ``Misconfigured`` for settings that do not go together."""
    protocol, mechanism = kafka.security_protocol, kafka.sasl_mechanism
    if protocol.startswith("SASL") != (mechanism is not None):
        raise Misconfigured(
            f"kafka.security_protocol is {protocol}, and kafka.sasl_mechanism is {mechanism or 'not set'}",
            "set both, to SASL_SSL and a mechanism, or neither",
        )
    if (kafka.ca_file or kafka.cert_file or kafka.key_file) and not protocol.endswith("SSL"):
        raise Misconfigured(
            f"certificates are set, but kafka.security_protocol is {protocol}", "set it to SSL or SASL_SSL"
        )
    if mechanism == "OAUTHBEARER" and kafka.token_file is None:
        raise Misconfigured("kafka.sasl_mechanism OAUTHBEARER has no token", "set kafka.token_file")
    if mechanism not in (None, "OAUTHBEARER") and not (kafka.user and kafka.password):
        raise Misconfigured(f"kafka.sasl_mechanism {mechanism} lacks its user", "set kafka.user and kafka.password")
    if kafka.min_insync_replicas > kafka.replication:
        raise Misconfigured(
            f"kafka.min_insync_replicas is {kafka.min_insync_replicas} of {kafka.replication} copies",
            "set it below kafka.replication: a node may then be away",
        )


def client_options(url: str, kafka: KafkaSettings) -> dict[str, Any]:
    """The options for every client of the driver, by its own names.

    Raises ``Misconfigured`` when the URL names no brokers or holds a user, or when a certificate file cannot be read.
    """
    place = urlsplit(url).netloc
    if "@" in place:
        raise Misconfigured("the log URL holds a user", "set kafka.user and kafka.password instead")
    if not all(_PLACE.fullmatch(one) for one in place.split(",")):
        raise Misconfigured("the log URL does not name brokers", "use kafka://HOST:PORT,HOST:PORT")
    options: dict[str, Any] = {
        "bootstrap_servers": place.split(","),
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        **TIMES,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.endswith("SSL"):
        options |= _tls(kafka)
    if kafka.token_file and kafka.sasl_mechanism == "OAUTHBEARER":
        options |= {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": TokenFile(kafka.token_file)}
    elif kafka.sasl_mechanism and kafka.password:
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.user,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    return options


def _tls(kafka: KafkaSettings) -> dict[str, Any]:
    """The driver's TLS options. It reads the files for each connection, so renewed files count. They are tried here
    once, because the driver would only say that it cannot connect."""
    # Never None: OpenSSL would ask for it on the terminal.
    password = kafka.key_password.get_secret_value() if kafka.key_password else ""
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if kafka.ca_file:
        with _usable("ca_file", kafka.ca_file):
            trial.load_verify_locations(kafka.ca_file)
    if kafka.cert_file:
        with _usable("cert_file", kafka.cert_file):
            trial.load_cert_chain(kafka.cert_file, kafka.key_file, password)
    return {
        "ssl_cafile": kafka.ca_file and str(kafka.ca_file),
        "ssl_certfile": kafka.cert_file and str(kafka.cert_file),
        "ssl_keyfile": kafka.key_file and str(kafka.key_file),
        "ssl_password": password,
        "ssl_check_hostname": kafka.check_hostname,
    }


@contextmanager
def _usable(key: str, file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        raise Misconfigured(
            f"kafka.{key}: {file} cannot be used ({type(error).__name__})",
            "name PEM files that the hub may read; a key must fit its certificate, and its password",
        ) from None


class TokenFile(AbstractTokenProvider):  # type: ignore[misc]
    """The OAUTHBEARER token (RFC 7628) from a file. It is read for each connection, so a renewed file counts."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def token(self) -> str:
        """The file's content without blanks. Raises ``Misconfigured`` when it cannot be read or is empty."""
        try:
            found = self._file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"kafka.token_file: {self._file} cannot be read ({type(error).__name__})",
                "write the token to it, in ASCII",
            ) from None
        if not found:
            raise Misconfigured(f"kafka.token_file: {self._file} is empty", "write a token to it")
        return found
