"""A secured broker: TLS, users with passwords or tokens or certificates, and an authorizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sandbox.servers.ports import free_port

_SECURITY = "org.apache.kafka.common.security"


class Listening(NamedTuple):
    """Where a broker listens: the ``listeners`` of ``server.properties``, and further properties."""

    listeners: str
    properties: Sequence[str]


@dataclass(frozen=True)
class Secured:
    """The settings of a secured broker. Clients connect by SASL_SSL to the cluster's ports: PLAIN, SCRAM-SHA-512, or
    OAUTHBEARER with an unsigned token (Kafka's implementation for development). One node also accepts clients with a
    certificate, by SSL on ``certificate_port``; the common name is the user.

    ``keystore``: the broker's key and certificate. ``truststore``: the issuers of client certificates. Both are PEM.
    """

    keystore: Path
    truststore: Path
    users: Mapping[str, str]
    """Name → password."""
    administrators: Sequence[str] = ()
    certificate_port: int = field(default_factory=free_port)

    def format_arguments(self) -> list[str]:
        """Arguments of ``kafka-storage format``: SCRAM passwords are part of a node's storage."""
        pairs = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self.users.items()]
        return [part for pair in pairs for part in ("--add-scram", pair)]

    def listening(self, place: str) -> Listening:
        """The listeners. ``place`` is HOST:PORT for clients; brokers connect to each other on other ports."""
        host = place.partition(":")[0]
        known = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        supers = ["User:ANONYMOUS", *(f"User:{name}" for name in self.administrators)]
        return Listening(
            f"CLIENTS://{place},CERTIFIED://{host}:{self.certificate_port},BROKERS://{host}:{free_port()}",
            (
                "inter.broker.listener.name=BROKERS",
                "listener.security.protocol.map=CLIENTS:SASL_SSL,CERTIFIED:SSL,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                f"super.users={';'.join(supers)}",
                "allow.everyone.if.no.acl.found=false",
                "ssl.keystore.type=PEM",
                f"ssl.keystore.location={self.keystore}",
                "ssl.truststore.type=PEM",
                f"ssl.truststore.location={self.truststore}",
                "ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/",
                "listener.name.certified.ssl.client.auth=required",
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER",
                f"listener.name.clients.plain.sasl.jaas.config={_SECURITY}.plain.PlainLoginModule required {known};",
                f"listener.name.clients.scram-sha-512.sasl.jaas.config={_SECURITY}.scram.ScramLoginModule required;",
                "listener.name.clients.oauthbearer.sasl.jaas.config="
                f"{_SECURITY}.oauthbearer.OAuthBearerLoginModule required;",
                "listener.name.clients.oauthbearer.sasl.server.callback.handler.class="
                f"{_SECURITY}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler",
            ),
        )
