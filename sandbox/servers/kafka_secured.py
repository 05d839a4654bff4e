"""A guarded broker: TLS, names with passwords or tokens, or certificates, and an authorizer that knows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sandbox.servers.ports import free_port

_SECURITY = "org.apache.kafka.common.security"


class Listening(NamedTuple):
    """Where a broker listens, in the words of ``server.properties``, and what it needs for that."""

    listeners: str
    properties: Sequence[str]


@dataclass(frozen=True)
class Secured:
    """What a guarded broker is made of. Its clients come by SASL_SSL on the cluster's ports: PLAIN, SCRAM-SHA-512, or
    OAUTHBEARER with an unsigned token (Kafka's stand-in for development). One node also lets in whoever has a
    certificate, by SSL on ``certificate_port``, by its common name.

    ``keystore`` is the broker's key and certificate, ``truststore`` who may have signed a client's, both PEM.
    """

    keystore: Path
    truststore: Path
    users: Mapping[str, str]
    """Name → password."""
    administrators: Sequence[str] = ()
    certificate_port: int = field(default_factory=free_port)

    def format_arguments(self) -> list[str]:
        """Passwords by SCRAM are part of a node's storage."""
        pairs = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self.users.items()]
        return [part for pair in pairs for part in ("--add-scram", pair)]

    def listening(self, place: str) -> Listening:
        """``place`` is HOST:PORT for clients; brokers talk among themselves on ports of their own."""
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
