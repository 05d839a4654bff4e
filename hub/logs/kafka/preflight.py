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


class HungUp(errors.KafkaError):  # type: ignore[misc]
    """A broker that speaks Kafka ended the conversation when it heard who we are."""


def knock(options: Mapping[str, Any]) -> None:
    """Return as soon as one of the brokers has let us in.

    Raises ``Misconfigured`` when one refuses our certificate, name or password, ``Unavailable`` when none answers
    within five seconds.
    """
    try:
        try:
            _try(options)
        except HungUp:
            # Once, it may have stopped at that very moment; twice in a row, it means us.
            _try(options)
    except HubError:
        raise
    except Exception as error:  # the driver's own, the network's, the certificates'
        raise _explained(error, options) from error


def _try(options: Mapping[str, Any]) -> None:
    net = NetworkSelector()
    manager = KafkaConnectionManager(net, **options)
    try:
        manager.run(_first, manager)
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
    connection = manager.get_connection(node, timeout_ms=WAIT_MS, refresh_metadata_on_err=False)
    try:
        await connection
        await connection.send_request(manager.cluster.metadata_request(), request_timeout_ms=WAIT_MS)
    except errors.KafkaConnectionError as error:
        # The driver loses a refusal that comes together with the end of the connection.
        if _tls(error) is None and connection.broker_version_data is not None:
            raise HungUp from error
        raise


_CREDENTIALS = "see kafka.security_protocol and sasl_mechanism, and kafka.user and password, or token_file"
_REFUSED = (
    errors.SaslAuthenticationFailedError
    | errors.UnsupportedSaslMechanismError
    | errors.IllegalSaslStateError
    | errors.AuthorizationError
    | HungUp
)


def _for_the_operator(error: BaseException) -> bool:
    return isinstance(error, _REFUSED | HubError) or _tls(error) is not None


def _tls(error: BaseException) -> ssl.SSLError | None:
    """What TLS says, which the driver hides in an error of its own."""
    return next((one for one in (error.__context__, *error.args) if isinstance(one, ssl.SSLError)), None)


def _explained(error: Exception, options: Mapping[str, Any]) -> HubError:
    place, protocol = ",".join(options["bootstrap_servers"]), options["security_protocol"]
    tls = _tls(error)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return Misconfigured(
            f"the certificate of {place} is not to be trusted ({tls.verify_message})",
            "set kafka.ca_file to who signed it, and log_url to a host that it names",
        )
    if tls is not None:
        return Misconfigured(
            f"{place} and the hub do not agree on TLS ({tls.reason})",
            "see kafka.security_protocol, and kafka.cert_file where the broker asks for one",
        )
    if isinstance(error, _REFUSED):
        mechanism = options.get("sasl_mechanism") or "no credentials"
        return Misconfigured(f"{place} refuses {protocol} with {mechanism} ({type(error).__name__})", _CREDENTIALS)
    return Unavailable(f"no broker lets the hub in at {place} by {protocol} ({error})")
