"""Before a client is made: is there a broker, and does it let us in?

The driver's clients swallow why a first connection failed, and only say after a long while that it did.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from kafka import errors
from kafka.future import Future
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from hub.errors import HubError, Misconfigured, Unavailable

WAIT_MS = 5_000


def knock(options: Mapping[str, Any]) -> None:
    """Return as soon as one of the brokers has let us in.

    Raises ``Misconfigured`` when one refuses our certificate, name or password, ``Unavailable`` when none answers
    within five seconds.
    """
    net = NetworkSelector()
    manager = KafkaConnectionManager(net, **options)
    try:
        manager.run(_first, manager)
    except HubError:
        raise
    except Exception as error:  # the driver's own, the network's, the certificates'
        raise _explained(error, options) from error
    finally:
        manager.close()
        net.close()


async def _first(manager: Any) -> None:
    """Until one broker answers. Raises what the last one failed with, or rather what an operator can mend."""
    nodes = [broker.node_id for broker in manager.cluster.bootstrap_brokers()]
    answer, failures = Future(), []

    def failed(error: BaseException) -> None:
        failures.append(error)
        if len(failures) == len(nodes) and not answer.is_done:
            answer.failure(next(filter(_for_the_operator, failures), error))

    def succeeded(_: object) -> None:
        if not answer.is_done:
            answer.success(None)

    for node in nodes:
        manager.call_soon(_enter, manager, node).add_callback(succeeded).add_errback(failed)
    await manager.wait_for(answer, WAIT_MS)


async def _enter(manager: Any, node: str) -> None:
    """Connect, say who we are, and ask the one thing that a stranger would not be told."""
    connection = await manager.get_connection(node, timeout_ms=WAIT_MS, refresh_metadata_on_err=False)
    await connection.send_request(manager.cluster.metadata_request(), request_timeout_ms=WAIT_MS)


def _for_the_operator(error: BaseException) -> bool:
    return isinstance(error, _REFUSED | HubError) or isinstance(error.__context__, ssl.SSLError)


_REFUSED = (
    errors.SaslAuthenticationFailedError
    | errors.UnsupportedSaslMechanismError
    | errors.IllegalSaslStateError
    | errors.AuthorizationError
)


def _explained(error: Exception, options: Mapping[str, Any]) -> HubError:
    place, protocol = ",".join(options["bootstrap_servers"]), options["security_protocol"]
    if isinstance(error.__context__, ssl.SSLCertVerificationError):
        return Misconfigured(
            f"the certificate of {place} is not to be trusted ({error.__context__.verify_message})",
            "set kafka.ca_file to who signed it, and the host to what it names",
        )
    if isinstance(error.__context__, ssl.SSLError):
        return Misconfigured(
            f"{place} and the hub do not agree on TLS ({error.__context__.reason})",
            "see kafka.security_protocol, and kafka.cert_file where the broker asks for one",
        )
    if isinstance(error, errors.SaslAuthenticationFailedError):
        return Misconfigured(
            f"{place} refuses the hub's credentials ({options['sasl_mechanism']})",
            "see kafka.user and kafka.password, or kafka.token_file",
        )
    if isinstance(error, _REFUSED):
        return Misconfigured(
            f"{place} refuses {protocol} with {options.get('sasl_mechanism')} ({type(error).__name__})",
            "set kafka.security_protocol and kafka.sasl_mechanism to what that listener speaks",
        )
    return Unavailable(f"no broker lets the hub in at {place} by {protocol} ({error})")
